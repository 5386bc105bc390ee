"""Opens the window and runs it: the window first, everything else behind it."""

from __future__ import annotations

import signal
import socket
import sys
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QObject,
    QSocketNotifier,
    Qt,
    QTimer,
    Signal,
    qInstallMessageHandler,
)
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from app.ui.look.theme import Theme
from app.ui.program.run_watch import RunWatch, log_qt
from app.ui.settings.settings import WindowSettings
from app.ui.window.main_window import MainWindow
from app.ui.work import start_trace
from app.ui.work.runner import Reach, Runner

if TYPE_CHECKING:
    from qasync import QEventLoop

    from app.storage.last_known import LastKnown, LastKnownReader
    from app.storage.paths import Profile
    from app.ui.program.arrivals import Arrivals, OpenedFiles
    from app.ui.program.collector import Collector
    from app.ui.program.entry import Entry

# The services start at the latest then, even where the last-known state is still being read.
_PATIENCE_MS = 250


def run(profile: Profile, last_known: LastKnownReader, engine: Reach, entry: Entry | None = None) -> int:
    """Show the window at once, start the engine after its first paint; the answer is the exit code.

    Without an ``entry`` nothing is opened, and no other launch is heard of.
    """
    application = make_application(sys.argv[:1])
    watch = RunWatch(profile, entry.clean) if entry is not None else None
    try:
        start = Start(application, profile, last_known, engine, entry, watch)
        start.begin()
        code = start.run()
    except BaseException as error:
        if watch is not None:
            watch.failed(error)
        raise
    start.end()
    if watch is not None:
        watch.end()
    return code


def make_application(arguments: list[str]) -> QApplication:
    """The application, named and styled alike on every desktop."""
    QApplication.setStyle("Fusion")
    application = QApplication(arguments)
    application.setApplicationName("tenantry")
    application.setApplicationDisplayName("Tenantry")
    application.setDesktopFileName("tenantry")
    # The window's close button begins the shutdown; the loop ends when that is over.
    application.setQuitOnLastWindowClosed(False)
    return application


class Start(QObject):
    """The order of the start: paint, last-known state, engine, the rest of the window."""

    _read = Signal(object)

    def __init__(
        self,
        application: QApplication,
        profile: Profile,
        last_known: LastKnownReader,
        engine: Reach,
        entry: Entry | None = None,
        watch: RunWatch | None = None,
    ) -> None:
        super().__init__()
        self._application, self._last_known = application, last_known
        self._profile, self._entry, self._watch = profile, entry, watch
        self._arrivals: Arrivals | None = None
        self._files = _opened_files(application)
        settings = WindowSettings(profile.settings_path)
        self.theme = Theme(application, settings.theme, settings.text_scale, is_sheet_later=True)
        self.runner = Runner(engine)
        self.window = MainWindow(self.runner, settings, self.theme, profile.data_dir)
        self.theme.dress()
        self.window.closed.connect(lambda: application.exit(0))
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(self._open)
        self._read.connect(self._show_last_known, Qt.ConnectionType.QueuedConnection)
        self._is_open = False
        self._loop: QEventLoop | None = None
        self._signals: _SignalWatch | None = None
        self._collector: Collector | None = None
        self._icon_path = str(_icon_path())

    def begin(self) -> None:
        """Show the window; all else follows its first paint."""
        start_trace.AfterPaint(self.window, self._painted)
        self.window.show()

    def run(self) -> int:
        """The event loop of Qt, and from the first paint on of asyncio, until the window is closed."""
        code: int = self._application.exec()
        return code

    def end(self) -> None:
        """Give back what the process holds; the engine has stopped."""
        if self._collector is not None:
            self._collector.stop()
        if self._signals is not None:
            self._signals.close()
        if self._loop is not None:
            # WORKAROUND: a loop that joined a running application cannot be told otherwise that it has ended
            # (qasync 0.28), and does not close while it believes to run.
            self._loop._QEventLoop__is_running = False
            self._loop.close()
        if self._arrivals is not None:
            self._arrivals.close()
        sys.excepthook = sys.__excepthook__
        qInstallMessageHandler(None)
        # Widgets go while the application is still there, and in our order, not the interpreter's.
        self.window.deleteLater()
        QApplication.sendPostedEvents(self.window, 0)

    def _painted(self) -> None:
        start_trace.note("first_paint")
        self._patience.start()
        # Not earlier: reading takes the interpreter from the imports, and the first paint comes that much later.
        self._last_known.start()
        self._last_known.add_done_callback(self._read.emit)

    def _show_last_known(self, known: LastKnown) -> None:
        if known.apps:
            start_trace.AfterPaint(self.window.overview.app_list.view.viewport(), self._listed)
            self.window.show_last_known(known)
            self.window.overview.app_list.view.viewport().update()
        else:
            self.window.show_last_known(known)
            self._open()

    def _listed(self) -> None:
        start_trace.note("list_ready")
        self._open()

    def _open(self) -> None:
        """The engine first, so that its imports run while the window builds its lesser parts."""
        if self._is_open:
            return
        self._is_open = True
        self._patience.stop()
        self._install_hooks()
        _settle_memory()
        self._join_asyncio()
        self.runner.open()
        self.window.complete()
        self.window.comfort.greet()
        self._collect()
        self.window.setWindowIcon(QIcon(self._icon_path))
        # A turn later: nobody in front of the window waits for it.
        QTimer.singleShot(0, self, self._hear_of_others)

    def _hear_of_others(self) -> None:
        """Targets, second launches, and what is left of the last run."""
        if self._entry is None or self.window.closing.is_running:
            return
        from app.ui.program.arrivals import Arrivals

        self._arrivals = Arrivals(self.window, self._entry, self._files, self)
        if self._watch is not None:
            self._watch.join(self.runner)
            self.window.launch.use(self._watch.reports, self._profile.log_path, self._entry.clean)

    def _collect(self) -> None:
        from app.ui.program.collector import Collector

        self._collector = Collector(self)
        self._collector.start()

    def _join_asyncio(self) -> None:
        """Coroutines run on Qt's loop from here on; before the first paint nobody needs asyncio's import time."""
        import qasync

        self._loop = qasync.QEventLoop(self._application, already_running=True)

    def _install_hooks(self) -> None:
        qInstallMessageHandler(log_qt if self._watch is None else self._watch.log_qt)
        sys.excepthook = self._route
        self._signals = _SignalWatch(self.window.close, self)

    def _route(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """What escapes a slot: shown like any other bug, never lost."""
        if issubclass(kind, KeyboardInterrupt):
            self.window.close()
            return
        self.runner.route(error.with_traceback(trace), "An action")


class _SignalWatch(QObject):
    """SIGTERM, SIGINT and the end of the terminal close the window as its button does.

    Python runs signal handlers only between its own instructions; the wake-up socket brings Qt's loop there.
    """

    def __init__(self, close: object, parent: QObject) -> None:
        super().__init__(parent)
        self._close_window = close
        self._was_asked = False  # before a signal can come
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._before_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._before = {each: signal.signal(each, self._note) for each in _closing_signals()}
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._drain)

    def close(self) -> None:
        self._notifier.setEnabled(False)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._before_fd)
        self._reader.close()
        self._writer.close()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._was_asked = True

    def _drain(self) -> None:
        self._reader.recv(64)
        if self._was_asked and callable(self._close_window):
            self._was_asked = False
            self._close_window()


def _settle_memory() -> None:
    """Before the engine, whose threads would each have a heap of their own; not before the first paint."""
    from app.ui.program.allocator import settle

    settle()


def _opened_files(application: QApplication) -> OpenedFiles | None:
    """Only where the system has such events: each event of the program passes through this."""
    if sys.platform != "darwin":
        return None
    from app.ui.program.arrivals import OpenedFiles

    return OpenedFiles(application)


def _closing_signals() -> list[signal.Signals]:
    found = [signal.SIGTERM, signal.SIGINT]
    # Not where it was started so that it outlives its terminal.
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        found.append(signal.SIGHUP)
    return found


def _icon_path() -> object:
    from app.storage.paths import resources_dir

    return resources_dir() / "icons" / "tenantry.svg"
