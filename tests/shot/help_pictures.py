"""``./dev shot --pictures``: render the pictures of the help into ``resources/help/pictures``.

Each is a screen over fakes with realistic data (see ``tests.ui.screens``), light and dark, in few colours to be small.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from app.storage.paths import resources_dir
from app.ui.help.help_pages import help_pages
from app.ui.look.theme import Theme, ThemeChoice
from app.ui.program.application import make_application
from app.ui.window.main_window import MainWindow
from tests.ui.screens import SCREENS
from tests.ui.stage import Stage

_SIZE = (1240, 740)
_COLOURS = 256
_KEPT_BITS = 0xFFFCFCFC


def names() -> list[str]:
    """The pictures that the pages show, by the name of their screen."""
    return sorted({Path(picture).stem for page in help_pages() for picture in page.pictures})


def main(wanted: list[str]) -> None:
    application = QApplication.instance() or make_application(["tenantry"])
    assert isinstance(application, QApplication)
    theme = Theme(application, ThemeChoice.LIGHT)
    folder = resources_dir() / "help" / "pictures"
    folder.mkdir(exist_ok=True)
    for name in wanted or names():
        for choice, end in ((ThemeChoice.LIGHT, ""), (ThemeChoice.DARK, "-dark")):
            theme.set_choice(choice)
            stage = Stage(application, theme)
            try:
                widget = SCREENS[name](stage)
                stage.quiet()
                if isinstance(widget, MainWindow):
                    widget.resize(*_SIZE)
                    widget.bottom_dock.setVisible(name == "overview")
                _settle()
                target = folder / f"{name}{end}.png"
                _save(widget, target)
                print(target, target.stat().st_size)
            finally:
                stage.close()


def _settle() -> None:
    loop = QEventLoop()
    QTimer.singleShot(250, loop.quit)
    loop.exec()


def _save(widget: QWidget, target: Path) -> None:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    table = _commonest_colours(image)
    small = image.convertToFormat(QImage.Format.Format_Indexed8, table, Qt.ImageConversionFlag.ThresholdDither)
    if not small.save(str(target), "PNG", 0):
        raise RuntimeError(f"{target} could not be written")


def _commonest_colours(image: QImage) -> list[int]:
    """At most 256; an edge of a letter may be a shade off, nobody sees that."""
    counts = Counter(memoryview(image.constBits()).cast("I").tolist())
    chosen: dict[int, int] = {}
    for colour, _ in counts.most_common():
        chosen.setdefault(colour & _KEPT_BITS, colour)
        if len(chosen) == _COLOURS:
            break
    return list(chosen.values())


if __name__ == "__main__":
    main(sys.argv[1:])
