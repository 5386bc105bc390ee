from __future__ import annotations

from typing import Any

import pytest

from app.localplatform.errors import PlatformError
from tests.unit.localplatform.engine import Engine, blob, link, new_id, refused


def test_create_twice_is_refused(engine: Engine) -> None:
    one = new_id()
    engine.write(["create", "goals", one, {"title": "a"}])
    with refused(f"Validation failed for tx-step: Creating entities that exist: {one}, {one}"):
        engine.write(["create", "goals", one, {"title": "b"}])
    assert engine.values("goals", "title") == ["a"]


def test_update_creates_what_is_missing_and_merges_labels(engine: Engine) -> None:
    one = new_id()
    engine.write(["update", "goals", one, {"title": "a", "rank": 1}])
    engine.write(["update", "goals", one, {"rank": 2, "id": new_id()}])
    assert engine.rows("goals") == [{"id": one, "title": "a", "rank": 2}]


def test_update_without_upsert_of_a_missing_entity_is_refused(engine: Engine) -> None:
    one, missing = new_id(), new_id()
    engine.write(["update", "goals", one, {"title": "a"}])
    engine.write(["update", "goals", one, {"title": "b"}, {"upsert": False}])
    with refused(f"Validation failed for tx-step: Updating entities that don't exist: {missing}, {missing}"):
        engine.write(["update", "goals", missing, {"title": "c"}, {"upsert": False}])
    assert engine.values("goals", "title") == ["b"]


def test_merge_is_deep_and_null_deletes_a_key(engine: Engine) -> None:
    one = new_id()
    engine.write(["update", "goals", one, {"meta": {"a": {"b": 1, "c": 2}, "d": [1]}}])
    engine.write(["merge", "goals", one, {"meta": {"a": {"b": None, "e": 3}, "d": [2]}}])
    assert engine.values("goals", "meta") == [{"a": {"c": 2, "e": 3}, "d": [2]}]


def test_last_write_to_an_attribute_in_one_transaction_counts(engine: Engine) -> None:
    one = new_id()
    engine.write(["update", "goals", one, {"title": "a"}], ["update", "goals", one, {"title": "b"}])
    assert engine.values("goals", "title") == ["b"]


def test_missing_attributes_are_created_untyped(engine: Engine) -> None:
    engine.write(["update", "goals", new_id(), {"title": "a"}], ["link", "goals", new_id(), {"todos": new_id()}])
    title, todos = engine.attr("goals", "title"), engine.attr("goals", "todos")
    assert (title.checked_data_type, title.is_indexed, title.inferred_types) == (None, False, ("string",))
    assert (todos.value_type, todos.cardinality, todos.reverse_etype) == ("ref", "many", "todos")
    assert engine.attr("goals", "id").is_unique


def test_missing_attributes_are_refused_when_the_caller_wants_that(engine: Engine) -> None:
    with refused("Validation failed for steps: Attributes are missing in your schema") as body:
        engine.write(["update", "goals", new_id(), {"x": 1}], throw_on_missing_attrs=True)
    assert body["hint"]["errors"][0]["hint"] == {"attributes": ["goals.id", "goals.x"]}
    assert engine.attrs.find("goals", "x") is None


@pytest.mark.parametrize("spelling", [["email", "a@b.c"], {"email": "a@b.c"}, 'lookup__email__"a@b.c"'])
def test_lookup_in_each_spelling_finds_and_creates(engine: Engine, spelling: Any) -> None:
    engine.define(blob("users", "email", "ui"))
    engine.write(["update", "users", spelling, {"name": "first"}])
    engine.write(["update", "users", spelling, {"name": "second"}])
    assert engine.values("users", "name") == ["second"]
    assert engine.values("users", "email") == ["a@b.c"]
    engine.write(["delete", "users", spelling])
    assert engine.rows("users") == []


def test_lookup_as_link_target_and_through_a_unique_link(engine: Engine) -> None:
    engine.define(blob("users", "email", "u"), link("profiles.owner", "users.profile", many=False, unique=True))
    user = new_id()
    engine.write(["update", "users", user, {"email": "a@b.c"}])
    engine.write(["link", "profiles", new_id(), {"owner": {"email": "a@b.c"}}])
    engine.write(["update", "profiles", ["owner.id", user], {"bio": "x"}])
    assert engine.rows("profiles") == [{**engine.rows("profiles")[0], "owner": user, "bio": "x"}]


def test_lookup_of_an_attribute_that_is_not_unique_is_refused(engine: Engine) -> None:
    engine.define(blob("users", "name"))
    with refused("Validation failed for lookup: name is not a unique attribute on users"):
        engine.write(["update", "users", ["name", "x"], {"a": 1}])


def test_lookup_link_target_that_does_not_exist_is_refused(engine: Engine) -> None:
    engine.define(blob("users", "email", "u"), blob("users", "id", "u"), link("goals.owner", "users.goals"))
    with refused("Validation failed for lookup: The entity for the lookup does not exist.") as body:
        engine.write(["link", "goals", new_id(), {"owner": {"email": "no"}}])
    assert body["hint"]["input"]["label"] == "email"


def test_lookup_that_creates_cannot_change_the_looked_up_attribute(engine: Engine) -> None:
    engine.define(blob("users", "email", "u"))
    engine.write(["update", "users", {"email": "old"}, {"name": "x"}])
    engine.write(["update", "users", {"email": "old"}, {"email": "new"}])
    assert engine.values("users", "email") == ["new"]
    with pytest.raises(PlatformError, match="Updates with lookups can only update the lookup attribute"):
        engine.write(["update", "users", {"email": "old"}, {"email": "newer"}])


@pytest.mark.parametrize(
    ("eid", "message"),
    [
        (
            "nope",
            "Validation failed for steps: Invalid entity ID 'nope'. Entity IDs must be UUIDs or lookup references.",
        ),
        (
            {"a": 1, "b": 2},
            "Validation failed for lookup: lookup must be an object with a single unique attr and value.",
        ),
        ("lookup__email__nope", "Validation failed for lookup: lookup value is invalid"),
    ],
)
def test_bad_entity_id_is_refused(engine: Engine, eid: Any, message: str) -> None:
    with refused(message):
        engine.write(["update", "goals", eid, {"title": "x"}])


def test_unsupported_action_is_named(engine: Engine) -> None:
    with refused("Validation failed for action: Unsupported action destroy") as body:
        engine.write(["destroy", "goals", new_id()])
    assert body["hint"]["errors"][0]["hint"] == {"value": "destroy"}
    with refused("Validation failed for action: Unsupported action update-attr"):
        engine.write(["update-attr", {"id": new_id()}], dialect="admin")


def test_low_level_step_on_the_admin_endpoint_is_refused(engine: Engine) -> None:
    with refused("Validation failed for action: Unsupported action add-triple"):
        engine.write(["add-triple", new_id(), new_id(), 1], dialect="admin")


# ---- links


def test_link_from_the_reverse_side_is_the_same_link(engine: Engine) -> None:
    engine.define(link("goals.todos", "todos.goal"))
    goal, todo = new_id(), new_id()
    engine.write(["update", "goals", goal, {}], ["update", "todos", todo, {"t": 1}])
    engine.write(["link", "todos", todo, {"goal": goal}])
    (row,) = engine.ask({"goals": {"todos": {}}}).tree["goals"]
    assert [one["id"] for one in row["todos"]] == [todo]
    engine.write(["unlink", "goals", goal, {"todos": [todo]}])
    assert engine.ask({"goals": {"todos": {}}}).tree["goals"][0]["todos"] == []


def test_link_of_a_has_one_side_replaces_the_former_target(engine: Engine) -> None:
    engine.define(link("goals.owner", "users.goals", many=False))
    goal, first, second = new_id(), new_id(), new_id()
    engine.write(*(["update", "users", user, {"n": 1}] for user in (first, second)))
    engine.write(["link", "goals", goal, {"owner": first}], ["update", "goals", goal, {"title": "x"}])
    result = engine.write(["link", "goals", goal, {"owner": second}])
    assert engine.values("goals", "owner") == [second]
    assert {(c.action, c.target_id) for c in result.changes} == {("unlink", first), ("link", second)}


def test_link_to_a_taken_has_one_reverse_side_is_not_unique(engine: Engine) -> None:
    engine.define(link("users.profile", "profiles.user", many=False, unique=True))
    profile = new_id()
    engine.write(["link", "users", new_id(), {"profile": profile}])
    with pytest.raises(PlatformError, match="`profile` is a unique attribute on `users`") as caught:
        engine.write(["link", "users", new_id(), {"profile": profile}])
    assert caught.value.type == "record-not-unique"


def test_link_to_something_that_is_no_uuid_is_refused(engine: Engine) -> None:
    engine.define(blob("goals", "id", "u"), link("goals.todos", "todos.goal"))
    with refused("Validation failed for steps") as body:
        engine.write(["link", "goals", new_id(), {"todos": 5}])
    assert body["hint"]["errors"] == [{"expected": "link-value", "in": [0, 3]}]
    with refused("Validation failed for eid: Expected link value to be a uuid."):
        engine.write(["link", "goals", new_id(), {"todos": "nope"}])


# ---- deletes


def family(engine: Engine, **cascade: str) -> tuple[str, str, str]:
    """grandparent <- parent <- child, linked upwards; with ids."""
    engine.define(
        link("parents.up", "elders.down", many=False, **cascade), link("children.up", "parents.down", **cascade)
    )
    elder, parent, child = new_id(), new_id(), new_id()
    for etype, eid in (("elders", elder), ("parents", parent), ("children", child)):
        engine.write(["update", etype, eid, {"name": etype}])
    engine.write(["link", "parents", parent, {"up": elder}], ["link", "children", child, {"up": parent}])
    return elder, parent, child


def left(engine: Engine) -> set[str]:
    return {name for etype in ("elders", "parents", "children") for name in engine.values(etype, "name")}


def test_delete_without_cascade_removes_the_entity_and_links_to_it(engine: Engine) -> None:
    elder, _, _ = family(engine)
    engine.write(["delete", "elders", elder])
    assert left(engine) == {"parents", "children"}
    assert "up" not in engine.rows("parents")[0]


def test_delete_cascades_to_those_that_link_to_it(engine: Engine) -> None:
    elder, parent, child = family(engine, **{"on-delete": "cascade"})
    result = engine.write(["delete", "elders", elder])
    assert left(engine) == set()
    assert {(c.action, c.id) for c in result.changes} == {("delete", elder), ("delete", parent), ("delete", child)}


def test_delete_with_reverse_cascade_takes_what_it_links_to(engine: Engine) -> None:
    _, _, child = family(engine, **{"on-delete-reverse": "cascade"})
    engine.write(["delete", "children", child])
    assert left(engine) == set()


def test_delete_of_a_cycle_of_cascades_ends(engine: Engine) -> None:
    engine.define(link("nodes.next", "nodes.previous", **{"on-delete": "cascade"}))
    one, two = new_id(), new_id()
    engine.write(["link", "nodes", one, {"next": two}], ["link", "nodes", two, {"next": one}])
    engine.write(["update", "nodes", one, {"a": 1}], ["update", "nodes", two, {"a": 1}])
    engine.write(["delete", "nodes", one])
    assert engine.rows("nodes") == []


def test_create_and_delete_in_one_transaction_leaves_nothing(engine: Engine) -> None:
    engine.define(blob("goals", "id", "u"), blob("goals", "rank", "i"))
    one = new_id()
    engine.write(["create", "goals", one, {}], ["delete", "goals", one])
    with engine.store.read() as conn:
        assert conn.execute("SELECT count(*) FROM triples").fetchone() == (0,)


def test_delete_in_one_namespace_keeps_the_same_id_in_another(engine: Engine) -> None:
    both = new_id()
    engine.write(["update", "goals", both, {"a": 1}], ["update", "todos", both, {"b": 1}])
    engine.write(["delete", "goals", both])
    assert engine.rows("goals") == []
    assert engine.values("todos", "b") == [1]


def test_delete_that_takes_a_required_link_away_is_refused(engine: Engine) -> None:
    engine.define(blob("goals", "id", "u"), link("goals.owner", "users.goals", many=False, **{"required?": True}))
    goal, user = new_id(), new_id()
    engine.write(["update", "users", user, {"n": 1}])
    engine.write(["update", "goals", goal, {"title": "x"}], ["link", "goals", goal, {"owner": user}])
    with refused(f"Missing required attribute `goals/owner`: {goal}"):
        engine.write(["delete", "users", user])
    assert engine.values("users", "n") == [1]


# ---- constraints


def test_unique_value_of_another_entity_is_refused(engine: Engine) -> None:
    engine.define(blob("users", "handle", "u"))
    one = new_id()
    engine.write(["update", "users", one, {"handle": "x"}])
    engine.write(["update", "users", one, {"handle": "x"}])
    with refused(
        '`handle` is a unique attribute on `users` and an entity already exists with `users.handle` = "x"',
        "record-not-unique",
    ) as body:
        engine.write(["update", "users", new_id(), {"handle": "x"}])
    assert body["hint"] == {
        "record-type": "triple",
        "attr-id": engine.attr("users", "handle").id,
        "etype": "users",
        "label": "handle",
        "value": '"x"',
    }


def test_unique_attribute_may_be_null_often_and_tells_types_apart(engine: Engine) -> None:
    engine.define(blob("users", "handle", "u"))
    engine.write(*(["update", "users", new_id(), {"handle": value}] for value in (None, None, 1, "1", True, "b1", [1])))
    assert len(engine.rows("users")) == 7
    with pytest.raises(PlatformError):
        engine.write(["update", "users", new_id(), {"handle": 1.0}])


def test_required_attribute_is_demanded_on_create_and_cannot_be_nulled(engine: Engine) -> None:
    engine.define(blob("goals", "id", "u"), blob("goals", "title", "r"))
    one = new_id()
    with refused(f"Missing required attribute `goals/title`: {one}") as body:
        engine.write(["update", "goals", one, {}])
    assert body["hint"]["records"][0]["label"] == "title"
    engine.write(["update", "goals", one, {"title": "x"}])
    with refused(f"Missing required attribute `goals/title`: {one}"):
        engine.write(["update", "goals", one, {"title": None}])


@pytest.mark.parametrize(
    ("checked", "value", "kind"),
    [
        ("number", "5", "string"),
        ("string", 5, "number"),
        ("boolean", "true", "string"),
        ("date", "2025-01-0", "string"),
        ("number", True, "boolean"),
        ("string", {"a": 1}, "object"),
    ],
)
def test_value_of_the_wrong_type_is_refused(engine: Engine, checked: str, value: Any, kind: str) -> None:
    engine.define(blob("goals", "x", "", checked))
    one = new_id()
    with refused(
        f"Invalid value type for goals.x. Value must be a {checked} but the provided value type is {kind}."
    ) as body:
        engine.write(["update", "goals", one, {"x": value}])
    assert body["hint"] == {
        "namespace": "goals",
        "attribute": "x",
        "value": value,
        "checked-data-type": checked,
        "attr-id": engine.attr("goals", "x").id,
        "entity-id": one,
    }


@pytest.mark.parametrize(("flags", "kind"), [("i", "an indexed"), ("u", "a unique"), ("ui", "a unique")])
def test_large_value_of_an_indexed_or_unique_attribute_is_refused(engine: Engine, flags: str, kind: str) -> None:
    engine.define(blob("goals", "x", flags))
    engine.write(["update", "goals", new_id(), {"x": "y" * 1000}])
    with refused(f"Value is too large for {kind} attribute.") as body:
        engine.write(["update", "goals", new_id(), {"x": "ä" * 600}])
    assert body["hint"]["value-too-large?"] is True


def test_long_value_of_a_plain_attribute_is_kept_and_found(engine: Engine) -> None:
    text = "y" * 100_000
    engine.write(["update", "goals", new_id(), {"x": text}])
    assert engine.values("goals", "x", {"x": text}) == [text]
    assert engine.rows("goals", {"x": text + "z"}) == []


def test_null_bytes_are_refused(engine: Engine) -> None:
    with refused("A value in the transaction contains null bytes, which cannot be stored."):
        engine.write(["update", "goals", new_id(), {"x": {"deep": ["a\x00b"]}}])


def test_half_a_surrogate_pair_is_refused(engine: Engine) -> None:
    with refused("A value in the transaction contains characters that cannot be stored."):
        engine.write(["update", "goals", new_id(), {"x": "\ud800"}])


def test_failed_transaction_changes_nothing_at_all(engine: Engine) -> None:
    engine.define(blob("goals", "n", "", "number"))
    with pytest.raises(PlatformError):
        engine.write(["update", "goals", new_id(), {"new": 1}], ["update", "goals", new_id(), {"n": "x"}])
    assert engine.attrs.find("goals", "new") is None
    assert engine.rows("goals") == []


# ---- system namespaces


def test_admin_may_write_users_but_not_what_only_the_platform_sets(engine: Engine) -> None:
    engine.write(["update", "$users", new_id(), {"email": "a@b.c", "nick": "x"}])
    assert engine.values("$users", "email") == ["a@b.c"]
    with refused(
        "Validation failed for tx-step: $files.size is a system column. You aren't allowed to change this directly."
    ):
        engine.write(["update", "$files", new_id(), {"size": 3}])


def test_user_may_not_write_system_columns_nor_delete_users(engine: Engine) -> None:
    user = new_id()
    engine.write(["update", "$users", user, {"email": "a@b.c"}])
    with refused(
        "Validation failed for tx-step: $users.email is a system column. You aren't allowed to change this directly."
    ):
        engine.write(["update", "$users", user, {"email": "b"}], is_admin=False)
    with refused(
        "Validation failed for tx-step: $users is a system entity. You aren't allowed to delete this directly."
    ):
        engine.write(["delete", "$users", user], is_admin=False)


def test_files_path_can_be_changed_but_a_new_file_lacks_what_is_required(engine: Engine) -> None:
    one = new_id()
    with pytest.raises(PlatformError, match=r"Missing required attribute `\$files/location-id`"):
        engine.write(["update", "$files", one, {"path": "a.txt"}])
    fields = {"path": "a.txt", "size": 1, "location-id": "x"}
    engine.write(["update", "$files", one, fields], allow_system_writes=True)
    engine.write(["update", "$files", one, {"path": "b.txt"}])
    assert engine.values("$files", "path") == ["b.txt"]


# ---- what is told about it


def test_changes_tell_before_after_modified_and_rule_params(engine: Engine) -> None:
    one = new_id()
    (created,) = engine.write(["update", "goals", one, {"title": "a", "rank": 1}]).changes
    assert (created.action, created.before) == ("create", None)
    assert created.after == {"id": one, "title": "a", "rank": 1}
    updated, *_ = engine.write(["update", "goals", one, {"rank": 2}], ["ruleParams", "goals", one, {"k": 1}]).changes
    assert (updated.action, updated.modified, updated.rule_params) == ("update", {"rank"}, {"k": 1})
    assert updated.before == created.after
    (deleted,) = engine.write(["delete", "goals", one]).changes
    assert (deleted.action, deleted.before, deleted.after) == ("delete", {"id": one, "title": "a", "rank": 2}, None)


def test_result_names_the_namespaces_on_both_sides_and_counts_up(engine: Engine) -> None:
    first = engine.write(["update", "goals", new_id(), {"a": 1}])
    second = engine.write(["link", "goals", new_id(), {"todos": new_id()}])
    assert first.etypes == {"goals"}
    assert second.etypes == {"goals", "todos"}
    assert second.tx_id > first.tx_id
    assert second.has_schema_changes


def test_low_level_steps_write_merge_and_retract(engine: Engine) -> None:
    title, ident, todos = blob("goals", "title"), blob("goals", "id", "u"), link("goals.todos", "todos.goal")
    one, todo = new_id(), new_id()
    engine.write(
        *(["add-attr", attr] for attr in (title, ident, todos)),
        ["add-triple", one, ident["id"], one],
        ["add-triple", one, title["id"], "x"],
        ["add-triple", one, todos["id"], todo],
        ["deep-merge-triple", one, title["id"], {"a": 1}],
    )
    assert engine.rows("goals") == [{"id": one, "title": {"a": 1}}]
    assert len(engine.rows("goals", {"todos": todo})) == 1
    engine.write(["retract-triple", one, todos["id"], todo])
    assert engine.rows("goals", {"todos": todo}) == []
    engine.write(["delete-entity", one])
    assert engine.rows("goals") == []


def test_low_level_lookup_with_mode_update_must_exist(engine: Engine) -> None:
    email, ident = blob("users", "email", "u"), blob("users", "id", "u")
    engine.define(email, ident)
    lookup = [email["id"], "a@b.c"]
    with pytest.raises(PlatformError, match="Updating entities that don't exist"):
        engine.write(["add-triple", lookup, ident["id"], lookup, {"mode": "update"}])
    engine.write(["add-triple", lookup, ident["id"], lookup])
    engine.write(["add-triple", lookup, ident["id"], lookup, {"mode": "update"}])
    assert engine.values("users", "email") == ["a@b.c"]


def test_lookup_of_another_namespace_is_refused(engine: Engine) -> None:
    email, title = blob("users", "email", "u"), blob("goals", "title")
    engine.define(email, title)
    with pytest.raises(PlatformError, match="The namespace in the lookup attribute is different"):
        engine.write(["add-triple", [email["id"], "x"], title["id"], 1])
