"""The rows of the workspaces' view: what stands in which column."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Sequence

from PySide6.QtCore import QObject

from app.ui.look.icons import State
from app.ui.parts.ages import age, moment
from app.ui.parts.row_model import Column, RowModel

from .workspace_rows import (
    WorkspaceRow,
    checked_at,
    latency_text,
    name_of,
    searched,
    size_text,
    state_lines,
    state_look,
    state_rank,
    store_lines,
    store_text,
    tables_text,
)

STATE, NAME, STORE = 0, 1, 2
_NOTHING = -1.0


def workspace_model(parent: QObject, waiting: Callable[[], Container[str]] = frozenset[str]) -> RowModel[WorkspaceRow]:
    """``waiting`` says which stores are being asked now, by app ID."""

    def look(row: WorkspaceRow) -> tuple[State, str]:
        return state_look(row, is_waiting=bool(row.app_id) and row.app_id in waiting())

    columns: Sequence[Column[WorkspaceRow]] = (
        Column(
            "State",
            lambda row: look(row)[1],
            28,
            key=state_rank,
            mark=lambda row: look(row)[0],
            tip=state_lines,
        ),
        Column("Workspace", name_of, 26, tip=lambda row: (name_of(row), row.id)),
        Column(
            "Store",
            store_text,
            24,
            tip=store_lines,
            copied=lambda row: row.app_id,
            is_id=True,
        ),
        _number("Members", lambda row: row.workspace.members),
        _number("Roles", lambda row: row.workspace.roles),
        _number("Teams", lambda row: row.workspace.teams),
        _number("Invites", lambda row: row.workspace.invites),
        Column("Latency", latency_text, 11, key=_latency, is_number=True),
        Column("Tables", tables_text, 9, key=lambda row: row.check.tables if row.check else -1, is_number=True),
        Column("Size", size_text, 11, key=lambda row: row.check.bytes if row.check else -1, is_number=True),
        Column(
            "Last check",
            lambda row: age(checked_at(row), time.time()),
            14,
            key=checked_at,
            tip=lambda row: (moment(checked_at(row)) if checked_at(row) else "Not checked yet",),
            is_muted=True,
        ),
    )
    return RowModel(columns, lambda row: row.id, searched, parent)


def _number(header: str, read: Callable[[WorkspaceRow], int]) -> Column[WorkspaceRow]:

    def text(row: WorkspaceRow) -> str:
        number = read(row)
        return f"{number:,}" if number >= 0 else "—"

    return Column(header, text, 12, key=read, is_number=True)


def _latency(row: WorkspaceRow) -> float:
    latency = row.check.latency_ms if row.check is not None else None
    return _NOTHING if latency is None else latency
