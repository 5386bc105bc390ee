"""Which acts are told of with a way back or onward."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.core.apps import AppSummary
from app.core.connection import Environment
from app.core.errors import KnownError, NotFound
from app.core.refs import AppRef
from app.core.text import plain
from app.core.words import counted
from app.ui.actions.actions import shown_keys
from app.ui.parts.environment_badge import undo_words
from app.ui.parts.toast import Toasts
from app.ui.work.scope import is_alive

if TYPE_CHECKING:
    from app.services.suite import Services
    from app.services.workshop_words import PushReport, Undo
    from app.ui.editor.schema_editor import SchemaEditor
    from app.ui.schema.schema_document import SchemaDocument

    from .app_view import AppView
    from .main_window import MainWindow


class WindowToasts(QObject):
    """Listens to the parts of the window and shows a toast for what can be answered."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._editors: list[SchemaEditor] = []
        self.toasts = Toasts(window, window.tabs, self._pending_bars, lambda: self._keys_of("edit.answer"))
        window.theme.changed.connect(self.toasts.refresh_looks)
        window.tabs.currentChanged.connect(lambda _at: self.toasts.settle())
        window.editor_changed.connect(self._follow_editors)
        window.app_tabs.closed_by_hand.connect(self._closed)
        window.commands.renamed.connect(self._renamed)
        window.commands.app_created.connect(self._created)
        window.commands.pushed.connect(self._pushed)
        self.toasts.changed.connect(self._tell_actions)
        self._tell_actions()
        self._follow_editors()

    def _tell_actions(self) -> None:
        registry = self._window.registry
        registry["edit.answer"].setEnabled(self.toasts.can_answer)
        registry["view.message"].setEnabled(bool(self.toasts.shown))

    def show(self, text: str, action_text: str = "", action: Callable[[], object] | None = None) -> None:
        self.toasts.show(text, action_text, action, self._window.preferences.number("notify.toast_s"))

    def _keys_of(self, action: str) -> str:
        return shown_keys(self._window.registry.keys_of(action))

    def _pending_bars(self) -> Iterable[QWidget]:
        view = self._window.current_view()
        if view is not None:
            yield from (part.pending for part in (view.editor, view.agents) if part is not None)

    # Tabs and apps

    def _closed(self, title: str, reopen: Callable[[], object]) -> None:
        self.show(f"Closed “{plain(title, 60)}”", "Reopen", reopen)

    def _created(self, ref: AppRef, title: str) -> None:
        self.show(f"Created “{plain(title, 60)}”", "Open", partial(self._window.open_app, ref))

    def _renamed(self, before: AppSummary, now: AppSummary) -> None:
        connection = self._window.data.connection(now.connection_id)
        self.show(
            f"Renamed “{plain(before.title, 60)}” to “{plain(now.title, 60)}”",
            undo_words(connection.environment) if connection is not None else "Undo",
            partial(self._rename_back, before, now),
        )

    def _rename_back(self, before: AppSummary, now: AppSummary) -> None:
        ref, title = AppRef(before.connection_id, before.app_id), before.title
        known, connection = self._window.data.app(ref), self._window.data.connection(before.connection_id)
        if known is not None and known.title not in (before.title, now.title):
            self._window.status.confirm(f"“{plain(known.title, 60)}” was renamed once more: nothing was taken back")
            return
        if connection is not None and connection.environment is Environment.PRODUCTION:
            self._window.commands.rename_app(ref, title)
            return

        async def rename(services: Services) -> AppSummary:
            return await services.lifecycle.rename(ref, title)

        self._window.runner.start(
            rename,
            owner=self,
            title=f"Rename back to “{plain(title, 40)}”",
            done=lambda _app: self._window.status.confirm(f"Renamed back to “{plain(title, 60)}”"),
        )

    # Schemas

    def _follow_editors(self) -> None:
        tabs = self._window.tabs
        self._editors = [each for each in self._editors if is_alive(each)]
        for at in range(tabs.count()):
            view = cast("AppView", tabs.widget(at))
            editor: SchemaEditor | None = getattr(view, "editor", None)
            if editor is not None and editor not in self._editors:
                self._editors.append(editor)
                self._follow(view, editor)

    def _follow(self, view: AppView, editor: SchemaEditor) -> None:
        editor.pushed.connect(lambda report: self._pushed(view.ref, report))
        editor.document.discarded.connect(lambda: self._discarded(view.app, editor.document))

    def _pushed(self, ref: AppRef, report: PushReport) -> None:
        """However a push ended: what of it took effect can be taken back."""
        if report.push_id is None or report.outcome not in ("done", "partial") or report.live is None:
            return
        app = self._window.data.app(ref)
        title = f"“{plain(app.title, 60) or 'untitled'}”" if app is not None else plain(ref.app_id, 60)
        text = f"Pushed {counted(report.count, 'change')} to {title}." if report.count else report.sentence
        self.show(text, "Undo…", partial(self._undo_push, ref, report.push_id))

    def _undo_push(self, ref: AppRef, push_id: int) -> None:
        """The same plan that the history shows; nothing is sent before it was seen."""
        title = "Work out how to undo the push"

        async def reverse(services: Services) -> Undo:
            return await services.workshop.undo(push_id)

        self._window.runner.start(reverse, owner=self, title=title, done=partial(self._show_undo, ref))

    def _show_undo(self, ref: AppRef, undo: Undo) -> None:
        window, connection = self._window, self._window.data.connection(ref.connection_id)
        if connection is None:
            error: KnownError = NotFound("The connection of this push was removed.", remedy="Add it again, then undo.")
            window.runner.known_error.emit(error, "")
            return
        from app.ui.plans.undo_push import undo_dialog

        dialog = undo_dialog(window.runner, connection, window.data.app(ref), undo, window)
        dialog.pushed.connect(lambda report: window.status.confirm(plain(report.sentence, 200)))
        dialog.pushed.connect(lambda report: self._pushed(ref, report))
        dialog.copied.connect(window.status.confirm)
        dialog.open()

    def _discarded(self, app: AppSummary, document: SchemaDocument) -> None:
        stack, at = document.undo_stack, document.undo_stack.index()

        def undo() -> None:
            if is_alive(document) and stack.index() == at:
                stack.undo()
            else:
                keys = self._keys_of("edit.undo")
                self._window.status.confirm(f"There are newer edits: Undo ({keys}) goes back through them")

        self.show(f"Discarded the pending changes of “{plain(app.title, 60)}”", "Undo", undo)
