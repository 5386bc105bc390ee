"""The rows of the users' view: what stands in which column, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.core.apps import AppState
from app.core.text import plain
from app.core.words import counted
from app.ui.apps.app_list_model import STATE_WORDS
from app.ui.look.icons import State, app_state
from app.ui.parts.row_model import Column, RowModel, created_column

if TYPE_CHECKING:
    from app.services.foundation import UserRow

APP_ID_COLUMN = 3
_STATES: dict[str, tuple[State, str]] = {
    "no app": (AppState.UNKNOWN, "No app"),
    "ok": (AppState.OK, "OK"),
    "several apps": (AppState.DRIFTED, "Several apps"),
    "app missing": (AppState.MISSING, "App missing"),
}
# What needs an eye comes first when the list is sorted by state.
_RANK = ("app missing", "several apps", "no app", "ok")
# The state of the only app is worth more words than that there is one.
_TELLING = frozenset({AppState.DRIFTED, AppState.READ_ONLY, AppState.DISABLED, AppState.CREATING})


def users_model(parent: QObject) -> RowModel[UserRow]:
    columns: Sequence[Column[UserRow]] = (
        Column("State", lambda row: state_look(row)[1], 22, key=_rank, mark=lambda row: state_look(row)[0], tip=_why),
        Column("E-mail", email, 30),
        Column("App", app_titles, 30, tip=_apps),
        Column("App ID", app_id_text, 46, tip=_apps, copied=lambda row: "\n".join(row.app_ids), is_id=True),
        Column("Agents", agents_text, 11, key=lambda row: row.agents, is_number=True),
        created_column(lambda row: row.created_at),
    )
    return RowModel(columns, lambda row: row.user_id, _searched, parent)


def state_look(row: UserRow) -> tuple[State, str]:
    """Shape and word."""
    if row.state == "ok" and len(row.apps) == 1:
        app = row.apps[0]
        state = app_state(app.state) if app is not None else AppState.UNKNOWN
        if state in _TELLING:
            return state, state.value.replace("-", " ").capitalize()
    return _STATES.get(row.state, (AppState.UNKNOWN, plain(row.state, 30)))


def email(row: UserRow) -> str:
    """A user without an address is known by the ID."""
    return plain(row.email, 120) or row.user_id


def app_title(row: UserRow, at: int) -> str:
    app = row.apps[at]
    return "not on the platform" if app is None else plain(app.title, 60) or "untitled"


def app_titles(row: UserRow) -> str:
    return " · ".join(app_title(row, at) for at in range(len(row.apps))) or "—"


def app_id_text(row: UserRow) -> str:
    if not row.app_ids:
        return "—"
    more = f"  +{len(row.app_ids) - 1}" if len(row.app_ids) > 1 else ""
    return f"{plain(row.app_ids[0], 60)}{more}"


def agents_text(row: UserRow) -> str:
    return "—" if not row.app_ids or row.agents < 0 else str(row.agents)


def copied_words(rows: Sequence[UserRow]) -> str:
    """What the status bar says after the app IDs of these users were copied."""
    count = sum(len(row.app_ids) for row in rows)
    if count == 1:
        row = next(each for each in rows if each.app_ids)
        return f"Copied app ID of {email(row)}: {plain(row.app_ids[0], 60)}"
    return f"Copied {counted(count, 'app ID')}"


def _rank(row: UserRow) -> int:
    return _RANK.index(row.state) if row.state in _RANK else len(_RANK)


def _why(row: UserRow) -> tuple[str, ...]:
    if row.state == "several apps":
        return ("Several apps", "One app per user is what Tenantry keeps to;", "the link itself would allow several.")
    if row.state == "app missing":
        return ("App missing", "The registry names an app that the platform does not have.")
    app = row.apps[0] if row.apps else None
    if app is not None and app.state != AppState.OK.value:
        return (state_look(row)[1], plain(app.note, 120) or STATE_WORDS.get(app.state, app.state))
    return (state_look(row)[1],)


def _apps(row: UserRow) -> tuple[str, ...]:
    if not row.app_ids:
        return ("No app",)
    lines = [email(row)]
    for at, app_id in enumerate(row.app_ids[:8]):
        lines.append(f"{app_title(row, at)}  {plain(app_id, 60)}")
    return (*lines, "Click to copy")


def _searched(row: UserRow) -> str:
    titles = " ".join(app.title for app in row.apps if app is not None)
    return f"{row.email} {titles} {' '.join(row.app_ids)}"
