"""``./dev shot DIR``: render the screens to PNG.

``DIR/screens/<screen>-<theme>.png`` is every screen and dialog over fakes, light, dark and in high contrast;
``DIR/<screen>-<theme>.png`` the main ones with the sample data of a real local platform, light and dark.
``./dev shot --screens DIR`` renders the former alone, ``./dev shot --readme`` the README's picture.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from app.bootstrap import build_services
from app.services.connections import BUILTIN_ID
from app.services.engine import Engine
from app.storage.last_known import LastKnownReader
from app.storage.paths import Profile, resources_dir
from app.ui.apps.create_app_dialog import CreateAppDialog
from app.ui.connections.connection_dialog import ConnectionDialog, Kind
from app.ui.help.doctor_view import DoctorView
from app.ui.look.theme import ThemeChoice
from app.ui.program.application import Start, make_application
from tests.shot import agents, foundation, screens, stores, tables, workshop

_LIMIT_MS = 60_000
_SIZE = (1440, 900)


def until(is_true: Callable[[], object], what: str) -> None:
    """Run the event loop until something holds; the program runs on the same loop."""
    loop, watch, limit = QEventLoop(), QTimer(), QTimer()
    watch.timeout.connect(lambda: loop.quit() if is_true() else None)
    limit.timeout.connect(lambda: loop.exit(1))
    watch.start(20)
    limit.start(_LIMIT_MS)
    if loop.exec():
        raise RuntimeError(f"waited in vain for {what}")


def settled() -> None:
    """A few turns of the loop: layouts, delayed paints."""
    loop = QEventLoop()
    QTimer.singleShot(250, loop.quit)
    loop.exec()


def save(widget: QWidget, target: Path) -> None:
    settled()
    save_at_once(widget, target)


def save_at_once(widget: QWidget, target: Path) -> None:
    if not widget.grab().save(str(target)):
        raise RuntimeError(f"{target} could not be written")
    print(target)


@contextmanager
def program(profile: Profile) -> Iterator[Start]:
    """The whole program on a fresh profile, with the sample data loaded and read."""
    application = QApplication.instance() or make_application(["tenantry"])
    assert isinstance(application, QApplication)
    profile.make()
    reader = LastKnownReader(profile.database_path)
    engine = Engine(functools.partial(build_services, profile))
    start = Start(application, profile, reader, engine)
    start.window.resize(*_SIZE)
    start.begin()
    until(lambda: engine.is_running, "the engine")
    future = engine.submit(_opened)
    until(future.done, "the local platform")
    future.result()
    until(lambda: len(start.window.data.table.rows) > 10 and start.window.data.findings(), "apps and findings")
    start.window.resize(*_SIZE)
    try:
        yield start
    finally:
        start.window.close()
        until(lambda: not engine.is_running, "the engine to stop")
        start.end()


async def _opened(services) -> None:
    await services.local_platform.start()
    await services.directory.refresh([BUILTIN_ID])
    await services.status.check(BUILTIN_ID)


def main_window(start: Start) -> QWidget:
    tree = start.window.tree
    assert tree is not None
    return start.window


def connection_dialog(start: Start) -> QDialog:
    return ConnectionDialog(start.runner, None, start.window)


def postgres_connection_dialog(start: Start) -> QDialog:
    dialog = ConnectionDialog(start.runner, None, start.window)
    dialog.server.take_address("postgresql://ada:secret@db.example:5432/shop?sslmode=verify-full")
    dialog.kind_box.setCurrentIndex(dialog.kind_box.findData(Kind.POSTGRES))
    dialog.kind_box.activated.emit(dialog.kind_box.currentIndex())
    dialog.server.main_box.setChecked(True)
    return dialog


def create_app_dialog(start: Start) -> QDialog:
    data = start.window.data
    return CreateAppDialog(start.runner, data.connections, BUILTIN_ID, start.window)


def doctor(start: Start) -> QWidget:
    start.window.show_doctor()
    page = start.window.tabs.currentWidget()
    assert isinstance(page, DoctorView)
    until(lambda: page.report is not None and page.list.is_full, "the doctor's report")
    return start.window


DIALOGS = {
    "connection-dialog": connection_dialog,
    "connection-dialog-postgres": postgres_connection_dialog,
    "create-app-dialog": create_app_dialog,
}
THEMES = (ThemeChoice.LIGHT, ThemeChoice.DARK)


def render_all(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as profile, program(Profile.at(Path(profile))) as start:
        workshop.fill(start, until)
        for theme in THEMES:
            start.theme.set_choice(theme)
            start.window.tabs.setCurrentIndex(0)
            save(main_window(start), folder / f"overview-{theme.value}.png")
            for name, make in DIALOGS.items():
                dialog = make(start)
                dialog.open()
                save(dialog, folder / f"{name}-{theme.value}.png")
                dialog.reject()
            for name, widget in workshop.screens(start, until):
                save(widget, folder / f"{name}-{theme.value}.png")
            for name, widget in agents.screens(start, until):
                save(widget, folder / f"{name}-{theme.value}.png")
            for name, widget in foundation.screens(start, until):
                save(widget, folder / f"{name}-{theme.value}.png")
            for name, widget in tables.screens(start, until):
                save(widget, folder / f"{name}-{theme.value}.png")
            for name, widget in stores.screens(start, until):
                save(widget, folder / f"{name}-{theme.value}.png")
            save(doctor(start), folder / f"doctor-{theme.value}.png")
            start.window.close_current_tab()


def render_readme() -> None:
    with tempfile.TemporaryDirectory() as profile, program(Profile.at(Path(profile))) as start:
        start.theme.set_choice(ThemeChoice.LIGHT)
        folder = resources_dir() / "screenshots"
        folder.mkdir(exist_ok=True)
        start.window.tabs.setCurrentIndex(0)
        save(main_window(start), folder / "overview-light.png")
        name, widget = next(workshop.screens(start, until))
        save(widget, folder / f"{name.replace('-diagram', '')}-light.png")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev shot", description="Render the screens to PNG, light and dark.")
    parser.add_argument("folder", metavar="DIR", type=Path, nargs="?", help="where the pictures go")
    parser.add_argument("--readme", action="store_true", help="render the README's picture instead")
    parser.add_argument("--pictures", action="store_true", help="render the pictures of the help instead")
    parser.add_argument("--screens", action="store_true", help="only what needs no platform: each screen over fakes")
    options = parser.parse_args()
    if options.pictures:
        from tests.shot import help_pictures

        help_pictures.main([])
        return 0
    if options.readme:
        render_readme()
        return 0
    if options.folder is None:
        parser.error("say where the pictures go: ./dev shot DIR")
    options.folder.mkdir(parents=True, exist_ok=True)
    screens.render(options.folder / "screens", save_at_once)
    if not options.screens:
        render_all(options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
