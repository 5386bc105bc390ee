"""The names of entities and their parts in all schemas that were ever read, made ready to be searched."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern
from typing import TYPE_CHECKING, NamedTuple, Protocol

from app.core.refs import AppRef

if TYPE_CHECKING:
    from app.core.apps import AppSummary
    from app.schema.model import Schema
    from app.services.catalog import CachedSchema

_logger = logging.getLogger(__name__)
_WRITE_AFTER_S = 2.0
_CHUNK = 1_000
_SLICE = 400


class EntityNames(NamedTuple):
    """``parts`` are its attributes and the labels of its links."""

    name: str
    parts: tuple[str, ...] = ()
    is_system: bool = False


Shape = tuple[EntityNames, ...]


class NamePool(NamedTuple):
    """Distinct names in lower case, and where each of them is: (shape, entity) or (shape, entity, part)."""

    texts: list[str]
    places: list[list[tuple[int, ...]]]


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """What is known of the apps in ``rows``, by position; nothing in it is changed after it was made.

    ``row_shapes`` is the number of each row's shape, -1 where its schema was never read; ``shape_rows`` the rows of
    each shape.
    """

    rows: Sequence[AppSummary] = ()
    shapes: tuple[Shape, ...] = ()
    row_shapes: list[int] = field(default_factory=list)
    shape_rows: Mapping[int, list[int]] = field(default_factory=dict)
    entities: NamePool = NamePool([], [])
    parts: NamePool = NamePool([], [])


class _App(Protocol):
    @property
    def connection_id(self) -> str: ...
    @property
    def app_id(self) -> str: ...
    @property
    def shape(self) -> str: ...


class Names(Protocol):
    """What is needed of the local database; its methods block."""

    def put(self, shapes: Mapping[str, str], apps: Sequence[tuple[str, str, str]]) -> None: ...

    def all(self) -> tuple[Mapping[str, str], Sequence[_App]]: ...

    def tidy(self) -> None: ...


class KnownNames:
    """Hears of every schema that is read, keeps its names, and writes them down a moment later.

    Apps with the same names share a shape, so that 100,000 apps cost a number each. What was known from before is read
    when it is first asked for. Lives on the engine's loop.
    """

    def __init__(
        self,
        store: Names,
        opened: Callable[[], Iterable[AppRef]] = tuple,
        last_known: Callable[[AppRef], CachedSchema | None] = lambda _ref: None,
    ) -> None:
        """``opened`` are the apps whose whole schema is kept, ``last_known`` (it blocks) reads one of them."""
        self._store, self._opened, self._last_known = store, opened, last_known
        self._numbers: dict[Shape, int] = {}
        self._shapes: list[Shape] = []
        self._of: dict[str, dict[str, int]] = {}
        self._dirty: dict[AppRef, None] = {}
        self._writer: asyncio.Task[None] | None = None
        self._loading: asyncio.Task[None] | None = None
        self._version = 0
        self._built: tuple[int, SearchIndex] | None = None

    # Hearing

    def saw(self, ref: AppRef, schema: Schema) -> None:
        """This is the schema of an app now. Quick: a refresh calls it for each of 10,000 apps."""
        self._put(ref, shape_of(schema))

    def saw_entities(self, ref: AppRef, names: Iterable[str]) -> None:
        """An app has these entities; what is known of their parts stays."""
        known = self._shape(ref)
        before = {each.name: each for each in known}
        self._put(ref, tuple([before.get(name) or EntityNames(name) for name in names]))

    def _shape(self, ref: AppRef) -> Shape:
        number = self._of.get(ref.connection_id, {}).get(ref.app_id, -1)
        return self._shapes[number] if number >= 0 else ()

    def _put(self, ref: AppRef, shape: Shape) -> None:
        number, apps = self._number(shape), self._of.setdefault(ref.connection_id, {})
        if apps.get(ref.app_id) == number:
            return
        apps[ref.app_id] = number
        self._version += 1
        self._dirty[ref] = None
        if self._writer is None or self._writer.done():
            self._writer = asyncio.ensure_future(self._write_later())

    def _number(self, shape: Shape) -> int:
        number = self._numbers.get(shape)
        if number is None:
            shape = tuple([EntityNames(intern(name), tuple(map(intern, parts)), own) for name, parts, own in shape])
            number = self._numbers[shape] = len(self._shapes)
            self._shapes.append(shape)
        return number

    # Writing

    async def _write_later(self) -> None:
        while self._dirty:
            await asyncio.sleep(_WRITE_AFTER_S)
            await self._write()

    async def _write(self) -> None:
        while self._dirty:
            refs = list(self._dirty)[:_CHUNK]
            for ref in refs:
                del self._dirty[ref]
            shapes, apps = self._packed(refs)
            try:
                await asyncio.to_thread(self._store.put, shapes, apps)
            except Exception:
                # They can be searched as long as the window is open; only the copy for the next start is lost.
                _logger.exception("The names of schemas could not be kept")

    def _packed(self, refs: Iterable[AppRef]) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
        shapes: dict[str, str] = {}
        ids: dict[int, str] = {}
        apps = []
        for ref in refs:
            number = self._of.get(ref.connection_id, {}).get(ref.app_id, -1)
            if number < 0:
                continue
            if number not in ids:
                text = _to_text(self._shapes[number])
                ids[number] = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
                shapes[ids[number]] = text
            apps.append((ref.connection_id, ref.app_id, ids[number]))
        return shapes, apps

    async def aclose(self) -> None:
        """Write what waits to be written."""
        for task in (self._writer, self._loading):
            if task is not None:
                task.cancel()
        await asyncio.gather(*(each for each in (self._writer, self._loading) if each), return_exceptions=True)
        await self._write()

    # Reading

    async def _load(self) -> None:
        """What was known from before; what this session heard is newer."""
        await asyncio.to_thread(self._store.tidy)
        shapes, apps = await asyncio.to_thread(self._store.all)
        numbers: dict[str, int] = {}
        for at, (key, text) in enumerate(shapes.items()):
            shape = _from_text(text)
            if shape is not None:
                numbers[key] = self._number(shape)
            if at % _SLICE == 0:
                await asyncio.sleep(0)
        for at, app in enumerate(apps):
            if app.shape in numbers:
                self._of.setdefault(app.connection_id, {}).setdefault(app.app_id, numbers[app.shape])
            if at % (_SLICE * 10) == 0:
                await asyncio.sleep(0)
        await self._load_opened()
        self._version += 1

    async def _load_opened(self) -> None:
        """Schemas that were kept before their names were."""
        from app.schema.formats.model_json import from_text

        for ref in tuple(self._opened()):
            if ref.app_id in self._of.get(ref.connection_id, {}):
                continue
            kept = await asyncio.to_thread(self._last_known, ref)
            if kept is None:
                continue
            try:
                schema = await asyncio.to_thread(from_text, kept.text)
            except ValueError:
                continue
            if ref.app_id not in self._of.get(ref.connection_id, {}):
                self.saw(ref, schema)

    async def index(self, rows: Sequence[AppSummary]) -> SearchIndex:
        """What can be searched of these apps; the same object as before where nothing changed."""
        if self._loading is None:
            self._loading = asyncio.ensure_future(self._load())
        # Whoever asked may leave; what is being read is for the next one too.
        try:
            await asyncio.shield(self._loading)
        except Exception:
            self._loading = None
            raise
        built, version = self._built, self._version
        if built is not None and built[0] == version and built[1].rows is rows:
            return built[1]
        made = await _built(rows, tuple(self._shapes), self._of)
        self._built = (version, made)
        return made


async def _built(
    rows: Sequence[AppSummary], shapes: tuple[Shape, ...], of: Mapping[str, Mapping[str, int]]
) -> SearchIndex:
    """In slices: neither the engine's loop nor the window waits for all of it."""
    row_shapes: list[int] = []
    shape_rows: dict[int, list[int]] = {}
    nothing: Mapping[str, int] = {}
    for at, row in enumerate(rows):
        number = of.get(row[0], nothing).get(row[1], -1)
        row_shapes.append(number)
        if number >= 0:
            shape_rows.setdefault(number, []).append(at)
        if at % (_SLICE * 10) == 0:
            await asyncio.sleep(0)
    entities, parts = _Pool(), _Pool()
    for number in shape_rows:
        for entity_at, entity in enumerate(shapes[number]):
            entities.add(entity.name, (number, entity_at))
            for part_at, part in enumerate(entity.parts):
                parts.add(part, (number, entity_at, part_at))
        await asyncio.sleep(0)
    return SearchIndex(rows, shapes, row_shapes, shape_rows, entities.made(), parts.made())


class _Pool:
    def __init__(self) -> None:
        self._places: dict[str, list[tuple[int, ...]]] = {}

    def add(self, name: str, place: tuple[int, ...]) -> None:
        self._places.setdefault(name.lower(), []).append(place)

    def made(self) -> NamePool:
        return NamePool(list(self._places), list(self._places.values()))


def shape_of(schema: Schema) -> Shape:
    labels: dict[str, list[str]] = {}
    for link in schema.links:
        for end in (link.forward, link.reverse):
            if end.label:
                labels.setdefault(end.entity, []).append(end.label)
    return tuple(
        [
            EntityNames(
                each.name, (*[part.name for part in each.attributes], *labels.get(each.name, ())), each.is_system
            )
            for each in schema.entities
        ]
    )


def _to_text(shape: Shape) -> str:
    return json.dumps(shape, separators=(",", ":"))


def _from_text(text: str) -> Shape | None:
    """None where another version wrote it."""
    try:
        return tuple(
            [EntityNames(str(name), tuple(map(str, parts)), bool(own)) for name, parts, own in json.loads(text)]
        )
    except (ValueError, TypeError):
        return None
