"""The end of a long job is told on the desktop: against a service for notifications on a bus of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusVirtualObject
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.ui.settings.preferences import Preferences
from app.ui.settings.settings import WindowSettings
from app.ui.window.notifier import Notifier
from app.ui.window.session_bus import bus_address
from app.ui.work.runner import Job, JobState

_SERVICE = "org.freedesktop.Notifications"
needs_bus = pytest.mark.skipif(
    not (shutil.which("dbus-daemon") and shutil.which("dbus-send")), reason="there is no dbus-daemon here"
)


class _Jobs(QObject):
    """Of a runner, what the notifier looks at."""

    jobs_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.known: tuple[Job, ...] = ()

    def jobs(self) -> tuple[Job, ...]:
        return self.known

    def end(self, *jobs: Job) -> None:
        self.known = (*jobs, *self.known)
        self.jobs_changed.emit()


class _Service(QDBusVirtualObject):
    """Notes what it is asked to show, with the types that came over the wire."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.asked: list[tuple[str, list[object]]] = []
        self.connection = QDBusConnection.connectToBus(address, "service of a test")
        assert self.connection.isConnected()
        path = "/org/freedesktop/Notifications"
        assert self.connection.registerVirtualObject(path, self, QDBusConnection.VirtualObjectRegisterOption.SubPath)
        assert self.connection.registerService(_SERVICE)

    def handleMessage(self, message: QDBusMessage, _connection: QDBusConnection) -> bool:
        self.asked.append((message.signature(), message.arguments()))
        self.connection.send(message.createReply(len(self.asked)))
        return True

    def introspect(self, _path: str) -> str:
        return ""


def _job(key: int = 1, *, took: float = 42.0, state: JobState = JobState.DONE, title: str = "Push to “Ana”") -> Job:
    return Job(key, title, state, 1_700_000_000.0, 1_700_000_000.0 + took, note="the table customer has 3 rows")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    configuration = tmp_path / "bus.conf"
    configuration.write_text(
        f"<busconfig><type>session</type><listen>unix:path={tmp_path}/bus</listen><auth>EXTERNAL</auth>"
        '<policy context="default"><allow send_destination="*"/>'
        '<allow receive_sender="*"/><allow own="*"/></policy></busconfig>'
    )
    with subprocess.Popen(
        ["dbus-daemon", f"--config-file={configuration}", "--nofork", "--print-address"], stdout=subprocess.PIPE
    ) as daemon:
        assert daemon.stdout is not None
        yield daemon.stdout.readline().decode().strip()
        daemon.terminate()


@pytest.fixture
def service(qtbot: QtBot, address: str) -> Iterator[_Service]:
    made = _Service(address)
    yield made
    QDBusConnection.disconnectFromBus("service of a test")


@pytest.fixture
def jobs() -> _Jobs:
    return _Jobs()


@pytest.fixture
def preferences(tmp_path: Path) -> Preferences:
    return Preferences(WindowSettings(tmp_path / "settings.ini"))


@pytest.fixture
def make(qtbot: QtBot, jobs: _Jobs, preferences: Preferences) -> Iterator[object]:
    window = QWidget()
    qtbot.addWidget(window)
    made: list[Notifier] = []

    def make_one(environment: dict[str, str]) -> Notifier:
        made.append(Notifier(window, jobs, preferences, environment))  # type: ignore[arg-type]
        made[0].is_in_front = lambda: False
        return made[0]

    yield make_one
    for each in made:
        each.close()


@needs_bus
def test_long_job_that_ends_is_told_by_name_without_its_data(
    qtbot: QtBot, jobs: _Jobs, make, address: str, service: _Service
) -> None:
    make({"DBUS_SESSION_BUS_ADDRESS": address})
    jobs.end(_job())
    qtbot.waitUntil(lambda: bool(service.asked))
    signature, given = service.asked[0]
    assert signature == "susssasa{sv}i"
    assert given[:5] == ["Tenantry", 0, "tenantry", "Done: Push to “Ana”", "It took 42 seconds."]
    assert given[5] == ["default", "Show"]
    assert "customer" not in str(given)


@needs_bus
def test_failed_job_says_so(qtbot: QtBot, jobs: _Jobs, make, address: str, service: _Service) -> None:
    make({"DBUS_SESSION_BUS_ADDRESS": address})
    jobs.end(_job(state=JobState.FAILED, took=180))
    qtbot.waitUntil(lambda: bool(service.asked))
    assert service.asked[0][1][3:5] == ["Failed: Push to “Ana”", "It took 3 minutes. Open the window to see why."]


@needs_bus
def test_click_on_the_notification_names_the_job(
    qtbot: QtBot, jobs: _Jobs, make, address: str, service: _Service
) -> None:
    notifier = make({"DBUS_SESSION_BUS_ADDRESS": address})
    clicked: list[int] = []
    notifier.clicked.connect(clicked.append)
    jobs.end(_job(7))
    qtbot.waitUntil(lambda: bool(notifier._jobs))
    for number, key in ((99, "default"), (1, "default")):
        subprocess.run(
            ["dbus-send", f"--bus={address}", "--type=signal", "/org/freedesktop/Notifications"]
            + [f"{_SERVICE}.ActionInvoked", f"uint32:{number}", f"string:{key}"],
            check=True,
        )
    qtbot.waitUntil(lambda: clicked == [7])


@needs_bus
def test_only_long_jobs_that_ended_meanwhile_are_told(
    qtbot: QtBot, jobs: _Jobs, make, address: str, service: _Service, preferences: Preferences
) -> None:
    jobs.known = (_job(1, title="Before"),)
    notifier = make({"DBUS_SESSION_BUS_ADDRESS": address})
    jobs.end(_job(2, took=3, title="Short"), _job(3, state=JobState.CANCELLED, title="Cancelled"))
    notifier.is_in_front = lambda: True
    jobs.end(_job(4, title="Seen"))
    notifier.is_in_front = lambda: False
    preferences.set("notify.long_jobs", False)
    jobs.end(_job(5, title="Unwanted"))
    preferences.set("notify.long_jobs", True)
    preferences.set("notify.after_s", 2)
    jobs.end(_job(6, took=3, title="Long enough"))
    qtbot.waitUntil(lambda: bool(service.asked))
    assert [given[3] for _, given in service.asked] == ["Done: Long enough"]


@pytest.mark.parametrize("environment", [{}, {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere/bus"}])
def test_without_a_bus_the_tray_is_asked(
    qtbot: QtBot, jobs: _Jobs, make, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    notifier = make(environment)
    told: list[str] = []
    monkeypatch.setattr(notifier, "_tell_in_tray", lambda title, _job: told.append(title))
    jobs.end(_job())
    qtbot.waitUntil(lambda: told == ["Done: Push to “Ana”"])
    jobs.end(_job(2))
    qtbot.waitUntil(lambda: len(told) == 2)


@needs_bus
def test_bus_without_a_service_asks_the_tray(
    qtbot: QtBot, jobs: _Jobs, make, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    notifier = make({"DBUS_SESSION_BUS_ADDRESS": address})
    told: list[str] = []
    monkeypatch.setattr(notifier, "_tell_in_tray", lambda title, _job: told.append(title))
    jobs.end(_job())
    qtbot.waitUntil(lambda: told == ["Done: Push to “Ana”"])


def test_bus_address_takes_what_desktops_write(tmp_path: Path) -> None:
    assert bus_address({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1/bus,guid=0a"}) == ("/run/user/1/bus", False)
    assert bus_address({"DBUS_SESSION_BUS_ADDRESS": "tcp:host=x;unix:abstract=/tmp/d%20bus"}) == ("/tmp/d bus", True)
    assert bus_address({"XDG_RUNTIME_DIR": str(tmp_path)}) is None
    os.mkfifo(tmp_path / "bus")
    assert bus_address({"XDG_RUNTIME_DIR": str(tmp_path)}) == (str(tmp_path / "bus"), False)
