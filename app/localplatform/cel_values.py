"""The values of permission rules: ours as the evaluator's, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from app.localplatform.values import date_key

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Entity:
    """An entity as a rule sees it: ``values`` by attribute label, ``etype`` so that ``ref`` can be followed."""

    etype: str
    values: Mapping[str, Any]


@lru_cache(maxsize=1)
def _celtypes() -> Any:
    from celpy import celtypes

    return celtypes


@lru_cache(maxsize=1)
def _types() -> Any:
    """The map type of rules; made on first use because its base class belongs to the lazy import."""
    from celpy import celtypes

    class Values(celtypes.MapType):
        """A map whose missing keys are null: the platform's rules rely on it."""

        etype: str | None = None

        def __getitem__(self, key: Any) -> Any:
            return dict.get(self, key)

        def get(self, key: Any, default: Any = None) -> Any:
            return dict.get(self, key, default)

        def __contains__(self, key: Any) -> bool:
            return True

    return Values


def to_cel(value: Any) -> Any:
    """A JSON-like value, Entity or datetime as the evaluator's types."""
    celtypes = _celtypes()
    if isinstance(value, Entity):
        record = _values(value.values)
        record.etype = value.etype
        return record
    if value is None:
        return None
    if isinstance(value, bool):
        return celtypes.BoolType(value)
    if isinstance(value, int):
        return celtypes.IntType(value) if -(2**63) <= value < 2**63 else celtypes.DoubleType(value)
    if isinstance(value, float):
        return celtypes.DoubleType(value)
    if isinstance(value, str):
        return celtypes.StringType(value)
    if isinstance(value, datetime):
        return celtypes.TimestampType(value)
    if isinstance(value, Mapping):
        return _values(value)
    return celtypes.ListType([to_cel(item) for item in value])


def _values(mapping: Mapping[str, Any]) -> Any:
    record = _types()()
    for key, value in mapping.items():
        dict.__setitem__(record, to_cel(key), to_cel(value))
    return record


def from_cel(value: Any) -> Any:
    """An evaluator's value as plain Python (JSON-like)."""
    from celpy import celtypes

    if isinstance(value, celtypes.BoolType):
        return bool(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {str(key): from_cel(item) for key, item in value.items()}
    if isinstance(value, list):
        return [from_cel(item) for item in value]
    return value if value is None else str(value)


def parse_date(value: Any) -> datetime:
    """A date in any of the forms that the platform takes for a date attribute."""
    if isinstance(value, datetime):
        return value
    return _EPOCH + timedelta(microseconds=date_key(str(value) if isinstance(value, str) else value))
