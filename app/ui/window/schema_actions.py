"""The actions of the schema editor that is in front: names, menus and keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.ui.look.icons import sign
from app.ui.work.scope import is_alive

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from app.ui.editor.schema_editor import SchemaEditor
    from app.ui.schema.schema_document import SchemaDocument
    from app.ui.window.main_window import MainWindow

# What needs an editor whose schema may be edited; the others need an editor only.
_EDITING = (
    "schema.add_entity",
    "schema.add_attribute",
    "schema.add_link",
    "schema.duplicate",
    "schema.remove",
    "schema.review",
    "schema.discard",
)
# What needs a platform of tables besides.
_TABLES = ("schema.add_index", "schema.edit_table")
_ANYWHERE = ("review", "discard")
_READING = ("schema.find", "schema.diagram", "schema.text", "schema.side", "schema.read")


def add_redo_undo(window: MainWindow) -> None:
    add = window.registry.add
    undo = _on_editor(window, lambda each: each.document.undo_stack.undo())
    redo = _on_editor(window, lambda each: each.document.undo_stack.redo())
    add("edit.undo", "&Undo", undo, menu="Edit", shortcut="Ctrl+Z")
    add("edit.redo", "Re&do", redo, menu="Edit", shortcut=("Ctrl+Shift+Z", "Ctrl+Y"))


def add_schema_actions(window: MainWindow) -> None:
    def add(
        name: str, text: str, act: Callable[[SchemaEditor], object], key: str = "", *, starts_group: bool = False
    ) -> QAction:
        go = _on_editor(window, _on_page(window, name, act))
        return window.registry.add(
            f"schema.{name}", text, go, menu="Schema", shortcut=key or None, starts_group=starts_group
        )

    add("add_entity", "New &entity", lambda each: each.add_entity(), "Ctrl+Shift+T").setIcon(sign("plus"))
    add("add_attribute", "New &attribute", lambda each: each.add_attribute(), "Ctrl+Shift+A")
    add("add_link", "New &link", lambda each: each.add_link(), "Ctrl+L")
    add("add_index", "New &index", lambda each: each.add_index(), "Ctrl+Shift+I")
    add("edit_table", "&Table: comment, checks…", lambda each: each.edit_table())
    add("duplicate", "&Duplicate", lambda each: each.duplicate(), "Ctrl+D", starts_group=True)
    add("remove", "&Remove or restore", lambda each: each.remove())
    add("find", "&Find in schema", lambda each: each.find_in_schema(), "Ctrl+Shift+F", starts_group=True)
    add("diagram", "Show the diagra&m", lambda each: each.show_side(0), "Ctrl+5")
    add("text", "Show the te&xt", lambda each: each.show_side(1), "Ctrl+6")
    add("side", "Sh&ow or hide diagram and text", lambda each: each.toggle_side(), "Ctrl+Shift+B")
    add("review", "Re&view plan…", lambda each: each.review(), "Ctrl+Return", starts_group=True)
    add("discard", "Discard &pending changes", lambda each: each.document.discard())
    register = window.registry.add
    register("schema.read", "Read agai&n", window.read_schema, menu="Schema")
    commands = window.commands
    register(
        "schema.history",
        "&History…",
        lambda: commands.show_history(window.current_ref()),
        menu="Schema",
        shortcut="Ctrl+H",
        starts_group=True,
    )
    register("schema.pushes", "P&ushes of all apps…", lambda: commands.show_history(None), menu="Schema")
    register("schema.compare", "&Compare…", lambda: commands.compare_app(window.current_ref()), menu="Schema")
    register("schema.groups", "Apps with the &same schema", window.app_tabs.show_cohorts, menu="Schema")


def _on_page(window: MainWindow, name: str, act: Callable[[SchemaEditor], object]) -> Callable[[SchemaEditor], object]:
    """Where the agents are in front, what they can do is done there; for the rest the editor comes to the front."""

    def go(editor: SchemaEditor) -> None:
        view = window.current_view()
        agents = view.agents if view is not None and view.is_agents_shown else None
        if agents is not None and name == "duplicate":
            agents.duplicate()
        elif agents is not None and name == "remove":
            agents.remove_or_restore()
        else:
            if agents is not None and view is not None and name not in _ANYWHERE:
                view.show_schema()
            act(editor)

    return go


def _on_editor(window: MainWindow, act: Callable[[SchemaEditor], object]) -> Callable[[], None]:
    def go() -> None:
        editor = window.current_editor()
        if editor is not None:
            act(editor)

    return go


def follow_editor(window: MainWindow) -> None:
    """Actions are grey where there is nothing that they could act on; undo and redo say what they are about."""
    registry = window.registry
    followed: list[SchemaDocument] = []

    def tell() -> None:
        editor = window.current_editor()
        can_edit = editor is not None and not editor.document.is_read_only
        for name in _EDITING:
            registry[name].setEnabled(can_edit)
        has_indexes = can_edit and editor is not None and editor.grids.indexes is not None
        for name in _TABLES:
            registry[name].setEnabled(has_indexes)
        for name in _READING:
            registry[name].setEnabled(editor is not None)
        has_changes = can_edit and editor is not None and editor.document.is_changed
        registry["schema.history"].setEnabled(window.current_ref() is not None)
        for name in ("schema.review", "schema.discard"):
            registry[name].setEnabled(has_changes)
        _tell_undo(window, editor)

    def follow() -> None:
        editor = window.current_editor()
        followed[:] = [each for each in followed if is_alive(each)]
        if editor is not None and editor.document not in followed:
            document = editor.document
            followed.append(document)
            for signal in (document.changed, document.base_changed, document.undo_changed):
                signal.connect(tell)
        tell()

    window.tabs.currentChanged.connect(lambda _at: follow())
    window.editor_changed.connect(follow)
    window.overview.app_list.selected.connect(lambda _ref: tell())
    follow()


def _tell_undo(window: MainWindow, editor: SchemaEditor | None) -> None:
    stack = editor.document.undo_stack if editor is not None else None
    undo, redo = window.registry["edit.undo"], window.registry["edit.redo"]
    undo.setEnabled(stack is not None and stack.canUndo())
    redo.setEnabled(stack is not None and stack.canRedo())
    undo.setText(_titled("&Undo", stack.undoText() if stack is not None else ""))
    redo.setText(_titled("Re&do", stack.redoText() if stack is not None else ""))


def _titled(verb: str, step: str) -> str:
    # A name may hold the sign that would underline the next letter.
    return f"{verb} “{step.replace('&', '&&')}”" if step else verb
