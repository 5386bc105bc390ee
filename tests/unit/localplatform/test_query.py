from __future__ import annotations

from typing import Any

import pytest

from app.localplatform.query import query
from tests.unit.localplatform.engine import Engine, blob, link, new_id, refused


def goal_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


@pytest.fixture
def goals(engine: Engine) -> Engine:
    """Ten goals: rank 0..9, title t0..t8 (the last has none), the even ones done; two users own them by parity."""
    engine.define(
        blob("goals", "id", "u"),
        blob("goals", "rank", "i", "number"),
        blob("goals", "title", "i", "string"),
        blob("goals", "done"),
        blob("goals", "at", "i", "date"),
        blob("users", "id", "u"),
        blob("users", "name", "i", "string"),
        link("goals.owner", "users.goals", many=False),
        link("goals.tags", "tags.goals"),
    )
    users = {0: goal_id(100), 1: goal_id(101)}
    for number, user in users.items():
        engine.write(["update", "users", user, {"name": f"u{number}"}])
    for number in range(10):
        one = goal_id(number)
        fields: dict[str, Any] = {"rank": number, "done": number % 2 == 0, "at": f"2024-01-{number + 1:02d}"}
        if number < 9:
            fields["title"] = f"t{number}"
        engine.write(
            ["update", "goals", one, fields],
            ["link", "goals", one, {"owner": users[number % 2]}],
            now=1000 + number,
        )
    return engine


def ranks(engine: Engine, where: dict[str, Any] | None = None, **options: Any) -> list[int]:
    return engine.values("goals", "rank", where, **options)


def test_query_of_a_namespace_gives_all_in_order_of_creation(goals: Engine) -> None:
    assert ranks(goals) == list(range(10))
    assert goals.rows("goals")[9] == {
        "id": goal_id(9),
        "rank": 9,
        "done": False,
        "at": "2024-01-10",
        "title": None,
        "owner": goal_id(101),
    }


def test_query_of_unknown_names_is_empty(goals: Engine) -> None:
    assert goals.ask({"nope": {}, "goals": {"$": {"where": {"nope": 1}}}}).tree == {"nope": [], "goals": []}
    assert goals.ask({"users": {"nope": {}}}).tree["users"][0]["nope"] == []


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"rank": 3}, [3]),
        ({"rank": 3.0}, [3]),
        ({"id": goal_id(4)}, [4]),
        ({"done": True, "rank": {"$lt": 5}}, [0, 2, 4]),
        ({"rank": {"$in": [1, 2, 77]}}, [1, 2]),
        ({"rank": {"in": [1]}}, [1]),
        ({"title": {"$in": ["t1", None]}}, [1, 9]),
        ({"rank": {"$not": 3}}, [0, 1, 2, 4, 5, 6, 7, 8, 9]),
        ({"title": {"$not": "t1"}}, [0, 2, 3, 4, 5, 6, 7, 8, 9]),
        ({"title": {"$ne": "t1"}, "rank": {"$lte": 2}}, [0, 2]),
        ({"title": {"$isNull": True}}, [9]),
        ({"title": {"$isNull": False}, "rank": {"$gt": 6}}, [7, 8]),
        ({"rank": {"$gte": 8}}, [8, 9]),
        ({"rank": {"$gt": 8}}, [9]),
        ({"rank": {"$lt": 1}}, [0]),
        ({"rank": {"$lte": 1}}, [0, 1]),
        ({"title": {"$gt": "t7"}}, [8]),
        ({"title": {"$like": "t_"}, "rank": {"$gt": 7}}, [8]),
        ({"title": {"$like": "T%"}}, []),
        ({"title": {"$ilike": "T1%"}}, [1]),
        ({"at": {"$gte": "2024-01-09T00:00:00Z"}}, [8, 9]),
        ({"at": 1704067200000}, [0]),
        ({"or": [{"rank": 1}, {"title": "t5"}]}, [1, 5]),
        ({"or": [{"rank": 1}, {"and": [{"done": True}, {"rank": {"$gt": 7}}]}]}, [1, 8]),
        ({"and": [{"rank": {"$gt": 2}}, {"rank": {"$lt": 5}}]}, [3, 4]),
        ({"owner.name": "u1", "rank": {"$lt": 4}}, [1, 3]),
        ({"owner": goal_id(100), "rank": {"$lt": 4}}, [0, 2]),
        ({"owner.id": goal_id(100), "rank": {"$lt": 4}}, [0, 2]),
        ({"owner": {"$in": [goal_id(100), goal_id(999)]}, "rank": {"$gt": 6}}, [8]),
        ({"owner": {"$not": goal_id(100)}, "rank": {"$gt": 6}}, [7, 9]),
        ({"owner": {"$isNull": True}}, []),
        ({"tags": {"$isNull": True}, "rank": 1}, [1]),
        ({"owner.goals.rank": 4, "rank": {"$lt": 3}}, [0, 2]),
        ({"$entityIdStartsWith": "00000000-0000-4000-8000-00000000000"}, list(range(10))),
        ({"$entityIdStartsWith": goal_id(7)}, [7]),
    ],
)
def test_where_finds_exactly_the_matching(goals: Engine, where: dict[str, Any], expected: list[int]) -> None:
    assert ranks(goals, where) == expected


def test_where_from_the_reverse_side_of_a_link(goals: Engine) -> None:
    assert goals.values("users", "name", {"goals.rank": {"$gt": 8}}) == ["u1"]
    assert goals.values("users", "name", {"goals": goal_id(2)}) == ["u0"]
    assert goals.values("users", "name", {"goals": {"$isNull": False}}) == ["u0", "u1"]


def test_where_on_two_attributes_below_a_link_means_one_and_the_same_entity(goals: Engine) -> None:
    assert goals.values("users", "name", {"goals.rank": 2, "goals.title": "t2"}) == ["u0"]
    assert goals.values("users", "name", {"goals.rank": 2, "goals.title": "t4"}) == []
    assert goals.values("users", "name", {"and": [{"goals.rank": 2}, {"goals.title": "t4"}]}) == ["u0"]


def test_where_not_below_a_link_also_finds_those_without_the_link(goals: Engine) -> None:
    goals.write(["update", "goals", goal_id(50), {"rank": 50}])
    assert ranks(goals, {"owner.name": {"$not": "u0"}}) == [1, 3, 5, 7, 9, 50]
    assert ranks(goals, {"owner.name": {"$isNull": True}}) == [50]


def test_where_tells_numbers_texts_and_booleans_apart(engine: Engine) -> None:
    for value in (1, "1", True, [1], {"a": 1}, "b1"):
        engine.write(["update", "things", new_id(), {"x": value}])
    assert engine.values("things", "x", {"x": 1}) == [1]
    assert engine.values("things", "x", {"x": "1"}) == ["1"]
    assert engine.values("things", "x", {"x": True}) == [True]


def test_like_takes_a_backslash_as_escape(engine: Engine) -> None:
    engine.define(blob("things", "id", "u"), blob("things", "x", "i", "string"))
    for value in ("50%", "500"):
        engine.write(["update", "things", new_id(), {"x": value}])
    assert engine.values("things", "x", {"x": {"$like": "50\\%"}}) == ["50%"]


def test_where_with_very_many_alternatives(goals: Engine) -> None:
    wanted = [{"rank": number} for number in range(3, 5000)]
    assert ranks(goals, {"or": wanted}) == [3, 4, 5, 6, 7, 8, 9]
    assert ranks(goals, {"rank": {"$in": list(range(8, 50_000))}}) == [8, 9]
    assert ranks(goals, {"or": [{"rank": {"$gt": number}} for number in range(7, 2000)]}) == [8, 9]


def test_where_beyond_what_can_be_done_is_refused(goals: Engine) -> None:
    where: dict[str, Any] = {"rank": 1}
    for _ in range(150):
        where = {"or": [{"and": [where, {"rank": 2}]}, {"rank": {"$gt": 3}}]}
    with refused("Validation failed for query: The query has too many or too deeply nested conditions."):
        ranks(goals, where)


def test_query_with_values_that_no_database_takes_is_refused(goals: Engine) -> None:
    message = "Validation failed for query: The query contains a value that cannot be stored."
    with refused(message):
        ranks(goals, {"title": "\ud800"})
    with refused(message):
        ranks(goals, limit=10**30)


# ---- order and pages


def test_order_by_an_attribute_puts_nulls_first_ascending(goals: Engine) -> None:
    assert ranks(goals, order={"title": "asc"}) == [9, 0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert ranks(goals, order={"title": "desc"}) == [8, 7, 6, 5, 4, 3, 2, 1, 0, 9]
    assert ranks(goals, order={"serverCreatedAt": "desc"}, limit=2) == [9, 8]


def test_limit_offset_first_and_last(goals: Engine) -> None:
    assert ranks(goals, limit=3, offset=2) == [2, 3, 4]
    assert ranks(goals, first=2) == [0, 1]
    assert ranks(goals, last=2) == [8, 9]
    assert ranks(goals, {"done": True}, order={"rank": "desc"}, limit=2) == [8, 6]


def page(engine: Engine, **options: Any) -> tuple[list[int], dict[str, Any]]:
    result = engine.ask({"goals": {"$": options}})
    return [row["rank"] for row in result.tree["goals"]], result.page_info["goals"]


@pytest.mark.parametrize("order", [{"rank": "asc"}, {"title": "desc"}, {"serverCreatedAt": "asc"}, {"at": "desc"}])
def test_cursors_walk_forwards_and_backwards_over_everything(goals: Engine, order: dict[str, str]) -> None:
    everything = ranks(goals, order=order)
    seen, info = page(goals, order=order, first=3)
    assert not info["has-previous-page?"]
    while info["has-next-page?"]:
        found, info = page(goals, order=order, first=3, after=info["end-cursor"])
        assert info["has-previous-page?"]
        seen += found
    assert seen == everything
    back, info = page(goals, order=order, last=4)
    while info["has-previous-page?"]:
        found, info = page(goals, order=order, last=4, before=info["start-cursor"])
        back = found + back
    assert back == everything


def test_cursor_inclusive_repeats_the_row_itself(goals: Engine) -> None:
    _, info = page(goals, order={"rank": "asc"}, first=3)
    assert page(goals, order={"rank": "asc"}, first=2, after=info["end-cursor"], afterInclusive=True)[0] == [2, 3]
    found = page(goals, order={"rank": "asc"}, before=info["end-cursor"], beforeInclusive=True)[0]
    assert found == [0, 1, 2]


def test_cursor_can_be_built_by_hand_from_the_last_row(goals: Engine) -> None:
    attr = goals.attr("goals", "rank")
    assert page(goals, order={"rank": "asc"}, limit=2, after=[goal_id(4), attr.id, 4, 0])[0] == [5, 6]


def test_page_info_has_cursors_in_wire_form(goals: Engine) -> None:
    _, info = page(goals, order={"rank": "asc"}, limit=2, offset=1)
    attr = goals.attr("goals", "rank")
    assert info == {
        "start-cursor": [goal_id(1), attr.id, 1, 1001],
        "end-cursor": [goal_id(2), attr.id, 2, 1002],
        "has-next-page?": True,
        "has-previous-page?": True,
    }
    assert goals.ask({"goals": {}}).page_info == {}


def test_page_beyond_the_end_is_empty_but_has_a_page_before_it(goals: Engine) -> None:
    found, info = page(goals, limit=5, offset=50)
    assert found == []
    assert info["start-cursor"] is None
    assert (info["has-next-page?"], info["has-previous-page?"]) == (False, True)


# ---- trees


def test_nested_links_both_ways_with_conditions_and_order(goals: Engine) -> None:
    tree = goals.ask(
        {"users": {"goals": {"$": {"where": {"rank": {"$gt": 3}}, "order": {"rank": "desc"}}, "owner": {}}}}
    ).tree
    assert [[goal["rank"] for goal in user["goals"]] for user in tree["users"]] == [[8, 6, 4], [9, 7, 5]]
    assert tree["users"][0]["goals"][0]["owner"] == [{"id": goal_id(100), "name": "u0"}]


def test_inference_turns_has_one_links_into_objects(goals: Engine) -> None:
    goals.write(["update", "goals", goal_id(50), {"rank": 50}])
    tree = goals.ask({"goals": {"owner": {}}}, inference=True).tree["goals"]
    assert tree[1]["owner"] == {"id": goal_id(101), "name": "u1"}
    assert tree[-1]["owner"] is None
    assert isinstance(goals.ask({"users": {"goals": {}}}, inference=True).tree["users"][0]["goals"], list)


def test_nested_limit_is_left_to_the_client(goals: Engine) -> None:
    # The platform accepts it and answers everything; its clients cut it themselves.
    assert len(goals.ask({"users": {"goals": {"$": {"limit": 1}}}}).tree["users"][0]["goals"]) == 5


def test_fields_always_include_the_id(goals: Engine) -> None:
    assert goals.rows("goals", {"rank": 1}, fields=["title", "nope"]) == [{"id": goal_id(1), "title": "t1"}]


def test_many_links_are_not_part_of_the_entity_itself(goals: Engine) -> None:
    goals.write(["link", "goals", goal_id(1), {"tags": [new_id(), new_id()]}])
    assert "tags" not in goals.rows("goals", {"rank": 1})[0]


def test_aggregate_counts_without_rows(goals: Engine) -> None:
    result = goals.ask({"goals": {"$": {"aggregate": "count", "where": {"done": True}}}})
    assert (result.tree, result.aggregate) == ({"goals": []}, {"goals": {"count": 5}})


def test_visible_and_hidden_fields_apply_at_every_level(goals: Engine) -> None:
    tree = goals.ask(
        {"users": {"goals": {}}},
        visible=lambda etype, entity: etype != "goals" or entity["done"],
        hidden_fields=lambda etype, _: frozenset({"title", "id"}) if etype == "goals" else frozenset(),
    ).tree
    assert [len(user["goals"]) for user in tree["users"]] == [5, 0]
    assert "title" not in tree["users"][0]["goals"][0]
    assert "id" in tree["users"][0]["goals"][0]


def test_result_names_every_namespace_that_it_depends_on(goals: Engine) -> None:
    result = goals.ask({"goals": {"$": {"where": {"owner.name": "u1"}}, "tags": {}}})
    assert result.etypes == {"goals", "users", "tags"}


def test_file_url_is_made_from_the_location(engine: Engine) -> None:
    fields = {"path": "a.txt", "size": 1, "location-id": "loc"}
    engine.write(["update", "$files", new_id(), fields], allow_system_writes=True)
    (row,) = engine.ask({"$files": {"$": {"fields": ["path", "url"]}}}, file_url=lambda loc: f"/f/{loc}").tree["$files"]
    assert (row["path"], row["url"]) == ("a.txt", "/f/loc")
    assert "location-id" not in row


# ---- refusals


@pytest.mark.parametrize(
    ("q", "message"),
    [
        ({"$": {"frob": 1}}, "We only support `where`, `order`, `limit`, `offset`, `before`, and `after` clauses."),
        (
            {"$": {"order": {"rank": "asc", "title": "asc"}}},
            "We only support a single key in the `order` clause. Got rank,title.",
        ),
        (
            {"$": {"order": {"rank": "up"}}},
            'We only support "asc" or "desc" in the `order` clause. Got "up".',
        ),
        ({"$": {"order": {"nope": "asc"}}}, "There is no `nope` attribute for goals."),
        (
            {"$": {"order": {"done": "asc"}}},
            "The `goals.done` attribute is not indexed. Only indexed and typed attributes can be used to order by., "
            "The `goals.done` attribute is not typed. Only typed and indexed attributes can be used to order by.",
        ),
        ({"$": {"limit": 0}}, "The limit field must be a positive integer. Got 0."),
        ({"$": {"offset": -1}}, "The offset field must be a non-negative integer. Got -1."),
        ({"$": {"limit": 1, "first": 2}}, "Only provide one of `limit` or `first`."),
        ({"$": {"aggregate": "sum"}}, 'The aggregate field only accepts "count", got "sum".'),
        ({"$": {"fields": "title"}}, "The `fields` property should be an array of field names."),
        ({"$": {"where": {"or": []}}}, "The list of `or` conditions can't be empty."),
        (
            {"$": {"where": {"done": {"$gt": 1}}}},
            "The `goals.done` attribute must be indexed to use comparison operators.",
        ),
        (
            {"$": {"where": {"rank": {"$gt": "x"}}}},
            'The data type of `goals.rank` is `number`, but the query got the value `"x"` of type `string`.',
        ),
        (
            {"$": {"where": {"title": {"$like": 5}}}},
            "The $like value for `goals.title` must be a string, but the query got the value `5` of type `number`.",
        ),
        (
            {"$": {"where": {"at": "yesterday"}}},
            'The data type of `goals.at` is `date`, but the query got value `"yesterday"` of type `string`.',
        ),
        (
            {"$": {"where": {"done": {"$in": [None]}}}},
            "Only indexed attrs can check for `nil` in `$in`. goals.done is not indexed.",
        ),
        ({"$": {"where": {"owner": "x"}}}, 'Expected owner to be a uuid, got "x"'),
        (
            {"$": {"aggregate": "count"}, "owner": {}},
            "You can not combine aggregates with child queries at this time.",
        ),
        (
            {"owner": {"$": {"offset": 1}}},
            "We currently only support `offset`, `before`, and `after` clauses on the top-level field. "
            "Limit fields will be ignored",
        ),
        (
            {"$": {"after": [goal_id(1), goal_id(2), 1, 1]}},
            "Invalid after cursor. The query orders by `serverCreatedAt`, but the query that returned the cursor "
            "orders by a missing attribute.",
        ),
        ({"$": {"after": "x"}}, 'Expected a join row for the cursor, got "x".'),
    ],
)
def test_query_that_the_platform_refuses_gives_its_message(goals: Engine, q: dict[str, Any], message: str) -> None:
    with refused(f"Validation failed for query: {message}") as body:
        goals.ask({"goals": q})
    assert body["hint"]["input"] == {"goals": q}
    assert body["hint"]["errors"][0]["in"][0] == "goals"


def test_child_that_is_no_link_is_refused(goals: Engine) -> None:
    with refused("Validation failed for attr: goals.title needs to be a link"):
        goals.ask({"goals": {"title": {}}})


def test_aggregate_for_users_is_refused(goals: Engine) -> None:
    with refused("Validation failed for query: Aggregates are currently only available for admin queries."):
        goals.ask({"goals": {"$": {"aggregate": "count"}}}, is_admin=False)


def test_order_while_an_index_is_being_built_is_refused(goals: Engine) -> None:
    from app.localplatform.attr_changes import set_flags

    with goals.store.write() as conn:
        set_flags(conn, goals.app_id, goals.attr("goals", "rank").id, is_indexing=True)
    with refused(
        "Validation failed for query: The `goals.rank` attribute is still in the process of indexing. It must finish "
        "before ordering by the attribute."
    ):
        ranks(goals, order={"rank": "asc"})


# ---- how it is done


def statements(engine: Engine, q: dict[str, Any]) -> list[str]:
    found: list[str] = []
    attrs = engine.attrs
    with engine.store.read() as conn:
        conn.set_trace_callback(found.append)
        query(conn, engine.app_id, attrs, q)
        conn.set_trace_callback(None)
    return found


def test_number_of_statements_does_not_grow_with_the_rows(goals: Engine) -> None:
    q = {"users": {"goals": {"owner": {}}}}
    before = len(statements(goals, q))
    goals.write(*(["update", "goals", new_id(), {"rank": n}] for n in range(100)))
    goals.write(*(["link", "users", goal_id(100), {"goals": row["id"]}] for row in goals.rows("goals")))
    assert len(statements(goals, q)) == before


@pytest.mark.parametrize(
    "q",
    [
        {"goals": {"$": {"where": {"rank": 3}}}},
        {"goals": {"$": {"where": {"rank": {"$gt": 3}}}}},
        {"goals": {"$": {"where": {"owner.name": "u1"}}}},
        {"goals": {"$": {"order": {"rank": "desc"}, "limit": 2}}},
        {"users": {"goals": {}}},
    ],
)
def test_every_statement_uses_an_index(goals: Engine, q: dict[str, Any]) -> None:
    for sql in statements(goals, q):
        with goals.store.read() as conn:
            plan = [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {sql}")]
        on_table = [step for step in plan if "SCAN" in step and ("triples" in step or step.split()[1] in ("o", "t"))]
        assert on_table == [], plan


def test_page_by_an_indexed_attribute_is_read_in_index_order(goals: Engine) -> None:
    (sql,) = [s for s in statements(goals, {"goals": {"$": {"order": {"rank": "asc"}, "limit": 2}}}) if "ORDER" in s]
    with goals.store.read() as conn:
        plan = " ".join(row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {sql}"))
    assert "triples_by_key" in plan
    assert "TEMP B-TREE" not in plan
