"""The real program over sample data in a folder of its own, and a monkey at its window.

    python -m tests.support.monkey_world FOLDER --seed 7 --seconds 20
    python -m tests.support.monkey_world FOLDER --replay OTHER/actions.jsonl

``FOLDER`` must be empty: profile, platform, databases and what is saved go there, and ``actions.jsonl``, what was done.
Prints a report as JSON; the exit code is 1 where something was found.
"""

from __future__ import annotations

import argparse
import compileall
import dataclasses
import faulthandler
import functools
import importlib
import json
import os
import random
import socket
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import app
from app.core.refs import AppRef

# Before Qt and the program: nothing of whoever runs this may be read or written.
_FOLDERS = {"HOME": "home", "XDG_CONFIG_HOME": "home/config", "XDG_DATA_HOME": "home/data", "TMPDIR": "tmp"}
SIZE = (1400, 900)
SPARED = frozenset({"window.quit"})
_STEP_MS = 8
_REST_EVERY = 8
_REST_MS = 120
_PATIENCE_S = 60.0
_MOST_FINDINGS = 10
_LABELS = ("Instant · local", "Workspaces", "Archive")


class World:
    """``findings`` are (kind, text, number of the action before it)."""

    def __init__(self, folder: Path, seed: int) -> None:
        from PySide6.QtWidgets import QApplication

        from app.bootstrap import build_services
        from app.services.engine import Engine
        from app.storage.last_known import LastKnownReader
        from app.storage.paths import Profile
        from app.ui.program.application import Start, make_application
        from tests.support.monkey_watch import Drafts, Heart, Troubles

        self.folder, self.seed = folder, seed
        self.findings: list[dict[str, Any]] = []
        self.done = 0
        profile = Profile.at(folder / "profile")
        profile.make()
        existing = QApplication.instance()
        application = existing if isinstance(existing, QApplication) else make_application(["monkey"])
        self.engine = Engine(functools.partial(build_services, profile))
        self.start = Start(application, profile, LastKnownReader(profile.database_path), self.engine)
        self.window = self.start.window
        self.window.registry["window.quit"].setEnabled(False)
        self.window.resize(*SIZE)
        self.start.begin()
        until(lambda: self.engine.is_running and self.window.tree is not None)
        self.troubles = Troubles(self.find, self.start.runner)
        self._open_samples()
        self.drafts = Drafts(self.window, self.find)
        self._take_care()
        self.heart = Heart()
        self.start.theme.changed.connect(self.heart.look_changed)

    def find(self, kind: str, text: str) -> None:
        self.findings.append({"kind": kind, "text": text, "after": self.done})

    def actions(self) -> Sequence[Any]:
        return tuple(self.window.registry)

    def visit(self, number: int) -> None:
        rows = self.window.data.table.rows
        if rows:
            app = rows[number % len(rows)]
            self.window.open_app(AppRef(app.connection_id, app.app_id))

    def pause(self) -> None:
        """A moment, as between two actions of a person in no hurry."""
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(_REST_MS, loop.quit)
        loop.exec()

    def asked(self, work: Callable[[Any], Any]) -> Any:
        future = self.engine.submit(work)
        until(future.done)
        return future.result()

    def _open_samples(self) -> None:
        """The local platform with its sample data, and a main database with stores in files."""
        from app.core.connection import Environment, Platform
        from app.services.connections import BUILTIN_ID, ConnectionDraft
        from tests.support.store_world import hosted_files

        stores = self.folder / "stores"
        stores.mkdir()
        dsn, archive = hosted_files(stores, has_findings=True).main_dsn, f"sqlite:///{stores / 'store_0.db'}"
        drafts = [
            ConnectionDraft(_LABELS[1], Platform.POSTGRES, dsn, Environment.STAGING, foundation_app_id="main"),
            ConnectionDraft(_LABELS[2], Platform.POSTGRES, archive, Environment.PRODUCTION),
        ]

        async def opened(services: Any) -> None:
            await services.local_platform.start()
            for each in drafts:
                await services.connections.add(each)
            await services.directory.refresh([BUILTIN_ID])

        self.asked(opened)
        until(lambda: len(self.window.data.connections) > len(drafts) and len(self.window.data.table.rows) > 1)

    def forget_connections(self) -> None:
        """Those that the monkey has added."""

        async def removed(services: Any) -> None:
            for each in services.connections.all():
                if each.label not in _LABELS:
                    await services.connections.remove(each.id)

        self.asked(removed)

    def _take_care(self) -> None:
        """A push is what takes staged edits away for good."""
        from app.ui.schema.schema_document import SchemaDocument

        taken = SchemaDocument.take_pushed

        def take_pushed(document: Any, *arguments: Any) -> None:
            self.drafts.pushed.add(document.ref)
            taken(document, *arguments)

        SchemaDocument.take_pushed = take_pushed  # type: ignore[method-assign]

    def close(self) -> None:
        """As the operator does; what is staged must be in the local database then."""
        self.heart.close()
        for each in self.heart.stalls():
            self.find("stall", each)
        staged = self.drafts.all_now()
        self.window.close()
        until(lambda: not self.engine.is_running and not self.window.closing.is_running)
        self._look_for(staged)
        self.troubles.close()
        self.start.end()

    def _look_for(self, staged: dict[Any, Any]) -> None:
        from app.services.drafts import DraftShelf, is_same
        from app.services.hub import ChangeHub
        from app.storage.database import Database
        from app.storage.paths import Profile
        from app.storage.stores import ConnectionStore
        from app.storage.workshop_stores import DraftStore

        database = Database.open(Profile.at(self.folder / "profile").database_path)
        shelf = DraftShelf(DraftStore(database), ChangeHub())
        there = {each.id for each in ConnectionStore(database).all()}
        for ref, draft in staged.items():
            if ref.connection_id not in there:
                # With a connection that was removed go the edits of its apps.
                continue
            kept = shelf._load(ref)
            if (kept is None or not is_same(kept.draft, draft)) and draft.plan():
                found = "nothing" if kept is None else f"{kept.draft.plan()}"
                self.find("lost draft", f"Edits of {ref} at the end: {draft.plan()}; kept is {found}")
        database.close()


class Session:
    """Actions one after the other, on the window's own event loop, until ``is_over``."""

    def __init__(self, world: World, log: Path, replay: Sequence[dict[str, Any]] = ()) -> None:
        from PySide6.QtCore import QTimer

        from tests.support.monkey import Monkey

        # One for all: PySide 6.11 keeps something of each single shot at a method of what is no QObject.
        self._clock = QTimer(singleShot=True)
        self._clock.timeout.connect(self._step)
        self._world = world
        self._monkey = Monkey(world.seed, world.actions, SPARED)
        self._log = log.open("a", encoding="utf-8", buffering=1)
        self._replay = list(replay)
        self._is_replay = bool(replay)
        self._began = time.monotonic()
        self._waited_since = 0.0
        self._is_over: Callable[[], bool] = lambda: True
        self._quit: Callable[[], None] = lambda: None

    def close(self) -> None:
        self._log.close()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def run(self, is_over: Callable[[], bool]) -> None:
        from PySide6.QtCore import QEventLoop

        loop = QEventLoop()
        self._is_over, self._quit = is_over, loop.quit
        self._clock.start(0)
        loop.exec()

    def _step(self) -> None:
        """The next one is due before this one acts: a menu may run a loop of its own until it is shut."""
        world = self._world
        if self._is_over() or len(world.findings) >= _MOST_FINDINGS or (self._is_replay and not self._replay):
            self._end()
            return
        with world.heart.unheard():
            is_kept = world.drafts.check(world)
            chosen = self._next() if is_kept else None
        if chosen is None:
            self._clock.start(_STEP_MS)
            return
        action, widget = chosen
        self._note(action)
        rest = _REST_MS if world.done % _REST_EVERY == 0 else _STEP_MS
        self._clock.start(action.data.get("ms", rest))
        with world.heart.unheard():
            world.drafts.note()
        self._perform(action, widget)

    def _end(self) -> None:
        """An open menu runs a loop of its own: it is shut first, or this one would never return."""
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QApplication

        popup = QApplication.activePopupWidget()
        if popup is None:
            self._quit()
        else:
            popup.close()
            QTimer.singleShot(_STEP_MS, self._end)

    def _perform(self, action: Any, widget: Any) -> None:
        from tests.support.monkey import Hands, perform

        perform(action, widget, Hands(self._world.actions, self._world.heart.beat, self._world.visit))

    def _next(self) -> tuple[Any, Any] | None:
        if not self._is_replay:
            return self._monkey.choose()
        from tests.support.monkey import Action, find

        noted = self._replay[0]
        action = Action(noted["kind"], noted["window"], tuple(noted["path"]), noted["said"], noted["data"])
        widget = find(action)
        if widget is None and time.monotonic() - self._waited_since < 1.0:
            return None
        self._waited_since = time.monotonic()
        self._replay.pop(0)
        return (action, widget) if widget is not None else None

    def _note(self, action: Any) -> None:
        self._world.done += 1
        entry = {"n": self._world.done, "at": round(self.seconds, 3), **dataclasses.asdict(action)}
        self._log.write(json.dumps(entry, ensure_ascii=True) + "\n")


def until(is_true: Callable[[], bool]) -> None:
    """Run the window's event loop, as it is run in the program, until something holds."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop, deadline = QEventLoop(), time.monotonic() + _PATIENCE_S
    watch = QTimer()
    watch.timeout.connect(lambda: loop.quit() if is_true() or time.monotonic() > deadline else None)
    watch.start(20)
    if not is_true():
        loop.exec()
    watch.stop()
    if not is_true():
        raise TimeoutError("The window did not get there.")


def shut_off(folder: Path) -> None:
    """Only this folder and this machine: no home, no keyring, no network, no file dialogs."""
    # As in the program before anything of Qt: it ends a search that keeps the text of every module in memory.
    importlib.import_module("app.ui")

    from PySide6.QtGui import QDesktopServices
    from PySide6.QtWidgets import QFileDialog

    found = socket.getaddrinfo

    def near_only(host: Any, *arguments: Any, **named: Any) -> Any:
        if host not in ("127.0.0.1", "localhost", "::1", None):
            raise socket.gaierror(socket.EAI_NONAME, "A monkey stays at home.")
        return found(host, *arguments, **named)

    socket.getaddrinfo = near_only
    chance = random.Random(0)
    saved = folder / "saved"
    saved.mkdir()

    def choose(dialog: QFileDialog) -> None:
        """Straight away, a file in our own folder or none, as if the operator had chosen it."""
        name = chance.choice(("", "one.txt", "two.json", "three.ts", "new/four.db"))
        if name and dialog.acceptMode() is not QFileDialog.AcceptMode.AcceptSave:
            (saved / name).parent.mkdir(exist_ok=True)
            (saved / name).touch()
        if name:
            dialog.fileSelected.emit(str(saved / name))
            dialog.filesSelected.emit([str(saved / name)])
        dialog.done(1 if name else 0)
        dialog.deleteLater()

    QFileDialog.open = choose  # type: ignore[method-assign, assignment]
    QFileDialog.exec = QFileDialog.show = choose  # type: ignore[method-assign, assignment]
    QDesktopServices.openUrl = staticmethod(lambda _url: True)  # type: ignore[method-assign, assignment]
    _stay_off_servers()


def _stay_off_servers() -> None:
    import psycopg

    async def refused(*_: Any, **__: Any) -> Any:
        raise psycopg.OperationalError("connection refused: a monkey stays at home")

    psycopg.AsyncConnection.connect = refused  # type: ignore[method-assign, assignment]


def set_home(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, place in _FOLDERS.items():
        (folder / place).mkdir(parents=True, exist_ok=True)
        os.environ[name] = str(folder / place)
    os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)
    os.environ.pop("APP_MODE", None)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.chdir(folder)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.support.monkey_world")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--replay", type=Path)
    asked = parser.parse_args()
    folder = asked.folder.absolute()
    noted = [json.loads(line) for line in asked.replay.read_text().splitlines()] if asked.replay else []
    set_home(folder)
    faulthandler.enable()
    # As setting up does: what is compiled only now would count as the window's own time.
    compileall.compile_dir(Path(app.__file__).parent, quiet=2)
    warnings.simplefilter("error")
    shut_off(folder)
    world = World(folder, asked.seed)
    session = Session(world, folder / "actions.jsonl", noted)
    session.run(lambda: not noted and session.seconds > asked.seconds)
    session.close()
    world.close()
    report = {
        "seed": asked.seed,
        "actions": world.done,
        "seconds": round(session.seconds, 1),
        "over_staged_edits": world.drafts.actions_over_staged,
        "pushes": world.drafts.pushes,
        "slow_places": world.heart.slow_places(),
        "findings": world.findings,
    }
    print(json.dumps(report, indent=2))
    return 1 if world.findings else 0


if __name__ == "__main__":
    try:
        code = main()
    except BaseException:
        # The window's own hook would show it to an operator.
        sys.excepthook = sys.__excepthook__
        raise
    sys.exit(code)
