"""What is left of a run that did not end as it should, and what is never in it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.core.secret import Secret
from app.storage.crash_reports import KEPT, KEPT_DAYS, CrashReports
from app.storage.log import Redactor

SECRET = "Zq7-marked-secret"
FACTS = {"Tenantry": "1.2.3", "Qt": "6.11.3"}


@pytest.fixture
def redactor() -> Redactor:
    redactor = Redactor()
    redactor.add(Secret(SECRET))
    return redactor


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "tenantry.log"
    path.write_text("2026-11-21T08:00:00Z INFO the line before\n")
    return path


def reports_of(tmp_path: Path, redactor: Redactor) -> CrashReports:
    return CrashReports(tmp_path, tmp_path / "tenantry.log", redactor.clean, FACTS)


def raised(message: str) -> ValueError:
    try:
        raise ValueError(message)
    except ValueError as error:
        return error


def test_run_that_ended_properly_leaves_nothing(tmp_path: Path, redactor: Redactor, log: Path) -> None:
    first = reports_of(tmp_path, redactor)
    first.begin()
    first.note_state(["app 1"])
    first.end()
    assert list(first.folder.iterdir()) == []
    assert reports_of(tmp_path, redactor).settle() == ()


def test_run_that_was_cut_off_is_reported_with_what_was_open(tmp_path: Path, redactor: Redactor, log: Path) -> None:
    first = reports_of(tmp_path, redactor)
    first.begin()
    first.note_state(["App 7f3a on Instant · local: 3 staged changes"])
    second = reports_of(tmp_path, redactor)
    second.begin()
    log.write_text(log.read_text() + "a line of the next run\n")
    (report,) = second.settle()
    assert (report.kind, report.is_new) == ("ended", True)
    for part in ("was not closed", "Tenantry: 1.2.3", "Qt: 6.11.3", "3 staged changes", "the line before"):
        assert part in report.text
    assert "a line of the next run" not in report.text
    second.end()
    assert second.settle() == (report,)


def test_run_cut_off_twice_before_anybody_looked_is_reported_twice(
    tmp_path: Path, redactor: Redactor, log: Path
) -> None:
    for _ in range(3):
        reports = reports_of(tmp_path, redactor)
        reports.begin()
    assert len(reports.settle()) == 2
    reports.end()


CRASH = """
import os, signal, sys
from pathlib import Path
from app.storage.crash_reports import CrashReports
folder = Path(sys.argv[1])
reports = CrashReports(folder, folder / "tenantry.log", str, {})
reports.begin()
reports.note_last_words("Qt: nothing to draw on")
os.kill(os.getpid(), int(sys.argv[2]))
"""


@pytest.mark.parametrize(("number", "words"), [(signal.SIGSEGV, "Segmentation fault"), (signal.SIGABRT, "Aborted")])
def test_run_ended_by_a_fault_is_reported_with_its_last_words_and_trace(
    number: signal.Signals, words: str, tmp_path: Path, redactor: Redactor, log: Path
) -> None:
    done = subprocess.run([sys.executable, "-c", CRASH, str(tmp_path), str(int(number))], check=False, timeout=60)
    assert done.returncode == -number
    reports = reports_of(tmp_path, redactor)
    reports.begin()
    (report,) = reports.settle()
    reports.end()
    assert report.kind == "crash"
    assert f"Fatal Python error: {words}" in report.text
    assert "Qt: nothing to draw on" in report.text
    assert "most recent call first" in report.text


def test_error_recorded_is_reported_once_with_its_traceback(tmp_path: Path, redactor: Redactor, log: Path) -> None:
    reports = reports_of(tmp_path, redactor)
    reports.begin()
    error = raised("what is it")
    assert reports.record(error, "an action") is not None
    assert reports.record(error, "an action") is None
    reports.end()
    (report,) = reports.all()
    assert report.kind == "error"
    for part in ("what is it", "Traceback", "Where: an action", "the line before"):
        assert part in report.text


def test_errors_recorded_without_end_are_few(tmp_path: Path, redactor: Redactor, log: Path) -> None:
    reports = reports_of(tmp_path, redactor)
    reports.begin()
    for number in range(20):
        reports.record(raised(f"number {number}"), "a loop")
    reports.end()
    assert len(reports.all()) == 5


def test_report_never_holds_a_secret_nor_the_home_folder(tmp_path: Path, redactor: Redactor, log: Path) -> None:
    home = Path.home()
    log.write_text(f"Authorization: Bearer {SECRET}\n{SECRET} in {home}/x\n")
    reports = reports_of(tmp_path, redactor)
    reports.begin()
    reports.note_state([f"App named {SECRET}"])
    reports.note_last_words(f"fatal: {SECRET}")
    reports.record(raised(f"postgresql://ann:hunter2@db/x {SECRET} per_0123456789ab"), f"work on {SECRET}")
    next_run = reports_of(tmp_path, redactor)
    next_run.begin()
    assert {each.kind for each in next_run.settle()} == {"crash", "error"}
    for report in next_run.all():
        for leaked in (SECRET, "hunter2", "0123456789ab", str(home)):
            assert leaked not in report.text
    next_run.end()


def test_files_of_reports_are_private_from_the_first_moment(tmp_path: Path, redactor: Redactor, log: Path) -> None:
    before = os.umask(0)
    try:
        reports = reports_of(tmp_path, redactor)
        reports.begin()
        reports.note_state(["x"])
        reports.record(raised("x"), "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE(reports.folder.stat().st_mode) == 0o700
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in reports.folder.iterdir()}
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}
    reports.end()


def test_report_that_was_read_is_not_new_any_more(tmp_path: Path, redactor: Redactor, log: Path) -> None:
    reports = reports_of(tmp_path, redactor)
    reports.begin()
    reports.record(raised("x"), "x")
    reports.end()
    read = reports.mark_read(reports.all()[0])
    assert not read.is_new
    assert reports.all() == (read,)
    assert reports.mark_read(read) == read
    reports.delete(read)
    assert reports.all() == ()
    reports.delete(read)


def test_settle_prunes_reports_that_are_old_or_too_many(tmp_path: Path, redactor: Redactor, log: Path) -> None:
    reports = reports_of(tmp_path, redactor)
    reports.folder.mkdir()
    now = time.time()
    for days in (0, 1, KEPT_DAYS + 1):
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now - days * 86_400))
        (reports.folder / f"{stamp}-ended-1.txt").write_text("x")
    assert len(reports.settle()) == 2
    for number in range(KEPT + 5):
        (reports.folder / f"20990101-0000{number:02}-error-1.txt").write_text("x")
    left = reports.settle()
    assert len(left) == KEPT
    assert min(each.at for each in left) > now


def test_settle_of_damaged_files_reports_what_it_can(tmp_path: Path, redactor: Redactor, log: Path) -> None:
    reports = reports_of(tmp_path, redactor)
    reports.folder.mkdir()
    (reports.folder / "ended-1.json").write_bytes(b"\xff{half")
    (reports.folder / "nonsense-error.txt").write_text("x")
    (reports.folder / "other.txt").write_text("x")
    (report,) = reports.settle()
    assert report.kind == "ended"
    assert "-- Open then --\nnothing" in report.text


@pytest.mark.expects_log("WARNING")
def test_run_on_a_folder_that_takes_no_files_goes_on(tmp_path: Path, redactor: Redactor, log: Path) -> None:
    (tmp_path / "crashes").write_text("in the way")
    reports = reports_of(tmp_path, redactor)
    reports.begin()
    reports.note_state(["x"])
    reports.note_last_words("x")
    reports.record(raised("x"), "x")
    assert reports.settle() == ()
    reports.end()
