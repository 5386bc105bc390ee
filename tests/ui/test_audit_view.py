"""The audit trail as an operator reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.core.audit import AuditFilter, AuditPage, AuditRecord
from app.core.refs import AppRef
from app.ui.trail.audit_model import about_text
from app.ui.trail.audit_view import AuditView
from app.ui.work.runner import Runner
from tests.ui.shell_fakes import FakeServices, engine_with


def _record(number: int, **changes: object) -> AuditRecord:
    record = AuditRecord(
        number,
        1_700_000_000.0 + number,
        "ada",
        "c1",
        "Live",
        "production",
        f"app-{number}",
        f"Diary {number}",
        "push",
        "done",
        f"push {number}",
        ("Adds the entity “notes”.",),
        "fp-before",
        "fp-after",
    )
    return record._replace(**changes)


class FakeAudit:
    """A hundred thousand acts that are made when they are asked for."""

    def __init__(self) -> None:
        self.total = 100_000
        self.asked: list[tuple[AuditFilter, int | None]] = []
        self.exported: list[tuple[Path, str]] = []

    async def page(self, wanted: AuditFilter, before_id: int | None = None) -> AuditPage:
        self.asked.append((wanted, before_id))
        if wanted.outcome == "failed":
            return AuditPage((_record(7, outcome="failed: no answer", app_id=""),), 1, False)
        last = (before_id or self.total + 1) - 1
        records = tuple(_record(each) for each in range(last, max(0, last - 300), -1))
        return AuditPage(records, self.total if before_id is None else -1, last > 300)

    async def choices(self) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
        return ("delete", "push"), (("c1", "Live"), ("gone", "Gone"))

    async def export(self, wanted: AuditFilter, path: Path, form: str) -> int:
        self.exported.append((path, form))
        return 12


@pytest.fixture
def audit() -> FakeAudit:
    return FakeAudit()


@pytest.fixture
def view(qtbot: QtBot, audit: FakeAudit) -> Iterator[AuditView]:
    services = FakeServices()
    services.audit = audit  # type: ignore[attr-defined]
    runner = Runner(engine_with(services))
    runner.open()
    made = AuditView(runner)
    qtbot.addWidget(made)
    made.resize(1100, 700)
    made.show()
    qtbot.waitUntil(lambda: made.model.rowCount() == 300)
    yield made
    runner.close()
    runner.engine.stop()


def test_view_shows_the_newest_first_and_how_many_there_are(view: AuditView) -> None:
    assert view.count.text() == "100,000 acts"
    texts = [view.model.index(0, column).data() for column in range(view.model.columnCount())]
    assert texts[1:6] == ["ada", "push", "Diary 100000", "Live", "PRODUCTION"]
    assert texts[6] == "✓ done"
    said = view.details.toPlainText()
    assert "1. Adds the entity “notes”." in said
    assert "fp-before" in said
    assert "fp-after" in said


def test_scrolling_reads_on(qtbot: QtBot, view: AuditView, audit: FakeAudit) -> None:
    view.table.scrollToBottom()
    qtbot.waitUntil(lambda: view.model.rowCount() == 600)
    assert audit.asked[-1][1] == 99_701
    assert view.model.records[300].id == 99_700


def test_filters_ask_for_what_fits(qtbot: QtBot, view: AuditView, audit: FakeAudit) -> None:
    view.outcome_box.setCurrentIndex(view.outcome_box.findData("failed"))
    view.outcome_box.activated.emit(view.outcome_box.currentIndex())
    qtbot.waitUntil(lambda: view.model.rowCount() == 1)
    assert view.count.text() == "1 act"
    assert view.model.index(0, 6).data() == "✕ failed: no answer"
    assert not view.open_button.isEnabled()
    view.connection_box.setCurrentIndex(view.connection_box.findData("gone"))
    view.kind_box.setCurrentIndex(view.kind_box.findData("delete"))
    view.period_box.setCurrentIndex(2)
    qtbot.keyClicks(view.search, "notes")
    qtbot.waitUntil(lambda: audit.asked[-1][0].text == "notes")
    wanted = audit.asked[-1][0]
    assert (wanted.connection_id, wanted.kind, wanted.outcome) == ("gone", "delete", "failed")
    assert wanted.since > 0
    qtbot.keyClick(view.search, Qt.Key.Key_Escape)
    assert view.search.text() == ""


def test_act_opens_its_app_and_is_copied(qtbot: QtBot, view: AuditView) -> None:
    with qtbot.waitSignal(view.open_requested) as opened:
        qtbot.mouseClick(view.open_button, Qt.MouseButton.LeftButton)
    assert opened.args == [AppRef("c1", "app-100000")]
    qtbot.mouseClick(view.copy_button, Qt.MouseButton.LeftButton)
    assert "Diary 100000" in QGuiApplication.clipboard().text()


def test_export_writes_what_fits_in_the_form_of_the_file(
    qtbot: QtBot, view: AuditView, audit: FakeAudit, tmp_path: Path
) -> None:
    for name, form in (("a.csv", "csv"), ("a.json", "json"), ("plain", "csv")):
        with qtbot.waitSignal(view.told) as told:
            view.export(tmp_path / name, "csv")
        assert told.args == [f"Wrote 12 acts to {name}"]
        assert audit.exported[-1] == (tmp_path / name, form)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((), "push 3"),
        (("Adds the entity “notes”.",), "Adds the entity “notes”."),
        (("Adds the entity “notes”.", "Drops “old”.", "Drops “x”."), "Adds the entity “notes”, and 2 more."),
    ],
)
def test_push_says_what_it_was_to_do(steps: tuple[str, ...], said: str) -> None:
    assert about_text(_record(3, steps=steps)) == said
