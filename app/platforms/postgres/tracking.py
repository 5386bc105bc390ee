"""The tables of a database while a plan goes over them: what each part is called by then, and what it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from app.core.errors import StalePlan
from app.core.text import plain
from app.schema.formats.sql_names import Dialect
from app.schema.model import Attribute, Entity, Extra, Index, Link, Schema

from .facets import extra, is_key, link_name
from .render import Table


@dataclass(slots=True, eq=False)
class ColumnNow:
    """``first`` is what it was called before the plan."""

    attribute: Attribute
    is_new: bool = False
    first: str = ""

    @property
    def name(self) -> str:
        return self.attribute.name


@dataclass(slots=True, eq=False)
class PartNow:
    """An index or a constraint; ``is_key``: a constraint."""

    name: str
    is_key: bool = False
    first: str = ""

    @property
    def is_as_before(self) -> bool:
        """It was there before the plan, under the name that it has."""
        return self.name == self.first


@dataclass(slots=True, eq=False)
class TableNow:
    """``first`` is the entity's name before the plan, ``entity`` that by now."""

    entity: str
    first: str
    is_new: bool
    is_system: bool
    extra: Extra
    columns: dict[str, ColumnNow] = field(default_factory=dict)
    indexes: dict[str, PartNow] = field(default_factory=dict)
    links: dict[str, PartNow] = field(default_factory=dict)
    dialect: Dialect = "postgresql"

    @property
    def table(self) -> Table:
        return Table.of(self.entity, self.dialect)

    @property
    def is_as_before(self) -> bool:
        """It was there before the plan, under the name that it has."""
        return not self.is_new and self.entity == self.first

    @property
    def is_plain(self) -> bool:
        """Nothing has to be done beside reads and writes (there are none), or can be (it is partitioned)."""
        return self.is_new or extra(self.extra, "partition_by") is not None

    def column(self, name: str) -> ColumnNow:
        found = self.columns.get(name)
        if found is None:
            raise _missing(f"{self.entity}.{name}")
        return found

    def index(self, name: str) -> PartNow:
        found = self.indexes.get(name)
        if found is None:
            raise _missing(f"{self.entity}.{name}")
        return found

    def add_index(self, index: Index) -> PartNow:
        found = self.indexes[index.name] = PartNow(index.name, is_key(index))
        return found

    def add_link(self, link: Link) -> PartNow:
        found = self.links[link_name(link)] = PartNow(link_name(link), True)
        return found

    def rename_column(self, old: str, new: str) -> ColumnNow:
        column = self.column(old)
        column.attribute = replace(column.attribute, name=new)
        self.columns = {(new if name == old else name): each for name, each in self.columns.items()}
        return column


class Tables:
    """All tables by their names by now; one is looked into only when a step touches it."""

    def __init__(self, schema: Schema, dialect: Dialect = "postgresql") -> None:
        self._dialect = dialect
        self._entities = {each.name: each for each in schema.entities}
        self._links: dict[str, list[Link]] = defaultdict(list)
        for link in schema.links:
            self._links[link.forward.entity].append(link)
        self._tables: dict[str, TableNow] = {}

    def __getitem__(self, entity: str) -> TableNow:
        found = self.get(entity)
        if found is None:
            raise _missing(entity)
        return found

    def __iter__(self) -> Iterator[TableNow]:
        for name in tuple(self._entities):
            self.get(name)
        return iter(self._tables.values())

    def __contains__(self, entity: str) -> bool:
        return entity in self._tables or entity in self._entities

    def get(self, entity: str) -> TableNow | None:
        found = self._tables.get(entity)
        if found is None and entity in self._entities:
            found = self._opened(self._entities.pop(entity))
        return found

    def add(self, entity: Entity, *, is_new: bool) -> TableNow:
        made = TableNow(entity.name, entity.name, is_new, entity.is_system, entity.extra, dialect=self._dialect)
        made.columns = {each.name: ColumnNow(each, is_new, each.name) for each in entity.attributes}
        for index in entity.indexes:
            made.add_index(index)
        self._tables[entity.name] = made
        return made

    def drop(self, entity: str) -> None:
        self._tables.pop(entity, None)

    def rename(self, old: str, new: str) -> None:
        table = self._tables.pop(old)
        table.entity = new
        self._tables[new] = table

    def _opened(self, entity: Entity) -> TableNow:
        made = self.add(entity, is_new=False)
        for link in self._links.get(entity.name, ()):
            made.add_link(link)
        for part in (*made.indexes.values(), *made.links.values()):
            part.first = part.name
        return made


def _missing(place: str) -> StalePlan:
    return StalePlan(
        f"The schema is not as it was when this was planned: {plain(place, 120)} is not there.",
        remedy="Review the changes against the schema as it is now.",
    )
