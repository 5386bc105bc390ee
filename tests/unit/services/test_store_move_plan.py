"""Which rows belong to a workspace, and the order of tables: from schemas alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.platforms.postgres.belonging import AllRows, ByMember, ByParent, OwnColumn, TableShape, condition, exclusive
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.services.main_map import MainMap
from app.services.store_move_plan import Layout, Way, laid_out, without

NAMES = MainMap(
    users="users", workspaces="workspaces", workspace_users="workspace_users", member_workspace="workspace_id"
)
SYSTEM = ("users", "workspaces", "workspace_users")


def table(name: str, *columns: str) -> Entity:
    """Columns that end with ``?`` may be empty."""
    made = [Attribute(each.rstrip("?"), is_required=not each.endswith("?")) for each in ("id", *columns)]
    return Entity(name, tuple(made))


def link(child: str, column: str, parent: str) -> Link:
    end = LinkEnd(child, f"{child}_{column}_fkey", "one")
    return Link(end.label, end, LinkEnd(parent, "", "many"), columns=((column, "id"),))


def layout(tables: list[Entity], links: list[Link] | None = None, ways: dict[str, Way] | None = None) -> Layout:
    system = [table("users"), table("workspaces"), table("workspace_users", "workspace_id", "user_id")]
    schema = Schema((*system, *tables), tuple(links or ()))
    kinds: dict[str, Any] = {each.name: "application" for each in tables} | dict.fromkeys(SYSTEM, "system")
    return laid_out(schema, NAMES, kinds, ways)


def ways_of(found: Layout) -> dict[str, str]:
    return {each.entity: each.way for each in found.tables}


def test_column_of_its_own_is_preferred_by_key_then_by_name():
    linked = [link("a", "tenant", "workspaces")]
    found = layout([table("a", "tenant", "workspaceId"), table("b", "workspaceId"), table("c", "title")], linked)
    assert ways_of(found) == {"a": "column", "b": "column", "c": ""}
    assert {each.entity: each.belonging for each in found.moved} == {
        "a": OwnColumn("tenant"),
        "b": OwnColumn("workspaceId"),
    }


def test_chain_is_the_shortest_and_over_columns_that_are_never_empty():
    tables = [table("a", "workspace_id"), table("b", "a_id"), table("c", "b_id", "maybe_a?", "a_id")]
    links = [link("b", "a_id", "a"), link("c", "b_id", "b"), link("c", "maybe_a", "a"), link("c", "a_id", "a")]
    found = {each.entity: each for each in layout(tables, links).tables}
    assert found["c"].belonging == ByParent((("a_id", "id"),), "a", OwnColumn("workspace_id"))
    assert found["c"].sentence.endswith("a_id leads to: c → a.workspace_id.")


def test_children_of_what_is_told_by_members_follow_it():
    tables = [table("chats", "user_id"), table("messages", "chat_id")]
    found = {each.entity: each for each in layout(tables, [link("messages", "chat_id", "chats")]).tables}
    assert found["chats"].way == "members"
    member = ByMember("user_id", "workspace_users", "user_id", "workspace_id")
    assert found["messages"].belonging == ByParent((("chat_id", "id"),), "chats", member)
    assert exclusive(found["messages"].belonging).of.is_exclusive


def test_what_follows_a_table_that_is_left_has_to_be_chosen_again():
    tables, links = [table("a", "workspace_id"), table("b", "a_id")], [link("b", "a_id", "a")]
    assert ways_of(layout(tables, links)) == {"a": "column", "b": "chain"}
    assert ways_of(layout(tables, links, {"a": "leave"})) == {"a": "leave", "b": ""}
    both = layout(tables, links, {"a": "all", "b": "all"})
    assert [each.belonging for each in both.moved] == [AllRows(), AllRows()]
    # A way that is not possible here is not taken.
    assert ways_of(layout(tables, links, {"b": "members"}))["b"] == "chain"


def test_links_to_what_stays_are_left_out():
    tables = [table("a", "workspace_id", "user_id"), table("b", "a_id")]
    links = [link("a", "workspace_id", "workspaces"), link("a", "user_id", "users"), link("b", "a_id", "a")]
    found = layout(tables, links)
    assert {each.name for each in found.left_out} == {"a_workspace_id_fkey", "a_user_id_fkey"}
    assert [each.name for each in found.schema.links] == ["b_a_id_fkey"]


def test_links_that_close_a_circle_come_late():
    tables = [
        table("a", "workspace_id", "b_id"),
        table("b", "workspace_id", "a_id"),
        table("c", "workspace_id", "c_id"),
    ]
    links = [link("a", "b_id", "b"), link("b", "a_id", "a"), link("c", "c_id", "c")]
    found = layout(tables, links)
    assert {each.name for each in found.late} == {"a_b_id_fkey", "c_c_id_fkey"}
    assert [each.name for each in without(found.schema, found.late).links] == ["b_a_id_fkey"]


@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_parents_are_always_first_but_for_late_links(pairs):
    tables = [table(f"t{number}", "workspace_id", *(f"to{each}" for each in range(8))) for number in range(8)]
    links = [link(f"t{child}", f"to{parent}", f"t{parent}") for child, parent in pairs]
    found = layout(tables, links)
    order = [each.entity for each in found.moved]
    assert sorted(order) == sorted(each.name for each in tables)
    for each in without(found.schema, found.late).links:
        assert order.index(each.reverse.entity) < order.index(each.forward.entity)


@pytest.mark.parametrize(("dialect", "bound"), [("postgresql", "CAST(:workspace AS uuid)"), ("sqlite", ":workspace")])
def test_condition_binds_the_workspace_and_quotes_every_name(dialect, bound):
    shapes = {
        'we"ird:t': TableShape('we"ird:t', ("id", "ws:id"), ("uuid", "uuid")),
        "child": TableShape("child", ("id", "p"), ("uuid", "uuid")),
    }
    belonging = ByParent((("p", "id"),), '"we""ird:t"', OwnColumn("ws:id"))
    shapes['"we""ird:t"'] = shapes.pop('we"ird:t')
    home = "public" if dialect == "postgresql" else "main"
    assert condition(belonging, "child", shapes, dialect) == (
        f'EXISTS (SELECT 1 FROM "{home}"."we""ird\\:t" AS p1 WHERE p1."id" = t0."p" AND p1."ws\\:id" = {bound})'
    )
