"""Garbage collection on the UI thread."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from app.ui.program import collector
from app.ui.program.collector import Collector


class Knot:
    """Refers to itself, so that only a collection ends it; remembers on which thread it ended."""

    def __init__(self, ends: list[threading.Thread]) -> None:
        self.itself = self
        weakref.finalize(self, lambda: ends.append(threading.current_thread()))


@pytest.fixture
def running(qapp):
    made = Collector()
    made.start()
    yield made
    made.stop()


def test_collector_while_it_runs_leaves_garbage_of_other_threads_to_the_ui_thread(running, monkeypatch):
    monkeypatch.setattr(collector, "_YOUNG", 1)
    monkeypatch.setattr(collector, "_is_behind", lambda: False)
    ends: list[threading.Thread] = []
    worker = threading.Thread(target=lambda: [Knot(ends) for _ in range(5_000)])
    worker.start()
    worker.join()
    assert ends == []
    assert running.look() == 0
    assert set(ends) == {threading.main_thread()}
    assert len(ends) == 5_000


def test_collector_without_new_objects_does_nothing(running, monkeypatch):
    monkeypatch.setattr(collector, "_YOUNG", 10**9)
    assert running.look() is None


def test_collector_looks_through_everything_only_in_quiet_behind_another_window(running, monkeypatch):
    monkeypatch.setattr(collector, "_YOUNG", 0)
    monkeypatch.setattr(collector, "_is_behind", lambda: True)
    busy = [running.look() for _ in range(40)]
    assert busy.count(1) == 4
    assert 2 not in busy
    monkeypatch.setattr(collector, "_YOUNG", 10**9)
    assert [running.look() for _ in range(60)].count(2) == 1


def test_collector_in_quiet_in_front_never_holds_the_window(running, monkeypatch):
    monkeypatch.setattr(collector, "_YOUNG", 0)
    monkeypatch.setattr(collector, "_is_behind", lambda: False)
    running.look()
    monkeypatch.setattr(collector, "_YOUNG", 10**9)
    assert 2 not in [running.look() for _ in range(60)]


@pytest.mark.parametrize("was_enabled", [True, False])
def test_collector_stopped_gives_python_its_own_way_back(qapp, was_enabled):
    before = gc.isenabled()
    gc.enable() if was_enabled else gc.disable()
    try:
        made = Collector()
        made.start()
        assert not gc.isenabled()
        made.stop()
        assert gc.isenabled() == was_enabled
        assert gc.get_freeze_count() == 0
    finally:
        gc.enable() if before else gc.disable()
