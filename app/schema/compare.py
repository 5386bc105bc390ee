"""What turns one schema into another: ordered steps, never carried out here."""

from __future__ import annotations

from dataclasses import dataclass

from .model import Schema
from .operations import Operation


@dataclass(frozen=True, slots=True)
class Renames:
    """Renames that the operator made or confirmed; everything else that changes its name is a drop and an add.

    All on the left are names in the actual schema, all on the right names in the wanted one: entities
    ``(old, new)``; attributes ``(old entity, old name, new name)``; links ``((old entity, old label), (new entity,
    new label))`` by their forward ends; indexes ``(old entity, old name, new name)``.
    """

    entities: tuple[tuple[str, str], ...] = ()
    attributes: tuple[tuple[str, str, str], ...] = ()
    links: tuple[tuple[tuple[str, str], tuple[str, str]], ...] = ()
    indexes: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are to be done."""

    steps: tuple[Operation, ...] = ()


def compare(actual: Schema, wanted: Schema, renames: Renames = Renames()) -> Plan:
    """The plan that turns ``actual`` into ``wanted``; empty where their meaning is equal."""
    raise NotImplementedError
