"""A push that meets rows, through all services, on a real PostgreSQL: partly done, mended, pushed again, taken back."""

from __future__ import annotations

import pytest

from app.core.connection import Environment, Platform
from app.core.refs import AppRef
from app.platforms.postgres.dsn import Dsn
from app.schema.draft import Draft
from app.services.connections import ConnectionDraft
from app.services.suite import Services
from tests.support.postgres_server import PostgresServer

pytestmark = pytest.mark.timeout(120)


async def test_push_partly_done_is_mended_and_pushed_again(
    services: Services, postgres: PostgresServer, database: str
) -> None:
    postgres.psql(database, "CREATE TABLE users (id bigint PRIMARY KEY, email text, name text)")
    postgres.psql(database, "INSERT INTO users VALUES (1, 'a@b', 'x'), (2, 'a@b', 'y')")
    dsn, password = Dsn.parse(postgres.dsn(database))
    asked = ConnectionDraft("S", Platform.POSTGRES, dsn.to_text(), Environment.LOCAL, platform_token=password)
    ref = AppRef((await services.connections.add(asked)).id, database)
    await services.directory.refresh()
    base = (await services.workshop.open(ref)).base.schema
    draft = Draft(base, base).change_attribute("users", "email", is_unique=True)
    draft = draft.change_attribute("users", "name", is_required=True)
    report = await services.workshop.push(ref, draft)
    assert report.outcome == "partial", report.sentence
    failed = next(job for job in report.jobs if job.rows)
    assert failed.place == "users.email"
    rows = await services.workshop.offending_rows(ref, failed)
    assert [(row["id"], row["email"]) for row in rows] == [("1", "a@b"), ("2", "a@b")]
    assert report.remaining is not None
    assert [step.place for step in report.remaining.plan().steps] == ["users.email"]

    postgres.psql(database, "UPDATE users SET email = 'c@d' WHERE id = 2")
    report = await services.workshop.push(ref, report.remaining)
    assert report.outcome == "done", report.sentence
    for push in await services.workshop.pushes(ref):
        undo = await services.workshop.undo(push.id)
        assert (await services.workshop.push(ref, undo.draft, undoes=push.id)).outcome == "done"
    assert (await services.workshop.open(ref, refresh=True)).base.schema == base
