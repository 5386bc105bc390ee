import random

import pytest

from app.services.words import WordLists, three_word_name, word_lists

LISTS = ("first", "second", "third")
# Offensive, sad, or sold under that name; and what reads badly in front of another word.
BANNED = frozenset(
    """
    ass bastard bitch bloody boob breast bum butt cock coon crack crap cum damn dead death devil dick dumb evil
    fag fat fool fuck gay ghetto gun gypsy hate hell hooker horny idiot jerk junk kill killer lame loser mad moron
    murder naked nazi negro nude nuts oral orgy pee penis pimp poop porn prick pussy queer rape retard satan
    savage screw sex sexy shit sick slave slut spastic stupid suck terror thug tit tits trash turd ugly vagina
    victim virgin vomit weapon whore wet hard hot stiff moist native primitive illegal alien midget cripple insane
    psycho black white yellow brown monkey ape chimp gorilla baboon pig rat snake

    adobe airbus alexa amazon android apple audi azure bentley bing boeing bounty camry chrome cisco coke corona
    corolla disney dove dropbox edge exxon facebook fanta fedora ferrari firefox ford galaxy gillette google gucci
    honda hulu ibm ikea intel jaguar jeep java kindle kodak lego lexus linux lotus mars mazda meta mini mozilla
    mustang netflix nike nikon nissan nokia nvidia opera oracle orange pampers pepsi pixel porsche prius puma
    python reebok rolex rover ruby safari samsung shell siemens skype slack sony sprite squarespace starbucks
    subaru subway swarovski target tesla tide tiktok toyota twitter uber ubuntu vimeo visa volvo walmart windows
    yahoo youtube zara zoom tinder figma notion vercel supabase convex appwrite postgres instant tenantry
    """.split()  # noqa: SIM905 a list of 200 literals reads worse
)
ANYWHERE = ("fuck", "shit", "cunt", "cock", "coon", "slut", "whore", "rape", "nazi", "cum", "porn", "dick", "homo")


def test_word_lists_give_at_least_twenty_million_combinations():
    assert word_lists().combinations >= 20_000_000


@pytest.mark.parametrize("which", LISTS)
def test_word_lists_hold_short_lower_case_words_in_order(which):
    words = getattr(word_lists(), which)
    assert all(word.isascii() and word.isalpha() and word.islower() and 3 <= len(word) <= 9 for word in words)
    assert list(words) == sorted(set(words))


def test_word_lists_share_no_word():
    lists = word_lists()
    every = [*lists.first, *lists.second, *lists.third]
    assert len(every) == len(set(every))


@pytest.mark.parametrize("which", LISTS)
def test_word_lists_hold_nothing_offensive_or_trademarked(which):
    words = set(getattr(word_lists(), which))
    assert words & BANNED == set()
    assert [word for word in words for part in ANYWHERE if part in word] == []


def test_three_word_name_takes_one_word_of_each_list():
    lists = word_lists()
    first, second, third = three_word_name(random.Random(7), ()).split("-")
    assert (first in lists.first, second in lists.second, third in lists.third) == (True, True, True)


def test_three_word_name_is_the_same_for_the_same_seed():
    assert three_word_name(random.Random("a"), ()) == three_word_name(random.Random("a"), ())
    assert three_word_name(random.Random("a"), ()) != three_word_name(random.Random("b"), ())


def test_three_word_name_avoids_what_is_taken():
    first = three_word_name(random.Random(1), ())
    second = three_word_name(random.Random(1), {first})
    assert second != first
    assert second.count("-") == 2


def test_three_word_name_adds_a_number_where_every_name_is_taken():
    words = WordLists(("calm",), ("blue",), ("river",))
    taken = {"calm-blue-river", "calm-blue-river-2"}
    assert three_word_name(random.Random(1), taken, words) == "calm-blue-river-3"
