"""What can be done about a finding of stores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from app.core.errors import KnownError
from app.ui.parts.note_row import Answer

from .workspace_rows import WorkspaceRow, name_of

if TYPE_CHECKING:
    from app.services.store_findings import StoreFinding

    from .workspaces_view import WorkspacesView

_MOST_ANSWERS = 4


class StoreAnswers:
    """The answers act on the view: its dialogs, its table, its signals."""

    def __init__(self, view: WorkspacesView) -> None:
        self._view = view

    def to(self, finding: StoreFinding) -> Sequence[Answer]:
        """What mends a finding first, then the ways to look at it."""
        found: list[Answer] = []
        named = frozenset(finding.workspace_ids[:_MOST_ANSWERS])
        rows = [row for row in self._view.model.all_rows if row.id in named]
        if finding.action in ("set-store", "move") and self._view.can_write:
            found += self._mends(finding, rows)
        elif finding.action == "compare" and len(finding.refs) > 1:
            found.append(("Compare with siblings", lambda: self._view.compare_requested.emit(*finding.refs[:2])))
        elif finding.action == "check":
            found.append(("Check again", lambda: self._view.check(rows)))
        elif finding.action == "scan":
            found.append(("Scan the rows", lambda: self._view.look_for_findings(deep=True)))
        if finding.refs:
            found.append(("Open the schema", lambda: self._view.open_requested.emit(finding.refs[0])))
        if rows:
            found.append(("Show the workspace", lambda: self._view.show_workspace(rows[0].id)))
        return found

    def _mends(self, finding: StoreFinding, rows: Sequence[WorkspaceRow]) -> list[Answer]:
        """For each workspace that is named; where none is, for the one that is chosen in the table."""
        is_move = finding.action == "move"
        text = "Move to its own store…" if is_move else "Edit store…"
        act: Callable[[WorkspaceRow], object] = self._view.move_workspace if is_move else self._view.edit_store_of
        if rows:
            several, has_more = len(rows) > 1, len(finding.workspace_ids) > _MOST_ANSWERS
            found: list[Answer] = [(_about(text, row, several), partial(act, row)) for row in rows]
            return [*self._move_chosen(), *found] if is_move and has_more else found
        if is_move:
            return self._move_chosen()
        dsn_text = self._dsn_of(finding)
        if not dsn_text:
            return []
        give = partial(self._with_chosen, lambda row: self._view.edit_store_of(row, dsn_text))
        return [("Give it to the chosen workspace…", give)]

    def _move_chosen(self) -> list[Answer]:
        return [("Move the chosen workspace…", lambda: self._with_chosen(self._view.move_workspace))]

    def _with_chosen(self, act: Callable[[WorkspaceRow], object]) -> None:
        rows = self._view.chosen()
        if len(rows) == 1:
            act(rows[0])
            return
        self._view.copied.emit("Choose one workspace in the table first")
        self._view.table.setFocus()

    def _dsn_of(self, finding: StoreFinding) -> str:
        """The address of the database that the finding is about; "" where it is not on the connection's server."""
        from app.platforms.postgres.dsn import Dsn, may_be_elsewhere

        if not finding.refs:
            return ""
        try:
            own, app_id = Dsn.parse(self._view.connection.base_url)[0], finding.refs[0].app_id
        except KnownError:
            return ""
        return "" if may_be_elsewhere(app_id, own) else own.with_database(app_id).to_text()


def _about(text: str, row: WorkspaceRow, several: bool) -> str:
    return f"{name_of(row)[:40]}: {text}".replace("&", "&&") if several else text
