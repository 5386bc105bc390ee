"""Every error of the drivers has its translation, and none of them tells a password."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from psycopg import errors as pg

from app.core.errors import (
    Conflict,
    Forbidden,
    KnownError,
    NotFound,
    PlatformFault,
    RateLimited,
    ReadOnly,
    Timeout,
    Unauthorised,
    Unreachable,
)
from app.core.secret import Secret
from app.platforms.postgres.dsn import Dsn, Place
from app.platforms.postgres.errors import SQLITE_TABLE, TABLE, error_of, state_of

PLACE = Place(Dsn("postgresql", "ann", "db", 5432, "shop"), Secret("hunter22"))
FILE = Place(Dsn("sqlite", database="/a/shop.db", port=0))


def known(error: BaseException, *, may_have_worked: bool = False) -> KnownError:
    return error_of(error, "read the schema", PLACE, may_have_worked=may_have_worked)


def states() -> set[str]:
    found = {getattr(each, "sqlstate", None) for each in vars(pg).values() if isinstance(each, type)}
    return {each for each in found if isinstance(each, str)}


def test_table_knows_the_class_of_every_sqlstate() -> None:
    assert len(states()) > 200
    assert {each[:2] for each in states()} <= set(TABLE)


def test_table_names_only_what_there_is() -> None:
    there = states() | {each[:2] for each in states()}
    assert set(TABLE) <= there


def test_every_sqlstate_becomes_an_error_with_a_sentence() -> None:
    for state in states():
        error = known(pg.lookup(state)("went wrong"))
        assert error.sentence.endswith((".", "!", "?")), state


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("25006", ReadOnly),
        ("28P01", Unauthorised),
        ("3D000", NotFound),
        ("40P01", Timeout),
        ("42501", Forbidden),
        ("42P01", NotFound),
        ("53300", RateLimited),
        ("55006", Conflict),
        ("55P03", Timeout),
        ("57014", Timeout),
        ("57P01", Unreachable),
        ("53100", PlatformFault),
        ("XX001", PlatformFault),
    ],
)
def test_sqlstate_with_a_meaning_of_its_own(state: str, kind: type[KnownError]) -> None:
    assert type(known(pg.lookup(state)("said so"))) is kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('connection failed: connection to server at "1.2.3.4", port 5432 failed: FATAL:  password authentication '
         'failed for user "ann"', Unauthorised),
        ("connection failed: fe_sendauth: no password supplied", Unauthorised),
        ('connection failed: FATAL:  no pg_hba.conf entry for host "1.2.3.4"', Forbidden),
        ('connection failed: FATAL:  database "shop" does not exist', NotFound),
        ("connection failed: FATAL:  sorry, too many clients already", RateLimited),
        ("connection failed: FATAL:  the database system is starting up", Unreachable),
        ("[Errno -2] Name or service not known", Unreachable),
        ('connection to server at "1.2.3.4", port 1 failed: Connection refused', Unreachable),
        ("connection timeout expired", Timeout),
        ("server closed the connection unexpectedly", Unreachable),
        ("server does not support SSL, but SSL was required", Unreachable),
        ("some words in another language", Unreachable),
    ],
)  # fmt: skip
def test_refused_connection_is_told_by_its_text(text: str, kind: type[KnownError]) -> None:
    assert type(known(psycopg.OperationalError(text))) is kind


def test_lost_connection_of_a_write_may_have_taken_effect() -> None:
    lost = known(psycopg.OperationalError("server closed the connection unexpectedly"), may_have_worked=True)
    assert isinstance(lost, Unreachable)
    assert lost.may_have_taken_effect
    assert "may have taken effect" in lost.remedy


def test_password_is_in_no_part_of_an_error() -> None:
    error = known(psycopg.OperationalError("connection failed: FATAL: who is hunter22?"))
    assert "hunter22" not in error.sentence + error.details + error.remedy


def test_states_of_errors_are_told() -> None:
    assert state_of(pg.LockNotAvailable("no")) == "55P03"
    assert state_of(psycopg.OperationalError("no")) == ""


@pytest.mark.parametrize(
    ("code", "kind"),
    [("SQLITE_BUSY", Timeout), ("SQLITE_READONLY_DBMOVED", ReadOnly), ("SQLITE_CONSTRAINT_UNIQUE", Conflict)],
)
def test_sqlite_errors_are_told_by_their_names(code: str, kind: type[KnownError]) -> None:
    error = sqlite3.OperationalError("no")
    error.sqlite_errorname = code
    assert type(error_of(error, "write rows", FILE)) is kind


def test_sqlite_table_knows_every_error_that_statements_meet() -> None:
    names = "ERROR PERM BUSY LOCKED NOMEM READONLY INTERRUPT IOERR CORRUPT FULL CANTOPEN SCHEMA TOOBIG CONSTRAINT"
    wanted = {f"SQLITE_{name}" for name in (*names.split(), "MISMATCH", "AUTH", "RANGE", "NOTADB")}
    assert set(SQLITE_TABLE) == wanted
    assert all(hasattr(sqlite3, name) for name in wanted)
