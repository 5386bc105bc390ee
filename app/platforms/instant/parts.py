"""The attributes of an app while a plan is walked through: what they were, what they are to become, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

from app.core.errors import StalePlan, Unsupported
from app.core.text import plain
from app.schema.model import Attribute, Link
from app.schema.types import AnyType, BooleanType, DateType, JsonType, NumberType, StringType, Type

from .live import Dropped, WireAttr

Name = tuple[str, str]
# The forward and the reverse name; an attribute has no second one.
Names = tuple[Name, Name | None]
FORWARD, REVERSE = "forward-identity", "reverse-identity"
ID = "id"

_TYPE_NAMES: dict[Type, str | None] = {
    StringType(): "string",
    NumberType(): "number",
    BooleanType(): "boolean",
    DateType(): "date",
    AnyType(): None,
    JsonType(): None,
}


def type_name(place: str, value: Type) -> str | None:
    """The platform's checked type, None for any value."""
    if value not in _TYPE_NAMES:
        raise Unsupported(f"{plain(place, 120)} has a type that Instant does not know.")
    return _TYPE_NAMES[value]


class Origin(Enum):
    LIVE = "live"
    NEW = "new"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Form:
    """What of an attribute a plan can change. ``reverse`` is None for what is no link."""

    forward: Name
    reverse: Name | None = None
    is_many: bool = False
    is_unique: bool = False
    is_indexed: bool = False
    is_required: bool = False
    type: str | None = None
    on_delete: str | None = None
    on_delete_reverse: str | None = None

    @property
    def key(self) -> Names:
        return self.forward, self.reverse

    @property
    def names(self) -> tuple[Name, ...]:
        return (self.forward,) if self.reverse is None else (self.forward, self.reverse)


@dataclass(slots=True)
class Part:
    """``before`` is what the platform has, None for a new part; ``now`` changes as the plan goes on.

    ``reasons`` are the plan's steps that changed a field, by the field's name.
    """

    id: str
    idents: tuple[str, str | None]
    before: Form | None
    now: Form
    origin: Origin = Origin.LIVE
    is_system: bool = False
    is_dropped: bool = False
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def is_id(self) -> bool:
        """Whether it is the attribute that says which rows the entity has."""
        return self.now.forward[1] == ID and self.now.reverse is None

    def reason(self, *fields: str) -> int:
        """The last step of the plan that changed one of the fields."""
        return max((self.reasons[name] for name in fields if name in self.reasons), default=0)


def form_of_wire(wire: WireAttr) -> Form:
    _, entity, label = wire[FORWARD]
    back = wire.get(REVERSE) if wire.get("value-type") == "ref" else None
    return Form(
        (entity, label),
        (back[1], back[2]) if back else None,
        wire.get("cardinality") == "many",
        wire.get("unique?") is True,
        wire.get("index?") is True,
        wire.get("required?") is True,
        wire.get("checked-data-type"),
        wire.get("on-delete"),
        wire.get("on-delete-reverse"),
    )


def form_of_attribute(entity: str, attribute: Attribute) -> Form:
    place = f"{entity}.{attribute.name}"
    if attribute.default is not None:
        raise Unsupported(f"{plain(place, 120)} has a default, which Instant does not know.")
    return Form(
        (entity, attribute.name),
        is_unique=attribute.is_unique,
        is_indexed=attribute.is_indexed,
        is_required=attribute.is_required,
        type=type_name(place, attribute.type),
    )


def form_of_link(link: Link) -> Form:
    for end in (link.forward, link.reverse):
        if end.on_delete not in {None, "cascade"}:
            raise Unsupported(f"{plain(f'{end.entity}.{end.label}', 120)} has an on-delete rule Instant does not know.")
    return Form(
        (link.forward.entity, link.forward.label),
        (link.reverse.entity, link.reverse.label),
        is_many=link.forward.has == "many",
        is_unique=link.reverse.has == "one",
        is_required=link.forward.is_required,
        on_delete=link.forward.on_delete,
        on_delete_reverse=link.reverse.on_delete,
    )


def live_part(wire: WireAttr) -> Part:
    form = form_of_wire(wire)
    idents = (wire[FORWARD][0], wire[REVERSE][0] if form.reverse else None)
    return Part(wire["id"], idents, form, form, is_system=wire.get("catalog") == "system")


def make_restored(part: Part, dropped: Dropped) -> None:
    """The new part becomes the dropped one, which comes back under its old names, neither indexed nor required."""
    form = form_of_wire(dropped.wire)
    part.before = replace(form, forward=dropped.forward, reverse=dropped.reverse, is_indexed=False, is_required=False)
    part.id = dropped.id
    part.idents = (dropped.wire[FORWARD][0], dropped.wire[REVERSE][0] if dropped.reverse else None)
    part.origin = Origin.RESTORED


class PartTable:
    """All parts, found by their present names; parts that were dropped stay in ``all``.

    On the way through a plan an attribute and a link may have one name; in the end (``final_names``) they may not.
    """

    def __init__(self, wires: Iterable[WireAttr]) -> None:
        self.all = [live_part(wire) for wire in wires]
        self._by_names: dict[Names, Part] = {}
        self._by_entity: dict[str, dict[str, Part]] = {}
        for part in self.all:
            self._enter(part)

    def attribute(self, entity: str, label: str) -> Part:
        return self._expect(((entity, label), None))

    def link(self, link: Link) -> Part:
        return self._expect(((link.forward.entity, link.forward.label), (link.reverse.entity, link.reverse.label)))

    def id_part(self, entity: str) -> Part | None:
        """The attribute that says which rows the entity has."""
        return self._by_names.get(((entity, ID), None))

    def has_no_rows(self, entity: str) -> bool:
        """Whether the entity comes with this plan, so that nothing can stand in the way of flags."""
        id_part = self.id_part(entity)
        return id_part is not None and id_part.origin is Origin.NEW

    def of_entity(self, entity: str) -> list[Part]:
        """Every part with an end at the entity, the ``id`` attribute included."""
        return list(self._by_entity.get(entity, {}).values())

    def final_names(self) -> dict[Name, Part]:
        """Who has which name in the end; raises StalePlan where two would have the same."""
        found: dict[Name, Part] = {}
        for part in self.all:
            for name in () if part.is_dropped else part.now.names:
                if name in found:
                    raise stale(name, "is there already")
                found[name] = part
        return found

    def add(self, part: Part) -> None:
        self._ensure_free(part.now)
        self.all.append(part)
        self._enter(part)

    def change(self, part: Part, form: Form, step: int) -> None:
        _refuse_system(part)
        if part.now.key != form.key:
            self._ensure_free(form)
        self._leave(part)
        part.reasons.update(dict.fromkeys(_changed(part.now, form), step))
        part.now = form
        self._enter(part)

    def rename_entity(self, old: str, new: str, step: int) -> None:
        """All parts in one go: a link of the entity with itself changes both ends."""
        if new in self._by_entity:
            raise stale((new, ID), "is there already")
        for part in self.of_entity(old):
            form = part.now
            forward = (new, form.forward[1]) if form.forward[0] == old else form.forward
            reverse = (new, form.reverse[1]) if form.reverse and form.reverse[0] == old else form.reverse
            self.change(part, replace(form, forward=forward, reverse=reverse), step)

    def drop(self, part: Part, step: int) -> None:
        _refuse_system(part)
        self._leave(part)
        part.is_dropped = True
        part.reasons["drop"] = step

    def _expect(self, names: Names) -> Part:
        part = self._by_names.get(names)
        if part is None:
            raise stale(names[0], "is not there, or is something else")
        return part

    def _ensure_free(self, form: Form) -> None:
        if form.key in self._by_names:
            raise stale(form.forward, "is there already")

    def _enter(self, part: Part) -> None:
        self._by_names[part.now.key] = part
        for entity, _ in part.now.names:
            self._by_entity.setdefault(entity, {})[part.id] = part

    def _leave(self, part: Part) -> None:
        del self._by_names[part.now.key]
        for entity in {name[0] for name in part.now.names}:
            rest = self._by_entity[entity]
            rest.pop(part.id, None)
            if not rest:
                del self._by_entity[entity]


def _changed(before: Form, after: Form) -> list[str]:
    return [name for name in Form.__dataclass_fields__ if getattr(before, name) != getattr(after, name)]


def stale(name: Name, problem: str) -> StalePlan:
    return StalePlan(f"The plan does not fit the schema any more: {plain('.'.join(name), 120)} {problem}.")


def _refuse_system(part: Part) -> None:
    if part.is_system:
        place = plain(".".join(part.now.forward), 120)
        raise Unsupported(f"{place} belongs to the platform and cannot be changed.")
