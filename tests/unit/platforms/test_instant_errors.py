"""The table from Instant's errors to ours is complete, and each result is fit to be shown."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.errors import (
    BadAnswer,
    Conflict,
    Forbidden,
    Invalid,
    KnownError,
    NotFound,
    PlatformFault,
    RateLimited,
    ReadOnly,
    Timeout,
    Unauthorised,
    Unreachable,
    Unsupported,
)
from app.platforms.http_failures import FailedAnswer
from app.platforms.instant import operations
from app.platforms.instant.errors import TABLE, CreationDisabled, error_of
from tests.unit.platforms.conftest import DASH_TOKEN

# Every type that the server can send (its util/exception.clj), its HTTP status, and what it must become.
TYPES: dict[str, tuple[int, type[KnownError]]] = {
    "record-not-found": (400, NotFound),
    "record-expired": (400, NotFound),
    "record-not-unique": (400, Conflict),
    "record-foreign-key-invalid": (400, Conflict),
    "record-check-violation": (400, Invalid),
    "sql-raise": (400, Invalid),
    "permission-denied": (400, Forbidden),
    "permission-evaluation-failed": (400, Forbidden),
    "parameter-limit-exceeded": (400, Invalid),
    "app-read-only": (400, ReadOnly),
    "app-disabled": (400, ReadOnly),
    "app-creation-disabled": (400, CreationDisabled),
    "signups-closed": (400, CreationDisabled),
    "billing-closed": (400, Unsupported),
    "param-missing": (400, Invalid),
    "param-malformed": (400, Invalid),
    "validation-failed": (400, Invalid),
    "session-missing": (400, Unreachable),
    "member-missing": (400, Forbidden),
    "connection-closed": (400, Unreachable),
    "oauth-error": (400, Forbidden),
    "timeout": (429, Timeout),
    "operation-timed-out": (429, Timeout),
    "rate-limited": (429, RateLimited),
    "email-send-failed": (500, PlatformFault),
    "sql-exception": (500, PlatformFault),
    "socket-missing": (400, Unreachable),
    "socket-error": (400, Unreachable),
    "unknown": (500, PlatformFault),
}


def fail(status: int, body: Any, *, text: str = "", is_write: bool = False) -> KnownError:
    operation = operations.TRANSACT if is_write else operations.GET_APP
    return error_of(FailedAnswer(operation, "api.example.com", status, body, text))


def test_table_holds_every_type_of_the_server_and_no_other() -> None:
    assert set(TABLE) == set(TYPES)


@pytest.mark.parametrize("kind", TYPES)
def test_error_of_each_type_is_its_known_error_with_sentence_and_remedy(kind: str) -> None:
    status, wanted = TYPES[kind]
    error = fail(status, {"type": kind, "message": "The reason.", "hint": {"args": [{"token": DASH_TOKEN}]}})
    assert type(error) is wanted
    assert error.sentence.startswith("Could not read the app")
    assert error.sentence.endswith(".")
    assert not error.sentence.endswith("..")
    assert error.remedy.endswith(".")
    assert kind in error.details
    assert DASH_TOKEN not in error.sentence + error.remedy + error.details


@pytest.mark.parametrize("kind", ["timeout", "unknown", "sql-exception", "connection-closed"])
def test_error_of_a_write_says_that_it_may_have_taken_effect(kind: str) -> None:
    error = fail(TYPES[kind][0], {"type": kind, "message": "x"}, is_write=True)
    assert error.may_have_taken_effect is True
    assert fail(TYPES[kind][0], {"type": kind, "message": "x"}).may_have_taken_effect is False


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (400, Invalid),
        (401, Unauthorised),
        (403, Forbidden),
        (404, Unsupported),
        (429, RateLimited),
        (500, PlatformFault),
    ],
)
def test_error_of_a_type_that_nobody_knows_goes_by_its_status(status: int, wanted: type[KnownError]) -> None:
    assert type(fail(status, {"type": "brand-new", "message": "x"})) is wanted


def test_error_of_an_unmatched_route_says_that_the_call_is_unknown() -> None:
    error = fail(404, {"message": "Oops! We couldn't match this route."})
    assert type(error) is Unsupported
    assert "does not know this call" in error.sentence


def test_error_of_unreadable_json_is_invalid() -> None:
    assert type(fail(400, None, text="Malformed JSON in request body.")) is Invalid


@pytest.mark.parametrize("body", [None, [], "x", {}, {"detail": "Not Found"}])
def test_error_of_something_else_is_a_bad_answer(body: Any) -> None:
    assert type(fail(404, body)) is BadAnswer


@pytest.mark.parametrize("record", ["app-admin-token", "instant-user", "platform-access-token"])
def test_error_of_a_missing_token_record_is_unauthorised(record: str) -> None:
    error = fail(400, {"type": "record-not-found", "message": "x", "hint": {"record-type": record}})
    assert type(error) is Unauthorised


def test_error_of_a_missing_token_without_hint_is_unauthorised() -> None:
    assert type(fail(400, {"type": "record-not-found", "message": "Record not found: token"})) is Unauthorised


def test_error_of_a_failed_validation_blames_its_fields() -> None:
    errors = [
        {"message": "bad", "in": ["schema"]},
        {"message": "Attributes are missing in your schema", "hint": {"attributes": ["goals.x", "goals.y"]}},
    ]
    error = fail(400, {"type": "validation-failed", "message": "x", "hint": {"data-type": "schema", "errors": errors}})
    assert isinstance(error, Invalid)
    assert [(each.field, each.message) for each in error.fields] == [
        ("schema", "bad"),
        ("", "Attributes are missing in your schema: goals.x, goals.y"),
    ]


def test_error_of_a_missing_scope_names_it() -> None:
    error = fail(400, {"type": "permission-denied", "message": "x", "hint": {"required-scope": "apps-write"}})
    assert "apps-write" in error.remedy


@pytest.mark.parametrize(("hint", "seconds"), [({"retry-after": 3}, 3.0), ({"retry-after": "3"}, None), ({}, None)])
def test_error_of_a_limit_takes_seconds_from_the_hint(hint: dict[str, Any], seconds: float | None) -> None:
    error = fail(429, {"type": "rate-limited", "message": "x", "hint": hint})
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == seconds


@pytest.mark.parametrize("hint", [None, [], "x", 1, {"errors": "x"}, {"errors": [1, None]}, {"in": "x"}])
def test_error_of_a_strange_hint_is_still_an_error_for_the_operator(hint: Any) -> None:
    assert type(fail(400, {"type": "validation-failed", "message": ["x"], "hint": hint})) is Invalid
