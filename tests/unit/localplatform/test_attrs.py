from __future__ import annotations

import pytest

from app.localplatform import catalog
from app.localplatform.attr_changes import add_attrs, set_flags
from app.localplatform.attr_removal import delete_all_of_app, sweep
from app.localplatform.attr_set import Attr
from app.localplatform.attrs import load_attrs, soft_deleted_attrs
from tests.unit.localplatform.engine import Engine, blob, link, new_id, refused

DAY_MS = 24 * 60 * 60 * 1000


def test_system_attr_ids_are_those_of_the_hosted_platform() -> None:
    # Read in the reference server's own tests and documents.
    assert catalog.attr_id("$users", "id") == "96653230-13ff-ffff-a4b4-81ffffffffff"
    assert len({wire["id"] for wire in catalog.system_attrs()}) == len(catalog.system_attrs()) == 57


def test_new_app_has_the_system_attrs_only(engine: Engine) -> None:
    assert {attr.catalog for attr in engine.attrs.all} == {"system"}
    shown = {(attr.etype, attr.label) for attr in engine.attrs.shown()}
    assert ("$users", "email") in shown
    assert ("$files", "location-id") not in shown
    assert not any(etype == "$magicCodes" for etype, _ in shown)


def test_add_attrs_round_trips_the_wire_form(engine: Engine) -> None:
    wire = blob("posts", "title", "uir", "string")
    engine.define(wire)
    found = engine.attr("posts", "title").to_wire()
    assert {name: found[name] for name in wire} == wire
    assert found["catalog"] == "user"
    assert found["inferred-types"] is None
    assert "reverse-identity" not in found


def test_add_attrs_of_a_link_keeps_both_names_and_cascades(engine: Engine) -> None:
    engine.define(link("posts.author", "users.posts", many=False, **{"on-delete": "cascade"}))
    attr = engine.attrs.find_reverse("users", "posts")
    assert attr is engine.attr("posts", "author")
    assert (attr.on_delete, attr.on_delete_reverse, attr.cardinality) == ("cascade", None, "one")


def test_add_attrs_twice_with_the_same_definition_is_harmless(engine: Engine) -> None:
    wire = blob("posts", "title")
    engine.define(wire)
    engine.define(wire)
    with refused(
        f"Raised Exception: The attribute with id {wire['id']} conflicts with an existing attribute "
        f"with id {wire['id']}.",
        "sql-raise",
    ):
        engine.define({**wire, "unique?": True})


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        (blob("$foo", "a"), "$ is reserved for system tables. You can't create $foo"),
        (blob("$users", "email"), "$users.email is a system column and it already exists."),
    ],
)
def test_add_attrs_with_reserved_names_is_refused(engine: Engine, wire: dict[str, object], message: str) -> None:
    with refused(f"Validation failed for attributes: {message}") as body:
        engine.define(wire)
    assert body["hint"]["data-type"] == "attributes"


def test_add_attrs_on_users_is_allowed_but_not_required(engine: Engine) -> None:
    engine.define(blob("$users", "nick"))
    assert engine.attr("$users", "nick").catalog == "user"
    with refused(
        "You can't create a required system attribute. Make sure it's optional. Check out the docs to learn more: "
        "https://www.instantdb.com/docs/modeling-data#required-constraints"
    ):
        engine.define(blob("$users", "must", "r"))


def test_add_attrs_with_a_taken_name_is_not_unique(engine: Engine) -> None:
    engine.define(blob("posts", "title"), link("posts.author", "users.posts"))
    for wire in (blob("posts", "title"), blob("users", "posts"), link("a.b", "posts.title")):
        with pytest.raises(Exception, match="already exists on") as caught:
            engine.define(wire)
        assert caught.value.type == "record-not-unique"  # type: ignore[attr-defined]


def test_add_required_attr_over_existing_rows_is_refused(engine: Engine) -> None:
    engine.write(["update", "posts", new_id(), {"title": "x"}])
    with refused(
        "Validation failed for attributes: Can't create attribute `slug` as required because `posts` already have "
        "entities"
    ):
        engine.define(blob("posts", "slug", "r"))


def test_add_indexed_attr_gives_existing_rows_an_explicit_null(engine: Engine) -> None:
    engine.write(["update", "posts", new_id(), {"title": "x"}])
    engine.define(blob("posts", "rank", "i"))
    assert engine.values("posts", "rank") == [None]
    assert "rank" in engine.rows("posts")[0]


def test_malformed_attr_is_refused_with_its_place(engine: Engine) -> None:
    with refused("Validation failed for tx-steps") as body:
        engine.write(["add-attr", {**blob("posts", "x"), "cardinality": "three"}])
    assert body["hint"]["errors"] == [{"expected": "cardinality", "in": ["cardinality"]}]


def test_update_attrs_renames_and_keeps_the_data(engine: Engine) -> None:
    engine.write(["update", "posts", new_id(), {"title": "x"}])
    attr = engine.attr("posts", "title")
    engine.write(["update-attr", {"id": attr.id, "forward-identity": [attr.forward_identity.id, "posts", "name"]}])
    assert engine.values("posts", "name") == ["x"]
    assert engine.attrs.find("posts", "title") is None


def _renamed(attr: Attr, label: str) -> list[object]:
    identity = [attr.forward_identity.id, attr.etype, label]
    return ["update-attr", {"id": attr.id, "forward-identity": identity}]


def test_update_attrs_in_one_transaction_cannot_swap_names(engine: Engine) -> None:
    engine.define(blob("posts", "title"), blob("posts", "note"))
    title, note = engine.attr("posts", "title"), engine.attr("posts", "note")
    with pytest.raises(Exception, match="already exists on"):
        engine.write(_renamed(title, "note"), _renamed(note, "title"))


def test_update_attrs_of_one_attribute_twice_in_a_transaction_counts_once(engine: Engine) -> None:
    engine.define(blob("posts", "title"), blob("posts", "note"))
    title, note = engine.attr("posts", "title"), engine.attr("posts", "note")
    engine.write(_renamed(title, "temporary"), _renamed(note, "title"), _renamed(title, "note"))
    names = {engine.attrs.by_id[attr.id].label for attr in (title, note)}
    assert names == {"temporary", "title"}


def test_update_attrs_that_swaps_the_ends_of_a_link_is_refused(engine: Engine) -> None:
    wire = link("posts.parent", "posts.children")
    engine.define(wire)
    attr = engine.attrs.by_id[str(wire["id"])]
    assert attr.reverse_identity is not None
    swapped = {
        "forward-identity": [attr.forward_identity.id, "posts", "children"],
        "reverse-identity": [attr.reverse_identity.id, "posts", "parent"],
    }
    with pytest.raises(Exception, match="already exists on"):
        engine.write(["update-attr", {"id": attr.id, **swapped}])


def test_soft_delete_of_a_whole_entity_keeps_whose_rows_they_were(engine: Engine) -> None:
    engine.write(["update", "posts", new_id(), {"title": "x"}])
    id_attr, title = engine.attr("posts", "id"), engine.attr("posts", "title")
    engine.write(["delete-attr", id_attr.id], ["delete-attr", title.id])
    with engine.store.read() as conn:
        deleted = soft_deleted_attrs(conn, engine.app_id)
    snapshots = {attr.id: (attr.metadata or {})["soft_delete_snapshot"] for attr in deleted}
    assert snapshots[title.id]["id_attr_id"] == snapshots[id_attr.id]["id_attr_id"] == id_attr.id


def test_update_attrs_without_on_delete_removes_the_cascade(engine: Engine) -> None:
    wire = link("posts.author", "users.posts", many=False, **{"on-delete": "cascade"})
    engine.define(wire)
    engine.write(["update-attr", {"id": wire["id"], "unique?": True}])
    attr = engine.attr("posts", "author")
    assert (attr.on_delete, attr.is_unique) == (None, True)


def test_update_attrs_to_required_over_rows_without_it_is_refused(engine: Engine) -> None:
    engine.write(["update", "posts", new_id(), {"title": "x"}], ["update", "posts", new_id(), {"other": 1}])
    attr = engine.attr("posts", "title")
    with refused(
        "Validation failed for attributes: Can't update attribute `title` to required because `posts` already have "
        "entities without it"
    ):
        engine.write(["update-attr", {"id": attr.id, "required?": True}])
    assert not engine.attr("posts", "title").is_required


def test_update_attrs_to_unique_over_equal_values_is_refused(engine: Engine) -> None:
    engine.write(["update", "posts", new_id(), {"title": "x"}], ["update", "posts", new_id(), {"title": "x"}])
    attr = engine.attr("posts", "title")
    with refused(
        '`title` is a unique attribute on `posts` and an entity already exists with `posts.title` = "x"',
        "record-not-unique",
    ):
        engine.write(["update-attr", {"id": attr.id, "unique?": True}])


def test_update_attrs_that_stored_values_do_not_meet_is_refused(engine: Engine) -> None:
    wire = link("posts.tags", "tags.posts")
    engine.define(wire)
    engine.write(["update", "posts", new_id(), {"title": "x" * 2000}])
    engine.write(["link", "posts", new_id(), {"tags": [new_id(), new_id()]}])
    title = engine.attr("posts", "title").id
    with refused("Value is too large for an indexed attribute."):
        engine.write(["update-attr", {"id": title, "index?": True}])
    with refused("Record not unique: triple", "record-not-unique"):
        engine.write(["update-attr", {"id": wire["id"], "cardinality": "one"}])
    with refused("Linked value must be a valid uuid."):
        engine.write(["update-attr", {"id": title, "value-type": "ref"}])
    assert engine.attr("posts", "tags").cardinality == "many"


def test_soft_delete_frees_the_name_and_restore_brings_the_data_back(engine: Engine) -> None:
    engine.define(blob("posts", "title", "i", "string"))
    engine.write(["update", "posts", new_id(), {"title": "x"}])
    attr = engine.attr("posts", "title")
    engine.write(["delete-attr", attr.id])
    with engine.store.read() as conn:
        (deleted,) = soft_deleted_attrs(conn, engine.app_id)
    assert (deleted.etype, deleted.label) == (f"{attr.id}_deleted$posts", f"{attr.id}_deleted$title")
    assert deleted.metadata is not None
    assert deleted.metadata["soft_delete_snapshot"]["is_indexed"] is True
    assert deleted.to_wire()["deletion-marked-at"].endswith("Z")
    assert [set(row) for row in engine.rows("posts")] == [{"id"}]
    engine.write(["restore-attr", attr.id])
    assert engine.values("posts", "title") == ["x"]
    assert not engine.attr("posts", "title").is_indexed


def test_restore_over_a_name_taken_since_is_refused(engine: Engine) -> None:
    wire = blob("posts", "title")
    engine.define(wire)
    engine.write(["delete-attr", wire["id"]])
    engine.define(blob("posts", "title"))
    with refused("`title` already exists on `posts`", "record-not-unique"):
        engine.write(["restore-attr", wire["id"]])


def test_sweep_removes_for_good_after_two_days_only(engine: Engine) -> None:
    engine.write(["update", "posts", new_id(), {"title": "x"}])
    attr = engine.attr("posts", "title")
    engine.write(["delete-attr", attr.id], now=0)
    with engine.store.write() as conn:
        assert sweep(conn, 2 * DAY_MS - 1) == 0
        assert sweep(conn, 2 * DAY_MS) == 1
        assert soft_deleted_attrs(conn, engine.app_id) == ()
        assert conn.execute("SELECT count(*) FROM triples WHERE attr_id = ?", (attr.id,)).fetchone() == (0,)


def test_set_flags_to_date_reads_existing_values_as_dates(engine: Engine) -> None:
    early, late = "2024-01-01", "Tue Jan 02 2024"
    engine.define(blob("posts", "at", "i"))
    engine.write(["update", "posts", new_id(), {"at": late}], ["update", "posts", new_id(), {"at": early}])
    with engine.store.write() as conn:
        attr = load_attrs(conn, engine.app_id).find("posts", "at")
        assert attr is not None
        set_flags(conn, engine.app_id, attr.id, checked_data_type="date")
    assert engine.values("posts", "at", order={"at": "asc"}) == [early, late]
    assert engine.values("posts", "at", {"at": {"$gt": "2024-01-01T12:00:00Z"}}) == [late]


def test_delete_all_of_app_leaves_other_apps_alone(engine: Engine) -> None:
    other = Engine(engine.store)
    for one in (engine, other):
        one.write(["update", "posts", new_id(), {"title": "x"}])
    with engine.store.write() as conn:
        delete_all_of_app(conn, engine.app_id)
    assert engine.rows("posts") == []
    assert other.values("posts", "title") == ["x"]


def test_load_attrs_after_a_rolled_back_change_is_not_stale(engine: Engine) -> None:
    with pytest.raises(RuntimeError), engine.store.write() as conn:
        add_attrs(conn, engine.app_id, [blob("posts", "a")])
        assert load_attrs(conn, engine.app_id).find("posts", "a") is not None
        raise RuntimeError
    engine.define(blob("posts", "b"))
    assert engine.attrs.find("posts", "a") is None
    assert engine.attrs.find("posts", "b") is not None


def test_load_attrs_of_an_unchanged_app_is_the_same_object(engine: Engine) -> None:
    engine.define(blob("posts", "a"))
    assert engine.attrs is engine.attrs
