"""Edits of tables: what names an attribute goes along with it, and comes back with it."""

from __future__ import annotations

import json
from dataclasses import replace

from app.schema.compare import compare
from app.schema.draft import Draft
from app.schema.formats.sql_types import type_of
from app.schema.merge import merge
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema, link_key
from app.schema.operations import AddLink, DropLink, RenameAttribute

BIGINT = type_of("bigint")
FK = "todos_owner_fkey"
LINK = Link(FK, LinkEnd("todos", FK, "one"), LinkEnd("users", "", "many"), columns=(("owner", "id"),))
TODOS = Entity(
    "todos",
    (
        Attribute("id", BIGINT, True),
        Attribute("owner", BIGINT),
        Attribute("size", BIGINT),
        Attribute("twice", BIGINT, extra=(("generated", '"size * 2"'),)),
    ),
    (
        Index("todos_pkey", ("id",), True, "primary"),
        Index("big", ("owner",), False, "btree", (("where", '"size > 9"'),)),
        Index("low", (), False, "btree", (("expressions", '["lower(size::text)"]'), ("include", '["owner"]'))),
    ),
    extra=(("check positive", '"size > 0"'), ("comment", '"size"')),
)
USERS = Entity("users", (Attribute("id", BIGINT, True),), (Index("users_pkey", ("id",), True, "primary"),))
BASE = Schema((TODOS, USERS), (LINK,))
DRAFT = Draft(BASE, BASE)


def extras(entity: Entity) -> dict[str, object]:
    return {name: json.loads(text) for name, text in entity.extra}


def test_a_renamed_attribute_is_renamed_wherever_it_is_named() -> None:
    draft = DRAFT.rename_attribute("todos", "size", "Big size").rename_attribute("todos", "owner", "user")
    todos = draft.wanted.entities[0]
    assert extras(todos) == {"check positive": '"Big size" > 0', "comment": "size"}
    assert dict(todos.attributes[3].extra) == {"generated": json.dumps('"Big size" * 2')}
    assert todos.indexes[1].attributes == ("user",)
    assert [json.loads(text) for _name, text in todos.indexes[1].extra] == ['"Big size" > 9']
    assert [json.loads(text) for _name, text in todos.indexes[2].extra] == [['lower("Big size"::text)'], ["user"]]
    assert draft.wanted.links[0].columns == (("user", "id"),)
    assert [type(each) for each in draft.plan().steps] == [RenameAttribute, RenameAttribute]


def test_a_renamed_key_takes_links_to_it_along() -> None:
    draft = DRAFT.rename_attribute("users", "id", "key").rename_entity("users", "people")
    assert draft.wanted.links[0].columns == (("owner", "key"),)
    assert draft.wanted.links[0].reverse.entity == "people"
    assert draft.plan().apply(BASE).normalised() == draft.wanted.normalised()


def test_a_dropped_attribute_takes_what_is_over_it_and_brings_it_back() -> None:
    draft = DRAFT.drop_attribute("todos", "size")
    todos = draft.wanted.entities[0]
    assert [each.name for each in todos.indexes] == ["todos_pkey"]
    assert extras(todos) == {"comment": "size"}
    assert draft.restore_attribute("todos", "size").wanted.normalised() == BASE.normalised()
    without = DRAFT.drop_attribute("todos", "owner")
    assert without.wanted.links == ()
    assert without.restore_attribute("todos", "owner").wanted.links == (LINK,)


def test_a_link_over_other_attributes_is_another_link() -> None:
    draft = DRAFT.change_link(link_key(LINK), replace(LINK, columns=(("size", "id"),)))
    assert [type(each) for each in draft.plan().steps] == [DropLink, AddLink]
    taken = Schema((replace(TODOS, attributes=TODOS.attributes[:2], indexes=(), extra=()), USERS), (LINK,))
    swapped = Draft(taken, taken).drop_attribute("todos", "owner").rename_attribute("todos", "id", "owner")
    with_link = swapped.add_link(LINK)
    kinds = [type(each).__name__ for each in with_link.plan().steps]
    assert kinds == ["DropLink", "DropAttribute", "RenameAttribute", "AddLink"]


def test_name_and_label_of_a_link_are_one() -> None:
    renamed = DRAFT.change_link(link_key(LINK), replace(LINK, name="owner"))
    assert renamed.wanted.links[0].forward.label == "owner"
    relabelled = DRAFT.change_link(link_key(LINK), replace(LINK, forward=replace(LINK.forward, label="fk")))
    assert relabelled.wanted.links[0].name == "fk"
    assert len(relabelled.plan()) == 1


def test_copies_of_a_table_have_indexes_of_their_own_names() -> None:
    copy = DRAFT.duplicate_entity("todos", "notes").wanted.entity("notes")
    assert copy is not None
    assert [each.name for each in copy.indexes] == ["notes_pkey", "notes_big", "notes_low"]
    assert copy.extra == TODOS.extra


def test_what_they_change_follows_what_is_renamed_here() -> None:
    mine = DRAFT.rename_attribute("todos", "size", "height").rename_attribute("todos", "owner", "user")
    checks = (("check positive", '"size > 1"'), ("check small", '"size < 99"'))
    index = Index("more", ("size",), False, "btree", (("where", '"owner > 1"'),))
    their_todos = replace(TODOS, extra=checks, indexes=(*TODOS.indexes, index))
    more = replace(LINK, name="two", forward=replace(LINK.forward, label="two"))
    theirs = Schema((their_todos, USERS), (LINK, more))
    merged = merge(BASE, theirs, mine)
    assert merged.conflicts == ()
    todos = merged.draft.wanted.entity("todos")
    assert todos is not None
    assert extras(todos) == {"check positive": "height > 1", "check small": "height < 99"}
    assert replace(index, attributes=("height",), extra=(("where", '"\\"user\\" > 1"'),)) in todos.indexes
    assert {each.columns for each in merged.draft.wanted.links} == {(("user", "id"),)}
    plan = compare(theirs, merged.draft.wanted, merged.draft.renames)
    assert {type(each) for each in plan.steps} == {RenameAttribute}
    assert plan.apply(theirs).normalised() == merged.draft.wanted.normalised()
