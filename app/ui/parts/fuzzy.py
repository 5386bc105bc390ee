"""How well a text matches what was typed, and which of its letters; no Qt in here. All texts are in lower case."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

EXACT, BEGINS, BEGINS_WORD, INSIDE, WORDS_BEGIN, WORDS_INSIDE, INITIALS, SCATTERED = (
    1000,
    850,
    700,
    550,
    500,
    400,
    300,
    150,
)


def score(text: str, whole: str, terms: Sequence[str]) -> int:
    """How well ``text`` matches: higher is better, 0 is not at all; of equals the shorter text is the better one.

    ``whole`` is what was typed, ``terms`` its words.
    """
    tier = _tier(text, whole, terms)
    return tier - min(len(text), 90) // 2 if tier else 0


def _tier(text: str, whole: str, terms: Sequence[str]) -> int:
    at = text.find(whole)
    if at == 0:
        return EXACT if len(text) == len(whole) else BEGINS
    if at > 0:
        return BEGINS_WORD if _word_start(text, whole, at) >= 0 else INSIDE
    if len(terms) > 1 and all(term in text for term in terms):
        return WORDS_BEGIN if all(_word_start(text, term, text.find(term)) >= 0 for term in terms) else WORDS_INSIDE
    found = scattered(text, "".join(terms))
    if not found:
        return 0
    if all(_begins_word(text, at) for at in found):
        return INITIALS
    spread = found[-1] - found[0] + 1 - len(found)
    # Letters that are far from each other are in any long text.
    return SCATTERED - spread * 4 if spread <= 2 * len(found) else 0


def _begins_word(text: str, at: int) -> bool:
    return at == 0 or not text[at - 1].isalnum()


def _word_start(text: str, part: str, at: int) -> int:
    """Where ``part`` begins a word, from ``at`` on; -1 where it does nowhere."""
    while at >= 0 and not _begins_word(text, at):
        at = text.find(part, at + 1)
    return at


def scattered(text: str, letters: str) -> tuple[int, ...]:
    """Where the letters are in the text, in their order, the first at the beginning of a word and the others too where
    that is possible; () where they are not."""
    found = _at_words(text, letters) or _anywhere(text, letters)
    return tuple(found)


def _anywhere(text: str, letters: str) -> list[int]:
    at = _word_start(text, letters[:1], text.find(letters[:1]))
    if at < 0:
        return []
    found = [at]
    for letter in letters[1:]:
        at = text.find(letter, at + 1)
        if at < 0:
            return []
        found.append(at)
    return found


def _at_words(text: str, letters: str) -> list[int]:
    """Each letter begins a word or follows the letter before it."""
    found: list[int] = []
    at = -1
    for letter in letters:
        if found and text[at + 1 : at + 2] == letter:
            at += 1
        else:
            at = _word_start(text, letter, text.find(letter, at + 1))
        if at < 0:
            return []
        found.append(at)
    return found


def matched(text: str, terms: Sequence[str]) -> tuple[int, ...]:
    """Which letters of a text are those that were typed, to be drawn in another way; () where it is not the text that
    matched."""
    text = text.lower()
    whole = " ".join(terms)
    if not whole:
        return ()
    if (at := text.find(whole)) >= 0:
        start = _word_start(text, whole, at)
        return tuple(range(start if start >= 0 else at, (start if start >= 0 else at) + len(whole)))
    found: set[int] = set()
    for term in terms:
        at = text.find(term)
        if at >= 0:
            start = _word_start(text, term, at)
            at = start if start >= 0 else at
            found.update(range(at, at + len(term)))
    return tuple(sorted(found)) if found else scattered(text, "".join(terms))


def scatter_test(letters: str) -> Callable[[str], object]:
    """A quick test whether the letters are in the first line of a text, in their order, wherever the first one is.

    No class of the pattern has the letter that it waits for: so it never goes back, however long the text.
    """
    pattern = "".join(f"[^{re.escape(each)}\n]*{re.escape(each)}" for each in letters)
    return re.compile(pattern).match
