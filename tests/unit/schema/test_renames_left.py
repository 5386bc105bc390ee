"""What is left of renames where some are done."""

from __future__ import annotations

from app.schema.compare import Renames
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from app.schema.renames_left import renames_left

BASE = Schema(
    (
        Entity("todos", (Attribute("title"), Attribute("note")), (Index("i", ("title",)),)),
        Entity("people", (Attribute("name"),)),
    ),
    (Link("x", LinkEnd("todos", "owner", "one"), LinkEnd("people", "todos", "many")),),
)
WANTED = Renames(
    (("todos", "people"), ("people", "todos")),
    (("todos", "title", "note"), ("todos", "note", "title")),
    ((("todos", "owner"), ("people", "assignee")),),
    (("todos", "i", "j"),),
)


def test_nothing_done_leaves_all() -> None:
    assert renames_left(BASE, Renames(), WANTED) == WANTED


def test_all_done_leaves_nothing() -> None:
    assert renames_left(BASE, WANTED, WANTED) == Renames()


def test_temporary_names_lead_on_to_the_wanted_ones() -> None:
    done = Renames((("todos", "todos_renaming"),), (("todos", "title", "title_renaming"),))
    assert renames_left(BASE, done, WANTED) == Renames(
        (("todos_renaming", "people"), ("people", "todos")),
        (("todos_renaming", "title_renaming", "note"), ("todos_renaming", "note", "title")),
        ((("todos_renaming", "owner"), ("people", "assignee")),),
        (("todos_renaming", "i", "j"),),
    )


def test_link_that_only_its_entity_moves_is_no_rename() -> None:
    done = Renames((("todos", "tasks"),), links=((("todos", "owner"), ("tasks", "assignee")),))
    wanted = Renames((("todos", "tasks"),), links=((("todos", "owner"), ("tasks", "assignee")),))
    assert renames_left(BASE, done, wanted) == Renames()
    assert renames_left(BASE, Renames(), Renames((("todos", "tasks"),))).entities == (("todos", "tasks"),)
