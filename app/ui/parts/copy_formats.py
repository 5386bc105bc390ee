"""Texts that a selection of apps is copied as; no Qt in here."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.text import plain
from app.platforms.traits import traits_of

_NOT_A_NAME = re.compile(r"[^A-Z0-9]+")
# A cell that starts like this is run as a formula by the common spreadsheets.
_FORMULA_STARTS = ("=", "+", "-", "@")
CSV_COLUMNS = ("app_id", "title", "owner", "kind", "state", "agents", "connection_id", "created_at", "template", "note")


def as_ids(apps: Sequence[AppSummary]) -> str:
    """One app ID a line."""
    return "\n".join(app.app_id for app in apps)


def as_env(apps: Sequence[AppSummary], connections: Mapping[str, Connection] | None = None) -> str:
    """``INSTANT_APP_ID=…``, the line that Instant's tools read; several apps get a name each, made of the title.

    Of a database it is ``DATABASE_URL=…``, without a password. ``connections`` are by ID.
    """
    lines = [(*_variable(app, (connections or {}).get(app.connection_id)), app.title) for app in apps]
    if len(lines) == 1:
        return f"{lines[0][0]}={lines[0][1]}"
    taken: set[str] = set()
    return "\n".join(f"{_free_name(name, title, taken)}={value}" for name, value, title in lines)


def _variable(app: AppSummary, connection: Connection | None) -> tuple[str, str]:
    if connection is None or not traits_of(connection).has_sql:
        return "INSTANT_APP_ID", app.app_id
    from app.platforms.postgres.dsn import Dsn, may_be_elsewhere

    own, _password = Dsn.parse(connection.base_url)
    if not own.is_sqlite and app.app_id != own.database and may_be_elsewhere(app.app_id, own):
        server, _, name = app.app_id.partition("/")
        return "DATABASE_URL", f"postgresql://{server}/{quote(name, safe='')}"
    return "DATABASE_URL", own.with_database(app.app_id).to_text()


def _free_name(variable: str, title: str, taken: set[str]) -> str:
    """``INSTANT_APP_ID_<TITLE>``, with a number where an earlier one has the same name already."""
    stem = _NOT_A_NAME.sub("_", plain(title, 60).upper()).strip("_")
    base = f"{variable}_{stem}" if stem else f"{variable}_APP"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    return name


def as_json(apps: Sequence[AppSummary]) -> str:
    """A list of objects, one for each app, whole titles and all."""
    return json.dumps([_fields(app) for app in apps], ensure_ascii=False, indent=2)


def as_csv(apps: Sequence[AppSummary]) -> str:
    """RFC 4180 with a header line; cells that a spreadsheet would run as a formula get an apostrophe in front."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for app in apps:
        fields = _fields(app)
        writer.writerow([_cell(fields[name]) for name in CSV_COLUMNS])
    return out.getvalue()


def _cell(value: str | int | None) -> str:
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, str) and text.startswith(_FORMULA_STARTS):
        return "'" + text
    return text


def _fields(app: AppSummary) -> dict[str, str | int | None]:
    """Unknown numbers become null rather than a -1 or 0 that reads like a fact."""
    return {
        "app_id": app.app_id,
        "title": app.title,
        "owner": app.owner,
        "kind": app.kind,
        "state": app.state,
        "agents": app.agents if app.agents >= 0 else None,
        "connection_id": app.connection_id,
        "created_at": app.created_at or None,
        "template": app.template,
        "note": app.note,
    }


def copied_sentence(apps: Sequence[AppSummary], form: str = "") -> str:
    """What the status bar says: which app, or how many, was copied; ``form`` is "", ".env", "JSON" or "CSV"."""
    suffix = f" as {form}" if form else ""
    if len(apps) == 1:
        app = apps[0]
        return f"Copied app ID of {plain(app.title, 60) or 'untitled app'}{suffix}: {app.app_id}"
    return f"Copied {len(apps):,} app IDs{suffix}"
