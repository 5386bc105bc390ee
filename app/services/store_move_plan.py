"""Which rows of which tables belong to a workspace, in which order they are copied, and what their store looks like.

Pure: from the schema and the names of the main database, and from what the operator chose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from app.core.text import plain
from app.platforms.postgres.belonging import AllRows, Belonging, ByMember, ByParent, OwnColumn
from app.schema.model import Link, Schema
from app.services.main_database import bare
from app.services.main_rows import workspace_column
from app.services.store_references import USER_WORDS

if TYPE_CHECKING:
    from app.schema.model import Entity
    from app.services.main_map import MainMap
    from app.services.store_words import TableKind

# How a table's rows are told to belong to a workspace: a column of its own, a chain of foreign keys to a table that has
# one, the memberships of its users, or what the operator chose: all rows, or none (the table stays where it is).
Way = Literal["column", "chain", "members", "all", "leave"]
WAYS: tuple[Way, ...] = ("column", "chain", "members", "all", "leave")


@dataclass(frozen=True, slots=True)
class Chosen:
    """One table: ``way`` is "" where the operator has to choose, ``belonging`` None where no rows go."""

    entity: str
    way: Way | Literal[""]
    choices: tuple[Way, ...]
    sentence: str
    belonging: Belonging | None = None

    @property
    def is_moved(self) -> bool:
        return self.belonging is not None


@dataclass(frozen=True, slots=True)
class Layout:
    """``tables`` parents first, then those that stay; ``schema`` is what the store gets. ``late`` are links that
    cannot be there while rows are copied (circles), ``left_out`` those that lead to what is not moved."""

    tables: tuple[Chosen, ...]
    schema: Schema
    late: tuple[Link, ...] = ()
    left_out: tuple[Link, ...] = ()

    @property
    def moved(self) -> tuple[Chosen, ...]:
        return tuple(each for each in self.tables if each.is_moved)

    @property
    def members(self) -> str:
        """The table of memberships where one of the ways needs it."""
        found = (each.belonging for each in self.moved)
        return next((each.members for each in found if isinstance(each, ByMember)), "")


@dataclass
class _World:
    schema: Schema
    names: MainMap
    kinds: Mapping[str, TableKind]
    ways: Mapping[str, Way]
    # Tables with a way so far.
    known: dict[str, Chosen] = field(default_factory=dict)

    def candidates(self) -> Iterator[Entity]:
        for each in self.schema.entities:
            if not each.is_system and self.kinds.get(each.name) in ("application", "other"):
                yield each

    def links_of(self, entity: str) -> tuple[Link, ...]:
        return tuple(each for each in self.schema.links if each.forward.entity == entity and each.columns)


def laid_out(
    schema: Schema, names: MainMap, kinds: Mapping[str, TableKind], choices: Mapping[str, Way] | None = None
) -> Layout:
    """``kinds`` as in ``MainOverview.tables``; ``choices`` are the operator's, by entity."""
    world = _World(schema, names, kinds, choices or {})
    own = {each.name: column for each in world.candidates() if (column := workspace_column(schema, names, each))}
    parents = _parents(world, own)
    for each in sorted(world.candidates(), key=lambda entity: (parents.get(entity.name, (0,))[0], entity.name)):
        world.known[each.name] = _chosen(world, each, own.get(each.name, ""), parents.get(each.name))
    moved = {name for name, each in world.known.items() if each.is_moved}
    order, late = _ordered(world, moved)
    inner = tuple(each for each in schema.links if {each.forward.entity, each.reverse.entity} <= moved)
    left_out = tuple(each for each in schema.links if each.forward.entity in moved and each.reverse.entity not in moved)
    rest = [name for name in world.known if name not in moved]
    entities = tuple(each for each in schema.entities if each.name in moved)
    return Layout(tuple(world.known[name] for name in (*order, *rest)), Schema(entities, inner), late, left_out)


def without(schema: Schema, links: Sequence[Link]) -> Schema:
    return replace(schema, links=tuple(each for each in schema.links if each not in links))


# Ways


def _user_column(world: _World, entity: Entity) -> str:
    for link in world.links_of(entity.name):
        if link.reverse.entity == world.names.users and world.names.users and len(link.columns) == 1:
            return link.columns[0][0]
    return next((each.name for each in entity.attributes if bare(each.name) in USER_WORDS), "")


def _parents(world: _World, own: Mapping[str, str]) -> dict[str, tuple[int, Link]]:
    """Of each table without a column of its own the link to follow, and how many links it is to a table that says
    whose its rows are: by a column, else by its users.

    The shortest chain; of equal ones, over columns that always have a value.
    """
    found: dict[str, tuple[int, Link]] = {}
    _follow(world, set(own), set(own), found)
    if member_column(world.schema, world.names) and world.names.member_workspace:
        users = {each.name for each in world.candidates() if _user_column(world, each)} - set(own) - set(found)
        _follow(world, users, {*own, *users}, found)
    return found


def _follow(world: _World, roots: set[str], told: set[str], found: dict[str, tuple[int, Link]]) -> None:
    left_behind = {name for name, way in world.ways.items() if way == "leave"}
    near, depth = roots - left_behind, 1
    while near:
        reached: dict[str, Link] = {}
        for link in world.schema.links:
            name = link.forward.entity
            is_open = name not in told and name not in found and world.kinds.get(name) in ("application", "other")
            if is_open and link.columns and link.reverse.entity in near and name != link.reverse.entity:
                old = reached.get(name)
                reached[name] = link if old is None or _rank(world, link) < _rank(world, old) else old
        found |= {name: (depth, link) for name, link in reached.items()}
        near, depth = set(reached) - left_behind, depth + 1


def _rank(world: _World, link: Link) -> tuple[bool, str]:
    entity = world.schema.entity(link.forward.entity)
    parts = [entity.attribute(here) for here, _there in link.columns] if entity else []
    return (not all(each is not None and each.is_required for each in parts), link.name)


def _chosen(world: _World, entity: Entity, own: str, parent: tuple[int, Link] | None) -> Chosen:
    user = _user_column(world, entity)
    member_user = member_column(world.schema, world.names)
    can_follow = parent is not None and _can_follow(world, parent[1])
    possible: list[Way] = ["column"] if own else []
    possible += ["chain"] if can_follow else []
    possible += ["members"] if user and member_user and world.names.member_workspace else []
    choices: tuple[Way, ...] = (*possible, "leave", "all") if possible else ("all", "leave")
    asked = world.ways.get(entity.name)
    is_application = world.kinds.get(entity.name) == "application"
    default: Way | Literal[""] = possible[0] if possible else "" if is_application else "leave"
    way = asked if asked in choices else default
    belonging, sentence = _way(world, entity, way, own, user, member_user, parent[1] if parent else None)
    return Chosen(entity.name, way, choices, sentence, belonging)


def _can_follow(world: _World, link: Link) -> bool:
    parent = world.known.get(link.reverse.entity)
    return parent is not None and parent.is_moved and not isinstance(parent.belonging, AllRows)


def _way(
    world: _World, entity: Entity, way: str, own: str, user: str, member_user: str, link: Link | None
) -> tuple[Belonging | None, str]:
    name = _name(entity.name)
    if way == "column":
        return OwnColumn(own), f"Rows of {name} say their workspace themselves, in {_name(own)}."
    if way == "chain" and link is not None:
        parent = world.known[link.reverse.entity]
        assert parent.belonging is not None
        columns = ", ".join(_name(here) for here, _there in link.columns)
        steps = " → ".join([name, *_chain(world, link)])
        sentence = f"Rows of {name} belong to the workspace of the row that {columns} leads to: {steps}."
        return ByParent(link.columns, link.reverse.entity, parent.belonging), sentence
    if way == "members":
        names = world.names
        sentence = f"Rows of {name} belong to the workspace whose member {_name(user)} is."
        return ByMember(user, names.workspace_users, member_user, names.member_workspace), sentence
    if way == "all":
        return AllRows(), f"All rows of {name} are copied, whosever they are."
    if way == "leave":
        return None, f"{name} stays in the main database."
    return None, f"Nothing tells which rows of {name} belong to a workspace. Choose what is to become of it."


def _chain(world: _World, link: Link) -> Iterator[str]:
    belonging = world.known[link.reverse.entity].belonging
    name = link.reverse.entity
    while isinstance(belonging, ByParent):
        yield _name(name)
        name, belonging = belonging.parent, belonging.of
    end = belonging.column if isinstance(belonging, OwnColumn | ByMember) else ""
    yield f"{_name(name)}.{_name(end)}" if end else _name(name)


def member_column(schema: Schema, names: MainMap) -> str:
    """The column of the memberships that holds the user; "" where there is none."""
    entity = schema.entity(names.workspace_users) if names.workspace_users else None
    if entity is None:
        return ""
    for link in schema.links:
        is_to_user = link.forward.entity == entity.name and link.reverse.entity == names.users and names.users
        if is_to_user and len(link.columns) == 1:
            return link.columns[0][0]
    return next((each.name for each in entity.attributes if bare(each.name) in USER_WORDS), "")


# Order


def _ordered(world: _World, moved: set[str]) -> tuple[tuple[str, ...], tuple[Link, ...]]:
    """Parents first; where tables lead to each other in a circle, the links that close it."""
    waits: dict[str, set[str]] = {name: set() for name in moved}
    late: list[Link] = []
    inner = [each for each in world.schema.links if {each.forward.entity, each.reverse.entity} <= moved]
    for link in inner:
        if link.forward.entity == link.reverse.entity:
            late.append(link)
        else:
            waits[link.forward.entity].add(link.reverse.entity)
    order: list[str] = []
    while waits:
        ready = sorted(name for name, parents in waits.items() if not parents)
        if not ready:
            # The one that waits for the fewest goes first, without those links.
            name = min(waits, key=lambda each: (len(waits[each]), each))
            late += [link for link in inner if link.forward.entity == name and link.reverse.entity in waits[name]]
            ready = [name]
        order += ready
        for name in ready:
            del waits[name]
        for parents in waits.values():
            parents.difference_update(ready)
    return tuple(order), tuple(late)


def _name(name: str) -> str:
    return plain(name, 60)
