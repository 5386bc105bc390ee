"""What reaches the log file, and who can read it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.secret import Secret
from app.storage import log as log_module
from app.storage.log import Redactor, open_log, set_log_level

_logger = logging.getLogger("tests.log")
MARK = "Zq7-marked-token/é"


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


@pytest.fixture
def path(tmp_path: Path, redactor: Redactor) -> Iterator[Path]:
    path = tmp_path / "tenantry.log"
    close = open_log(path, redactor)
    yield path
    close()


@pytest.mark.parametrize(
    ("text", "leaked"),
    [
        ("Authorization: Bearer abc.def-123", "abc.def"),
        ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("token per_0123456789abcdef was sent", "0123456789"),
        ("prt_0123456789abcdef", "0123456789"),
        ("postgresql://ann:hunter2@db.example/x", "hunter2"),
        ("GET /dash?admin-token=hunter2&x=1", "hunter2"),
        ('{"refresh_token": "hunter2", "x": 1}', "hunter2"),
        ("{'password': 'hunter2'}", "hunter2"),
        ("adminToken=hunter2", "hunter2"),
        ("INSTANT_APP_ADMIN_TOKEN=hunter2", "hunter2"),
    ],
)
def test_redactor_given_what_looks_like_a_secret_takes_it_out(redactor, text, leaked):
    assert leaked not in redactor.clean(text)


@pytest.mark.parametrize(
    "text",
    ["GET /superadmin/apps 200 in 12 ms", "https://api.instantdb.com/dash", "3 tokens are stored", "app 12 is up"],
)
def test_redactor_given_plain_text_leaves_it_alone(redactor, text):
    assert redactor.clean(text) == text


def test_redactor_told_of_a_secret_takes_it_out_in_every_spelling(redactor):
    redactor.add(Secret(MARK))
    redactor.add(Secret(MARK + "-and-more"))
    cleaned = redactor.clean(f"a {MARK} b {MARK}-and-more c Zq7-marked-token%2F%C3%A9")
    assert cleaned == "a •••••• b •••••• c ••••••"


def test_redactor_told_of_a_very_short_secret_does_not_black_out_the_log(redactor):
    redactor.add(Secret("app"))
    assert redactor.clean("app 12 is up") == "app 12 is up"


def test_log_file_is_private_and_so_are_its_predecessors(path, monkeypatch, tmp_path, redactor):
    monkeypatch.setattr(log_module, "_MAX_BYTES", 300)
    other = tmp_path / "other.log"
    close = open_log(other, redactor)
    for number in range(20):
        _logger.info("line %d of some length, to fill the file", number)
    close()
    files = list(tmp_path.glob("*.log*"))
    assert {each.name for each in files} >= {"other.log", "other.log.1", "other.log.2", "other.log.3"}
    assert {each.stat().st_mode & 0o777 for each in files} == {0o600}
    assert len(list(tmp_path.glob("other.log*"))) == 4


def test_log_file_readable_by_others_is_closed_to_them(tmp_path, redactor):
    path = tmp_path / "old.log"
    path.write_text("old\n")
    path.chmod(0o644)
    open_log(path, redactor)()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == "old\n"


@pytest.mark.expects_log("ERROR")
def test_log_of_message_argument_and_traceback_holds_no_secret(path, redactor):
    redactor.add(Secret(MARK))
    try:
        raise ValueError(f"while sending {MARK}")
    except ValueError:
        _logger.exception("It failed with %s and %s", MARK, {"authorization": "Bearer hunter2hunter2"})
    text = path.read_text("utf-8")
    assert "ValueError" in text
    assert MARK not in text
    assert "hunter2" not in text


def test_log_of_text_with_line_breaks_cannot_forge_a_record(path):
    _logger.info("title %s", "x\n2026-01-01T00:00:00.000Z ERROR app forged\u2028y")
    lines = path.read_text("utf-8").split("\n")
    assert [line for line in lines if line and not line.startswith("    ")] == [lines[0]]


def test_log_of_half_a_character_is_written(path, monkeypatch):
    # Only our own handler: what pytest captures could not be sent from one test process to another.
    root = logging.getLogger()
    monkeypatch.setattr(
        root, "handlers", [each for each in root.handlers if type(each).__module__ == log_module.__name__]
    )
    _logger.info("title %s", "\ud800")
    assert "title \\ud800" in path.read_text("utf-8")


def test_log_closed_takes_no_more_records(tmp_path, redactor):
    path = tmp_path / "closed.log"
    open_log(path, redactor)()
    _logger.info("too late")
    assert path.read_text() == ""


def test_log_opened_keeps_the_http_library_from_naming_urls(path):
    logging.getLogger("httpx").info("HTTP Request: GET https://x.example/?q=1")
    assert "x.example" not in path.read_text()


def test_log_level_set_to_problems_keeps_the_rest_out(path: Path) -> None:
    _logger.info("before")
    set_log_level(logging.WARNING)
    _logger.info("in between")
    set_log_level(logging.INFO)
    _logger.info("after")
    text = path.read_text()
    assert ("before" in text, "in between" in text, "after" in text) == (True, False, True)


def test_log_level_set_to_all_details_takes_those_of_our_own_alone(path: Path) -> None:
    set_log_level(logging.DEBUG)
    logging.getLogger("app.services.anything").debug("a detail of ours")
    logging.getLogger("httpcore.http11").debug("a detail of a library")
    _logger.debug("a detail of somebody else")
    set_log_level(logging.INFO)
    logging.getLogger("app.services.anything").debug("not any more")
    text = path.read_text()
    assert "a detail of ours" in text
    for left_out in ("of a library", "somebody else", "not any more"):
        assert left_out not in text


def test_log_files_that_were_rotated_are_private_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = (each for each in logging.getLogger().handlers if getattr(each, "baseFilename", "") == str(path))
    handler = next(named)
    monkeypatch.setattr(handler, "_max_bytes", 200)
    for number in range(40):
        _logger.info("record %s", number)
    names = sorted(each.name for each in path.parent.iterdir())
    assert names == ["tenantry.log", "tenantry.log.1", "tenantry.log.2", "tenantry.log.3"]
    assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {0o600}
