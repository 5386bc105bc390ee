"""From a plan to wire steps: IDs, order, requests, temporary names, inline flags, restores."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from app.core.errors import StalePlan, Unsupported
from app.platforms.contract import LiveSchema
from app.platforms.instant.identity import renames_between
from app.platforms.instant.live import dropped_of, live_schema
from app.platforms.instant.steps import WirePlan, rendered, steps_of
from app.schema.compare import Plan, Renames
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd
from app.schema.operations import (
    AddAttribute,
    AddEntity,
    AddIndex,
    AddLink,
    ChangeAttribute,
    ChangeLink,
    DropAttribute,
    DropEntity,
    DropLink,
    Operation,
    RenameAttribute,
    RenameEntity,
    RenameLink,
)
from app.schema.types import ArrayType, DateType, JsonType, NumberType, StringType

TITLE = Attribute("title", StringType())
OWNER = Link("todosOwner", LinkEnd("todos", "owner", "one", on_delete="cascade"), LinkEnd("people", "todos", "many"))


def blob(entity: str, label: str, **more: Any) -> dict[str, Any]:
    wire = {
        "id": f"a-{entity}-{label}",
        "value-type": "blob",
        "cardinality": "one",
        "forward-identity": [f"f-{entity}-{label}", entity, label],
        "unique?": label == "id",
        "index?": False,
        "required?": False,
        "catalog": "user",
    }
    return wire | more


def ref(link: Link, **more: Any) -> dict[str, Any]:
    forward, reverse = link.forward, link.reverse
    wire = blob(forward.entity, forward.label) | {
        "value-type": "ref",
        "cardinality": forward.has,
        "unique?": reverse.has == "one",
        "reverse-identity": [f"r-{forward.entity}-{forward.label}", reverse.entity, reverse.label],
    }
    optional = {"on-delete": forward.on_delete, "on-delete-reverse": reverse.on_delete}
    return wire | {name: value for name, value in optional.items() if value} | more


def live_of(*attrs: dict[str, Any], dropped: Iterable[dict[str, Any]] = (), reason: str = "") -> LiveSchema:
    wire: dict[str, Any] = {"blobs": {}, "refs": {}}
    for attr in attrs:
        if attr["value-type"] == "blob":
            wire["blobs"].setdefault(attr["forward-identity"][1], {})[attr["forward-identity"][2]] = attr
        else:
            wire["refs"][json.dumps(attr["forward-identity"][1:] + attr["reverse-identity"][1:])] = attr
    return live_schema("app", wire, dropped_of(list(dropped)), reason)


def dropped_wire(attr: dict[str, Any], id_attribute: str = "", at: str = "2026-08-21T10:00:00Z") -> dict[str, Any]:
    mark = f"{attr['id']}_deleted$"
    sides = {
        side: [attr[side][0], mark + attr[side][1], mark + attr[side][2]]
        for side in ("forward-identity", "reverse-identity")
        if side in attr
    }
    snapshot = {"soft_delete_snapshot": {"id_attr_id": id_attribute or None}}
    return attr | sides | {"deletion-marked-at": at, "metadata": snapshot}


TODOS = (blob("todos", "id"), blob("todos", "title", **{"checked-data-type": "string"}), blob("todos", "note"))
PEOPLE = (blob("people", "id"), blob("people", "name"))


def wire_of(live: LiveSchema, *steps: Operation, restores: bool = False) -> WirePlan:
    return steps_of(live, Plan(steps), restores)


def sent(plan: WirePlan) -> list[list[list[Any]]]:
    """Verb and body of each step, by request."""
    return [[step.wire for step in request] for request in plan.requests]


def verbs(plan: WirePlan) -> list[list[str]]:
    return [[step.verb for step in request] for request in plan.requests]


def test_steps_of_an_empty_plan_sends_nothing() -> None:
    assert wire_of(live_of(*TODOS)) == WirePlan()


def test_new_entity_has_an_id_and_its_flags_inline() -> None:
    due = Attribute("due", DateType(), is_required=True, is_unique=True, is_indexed=True)
    (request,) = sent(wire_of(live_of(), AddEntity(Entity("todos", (due,)))))
    assert [verb for verb, _ in request] == ["add-attr", "add-attr"]
    id_attr, due_attr = request[0][1], request[1][1]
    assert (id_attr["forward-identity"][1:], id_attr["unique?"]) == (["todos", "id"], True)
    assert due_attr["checked-data-type"] == "date"
    assert (due_attr["unique?"], due_attr["index?"], due_attr["required?"]) == (True, True, True)
    ids = [id_attr["id"], due_attr["id"], id_attr["forward-identity"][0], due_attr["forward-identity"][0]]
    assert len(set(ids)) == 4


def test_new_attribute_of_an_entity_with_rows_gets_index_and_requirement_by_jobs() -> None:
    due = Attribute("due", DateType(), is_required=True, is_unique=True, is_indexed=True)
    (request,) = sent(wire_of(live_of(*TODOS), AddAttribute("todos", due)))
    assert [verb for verb, _ in request] == ["add-attr", "index", "required"]
    added = request[0][1]
    assert (added["unique?"], added["index?"], added["required?"]) == (True, False, False)
    assert request[1][1] == {"attr-id": added["id"], "forward-identity": added["forward-identity"]}


def test_ids_of_new_parts_are_the_same_when_shown_and_when_sent() -> None:
    live = live_of(*TODOS)
    plan = Plan((AddAttribute("todos", Attribute("due")),))
    assert steps_of(live, plan) == steps_of(live, plan)
    assert steps_of(live_of(*TODOS), plan) != steps_of(live, plan)


def test_new_link_has_its_cascade_and_cardinality() -> None:
    (request,) = sent(wire_of(live_of(*TODOS, *PEOPLE), AddLink(OWNER)))
    ((verb, body),) = request
    assert verb == "add-attr"
    assert body["value-type"] == "ref"
    assert (body["cardinality"], body["unique?"], body["on-delete"]) == ("one", False, "cascade")
    assert "on-delete-reverse" not in body
    assert body["reverse-identity"][1:] == ["people", "todos"]


def test_rename_attribute_uses_its_real_ident() -> None:
    (request,) = sent(wire_of(live_of(*TODOS), RenameAttribute("todos", "title", "headline")))
    assert request == [
        [
            "update-attr",
            {
                "id": "a-todos-title",
                "value-type": "blob",
                "cardinality": "one",
                "forward-identity": ["f-todos-title", "todos", "headline"],
                "on-delete": None,
                "on-delete-reverse": None,
            },
        ]
    ]


def test_rename_entity_updates_all_its_parts_and_link_ends_and_keeps_cascades() -> None:
    (request,) = sent(wire_of(live_of(*TODOS, *PEOPLE, ref(OWNER)), RenameEntity("people", "persons")))
    bodies = {body["id"]: body for _, body in request}
    assert set(bodies) == {"a-people-id", "a-people-name", "a-todos-owner"}
    assert bodies["a-people-id"]["forward-identity"] == ["f-people-id", "persons", "id"]
    owner = bodies["a-todos-owner"]
    assert owner["forward-identity"] == ["f-todos-owner", "todos", "owner"]
    assert owner["reverse-identity"] == ["r-todos-owner", "persons", "todos"]
    assert owner["on-delete"] == "cascade"


def test_change_of_a_link_resends_both_rules_and_makes_it_unique_by_a_job() -> None:
    after = Link(
        OWNER.name,
        LinkEnd("todos", "owner", "many", is_required=True),
        LinkEnd("people", "todos", "one", on_delete="cascade"),
    )
    (request,) = sent(wire_of(live_of(*TODOS, *PEOPLE, ref(OWNER)), ChangeLink(OWNER, after)))
    assert [verb for verb, _ in request] == ["update-attr", "unique", "required"]
    body = request[0][1]
    assert (body["cardinality"], body["on-delete"], body["on-delete-reverse"]) == ("many", None, "cascade")
    assert "unique?" not in body


def test_rename_link_moves_both_labels() -> None:
    after = Link("x", LinkEnd("todos", "assignee", "one", on_delete="cascade"), LinkEnd("people", "tasks", "many"))
    (request,) = sent(wire_of(live_of(*TODOS, *PEOPLE, ref(OWNER)), RenameLink(OWNER, after)))
    ((_, body),) = request
    assert (body["forward-identity"][2], body["reverse-identity"][2]) == ("assignee", "tasks")
    assert body["on-delete"] == "cascade"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Attribute("note"), Attribute("note", is_indexed=True), ["index"]),
        (Attribute("note", is_indexed=True), Attribute("note"), ["remove-index"]),
        (Attribute("note"), Attribute("note", is_unique=True), ["unique"]),
        (Attribute("note", is_unique=True), Attribute("note"), ["remove-unique"]),
        (Attribute("note"), Attribute("note", is_required=True), ["required"]),
        (Attribute("note", is_required=True), Attribute("note"), ["remove-required"]),
        (Attribute("note"), Attribute("note", NumberType()), ["check-data-type"]),
        (Attribute("note", NumberType()), Attribute("note", DateType()), ["check-data-type"]),
        (Attribute("note", NumberType()), Attribute("note", JsonType()), ["remove-data-type"]),
    ],
)
def test_change_of_an_attribute_is_a_job(before: Attribute, after: Attribute, expected: list[str]) -> None:
    flags = {"index?": before.is_indexed, "unique?": before.is_unique, "required?": before.is_required}
    checked = {"checked-data-type": "number"} if before.type == NumberType() else {}
    live = live_of(blob("todos", "id"), blob("todos", "note", **flags, **checked))
    plan = wire_of(live, ChangeAttribute("todos", before, after))
    assert verbs(plan) == [expected]
    assert plan.steps[0].is_background
    assert plan.steps[0].place == "todos.note"


def test_drop_entity_deletes_its_id_and_links_that_are_left() -> None:
    (request,) = sent(wire_of(live_of(*TODOS, *PEOPLE, ref(OWNER)), DropEntity(Entity("people"))))
    assert sorted(body for _, body in request) == ["a-people-id", "a-people-name", "a-todos-owner"]
    assert {verb for verb, _ in request} == {"delete-attr"}


def test_name_is_free_again_in_the_same_request_after_a_delete() -> None:
    plan = wire_of(
        live_of(*TODOS),
        DropAttribute("todos", TITLE),
        RenameAttribute("todos", "note", "title"),
        AddAttribute("todos", Attribute("note")),
    )
    assert verbs(plan) == [["delete-attr", "update-attr", "add-attr"]]


def names_after(live: LiveSchema, plan: WirePlan) -> list[dict[str, tuple[str, ...]]]:
    """What the attributes are called after each request; fails where the platform would refuse a name."""
    names: dict[str, tuple[str, ...]] = {}
    for attr in live.native.attributes:
        names[attr["id"]] = _names(attr)
    found = []
    for request in plan.requests:
        for step in request:
            if step.verb == "delete-attr":
                del names[step.body]
        updates = [step.body for step in request if step.verb in {"update-attr", "add-attr"}]
        assert len({body["id"] for body in updates}) == len(updates)
        for kind in ("update-attr", "add-attr"):
            for body in (step.body for step in request if step.verb == kind):
                held = {name for attr_id, each in names.items() for name in each if attr_id != body["id"]}
                assert not held & set(_names(body)), body
                before = names.get(body["id"], ())
                assert all(name not in before or before.index(name) == at for at, name in enumerate(_names(body)))
                names[body["id"]] = _names(body)
        found.append(dict(names))
    return found


def _names(attr: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        ".".join(attr[side][1:]) for side in ("forward-identity", "reverse-identity") if attr.get(side) is not None
    )


def test_swap_of_two_attributes_takes_two_requests_with_temporary_names() -> None:
    live = live_of(*TODOS)
    plan = wire_of(
        live,
        RenameAttribute("todos", "title", "x"),
        RenameAttribute("todos", "note", "title"),
        RenameAttribute("todos", "x", "note"),
    )
    midway, end = names_after(live, plan)
    assert (midway["a-todos-title"], midway["a-todos-note"]) == (("todos.title_renaming",), ("todos.note_renaming",))
    assert (end["a-todos-title"], end["a-todos-note"]) == (("todos.note",), ("todos.title",))


def test_chain_of_renames_needs_no_temporary_name_at_its_start() -> None:
    live = live_of(*TODOS)
    plan = wire_of(live, RenameAttribute("todos", "note", "text"), RenameAttribute("todos", "title", "note"))
    midway, end = names_after(live, plan)
    assert midway["a-todos-title"] == ("todos.title",)
    assert (end["a-todos-title"], end["a-todos-note"]) == (("todos.note",), ("todos.text",))


def test_name_given_up_by_a_waiting_attribute_is_taken_by_a_new_one_in_the_first_request() -> None:
    live = live_of(*TODOS)
    plan = wire_of(
        live,
        RenameAttribute("todos", "note", "text"),
        RenameAttribute("todos", "title", "note"),
        AddAttribute("todos", TITLE),
    )
    end = names_after(live, plan)[-1]
    assert end["a-todos-title"] == ("todos.note",)
    assert ("todos.title",) in end.values()


def test_swap_of_two_entities_moves_each_as_a_whole() -> None:
    live = live_of(*TODOS, *PEOPLE, ref(OWNER))
    plan = wire_of(live, RenameEntity("todos", "x"), RenameEntity("people", "todos"), RenameEntity("x", "people"))
    midway, end = names_after(live, plan)
    assert {name.split(".")[0] for names in midway.values() for name in names} == {"todos_renaming", "people_renaming"}
    assert end["a-todos-title"] == ("people.title",)
    assert end["a-todos-owner"] == ("people.owner", "todos.todos")


def test_both_labels_of_a_link_with_itself_swapped_take_two_requests() -> None:
    before = Link("x", LinkEnd("todos", "parent", "one"), LinkEnd("todos", "children", "many"))
    after = Link("x", LinkEnd("todos", "children", "one"), LinkEnd("todos", "parent", "many"))
    live = live_of(*TODOS, ref(before))
    _, end = names_after(live, wire_of(live, RenameLink(before, after)))
    assert end["a-todos-parent"] == ("todos.children", "todos.parent")


def test_renames_between_two_readings_go_by_ids_not_by_names() -> None:
    before = live_of(*TODOS, *PEOPLE, ref(OWNER))
    moved = replace(OWNER, forward=replace(OWNER.forward, entity="people", label="x"))
    moved = replace(moved, reverse=replace(moved.reverse, entity="todos"))
    after = live_of(
        blob("people", "id", id="a-todos-id"),
        blob("people", "note", id="a-todos-title"),
        blob("people", "title", id="a-todos-note"),
        blob("todos", "id", id="a-people-id"),
        blob("todos", "name", id="another"),
        ref(moved, id="a-todos-owner"),
    )
    found = renames_between(before, after)
    assert sorted(found.entities) == [("people", "todos"), ("todos", "people")]
    assert sorted(found.attributes) == [("todos", "note", "title"), ("todos", "title", "note")]
    assert found.links == ((("todos", "owner"), ("people", "x")),)
    assert renames_between(before, before) == Renames()


def test_jobs_go_alone_after_several_requests() -> None:
    live = live_of(*TODOS)
    plan = wire_of(
        live,
        RenameAttribute("todos", "title", "x"),
        RenameAttribute("todos", "note", "title"),
        RenameAttribute("todos", "x", "note"),
        ChangeAttribute("todos", Attribute("title"), Attribute("title", is_indexed=True)),
    )
    assert verbs(plan) == [["update-attr", "update-attr"], ["update-attr", "update-attr"], ["index"]]


def test_attribute_and_link_may_have_one_name_on_the_way_but_not_in_the_end() -> None:
    link = Link("x", LinkEnd("todos", "title", "one"), LinkEnd("people", "y", "many"))
    live = live_of(*TODOS, *PEOPLE)
    plan = wire_of(live, AddLink(link), DropAttribute("todos", TITLE))
    assert verbs(plan) == [["delete-attr", "add-attr"]]
    with pytest.raises(StalePlan, match=r"todos\.title is there already"):
        wire_of(live, AddLink(link))


def test_very_large_plan_is_cut_into_requests_that_the_platform_takes() -> None:
    steps = [AddAttribute("todos", Attribute(f"n{number}", is_indexed=True)) for number in range(2_500)]
    plan = wire_of(live_of(*TODOS), *steps)
    assert [len(request) for request in plan.requests] == [2_000, 500, 2_500]
    assert [all(step.is_background for step in request) for request in plan.requests] == [False, False, True]


@pytest.mark.parametrize(
    "step",
    [
        RenameAttribute("todos", "nothing", "x"),
        RenameEntity("nothing", "x"),
        DropEntity(Entity("nothing")),
        AddEntity(Entity("todos")),
        AddAttribute("todos", TITLE),
        RenameAttribute("todos", "note", "title"),
        DropLink(OWNER),
    ],
)
def test_step_that_does_not_fit_is_a_stale_plan(step: Operation) -> None:
    with pytest.raises(StalePlan):
        wire_of(live_of(*TODOS), step)


@pytest.mark.parametrize(
    "step",
    [
        AddIndex("todos", Index("i", ("title",))),
        AddAttribute("todos", Attribute("x", ArrayType(StringType()))),
        AddAttribute("todos", Attribute("x", default="1")),
        AddEntity(Entity("x", indexes=(Index("i", ("id",)),))),
        AddLink(Link("x", LinkEnd("todos", "a", "one", on_delete="restrict"), LinkEnd("todos", "b", "many"))),
    ],
)
def test_step_that_instant_cannot_hold_is_unsupported(step: Operation) -> None:
    with pytest.raises(Unsupported):
        wire_of(live_of(*TODOS), step)


def test_part_of_the_platform_is_not_changed() -> None:
    email = blob("$users", "email", catalog="system")
    with pytest.raises(Unsupported, match=r"\$users\.email belongs to the platform"):
        wire_of(live_of(email), RenameAttribute("$users", "email", "mail"))


def test_restore_brings_back_the_latest_and_then_its_flags() -> None:
    gone = blob("todos", "due", **{"checked-data-type": "date", "unique?": True})
    rows = [
        dropped_wire(gone | {"id": "old"}, "a-todos-id", "2026-08-20T10:00:00Z"),
        dropped_wire(gone | {"id": "new"}, "a-todos-id"),
        dropped_wire(gone | {"id": "of-another-entity"}, "another-id", "2026-08-22T10:00:00Z"),
    ]
    due = Attribute("due", DateType(), is_required=True, is_unique=True, is_indexed=True)
    plan = wire_of(live_of(*TODOS, dropped=rows), AddAttribute("todos", due), restores=True)
    assert plan.requests == ()
    assert [step.wire for step in plan.restores] == [["restore-attr", "new"]]
    assert [(step.verb, step.body["attr-id"]) for step in plan.last] == [("index", "new"), ("required", "new")]


def test_restore_of_an_entity_brings_back_its_rows_and_links() -> None:
    rows = [dropped_wire(each, "a-people-id") for each in (*PEOPLE, ref(OWNER) | {"id": "a-owner"})]
    rows[2] = dropped_wire(ref(OWNER), "a-todos-id")
    plan = wire_of(
        live_of(*TODOS, dropped=rows),
        AddEntity(Entity("people", (Attribute("name"), Attribute("age")))),
        AddLink(OWNER),
        restores=True,
    )
    assert {step.body for step in plan.restores} == {"a-people-id", "a-people-name", "a-todos-owner"}
    ((added,),) = plan.requests
    assert added.body["forward-identity"][1:] == ["people", "age"]
    assert added.note.endswith("It is added empty.")
    assert plan.last == ()


def test_restore_of_what_was_dropped_under_another_name_of_its_entity_is_renamed() -> None:
    gone = dropped_wire(blob("tasks", "due"), "a-todos-id")
    plan = wire_of(live_of(*TODOS, dropped=[gone]), AddAttribute("todos", Attribute("due")), restores=True)
    assert [step.body for step in plan.restores] == ["a-tasks-due"]
    (update,) = plan.last
    assert update.body["forward-identity"] == ["f-tasks-due", "todos", "due"]


def test_restore_of_a_kept_attribute_waits_for_the_deletes() -> None:
    gone = dropped_wire(blob("todos", "note") | {"id": "kept"}, "a-todos-id")
    live = live_of(*TODOS, dropped=[gone])
    plan = wire_of(
        live, DropAttribute("todos", Attribute("note")), AddAttribute("todos", Attribute("note")), restores=True
    )
    assert verbs(plan) == [["delete-attr"]]
    assert [step.body for step in plan.restores] == ["kept"]


def test_without_restores_the_same_plan_adds_empty() -> None:
    gone = dropped_wire(blob("todos", "due"), "a-todos-id")
    plan = wire_of(live_of(*TODOS, dropped=[gone]), AddAttribute("todos", Attribute("due")))
    assert verbs(plan) == [["add-attr"]]
    assert plan.steps[0].note == ""


def test_restore_that_is_not_possible_says_why() -> None:
    live = live_of(*TODOS, reason="No token.")
    (step,) = rendered(live, Plan((AddAttribute("todos", Attribute("due")),)), restores=True)
    assert step.note == "No token. It is added empty."


def test_rendered_texts_are_json_and_belong_to_steps_of_the_plan() -> None:
    live = live_of(*TODOS)
    plan = Plan(
        (
            RenameAttribute("todos", "note", "text"),
            ChangeAttribute("todos", Attribute("text"), Attribute("text", is_indexed=True)),
            AddAttribute("todos", Attribute("due", DateType())),
            DropAttribute("todos", TITLE),
        )
    )
    shown = rendered(live, plan)
    verbs_shown = [(step.operation, json.loads(step.text)[0], step.is_background) for step in shown]
    assert verbs_shown == [
        (0, "update-attr", False),
        (1, "index", True),
        (2, "add-attr", False),
        (3, "delete-attr", False),
    ]
