"""Names of entities and parts: heard, kept, read back and made ready to be searched."""

from __future__ import annotations

from app.core.apps import AppSummary
from app.core.refs import AppRef
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import StringType
from app.services.search_index import EntityNames, KnownNames, shape_of
from app.storage.name_store import NamedApp


class Store:
    def __init__(self) -> None:
        self.shapes: dict[str, str] = {}
        self.apps: dict[tuple[str, str], str] = {}
        self.puts = 0
        self.error: Exception | None = None

    def put(self, shapes, apps) -> None:
        if self.error is not None:
            raise self.error
        self.puts += 1
        self.shapes.update(shapes)
        self.apps.update({(connection_id, app_id): shape for connection_id, app_id, shape in apps})

    def all(self):
        if self.error is not None:
            raise self.error
        return self.shapes, [NamedApp(*key, shape) for key, shape in self.apps.items()]

    def tidy(self) -> None:
        pass


TODOS = Schema(
    (
        Entity("todos", (Attribute("title", StringType()), Attribute("doneAt", StringType()))),
        Entity("$users", (Attribute("email", StringType()),), is_system=True),
    ),
    (Link("l", LinkEnd("todos", "owner", "one"), LinkEnd("$users", "tasks", "many")),),
)
ROWS = (AppSummary("c1", "a", "Ana"), AppSummary("c1", "b", "Bo"), AppSummary("c2", "a", "Eva"))
REFS = [AppRef(row.connection_id, row.app_id) for row in ROWS]


def test_shape_has_attributes_and_labels_of_links():
    assert shape_of(TODOS) == (
        EntityNames("todos", ("title", "doneAt", "owner")),
        EntityNames("$users", ("email", "tasks"), is_system=True),
    )


async def test_index_says_which_app_has_which_entity():
    names = KnownNames(Store())
    names.saw(REFS[0], TODOS)
    names.saw(REFS[2], TODOS)
    names.saw_entities(REFS[1], ["crm.Orders"])
    found = await names.index(ROWS)
    assert found.row_shapes == [0, 1, 0]
    assert found.shape_rows == {0: [0, 2], 1: [1]}
    assert dict(zip(found.entities.texts, found.entities.places, strict=True)) == {
        "todos": [(0, 0)],
        "$users": [(0, 1)],
        "crm.orders": [(1, 0)],
    }
    assert found.parts.places[found.parts.texts.index("doneat")] == [(0, 0, 1)]
    await names.aclose()


async def test_index_is_the_same_until_something_changes():
    names = KnownNames(Store())
    names.saw(REFS[0], TODOS)
    first = await names.index(ROWS)
    assert await names.index(ROWS) is first
    names.saw(REFS[0], TODOS)
    assert await names.index(ROWS) is first
    names.saw(REFS[0], Schema())
    assert (await names.index(ROWS)).entities.texts == []
    await names.aclose()


async def test_names_are_there_at_the_next_start_without_opening_an_app():
    store = Store()
    names = KnownNames(store)
    for ref in REFS:
        names.saw(ref, TODOS)
    await names.aclose()
    assert (len(store.shapes), len(store.apps), store.puts) == (1, 3, 1)
    again = KnownNames(store)
    assert (await again.index(ROWS)).row_shapes == [0, 0, 0]
    await again.aclose()
    assert store.puts == 1


async def test_what_this_session_heard_is_newer_than_what_was_kept():
    store = Store()
    names = KnownNames(store)
    names.saw(REFS[0], TODOS)
    await names.aclose()
    again = KnownNames(store)
    again.saw(REFS[0], Schema((Entity("other"),)))
    assert (await again.index(ROWS)).entities.texts == ["other"]
    await again.aclose()


async def test_names_that_are_listed_again_keep_their_parts():
    names = KnownNames(Store())
    names.saw(REFS[0], TODOS)
    names.saw_entities(REFS[0], ["todos", "new"])
    found = await names.index(ROWS)
    assert found.shapes[found.row_shapes[0]] == (EntityNames("todos", ("title", "doneAt", "owner")), EntityNames("new"))
    await names.aclose()


async def test_schemas_kept_before_their_names_were_are_read_once():
    from types import SimpleNamespace

    from app.schema.formats.model_json import to_text

    kept = SimpleNamespace(text=to_text(TODOS), read_at=1.0)
    damaged = SimpleNamespace(text="{", read_at=1.0)
    names = KnownNames(Store(), lambda: REFS, {REFS[0]: kept, REFS[1]: damaged}.get)
    assert (await names.index(ROWS)).row_shapes == [0, -1, -1]
    await names.aclose()


async def test_store_that_fails_once_is_asked_again():
    import pytest

    store = Store()
    store.error = OSError("busy")
    names = KnownNames(store)
    with pytest.raises(OSError, match="busy"):
        await names.index(ROWS)
    store.error = None
    assert (await names.index(ROWS)).entities.texts == []
    await names.aclose()


async def test_shape_of_another_version_is_left_out():
    store = Store()
    store.shapes, store.apps = {"x": "[[1]]", "y": "{"}, {("c1", "a"): "x", ("c1", "b"): "y"}
    names = KnownNames(store)
    assert (await names.index(ROWS)).row_shapes == [-1, -1, -1]
    await names.aclose()
