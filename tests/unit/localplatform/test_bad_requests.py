"""Whatever JSON a caller sends: the engine answers or refuses in the platform's way, and never breaks."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.localplatform.errors import PlatformError
from app.localplatform.store import Store
from tests.unit.localplatform.engine import Engine, blob, link

ONE = "00000000-0000-4000-8000-000000000001"


@pytest.fixture(scope="module")
def app() -> Iterator[Engine]:
    store = Store(None)
    engine = Engine(store)
    engine.define(
        {**blob("posts", "id", "u"), "id": ONE},
        blob("posts", "title", "ui", "string"),
        blob("posts", "at", "i", "date"),
        link("posts.author", "users.posts", many=False),
    )
    engine.write(["update", "posts", ONE, {"title": "x", "at": 5}])
    yield engine
    store.close()


words = st.sampled_from(
    ["posts", "users", "id", "title", "at", "author", "posts.title", "author.name", "$", "where", "order", "limit"]
    + ["after", "first", "offset", "fields", "aggregate", "count", "asc", "or", "and", "$in", "$not", "$gt", "$like"]
    + ["$isNull", "$users", "$files", "serverCreatedAt", "lookup__title__1", "lookup__x", ONE, "", "mode", "create"]
    + ["forward-identity", "value-type", "cardinality", "blob", "ref", "one", "upsert", "unique?"]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words | st.text(max_size=3)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
actions = st.sampled_from(
    ["create", "update", "merge", "link", "unlink", "delete", "ruleParams", "add-attr", "update-attr", "delete-attr"]
    + ["restore-attr", "add-triple", "deep-merge-triple", "retract-triple", "delete-entity", "rule-params"]
)
step = st.builds(lambda action, rest: [action, *rest], actions, st.lists(anything, max_size=4))
options = st.dictionaries(
    st.sampled_from(["where", "order", "limit", "first", "last", "offset", "after", "before", "fields", "aggregate"]),
    anything,
    max_size=3,
)


def _check(error: PlatformError) -> None:
    assert error.http_status in (400, 429)
    json.dumps(error.to_body())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(step, max_size=3) | anything, st.sampled_from(["admin", "realtime", None]))
def test_transact_of_any_json_is_taken_or_refused(app: Engine, steps: Any, dialect: Any) -> None:
    class Undo(Exception):
        pass

    from app.localplatform.transact import transact

    with contextlib.suppress(Undo):
        try:
            with app.store.write() as conn:
                transact(conn, app.app_id, steps, dialect=dialect)
                raise Undo
        except PlatformError as error:
            _check(error)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.builds(lambda given: {"posts": {"$": given}}, options) | anything)
def test_query_of_any_json_is_answered_or_refused(app: Engine, q: Any) -> None:
    try:
        json.dumps(app.ask(q).tree)
    except PlatformError as error:
        _check(error)
