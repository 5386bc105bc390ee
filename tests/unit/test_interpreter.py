"""PySide6 6.12.0 on Python 3.11 and older loses a reference to None in each void call, until the process aborts."""

import sys

from PySide6.QtCore import QCoreApplication, QObject, Signal


class Emitter(QObject):
    happened = Signal()


def test_qt_void_calls_and_emits_keep_the_references_to_singletons(qapp):
    emitter = Emitter()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(2_000):
        QCoreApplication.processEvents()
        emitter.happened.emit()
    lost = before[0] - sys.getrefcount(None), before[1] - sys.getrefcount(True)
    assert max(lost) < 200
