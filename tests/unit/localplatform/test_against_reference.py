"""Random transactions and queries, answered by the engine and by a plain model in memory that shares no code with it.

The model is written from the platform's documented behaviour: dictionaries, loops, no indexes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.localplatform.errors import PlatformError
from app.localplatform.store import Store
from tests.unit.localplatform.engine import Engine, blob, link


def eid(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


ETYPES = {"posts": range(4), "users": range(10, 13)}
ALL_IDS = [eid(number) for numbers in ETYPES.values() for number in numbers]

Row = dict[str, Any]


class Refused(Exception):
    pass


class Model:
    """posts: title (string, indexed), rank (number, indexed), code (unique), body (anything);
    author: posts -> users, has one, deleting the user deletes the post; likers: posts <-> users, many."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Row] = {}
        self.created: dict[tuple[str, str], int] = {}
        self.author: dict[str, str] = {}
        self.likers: set[tuple[str, str]] = set()

    def copy(self) -> Model:
        other = Model()
        other.rows = {key: dict(row) for key, row in self.rows.items()}
        other.created = dict(self.created)
        other.author = dict(self.author)
        other.likers = set(self.likers)
        return other

    def apply(self, steps: list[list[Any]], now: int) -> None:
        """Steps by kind, in the order in which the kinds appear; deletes and their cascades are known beforehand."""
        for step in steps:
            exists = self._has_facts(step[1], step[2])
            if step[0] == "create" and exists:
                raise Refused
            if step[0] == "update" and len(step) > 4 and not exists:
                raise Refused
        doomed = self._doomed([(s[1], s[2]) for s in steps if s[0] == "delete"])
        order = list(dict.fromkeys(_kind(step) for step in steps))
        for kind in order:
            if kind == "delete":
                for key in doomed:
                    self._remove(*key)
            for step in steps:
                if _kind(step) == kind and kind != "delete":
                    self._apply_one(step, now)
        codes = [
            row["code"] for (etype, _), row in self.rows.items() if etype == "posts" and row.get("code") is not None
        ]
        if len(set(codes)) < len(codes):
            raise Refused

    def _has_facts(self, etype: str, one: str) -> bool:
        """What the platform takes for existing: also an ID that only links lead away from."""
        links = etype == "posts" and (one in self.author or any(post == one for post, _ in self.likers))
        return links or (etype, one) in self.rows

    def _apply_one(self, step: list[Any], now: int) -> None:
        action, etype, one = step[:3]
        if action in ("create", "update"):
            self.created.setdefault((etype, one), now)
            row = self.rows.setdefault((etype, one), {"id": one, **_nulls(etype)})
            row.update(step[3])
        elif action == "link":
            for label, target in step[3].items():
                if label == "author":
                    self.author[one] = target
                else:
                    self.likers.add(_like(etype, one, target))
        elif action == "unlink":
            for label, target in step[3].items():
                if label == "author":
                    if self.author.get(one) == target:
                        del self.author[one]
                else:
                    self.likers.discard(_like(etype, one, target))

    def _doomed(self, keys: list[tuple[str, str]]) -> list[tuple[str, str]]:
        found = list(dict.fromkeys(keys))
        for etype, one in found:
            if etype == "users":
                found += [("posts", p) for p, user in self.author.items() if user == one and ("posts", p) not in found]
        return found

    def _remove(self, etype: str, one: str) -> None:
        self.rows.pop((etype, one), None)
        self.created.pop((etype, one), None)
        side = 0 if etype == "posts" else 1
        self.likers = {pair for pair in self.likers if pair[side] != one}
        if etype == "posts":
            self.author.pop(one, None)
        else:
            self.author = {post: user for post, user in self.author.items() if user != one}

    # -- reading

    def entity(self, etype: str, one: str) -> Row:
        row = dict(self.rows[etype, one])
        if etype == "posts" and one in self.author:
            row["author"] = self.author[one]
        return row

    def linked(self, etype: str, one: str, label: str) -> tuple[str, list[str]]:
        """The other namespace and the IDs there, whether or not these exist."""
        if (etype, label) == ("posts", "author"):
            return "users", [self.author[one]] if one in self.author else []
        if (etype, label) == ("users", "posts"):
            return "posts", [post for post, user in self.author.items() if user == one]
        if label == "likers":
            return "users", [user for post, user in self.likers if post == one]
        return "posts", [post for post, user in self.likers if user == one]

    def matches(self, etype: str, one: str, where: Row) -> bool:
        return all(self._test(etype, one, name, test) for name, test in where.items())

    def _test(self, etype: str, one: str, name: str, test: Any) -> bool:
        if name == "or":
            return any(self.matches(etype, one, each) for each in test)
        if name == "and":
            return all(self.matches(etype, one, each) for each in test)
        head, _, rest = name.partition(".")
        if rest:
            other, ids = self.linked(etype, one, head)
            if _finds_missing(test) and not ids:
                return True
            # A link may lead to an ID that is no entity: that one has no attributes at all.
            return any((other, i) in self.rows and self._test(other, i, rest, test) for i in ids)
        return _compare(self.rows.get((etype, one), {}).get(head), test)

    def ask(self, etype: str, where: Row, order: tuple[str, str] | None) -> list[str]:
        found = [one for (kind, one) in self.rows if kind == etype and self.matches(etype, one, where)]
        field, direction = order or ("serverCreatedAt", "asc")

        def position(one: str) -> tuple[Any, ...]:
            if field == "serverCreatedAt":
                return (1, self.created[etype, one], one)
            value = self.rows[etype, one].get(field)
            return (0, 0, one) if value is None else (1, value, one)

        return sorted(found, key=position, reverse=direction == "desc")

    def tree(self, etype: str, ids: list[str], labels: list[str]) -> list[Row]:
        rows = []
        for one in ids:
            row = self.entity(etype, one)
            for label in labels:
                other, linked = self.linked(etype, one, label)
                present = [i for i in linked if (other, i) in self.rows]
                row[label] = [self.entity(other, i) for i in sorted(present, key=lambda i: (self.created[other, i], i))]
            rows.append(row)
        return rows


def _kind(step: list[Any]) -> str:
    """Creating, updating and linking are one operation underneath."""
    return {"create": "add", "update": "add", "link": "add"}.get(step[0], step[0])


def _nulls(etype: str) -> Row:
    """Indexed attributes are there from the start."""
    return {"title": None, "rank": None} if etype == "posts" else {"name": None}


def _like(etype: str, one: str, target: str) -> tuple[str, str]:
    return (one, target) if etype == "posts" else (target, one)


def _finds_missing(test: Any) -> bool:
    return isinstance(test, dict) and ("$not" in test or test.get("$isNull") is True)


def _same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _compare(value: Any, test: Any) -> bool:
    if not isinstance(test, dict):
        return _same(value, test)
    ((operator, operand),) = test.items()
    if operator == "$isNull":
        return (value is None) == operand
    if operator == "$in":
        return any(_same(value, each) for each in operand)
    if operator == "$not":
        return not _same(value, operand)
    if value is None:
        return False
    if operator == "$like":
        return value.startswith(operand[:-1])
    return {
        "$gt": value > operand,
        "$gte": value >= operand,
        "$lt": value < operand,
        "$lte": value <= operand,
    }[operator]


# ---- what is drawn

titles = st.sampled_from(["a", "b", "ab", "B", ""])
numbers = st.sampled_from([-1, 0, 0.5, 1, 2, 10**12])
loose = st.sampled_from([None, True, False, 0, 1, "1", "", [1], {"k": [None, 1]}])
post_fields = st.fixed_dictionaries(
    {}, optional={"title": st.none() | titles, "rank": st.none() | numbers, "code": st.none() | titles, "body": loose}
)
user_fields = st.fixed_dictionaries({}, optional={"name": st.none() | titles})
posts = st.sampled_from([eid(number) for number in ETYPES["posts"]])
users = st.sampled_from([eid(number) for number in ETYPES["users"]])

step = st.one_of(
    st.tuples(st.just("create"), st.just("posts"), posts, post_fields),
    st.tuples(st.just("update"), st.just("posts"), posts, post_fields),
    st.tuples(st.just("update"), st.just("posts"), posts, post_fields, st.just({"upsert": False})),
    st.tuples(st.just("update"), st.just("users"), users, user_fields),
    st.tuples(st.just("delete"), st.just("posts"), posts),
    st.tuples(st.just("delete"), st.just("users"), users),
    st.tuples(st.sampled_from(["link", "unlink"]), st.just("posts"), posts, st.fixed_dictionaries({"author": users})),
    st.tuples(st.sampled_from(["link", "unlink"]), st.just("posts"), posts, st.fixed_dictionaries({"likers": users})),
    st.tuples(st.sampled_from(["link", "unlink"]), st.just("users"), users, st.fixed_dictionaries({"likes": posts})),
).map(list)

transactions = st.lists(st.lists(step, min_size=1, max_size=5), min_size=1, max_size=8)


def _tests(values: st.SearchStrategy[Any], *, like: bool = False) -> st.SearchStrategy[Any]:
    ordered = [st.fixed_dictionaries({name: values}) for name in ("$gt", "$gte", "$lt", "$lte")]
    if like:
        ordered.append(st.fixed_dictionaries({"$like": st.sampled_from(["a%", "%", "B%"])}))
    return st.one_of(
        values,
        st.fixed_dictionaries({"$isNull": st.booleans()}),
        st.fixed_dictionaries({"$not": values}),
        st.fixed_dictionaries({"$in": st.lists(values, max_size=3)}),
        *ordered,
    )


title_tests, number_tests = _tests(titles, like=True), _tests(numbers)
body_tests = st.one_of(
    st.sampled_from([True, 0, 1, "1", ""]),
    st.fixed_dictionaries({"$isNull": st.booleans()}),
    st.fixed_dictionaries({"$not": st.sampled_from([True, 1, "1"])}),
)
plain = st.one_of(
    st.fixed_dictionaries({"title": title_tests}),
    st.fixed_dictionaries({"rank": number_tests}),
    st.fixed_dictionaries({"rank": number_tests, "title": title_tests}),
    st.fixed_dictionaries({"body": body_tests}),
    st.fixed_dictionaries({"author.name": title_tests}),
    st.fixed_dictionaries({"likers.name": title_tests}),
    st.fixed_dictionaries({"likers.posts.rank": number_tests}),
)
wheres = st.one_of(
    st.just({}),
    st.recursive(
        plain,
        lambda inner: st.one_of(
            st.fixed_dictionaries({"or": st.lists(inner, min_size=1, max_size=3)}),
            st.fixed_dictionaries({"and": st.lists(inner, min_size=1, max_size=3)}),
        ),
        max_leaves=5,
    ),
)
orders = st.none() | st.tuples(st.sampled_from(["rank", "title", "serverCreatedAt"]), st.sampled_from(["asc", "desc"]))
queries = st.lists(st.tuples(wheres, orders, st.integers(1, 4)), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    opened = Store(None)
    yield opened
    opened.close()


def prepared(store: Store) -> Engine:
    engine = Engine(store)
    engine.define(
        blob("posts", "id", "u"),
        blob("users", "id", "u"),
        blob("posts", "title", "i", "string"),
        blob("posts", "rank", "i", "number"),
        blob("posts", "code", "u"),
        blob("posts", "body"),
        blob("users", "name", "i", "string"),
        link("posts.author", "users.posts", many=False, **{"on-delete": "cascade"}),
        link("posts.likers", "users.likes"),
    )
    return engine


def _run(engine: Engine, model: Model, steps: list[list[Any]], now: int) -> Model:
    """Both take the transaction, or both refuse it and stay as they were."""
    trial = model.copy()
    try:
        trial.apply(steps, now)
    except Refused:
        with pytest.raises(PlatformError):
            engine.write(*steps, now=now)
        return model
    try:
        engine.write(*steps, now=now)
    except PlatformError as error:
        # Values that change hands within one transaction may be refused, as on the platform itself.
        if error.type != "record-not-unique":
            raise
        return model
    return trial


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(transactions, queries)
def test_engine_agrees_with_the_reference_model(
    store: Store, writes: list[list[list[Any]]], asked: list[tuple[Row, tuple[str, str] | None, int]]
) -> None:
    engine, model = prepared(store), Model()
    for number, steps in enumerate(writes):
        model = _run(engine, model, steps, 1000 + number)
    assert engine.ask({"posts": {"author": {}, "likers": {}}}).tree["posts"] == model.tree(
        "posts", model.ask("posts", {}, None), ["author", "likers"]
    )
    assert engine.ask({"users": {"posts": {}, "likes": {}}}).tree["users"] == model.tree(
        "users", model.ask("users", {}, None), ["posts", "likes"]
    )
    for where, order, size in asked:
        _check_query(engine, model, where, order, size)


def _check_query(engine: Engine, model: Model, where: Row, order: tuple[str, str] | None, size: int) -> None:
    options: Row = {"where": where, **({"order": {order[0]: order[1]}} if order else {})}
    expected = model.ask("posts", where, order)
    assert [row["id"] for row in engine.rows("posts", **options)] == expected
    count = engine.ask({"posts": {"$": {"where": where, "aggregate": "count"}}}).aggregate["posts"]["count"]
    assert count == len(expected)
    walked: list[str] = []
    paging: Row = {"first": size}
    while True:
        result = engine.ask({"posts": {"$": {**options, **paging}}})
        walked += [row["id"] for row in result.tree["posts"]]
        info = result.page_info["posts"]
        assert info["has-next-page?"] == (len(walked) < len(expected))
        if not info["has-next-page?"]:
            break
        paging = {"first": size, "after": info["end-cursor"]}
    assert walked == expected
