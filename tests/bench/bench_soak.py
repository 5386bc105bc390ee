"""10,000 random actions at the real window over sample data: what grows after the first 1,000.

Counted at rest: dialogs and tabs shut, added connections removed, cycles collected, nothing on its way. A use that goes
on has no more windows, no more tasks and no more memory than a short one.
"""

from __future__ import annotations

import gc
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACTIONS = 10_000
FIRST = 1_000
_LOOKS = 10
_SEED = 1
_MOST_NAMED = 12


@dataclass(frozen=True)
class Rest:
    """``kinds``: Qt objects by class; ``tasks``: of both loops."""

    rss_mb: float
    kinds: Counter[str]
    tasks: int

    @property
    def objects(self) -> int:
        return self.kinds.total()


def measure(actions: int = ACTIONS, first: int = FIRST, seed: int = _SEED) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        return _measure(Path(folder) / "soak", actions, first, seed)


def _measure(folder: Path, actions: int, first: int, seed: int) -> dict[str, object]:
    from tests.support.monkey_world import Session, World, set_home, shut_off

    set_home(folder)
    shut_off(folder)
    world = World(folder, seed)
    session = Session(world, folder / "actions.jsonl")
    step = max(1, (actions - first) // _LOOKS)
    tour(world)
    rests: list[Rest] = []
    troubles = 0
    for goal in range(first, actions + 1, step):
        session.run(lambda goal=goal: world.done >= goal)
        # A stall is none here: what runs beside a measurement makes them. Tests look for those.
        told = [each for each in world.findings if each["kind"] != "stall"]
        troubles += len(told)
        for each in told:
            print(f"  after action {each['after']}: {each['kind']}: {each['text']}", file=sys.stderr, flush=True)
        world.findings.clear()
        rests.append(rest(world))
        print(f"  {world.done} actions: {_told(rests[-1])}", file=sys.stderr, flush=True)
    begin, end = rests[0], rests[-1]
    for name, count in (end.kinds - begin.kinds).most_common(_MOST_NAMED):
        print(f"  {count} more of {name}", file=sys.stderr, flush=True)
    session.close()
    world.close()
    return {
        "actions": world.done,
        "rss_mb": round(begin.rss_mb, 1),
        "growth_percent": round((end.rss_mb / begin.rss_mb - 1) * 100, 1),
        "objects": begin.objects,
        "objects_growth": _growth([each.objects for each in rests]),
        "tasks": begin.tasks,
        "tasks_growth": _growth([each.tasks for each in rests]),
        "troubles": troubles,
    }


def _growth(counts: Sequence[int]) -> int:
    """By how much there were always more in the second half than ever in the first: what is shown differs by chance."""
    half = len(counts) // 2
    return max(0, min(counts[half:]) - max(counts[:half])) if half else 0


def tour(world: Any) -> None:
    """Use everything once: each action at an app of each connection, and at what is staged there.

    What a part of the program loads and builds when it is first used is no growth; by chance it would be used in the
    first thousand actions or long after.
    """
    from app.core.refs import AppRef
    from tests.support.monkey_world import SPARED

    window = world.window
    first = {each.connection_id: each for each in reversed(window.data.table.rows)}
    for app in first.values():
        ref = AppRef(app.connection_id, app.app_id)
        for name in [each.objectName() for each in window.registry if each.objectName() not in SPARED]:
            _shut_dialogs(world)
            window.open_app(ref)
            world.pause()
            if window.registry[name].isEnabled():
                window.registry[name].trigger()
                world.done += 1
                world.pause()


def _shut_dialogs(world: Any) -> None:
    from PySide6.QtWidgets import QApplication

    for _ in range(20):
        found = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if found is None:
            break
        found.close()
    for each in QApplication.topLevelWidgets():
        if each is not world.window and each.isVisible():
            each.close()


def rest(world: Any) -> Rest:
    """Shut everything, end what is on its way, and count."""
    from PySide6.QtCore import QCoreApplication, QEvent

    from app.ui.program.allocator import give_back
    from tests.support.monkey import let_go
    from tests.support.monkey_watch import is_saved
    from tests.support.monkey_world import SIZE, until

    window = world.window
    _shut_dialogs(world)
    # From the end: wherever the overview was dragged to, it stays.
    for at in reversed(range(window.tabs.count())):
        window.app_tabs.close_at(at)
    # The picture of a large window takes more memory than that of a small one: 8 MB at most.
    window.resize(*SIZE)
    world.forget_connections()
    runner = world.start.runner
    for key in tuple(runner._running):
        # Some work only ends with the program: what follows a platform, say.
        runner.cancel(key)
    until(lambda: is_saved(runner))
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    let_go()
    for _ in range(3):
        gc.collect()
    # As the program itself does when nobody looks.
    give_back()
    return Rest(_rss_mb(), _kinds(world), _tasks(world))


def _kinds(world: Any) -> Counter[str]:
    import shiboken6
    from PySide6.QtCore import QObject
    from PySide6.QtWidgets import QApplication

    from tests.support.monkey import hold, parts

    roots: list[QObject] = [QApplication.instance(), world.start, world.start.runner]
    for each in QApplication.topLevelWidgets():
        hold(each)
        roots.append(each)
    found: dict[int, str] = {}
    for root in roots:
        for each in (root, *parts(root)):
            if _is_history(each):
                continue
            found[shiboken6.getCppPointer(each)[0]] = type(each).__name__
    for each in shiboken6.getAllValidWrappers():
        if isinstance(each, QObject) and not _is_history(each):
            found[shiboken6.getCppPointer(each)[0]] = type(each).__name__
    return Counter(found.values())


def _is_history(each: Any) -> bool:
    """Rows of jobs that have ended and of findings: there are as many as there is to tell, of jobs a hundred."""
    from PySide6.QtCore import QObject

    while each is not None:
        if type(each).__name__ in ("JobRow", "FindingRow", "JobsPanel", "FindingsPanel"):
            return True
        # Not ``each.parent()``: of a model of a tree it can be that of an index, which has one without end.
        each = QObject.parent(each)
    return False


def _tasks(world: Any) -> int:
    import asyncio

    async def counted(_services: Any) -> int:
        return len(asyncio.all_tasks())

    return int(world.asked(counted)) + len(asyncio.all_tasks(world.start._loop))


def _rss_mb() -> float:
    import os

    from tests.bench.started import rss_mb

    return rss_mb(os.getpid())


def _told(found: Rest) -> str:
    return f"{found.rss_mb:.1f} MB, {found.objects} objects, {found.tasks} tasks"
