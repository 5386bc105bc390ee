"""JSON values as they are stored, compared and typed.

A stored value has a *key*: the SQLite value it is found and ordered by. Numbers are themselves; other types are
text with a leading letter, so that ``1``, ``"1"`` and ``true`` never meet; null is NULL. Dates of an attribute with
a checked type of date are microseconds since the epoch. Long values have the hash of their text as key: they can
be found but not ordered.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import uuid
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

Key = str | int | float | None

MAX_INDEXED_BYTES: Final = 1024
CHECKED_TYPES: Final = frozenset({"string", "number", "boolean", "date"})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_SQLITE_INTEGER = 2**63 - 1
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")


def dumps(value: Any) -> str:
    """Compact JSON text with sorted keys: equal values give equal texts."""
    return _encode(value)


def as_uuid(value: Any) -> str | None:
    """The canonical lower-case text of a UUID, or None for anything else."""
    if isinstance(value, str) and _UUID.fullmatch(value):
        return value.lower()
    if isinstance(value, uuid.UUID):
        return str(value)
    return None


def json_type(value: Any) -> str:
    """The type names that the platform's messages use."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list | tuple) else "object"


def inferred_type(value: Any) -> str:
    kind = json_type(value)
    return kind if kind in ("string", "number", "boolean") else "json"


def key_of(value: Any, checked_data_type: str | None = None) -> Key:
    """The comparison key; raises ValueError for a date that cannot be read."""
    if value is None:
        return None
    if checked_data_type == "date":
        return date_key(value)
    if isinstance(value, bool):
        return "b1" if value else "b0"
    if isinstance(value, int | float):
        return _number_key(value)
    if isinstance(value, str):
        return _text_key("s", value)
    return _text_key("j", dumps(value))


def _number_key(value: int | float) -> Key:
    if isinstance(value, float) and value.is_integer() and abs(value) <= _MAX_SQLITE_INTEGER:
        return int(value)
    if isinstance(value, int) and abs(value) > _MAX_SQLITE_INTEGER:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return value


def _text_key(letter: str, text: str) -> str:
    # Two bytes may be a character, so the limit of an indexed value is held by its caller in bytes.
    if len(text) <= MAX_INDEXED_BYTES:
        return letter + text
    return "h" + letter + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_type(value: Any, checked_data_type: str) -> bool:
    """Whether ``value`` may be written to an attribute of this checked type; null always may."""
    if value is None:
        return True
    if checked_data_type == "date":
        try:
            date_key(value)
        except ValueError:
            return False
        return True
    return json_type(value) == checked_data_type


def is_too_large(value: Any) -> bool:
    return (
        not isinstance(value, bool | int | float | None)
        and len(dumps(value).encode("utf-8", "replace")) > MAX_INDEXED_BYTES
    )


def has_null_bytes(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any("\x00" in str(name) or has_null_bytes(item) for name, item in value.items())
    return isinstance(value, list) and any(has_null_bytes(item) for item in value)


def deep_merge(old: Any, patch: Any) -> Any:
    """Objects are merged key by key, null deletes a key, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(old) if isinstance(old, dict) else {}
    for name, item in patch.items():
        if item is None:
            result.pop(name, None)
        else:
            result[name] = deep_merge(result.get(name), item)
    return result


# ---- dates

_FORMATS: Final = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%d %H:%M",
    "%m/%d/%Y, %I:%M:%S %p",
    "%Y-%m-%d %H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%a %b %d %Y",
    "%a %b %d %Y %H:%M:%S GMT%z",
    "%m-%d-%Y",
    "%m/%d/%Y",
)


def date_key(value: Any) -> int:
    """Microseconds since the epoch (UTC) of a date: a number of milliseconds, or text in one of the usual forms."""
    if isinstance(value, bool):
        raise ValueError("not a date")
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise ValueError("not a date")
        return int(value * 1000)
    if isinstance(value, str):
        moment = _parse_date(value.strip().strip('"').strip())
        return (moment - _EPOCH) // timedelta(microseconds=1)
    raise ValueError("not a date")


def _parse_date(text: str) -> datetime:
    if not text:
        raise ValueError("not a date")
    special = _special_date(text)
    if special is not None:
        return special
    for parse in (_iso_date, _known_formats, _mail_date):
        moment = parse(text)
        if moment is not None:
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    raise ValueError("not a date")


def _special_date(text: str) -> datetime | None:
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "epoch": _EPOCH,
        "now": now,
        "today": midnight,
        "tomorrow": midnight + timedelta(days=1),
        "yesterday": midnight - timedelta(days=1),
    }.get(text)


def _iso_date(text: str) -> datetime | None:
    # fromisoformat also takes forms without dashes ("20250101"), which the platform does not.
    if not re.match(r"\d{4}-\d", text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _known_formats(text: str) -> datetime | None:
    for form in _FORMATS:
        try:
            return datetime.strptime(re.sub(r" \(.*\)$", "", text), form)
        except ValueError:
            continue
    return None


def _mail_date(text: str) -> datetime | None:
    if "," not in text:
        return None
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None
