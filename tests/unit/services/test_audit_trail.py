"""The trail is written out whole, for this user only, and without a secret."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from app.core.audit import AuditFilter, AuditPage, AuditRecord
from app.core.errors import KnownError
from app.platforms.redaction import MASK, scrub
from app.services.audit_trail import COLUMNS, AuditReader

TOKEN = "per_" + "0123456789abcdef" * 2
RECORDS = tuple(
    AuditRecord(
        at,
        1_700_000_000.0 + at,
        "ada",
        "c1",
        "Live",
        "production",
        "app-1",
        "=cmd()",
        "push",
        "done",
        f"Bearer {TOKEN}",
        ("Adds “notes”, with a comma.", f"Says {TOKEN}"),
        "before",
        "after",
    )
    for at in range(5_000, 0, -1)
)


class Source:
    def page(self, wanted: AuditFilter, before_id: int | None, limit: int) -> AuditPage:
        left = [each for each in RECORDS if before_id is None or each.id < before_id]
        return AuditPage(tuple(left[:limit]), len(RECORDS), len(left) > limit)

    def kinds(self) -> tuple[str, ...]:
        return ("push",)

    def places(self) -> tuple[tuple[str, str], ...]:
        return (("c1", "Live"),)


@pytest.fixture
def reader() -> AuditReader:
    return AuditReader(Source(), mask=scrub)


async def test_csv_holds_every_act_and_no_formula(reader: AuditReader, tmp_path: Path) -> None:
    path = tmp_path / "trail.csv"
    assert await reader.export(AuditFilter(), path, "csv") == 5_000
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    assert tuple(header) == COLUMNS
    assert len(rows) == 5_000
    first = dict(zip(header, rows[0], strict=True))
    assert first["time"] == "2023-11-14T23:36:40Z"
    assert first["app"] == "'=cmd()"
    assert first["plan"].splitlines()[0] == "Adds “notes”, with a comma."
    assert TOKEN not in path.read_text(encoding="utf-8")
    assert MASK in first["plan"]
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["trail.csv"]


async def test_json_holds_every_act_in_its_order(reader: AuditReader, tmp_path: Path) -> None:
    path = tmp_path / "trail.json"
    await reader.export(AuditFilter(), path, "json")
    found = json.loads(path.read_text(encoding="utf-8"))
    assert len(found) == 5_000
    assert tuple(found[0]) == COLUMNS
    assert found[0]["plan"][0] == "Adds “notes”, with a comma."
    assert (found[-1]["fingerprint_before"], found[-1]["fingerprint_after"]) == ("before", "after")
    assert TOKEN not in path.read_text(encoding="utf-8")


async def test_file_that_cannot_be_written_is_told(reader: AuditReader, tmp_path: Path) -> None:
    with pytest.raises(KnownError, match=r"could not be written to trail\.csv"):
        await reader.export(AuditFilter(), tmp_path / "missing" / "trail.csv", "csv")


async def test_choices_are_what_was_ever_done(reader: AuditReader) -> None:
    assert await reader.choices() == (("push",), (("c1", "Live"),))
