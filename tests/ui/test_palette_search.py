"""What the palette finds and in which order, without a window; and that it finds the same however small the steps."""

from __future__ import annotations

import asyncio
import random

import pytest

from app.core.apps import AppSummary
from app.core.refs import AppRef
from app.services.search_index import KnownNames, SearchIndex
from app.ui.apps.app_table import AppTable
from app.ui.palette.palette_query import Dotted, dotted, parsed
from app.ui.palette.palette_search import Found, PaletteSearch
from app.ui.parts.fuzzy import matched, scatter_test, scattered, score
from tests.ui.shell_fakes import NoNames

ROWS = (
    AppSummary("c1", "7f3a1c22-9d04", "Ana's workspace", "ana@example.com"),
    AppSummary("c1", "0b7e9a34-61cd", "calm-green-delta", ""),
    AppSummary("c2", "ana", "Billing", "bo@example.com"),
    AppSummary("c2", "x1", "Anagrams", "eva@example.com"),
)


def index_of(rows: tuple[AppSummary, ...], entities: dict[int, list[str]]) -> SearchIndex:
    async def made() -> SearchIndex:
        names = KnownNames(NoNames())
        for at, known in entities.items():
            names.saw_entities(AppRef(rows[at].connection_id, rows[at].app_id), known)
        found = await names.index(rows)
        await names.aclose()
        return found

    return asyncio.run(made())


def searching(entities: dict[int, list[str]] | None = None, rows: tuple[AppSummary, ...] = ROWS) -> PaletteSearch:
    table = AppTable(rows)
    made = PaletteSearch(table.rows, table.haystack)
    if entities is not None:
        made.set_index(index_of(table.rows, entities))
    return made


def found(search: PaletteSearch, text: str) -> list[tuple[int, str]]:
    search.start(parsed(text))
    assert search.advance(lambda: False)
    return [(each.row, each.entity) for each in search.found()]


def test_query_is_taken_apart() -> None:
    assert parsed("  > Theme  DARK ") == ("action", "theme dark", ("theme", "dark"))
    assert parsed("@") == ("connection", "", ())
    assert parsed("a\0b") == ("", "a b", ("a", "b"))


def test_each_dot_can_be_the_one_before_the_entity() -> None:
    assert dotted(parsed("ana@x.org.todos.title")) == (
        Dotted("ana@x", "org.todos.title"),
        Dotted("ana@x", "org", "todos.title"),
        Dotted("ana@x", "org.todos", "title"),
        Dotted("ana@x.org", "todos.title"),
        Dotted("ana@x.org", "todos", "title"),
        Dotted("ana@x.org.todos", "title"),
    )
    assert dotted(parsed("ana todos")) == (Dotted("ana", "todos"),)
    assert dotted(parsed(".todos")) == ()
    assert Dotted("acme", "orders") in dotted(parsed("acme.public.orders"))


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("todos", "todos archive"),
        ("todos archive", "my todos"),
        ("my todos", "mytodos"),
        ("mytodos", "t-o-d-o-s"),
        ("t-o-d-o-s", "the old dog said so"),
    ],
)
def test_whole_names_come_before_beginnings_before_parts_before_letters(better: str, worse: str) -> None:
    assert score(better, "todos", ("todos",)) > score(worse, "todos", ("todos",))


def test_letters_far_apart_are_no_match() -> None:
    assert score("connection add connection", "todo", ("todo",)) == 0
    assert score("calm-green-delta", "cgd", ("cgd",)) > 0


@pytest.mark.parametrize(
    ("text", "terms", "letters"),
    [
        ("Calm-Green", ("green",), (5, 6, 7, 8, 9)),
        ("calm-green-delta", ("cgd",), (0, 5, 11)),
        ("View › Theme › Dark", ("theme", "dark"), (7, 8, 9, 10, 11, 15, 16, 17, 18)),
        ("nothing", ("xyz",), ()),
        ("nothing", (), ()),
    ],
)
def test_letters_that_match_are_told(text: str, terms: tuple[str, ...], letters: tuple[int, ...]) -> None:
    assert matched(text, terms) == letters


def test_quick_test_of_letters_misses_nothing_that_the_slow_one_finds() -> None:
    dice = random.Random(7)
    count = 0
    for _ in range(3_000):
        text = "".join(dice.choice("abc-\\]^") for _ in range(dice.randrange(9)))
        letters = "".join(dice.choice("abc-\\]^") for _ in range(dice.randrange(1, 4)))
        if scattered(text, letters):
            count += 1
            assert scatter_test(letters)(text), (text, letters)
    assert count > 300


def test_quick_test_of_letters_is_quick_on_a_long_text() -> None:
    """One that went back would take for ever."""
    assert not scatter_test("aaaaaaaaaaaaaaab")("a" * 20_000)


def test_exact_id_comes_before_titles_that_begin_so() -> None:
    assert [row for row, _ in found(searching(), "ana")] == [2, 3, 0]


def test_entity_comes_with_its_apps_and_says_how_many_more_there_are() -> None:
    rows = tuple(AppSummary("c1", f"a{at}", f"Tenant {at}") for at in range(50))
    search = searching({at: ["todos"] for at in range(50)}, rows)
    search.start(parsed("todos"))
    search.advance(lambda: False)
    assert len(search.found()) == 6
    assert {each.others for each in search.found()} == {44}
    assert found(search, "tenant 33.todos")[0] == (33, "todos")


def test_app_that_was_never_read_is_shown_for_a_name_with_a_dot() -> None:
    assert found(searching({0: ["todos"]}), "billing.orders")[0] == (2, "")


def test_names_of_the_platform_come_last() -> None:
    search = searching({})
    assert found(search, "users") == []
    rows = (AppSummary("c1", "a", "A"),)
    index = index_of(rows, {0: ["$users", "users"]})
    system = tuple(each._replace(is_system=each.name.startswith("$")) for each in index.shapes[0])
    search = PaletteSearch(rows, AppTable(rows).haystack)
    search.set_index(SearchIndex(rows, (system,), index.row_shapes, index.shape_rows, index.entities, index.parts))
    assert found(search, "a.") == [(0, "users"), (0, "$users")]


def test_index_of_other_rows_is_not_used() -> None:
    search = searching()
    search.set_index(index_of((AppSummary("c1", "a", "A"),), {0: ["todos"]}))
    assert search.index is None


def test_typing_letter_by_letter_finds_what_typing_at_once_finds() -> None:
    dice = random.Random(3)
    rows = tuple(
        AppSummary("c1", f"{at:04x}", dice.choice(("calm", "bold", "swift")) + f"-{at}", f"u{at}@x.org")
        for at in range(3_000)
    )
    entities = {at: [f"todos{at % 7}", "notes"] for at in range(0, 3_000, 3)}
    slow = searching(entities, rows)
    for text in ("calm-12", "u25@x.org.todos", "bold notes", "swift", "e5", "cl2"):
        for end in range(1, len(text)):
            slow.start(parsed(text[:end]))
            # Some are interrupted, as by the next key.
            slow.advance(lambda: dice.random() < 0.02)
        assert found(slow, text) == found(searching(entities, rows), text), text


def test_step_by_step_finds_what_one_step_finds() -> None:
    search = searching({0: ["todos"], 2: ["todos", "orders"]})
    search.start(parsed("tod"))
    steps = 0
    while not search.advance(lambda: True):
        steps += 1
    assert steps > 1
    assert search.found() == nothing_lost(search)


def nothing_lost(search: PaletteSearch) -> list[Found]:
    search.start(search.query)
    search.advance(lambda: False)
    return search.found()
