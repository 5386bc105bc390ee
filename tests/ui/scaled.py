"""``QT_SCALE_FACTOR=2 python -m tests.ui.scaled``: which screens lack room on a display that is scaled so."""

from __future__ import annotations

import gc
import os
import sys

from app.ui.program.application import make_application
from tests.ui.survey import SCALED, SCREENS, survey


def main() -> int:
    gc.disable()  # widgets must not be destroyed by the engine's thread
    application = make_application(["tenantry"])
    factor = os.environ["QT_SCALE_FACTOR"]
    assert application.primaryScreen().devicePixelRatio() == float(factor)
    is_fine = True
    for name in SCREENS:
        for theme, found in survey(name, 100, SCALED).tight.items():
            for each in found:
                is_fine = False
                print(f"{name}, {theme.value}: {each}")
    if is_fine:
        print(f"{factor}: all fits")
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
