"""The actions about agents and templates: names, menus and keys."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING

from app.core.text import plain
from app.platforms.traits import registry_refusal
from app.ui.look.icons import sign

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.core.refs import AppRef
    from app.services.suite import Services
    from app.services.templates import Template
    from app.ui.agents.save_template_dialog import SaveTemplateDialog

    from .app_view import AppView
    from .main_window import MainWindow

_ON_APP = ("agents.show", "agents.add", "agents.save")


def add_agents_actions(window: MainWindow) -> None:
    add = window.registry.add
    menu = "Schema/A&gents and templates"
    show, make = _on_app(window, lambda view: view.show_agents()), _on_app(window, lambda view: view.add_agent())
    add("agents.show", "&Agents", show, menu=menu, shortcut="Ctrl+7")
    add("agents.add", "Add a&gent…", make, menu=menu, shortcut="Ctrl+Shift+G", icon=sign("plus"))
    save = _on_current(window, lambda ref: save_template(window, ref, None))
    add("agents.save", "&Save app as template…", save, menu=menu, starts_group=True)
    add("agents.templates", "&Templates…", lambda: show_templates(window), menu=menu)


def follow_app(window: MainWindow) -> None:
    """What needs an app is grey without one."""

    def tell() -> None:
        refusal = agents_refusal(window, window.current_ref())
        for name in _ON_APP:
            window.registry[name].setEnabled(refusal == "")
            window.registry[name].setToolTip(refusal or "")

    window.tabs.currentChanged.connect(lambda _at: tell())
    window.overview.app_list.selected.connect(lambda _ref: tell())
    window.data.apps_changed.connect(tell)
    window.app_tabs.template_wanted.connect(lambda ref, names: save_template(window, ref, names))
    window.app_tabs.templates_requested.connect(lambda: show_templates(window))
    tell()


def agents_refusal(window: MainWindow, ref: AppRef | None) -> str | None:
    """Why there are no agents and templates of this app; None without an app, "" where there are."""
    connection = window.data.connection(ref.connection_id) if ref is not None else None
    return registry_refusal(connection) if connection is not None else None


def save_template(
    window: MainWindow, ref: AppRef, names: Collection[str] | None, parent: QWidget | None = None
) -> SaveTemplateDialog | None:
    """Of these agents of an app, None for all; None where the app is not in the list (any more)."""
    from app.ui.agents.save_template_dialog import SaveTemplateDialog

    app, connection = window.data.app(ref), window.data.connection(ref.connection_id)
    if app is None or connection is None:
        window.status.confirm("This app is not in the list (any more)")
        return None
    refusal = registry_refusal(connection)
    if refusal:
        window.status.confirm(refusal)
        return None
    dialog = SaveTemplateDialog(window.runner, connection, app, names, parent or window)
    dialog.saved.connect(lambda template: window.status.confirm(f"Saved the template “{plain(template.title, 60)}”"))
    dialog.open()
    return dialog


def show_templates(window: MainWindow) -> None:
    from app.ui.agents.templates_dialog import TemplatesDialog

    ref = window.current_ref()
    app = window.data.app(ref) if ref is not None and agents_refusal(window, ref) == "" else None
    dialog = TemplatesDialog(window.runner, window, app_title=(app.title or "untitled") if app is not None else "")
    dialog.told.connect(window.status.confirm)
    dialog.deleted.connect(partial(_tell_deleted, window))

    def save() -> None:
        saving = save_template(window, ref, None, dialog) if ref is not None else None
        if saving is not None:
            saving.saved.connect(lambda template: dialog.read(template.name))

    dialog.save_requested.connect(save)
    dialog.open()


def _tell_deleted(window: MainWindow, template: Template) -> None:
    """Its name, version and followers are as they were once it is saved again."""
    title = plain(template.title, 60)

    async def save(services: Services) -> Template:
        return await services.template_library.save(template)

    def undo() -> None:
        window.runner.start(
            save,
            owner=window,
            title=f"Bring the template {plain(template.title, 40)} back",
            done=lambda _kept: window.status.confirm(f"The template “{title}” is back"),
        )

    window.comfort.messages.show(f"Deleted the template “{title}”", "Undo", undo)


def _on_current(window: MainWindow, act: Callable[[AppRef], object]) -> Callable[[], None]:
    def go() -> None:
        ref = window.current_ref()
        if ref is not None:
            act(ref)

    return go


def _on_app(window: MainWindow, act: Callable[[AppView], object]) -> Callable[[], None]:
    """Opens the app's tab where it is not in front yet."""

    def go(ref: AppRef) -> None:
        view = window.app_tabs.open(ref)
        if view is not None:
            act(view)

    return _on_current(window, go)
