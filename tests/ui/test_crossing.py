"""Between threads: messages come in on the UI thread, and what another thread holds has no part of the window."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from functools import partial

import pytest
from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from app.ui.work.crossing import Courier, part_of_window


class Hearer(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[object, threading.Thread]] = []
        self.courier: Courier[object] = Courier(self, self.hear)

    def hear(self, message: object) -> None:
        self.heard.append((message, threading.current_thread()))


def on_a_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_message_of_another_thread_is_received_on_this_one_and_later(qtbot: QtBot) -> None:
    hearer = Hearer()
    on_a_thread(lambda: [hearer.courier.send(number) for number in range(3)])
    hearer.courier.send("own")
    assert hearer.heard == []
    qtbot.waitUntil(lambda: len(hearer.heard) == 4)
    assert [message for message, _ in hearer.heard] == [0, 1, 2, "own"]
    assert {thread for _, thread in hearer.heard} == {threading.main_thread()}


def test_courier_after_the_end_takes_nothing(qtbot: QtBot) -> None:
    hearer = Hearer()
    hearer.courier.end()
    on_a_thread(lambda: hearer.courier.send(1))
    other = Hearer()
    other.courier.send(2)
    qtbot.waitUntil(lambda: bool(other.heard))
    assert hearer.heard == []


@pytest.mark.parametrize("is_sent", [True, False])
def test_courier_whose_owner_is_gone_takes_nothing_and_keeps_nothing(qtbot: QtBot, is_sent: bool) -> None:
    hearer = Hearer()
    courier, gone = hearer.courier, weakref.ref(hearer)
    if is_sent:
        courier.send(1)
    del hearer
    assert gone() is None
    on_a_thread(lambda: courier.send(2))
    qtbot.wait(1)


class Holder:
    """Not of the program: what it holds is its own affair."""

    def __init__(self, held: object) -> None:
        self.held = held

    def work(self) -> object:
        return self.held


class Page(QTimer):
    def work(self) -> object:
        return self

    def by_closure(self) -> Callable[[], object]:
        return lambda: self

    def by_a_function_in_it(self) -> Callable[[], object]:
        def inner() -> object:
            return self

        return lambda: inner()

    def by_value(self) -> Callable[[], object]:
        number = self.interval()
        return lambda: number


def test_part_of_the_window_is_found_wherever_work_holds_it(qapp: object) -> None:
    page = Page()
    holding = (
        page.work,
        page.by_closure(),
        page.by_a_function_in_it(),
        partial(print, 1, page),
        partial(print, end=page),
        lambda given=(0, page): given,
        partial(page.by_closure(), 1),
    )
    for work in holding:
        assert part_of_window(work) is page
    data = (*range(10_000), page)
    values = (page.by_value(), partial(print, 1), print, Holder(page).work, Hearer().courier.send, lambda: data)
    for work in values:
        assert part_of_window(work) is None


def test_cell_that_is_filled_later_holds_nothing_yet() -> None:
    def work() -> object:
        return later

    assert part_of_window(work) is None
    later = 1
    assert work() == 1
