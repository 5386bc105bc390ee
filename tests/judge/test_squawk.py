"""Squawk (it lints migrations for PostgreSQL) on what plans are rendered to: no statement holds up reads or writes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from app.platforms.contract import LiveSchema
from app.platforms.postgres.live_names import Native
from app.platforms.postgres.steps import steps_of
from app.schema.compare import compare
from app.schema.draft import Draft
from app.schema.formats.sql_form import canonical
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from tests.support.random_sql_changes import sql_changes

# What the operator asked for (types, drops, renames), and what the push does outside of its statements: its connection
# has time-outs, and a plan is not sent twice. An index is dropped in the transaction, so that it comes back with it:
# its lock is held for that moment only, and waited for no longer than the time-out.
WISHES = (
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-text-field",
    "prefer-timestamp-tz",
    "prefer-robust-stmts",
    "ban-char-field",
    "ban-drop-column",
    "ban-drop-default",
    "ban-drop-constraint",
    "ban-drop-table",
    "ban-drop-type",
    "ban-set-schema",
    "ban-drop-not-null",
    "renaming-column",
    "renaming-object",
    "renaming-table",
    "changing-column-type",
    "require-timeout-settings",
    "require-concurrent-index-deletion",
)


def squawk() -> str:
    found = shutil.which("squawk", path=str(Path(sys.executable).parent)) or shutil.which("squawk")
    if found is None:
        pytest.fail("squawk is missing: run ./dev setup")
    return found


def findings(folder: Path, statements: list[str], *excluded: str) -> list[tuple[str, str]]:
    """Rules that were broken, and the line that did it."""
    file = folder / "push.sql"
    file.write_text(";\n".join(statements) + ";\n")
    command = [squawk(), "--reporter", "json", "--pg-version", "18.0"]
    command += [f"--exclude={rule}" for rule in excluded]
    answer = subprocess.run([*command, str(file)], capture_output=True, text=True)
    assert answer.stdout, answer.stderr
    lines = file.read_text().splitlines()
    return [(each["rule_name"], lines[min(each["line"], len(lines) - 1)]) for each in json.loads(answer.stdout)]


def column(name: str, kind: str = "text", **flags: bool) -> Attribute:
    return Attribute(name, type_of(kind), **flags)


def statements_of(before: Schema, draft: Draft) -> list[str]:
    live = LiveSchema(before, before.fingerprint(), Native(version=180_000, enums={"mood": ("sad", "ok", "happy")}))
    return [step.sql for step in steps_of(live, compare(before, draft.wanted, draft.renames), "postgresql")]


def test_push_of_keys_and_rules_on_tables_with_rows_finds_nothing_to_complain_of(tmp_path: Path) -> None:
    key = Index("users_pkey", ("id",), True, "primary")
    users = Entity(
        "users", (column("id", "bigint", is_required=True), column("email"), column("age", "bigint")), (key,)
    )
    posts = Entity("posts", (column("owner", "bigint"),))
    before = canonical(Schema((users, posts)))
    attributes = (
        column("id", "bigint", is_required=True),
        column("email", is_unique=True, is_required=True),
        column("age", "bigint", is_indexed=True),
        replace(column("made", "timestamptz", is_required=True), default="now()"),
    )
    indexes = (key, Index("users_email_age", ("email", "age"), True, "btree", (("constraint", "true"),)))
    wanted = canonical(
        Schema(
            (replace(users, attributes=attributes, indexes=indexes, extra=(("check grown", '"age > 0"'),)), posts),
            (Link("fk", LinkEnd("posts", "fk", "one"), LinkEnd("users", "", "many"), columns=(("owner", "id"),)),),
        )
    )
    statements = statements_of(before, Draft(before, wanted))
    assert len(statements) == 14
    assert findings(tmp_path, statements, *WISHES) == []


def test_squawk_complains_of_the_same_done_without_care(tmp_path: Path) -> None:
    careless = [
        "ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email)",
        "CREATE INDEX users_age_idx ON users (age)",
        "ALTER TABLE users ALTER COLUMN email SET NOT NULL",
        "ALTER TABLE users ADD CONSTRAINT grown CHECK (age > 0)",
        "ALTER TABLE posts ADD CONSTRAINT fk FOREIGN KEY (owner) REFERENCES users (id)",
    ]
    assert {rule for rule, _ in findings(tmp_path, careless, *WISHES)} >= {
        "disallowed-unique-constraint",
        "require-concurrent-index-creation",
        "adding-not-nullable-field",
        "constraint-missing-not-valid",
        "adding-foreign-key-constraint",
    }


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(draft=sql_changes())
def test_push_of_any_change_parses_and_finds_nothing_to_complain_of(tmp_path: Path, draft: Draft) -> None:
    statements = statements_of(draft.base, draft)
    if statements:
        assert findings(tmp_path, statements, *WISHES) == []
