"""What the tests of the local platform's data engine share: one app in a store, short ways to write and ask."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.localplatform.attr_set import Attr, AttrSet
from app.localplatform.attrs import load_attrs
from app.localplatform.errors import PlatformError
from app.localplatform.query import QueryResult, query
from app.localplatform.store import Store
from app.localplatform.transact import TxResult, transact


def new_id() -> str:
    return str(uuid.uuid4())


def blob(etype: str, label: str, flags: str = "", checked: str | None = None) -> dict[str, Any]:
    """A wire attribute; ``flags``: u(nique), i(ndexed), r(equired)."""
    wire: dict[str, Any] = {
        "id": new_id(),
        "forward-identity": [new_id(), etype, label],
        "value-type": "blob",
        "cardinality": "one",
        "unique?": "u" in flags,
        "index?": "i" in flags,
        "required?": "r" in flags,
    }
    return {**wire, "checked-data-type": checked} if checked else wire


def link(forward: str, reverse: str, *, many: bool = True, unique: bool = False, **more: Any) -> dict[str, Any]:
    """``forward`` and ``reverse`` are ``etype.label``."""
    etype, label = forward.split(".")
    wire = blob(etype, label, "u" if unique else "")
    return {
        **wire,
        "value-type": "ref",
        "cardinality": "many" if many else "one",
        "reverse-identity": [new_id(), *reverse.split(".")],
        **more,
    }


class Engine:
    """One app in ``store``."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.app_id = new_id()

    def write(self, *steps: list[Any], **options: Any) -> TxResult:
        with self.store.write() as conn:
            result = transact(conn, self.app_id, list(steps), **options)
            self.store.note_commit(conn, self.app_id, result.etypes, result.tx_id)
        return result

    def define(self, *attrs: dict[str, Any]) -> None:
        self.write(*(["add-attr", attr] for attr in attrs))

    def ask(self, q: dict[str, Any], **options: Any) -> QueryResult:
        with self.store.read() as conn:
            return query(conn, self.app_id, load_attrs(conn, self.app_id), q, **options)

    def rows(self, etype: str, where: dict[str, Any] | None = None, **options: Any) -> list[dict[str, Any]]:
        asked = {**options, **({"where": where} if where is not None else {})}
        found: list[dict[str, Any]] = self.ask({etype: {"$": asked}}).tree[etype]
        return found

    def values(self, etype: str, label: str, where: dict[str, Any] | None = None, **options: Any) -> list[Any]:
        return [row.get(label) for row in self.rows(etype, where, **options)]

    @property
    def attrs(self) -> AttrSet:
        with self.store.read() as conn:
            return load_attrs(conn, self.app_id)

    def attr(self, etype: str, label: str) -> Attr:
        found = self.attrs.find(etype, label)
        assert found is not None
        return found


@contextlib.contextmanager
def refused(message: str, kind: str = "validation-failed") -> Iterator[dict[str, Any]]:
    """The block fails with this error of the platform; yields a dict that then holds its body."""
    body: dict[str, Any] = {}
    with pytest.raises(PlatformError) as caught:
        yield body
    body.update(caught.value.to_body())
    assert (caught.value.type, caught.value.message) == (kind, message)
