"""The window: the only room that imports PySide6 and qasync."""

from __future__ import annotations

import sys
from typing import Any

import PySide6.QtCore


def _read_no_sources() -> None:
    """WORKAROUND: https://doc.qt.io/qtforpython-6/considerations.html#features

    For ``from __feature__ import …``, which nothing here uses, PySide6 looks into the source of every module that is
    imported after it, whoever imports it: a third of the engine's import time, and the texts stay in memory (12 MB).
    Where a version of PySide6 has it otherwise, nothing happens.
    """
    feature: Any = sys.modules.get("shibokensupport.feature")
    if hasattr(feature, "_mod_uses_pyside"):
        feature._mod_uses_pyside = lambda _module: False


_read_no_sources()
del PySide6
