"""A bare PySide6 window: what a start is measured against. Writes the monotonic time of its first paint to argv[1]."""

import sys
import time
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow


class Window(QMainWindow):
    painted = False

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.painted:
            self.painted = True
            # The timer fires after this paint has been flushed to the screen.
            QTimer.singleShot(0, self._done)

    def _done(self) -> None:
        Path(sys.argv[1]).write_text(f"first_paint {time.monotonic()}\n")
        QApplication.quit()


application = QApplication(sys.argv[:1])
window = Window()
window.setCentralWidget(QLabel("Tenantry"))
window.resize(1440, 900)
window.show()
application.exec()
