"""Filtering and sorting of the app list, without Qt."""

from __future__ import annotations

import random

import pytest

from app.core.apps import AppSummary
from app.core.refs import AppRef
from app.ui.apps.app_table import AppColumn, AppFilter, AppTable

from .content_fakes import ANA, CLOUD, LOCAL, apps


def _titles(rows: AppFilter) -> list[str]:
    return [rows.table.rows[each].title for each in rows.visible]


def _filter() -> AppFilter:
    return AppFilter(AppTable(apps(), {each.id: each for each in (LOCAL, CLOUD)}))


@pytest.mark.parametrize("query", ["ANA", "7f3a1c22", "ana@example.com", "ana work", "  workspace ana "])
def test_app_filter_words_match_title_id_and_owner(query: str) -> None:
    rows = _filter()
    rows.set_query(query)
    assert _titles(rows) == ["Ana’s workspace"]


def test_app_filter_first_order_is_kind_then_title() -> None:
    assert _titles(_filter()) == ["tar", "Ana’s workspace", "Eva", "Gil", "calm-green-delta"]


def test_app_filter_words_do_not_match_across_rows_or_fields() -> None:
    rows = _filter()
    rows.set_query("tar9e8c")
    assert rows.visible == []


def test_app_filter_connection_limits_rows_and_total() -> None:
    rows = _filter()
    rows.set_connection("cloud")
    assert (_titles(rows), rows.total) == (["Eva"], 1)


@pytest.mark.parametrize(
    ("column", "first", "last"),
    [
        (AppColumn.TITLE, "Ana’s workspace", "tar"),
        (AppColumn.STATE, "calm-green-delta", "tar"),
        (AppColumn.WHERE, "Eva", "tar"),
        (AppColumn.AGENTS, "Eva", "tar"),
    ],
)
def test_app_filter_sort_both_ways(column: AppColumn, first: str, last: str) -> None:
    rows = _filter()
    rows.set_order(column, is_descending=False)
    up = _titles(rows)
    rows.set_order(column, is_descending=True)
    assert (up[0], up[-1]) == (first, last)
    assert _titles(rows) == up[::-1]


def test_app_filter_rows_without_owner_sort_last() -> None:
    rows = _filter()
    rows.set_order(AppColumn.OWNER, is_descending=False)
    assert _titles(rows)[:2] == ["Ana’s workspace", "Eva"]


def test_app_filter_typing_and_deleting_equals_a_fresh_search() -> None:
    """Narrowing, the search for rare words and the scan for common ones must agree with the plain definition."""
    source = random.Random(7)
    rows = [
        AppSummary(source.choice(("a", "b")), f"{source.getrandbits(32):08x}", f"wonka {at}", f"u{at % 13}@example.com")
        for at in range(3_000)
    ]
    table = AppTable(rows)
    typed = AppFilter(table)
    for query in ["w", "wo", "wonka 1", "wonka 12", "wonka 129", "12", "1", "", "u7@ 5", "u7@ 55", "zzz", "zz"]:
        typed.set_query(query)
        wanted = {
            at
            for at, row in enumerate(rows)
            if all(w in f"{row.title}\n{row.app_id}\n{row.owner}" for w in query.split())
        }
        assert set(typed.visible) == wanted, query
        assert len(typed.visible) == len(wanted)


def test_app_filter_connection_is_searched_and_counted_alone() -> None:
    rows = AppFilter(AppTable([AppSummary("ab"[at % 2], f"{at:04}", f"app {at}") for at in range(1_000)]))
    rows.set_connection("b")
    rows.set_query("9")
    wanted = [each.app_id for each in rows.table.rows if each.connection_id == "b" and "9" in each.app_id]
    assert sorted(rows.table.rows[each].app_id for each in rows.visible) == wanted
    assert (rows.count, rows.total) == (len(wanted), 500)


def test_app_filter_rows_and_row_ids_lead_to_each_other() -> None:
    rows = AppFilter(AppTable([AppSummary("a", f"{at:04}", f"app {at}") for at in range(300)]))
    rows.set_order(AppColumn.TITLE, is_descending=True)
    rows.set_query("1")
    visible = [rows.row_id(row) for row in range(rows.count)]
    assert visible == rows.visible
    assert [rows.row_of(each) for each in visible] == list(range(rows.count))
    assert rows.row_of(200) is None
    assert rows.row_of(None) is None
    assert rows.rows_of(range(300)) == list(range(rows.count))


def test_app_filter_prepared_ahead_finds_the_same() -> None:
    rows, ahead = _filter(), _filter()
    while ahead.prepare():
        pass
    for query in ("ana", "7f3", "w"):
        rows.set_query(query)
        ahead.set_query(query)
        assert ahead.visible == rows.visible


@pytest.mark.parametrize("count", [0, 1, 2])
def test_app_filter_tiny_tables_filter_and_sort(count: int) -> None:
    rows = AppFilter(AppTable(apps()[:count]))
    rows.set_query("a")
    assert len(rows.visible) == count
    rows.set_order(AppColumn.TITLE, is_descending=True)
    assert sorted(rows.visible) == list(range(count))


def test_app_table_find_gives_the_row_of_an_app() -> None:
    table = AppTable(apps())
    assert table.find(AppRef("local", ANA)) == 1
    assert table.find(AppRef("cloud", ANA)) is None
