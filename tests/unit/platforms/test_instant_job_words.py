"""Background jobs in the operator's words."""

from __future__ import annotations

import pytest

from app.platforms.instant.answers import Job, job_row
from app.platforms.instant.job_words import push_job
from app.platforms.instant.operations import JOB


def job(kind: str = "required", status: str = "errored", error: str = "", **more: object) -> Job:
    return Job("j", kind, status, "todos.due", error=error, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("index", "Index todos.due"),
        ("remove-index", "Remove the index of todos.due"),
        ("unique", "Make todos.due unique"),
        ("remove-unique", "Let values of todos.due repeat"),
        ("required", "Make todos.due required"),
        ("remove-required", "Make todos.due optional"),
        ("check-data-type", "Check the type of todos.due"),
        ("remove-data-type", "Let todos.due have values of any type"),
        ("a-new-kind", "a-new-kind todos.due"),
    ],
)
def test_title_says_what_the_job_does(kind: str, title: str) -> None:
    assert push_job(job(kind, "waiting")).title == title


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (job(error="missing-required-error", missing=3), "3 rows of todos have no value for due."),
        (job(error="missing-required-error", missing=1), "1 row of todos has no value for due."),
        (job(error="missing-required-error", missing=1204), "1,204 rows of todos have no value for due."),
        (job(error="missing-required-error"), "Rows of todos have no value for due."),
        (
            job("unique", error="triple-not-unique-error", invalid_value="a@b"),
            'Several rows of todos have the same due: "a@b".',
        ),
        (job(error="invalid-triple-error", samples=({"entity_id": "e"},)), "1 value of todos.due is of another type."),
        (
            job(error="invalid-triple-error", samples=tuple({"entity_id": f"e{n}"} for n in range(10))),
            "At least 10 values of todos.due are of another type.",
        ),
        (job(error="invalid-attr-state-error"), "todos.due was changed by somebody else at the same time."),
        (job(error="unexpected-error"), "The platform could not finish its work on todos.due (unexpected-error)."),
        (job(), "The platform could not finish its work on todos.due (no reason given)."),
    ],
)
def test_error_says_what_stands_in_the_way(made: Job, sentence: str) -> None:
    assert push_job(made).error == sentence


def test_job_that_did_not_fail_has_no_error() -> None:
    assert push_job(job(status="completed", error="")).error == ""


def test_place_of_the_plan_goes_before_the_platforms_name_of_it() -> None:
    named = push_job(Job("j", "index", "waiting", "tasks.old"), "todos.due")
    assert (named.title, named.place) == ("Index todos.due", "todos.due")


def test_status_that_is_unknown_is_under_way() -> None:
    assert push_job(job(status="canceled")).status == "processing"


def test_rows_are_the_samples_each_entity_once() -> None:
    samples = (
        {"entity_id": "e1", "value": "x" * 1000, "json_type": "string"},
        {"entity_id": "e1", "value": 1, "json_type": "number"},
        {"entity_id": "e2", "value": None, "json_type": "null"},
        {"value": "of nobody"},
    )
    rows = push_job(job(error="invalid-triple-error", samples=samples)).rows
    assert [(row.entity_id, row.kind) for row in rows] == [("e1", "number"), ("e2", "")]
    assert rows[1].value == ""


def test_long_value_is_cut() -> None:
    samples = ({"entity_id": "e1", "value": "x" * 1000, "json_type": "string"},)
    (row,) = push_job(job(error="triple-too-large-error", samples=samples)).rows
    assert len(row.value) == 200


def test_count_of_rows_is_unknown_where_the_sample_is_full() -> None:
    ten = tuple({"entity_id": f"e{n}", "value": n} for n in range(10))
    assert push_job(job(error="invalid-triple-error", samples=ten)).row_count is None
    assert push_job(job(error="invalid-triple-error", samples=ten[:4])).row_count == 4
    assert push_job(job(error="missing-required-error", samples=ten, missing=25)).row_count == 25


def test_rows_without_samples_are_the_ids_of_the_error() -> None:
    row = {
        "id": "j",
        "job_type": "required",
        "job_status": "errored",
        "error": "missing-required-error",
        "error_data": {"count": 2, "entity-ids": ["e1", "e2"]},
        "invalid_triples_sample": None,
    }
    shown = push_job(job_row(JOB, row, "job"), "todos.due")
    assert [each.entity_id for each in shown.rows] == ["e1", "e2"]
    assert shown.row_count == 2
