"""Live sessions over server-sent events: subscribed queries, and transactions of the realtime protocol.

A session answers its own messages one after the other and recomputes its queries after each commit of its app; a
result is sent again only when it changed. Commits that arrive while a session is busy are taken together.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
import logging
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, MutableMapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from starlette.concurrency import run_in_threadpool

from app.localplatform import apps, errors
from app.localplatform.actor import Actor
from app.localplatform.attr_set import AttrSet
from app.localplatform.attrs import load_attrs
from app.localplatform.errors import PlatformError
from app.localplatform.perms_check import run_query, run_transaction
from app.localplatform.query import QueryResult
from app.localplatform.store import Commit, Store
from app.localplatform.web import new_id

logger = logging.getLogger(__name__)

Message = dict[str, Any]
Tree = dict[str, Any]
Decorate = Callable[[sqlite3.Connection, Message, Tree], None]

KEEP_ALIVE_S = 15.0
RETRY_MS = 500
MAX_WAITING_MESSAGES = 1_000
MACHINE_ID = new_id()

_UNSUPPORTED = frozenset(
    {
        "start-sync",
        "remove-sync",
        "resync-table",
        "join-room",
        "leave-room",
        "set-presence",
        "refresh-presence",
        "client-broadcast",
        "start-stream",
        "append-stream",
        "subscribe-stream",
        "unsubscribe-stream",
    }
)


class _Signal(Enum):
    """What a session tells itself; no client can push these."""

    REFRESH = "refresh"
    END = "end"


@dataclass
class _Subscription:
    query: Message
    etypes: frozenset[str]
    sent: str


@dataclass
class Session:
    """One open stream. Made and used on the event loop; ``registry`` finds it by ID for pushed messages."""

    store: Store
    actor: Actor
    registry: MutableMapping[str, Session]
    inference: bool = False
    decorate: Decorate | None = None
    first_query: Message | None = None
    keep_alive_s: float = KEEP_ALIVE_S
    id: str = field(default_factory=new_id)
    token: str = field(default_factory=new_id, repr=False)
    _subscriptions: dict[str, _Subscription] = field(default_factory=dict, repr=False)
    _inbox: asyncio.Queue[Message | _Signal] = field(default_factory=asyncio.Queue, repr=False)
    _dirty: set[str] = field(default_factory=set, repr=False)
    _is_refresh_due: bool = field(default=False, repr=False)
    _status: str = field(default="active", repr=False)
    _attrs: AttrSet | None = field(default=None, repr=False)

    def accepts(self, token: str) -> bool:
        ours, theirs = (hashlib.sha256(text.encode()).digest() for text in (self.token, token))
        return secrets.compare_digest(ours, theirs)

    def push(self, message: Message) -> None:
        """Queue a client's message; call on the event loop. Raises rate-limited when too many wait."""
        if self._inbox.qsize() >= MAX_WAITING_MESSAGES:
            raise errors.rate_limited()
        self._inbox.put_nowait(message)

    def end(self) -> None:
        """Close the stream from this side."""
        while not self._inbox.empty():
            self._inbox.get_nowait()
        self._inbox.put_nowait(_Signal.END)

    async def events(self) -> AsyncIterator[str]:
        """The text of the stream; the session lives until the reader stops reading it."""
        loop = asyncio.get_running_loop()
        stop = self.store.on_commit(lambda commit: _on_loop(loop, self._committed, commit))
        self.registry[self.id] = self
        try:
            yield f"retry: {RETRY_MS}\n\n"
            yield _event(self._init())
            await run_in_threadpool(self._start)
            if self.first_query is not None:
                first = {"op": "add-query", "q": self.first_query, "return-type": "tree", "client-event-id": new_id()}
                self.push(first)
            async for text in self._conversation():
                yield text
        finally:
            stop()
            self.registry.pop(self.id, None)

    async def _conversation(self) -> AsyncIterator[str]:
        while True:
            try:
                message = await asyncio.wait_for(self._inbox.get(), self.keep_alive_s)
            except TimeoutError:
                yield ": keep-alive\n\n"
                continue
            if message is _Signal.END:
                return
            if isinstance(message, _Signal):
                work = functools.partial(self._handle, {"op": "refresh"}, self._take_dirty())
            else:
                work = functools.partial(self._handle, message)
            for answer in await run_in_threadpool(work):
                yield _event(answer)

    def _init(self) -> Message:
        return {"op": "sse-init", "machine-id": MACHINE_ID, "session-id": self.id, "sse-token": self.token}

    def _committed(self, commit: Commit) -> None:
        if commit.app_id != self.actor.app_id:
            return
        self._dirty |= commit.etypes or {"*"}
        if not self._is_refresh_due:
            self._is_refresh_due = True
            self._inbox.put_nowait(_Signal.REFRESH)

    def _take_dirty(self) -> frozenset[str]:
        """Taken before the data are read: a commit that comes later asks for another refresh."""
        self._is_refresh_due = False
        dirty, self._dirty = frozenset(self._dirty), set()
        return dirty

    # What follows runs in a worker thread, one message at a time.

    def _start(self) -> None:
        with self.store.read() as conn:
            self._status = apps.get_app(conn, self.actor.app_id).status
            self._attrs = load_attrs(conn, self.actor.app_id)

    def _handle(self, message: Message, dirty: frozenset[str] | None = None) -> list[Message]:
        """``dirty`` is given for a refresh: the namespaces that changed, ``*`` for anything."""
        try:
            return self._answers(message) if dirty is None else self._refresh(dirty)
        except PlatformError as error:
            return [_error(message, error)]
        except Exception:
            logger.exception("A session could not handle %s", message.get("op"))
            return [_error(message, errors.unknown())]

    def _answers(self, message: Message) -> list[Message]:
        op = message.get("op")
        if op == "add-query":
            return [self._add_query(message)]
        if op == "remove-query":
            return [self._remove_query(message)]
        if op == "transact":
            return [self._transact(message)]
        if op in _UNSUPPORTED:
            raise errors.unsupported(f"The local platform does not support `{op}`.")
        raise PlatformError("param-malformed", "Invalid op", {"op": op})

    def _add_query(self, message: Message) -> Message:
        q = message.get("q")
        if not isinstance(q, dict):
            problem = {"message": "Query can not be null."}
            raise errors.validation_failed("add-query", {"q": q}, [problem])
        if message.get("return-type") != "tree":
            raise errors.unsupported("The local platform answers subscriptions as trees only: use `return-type: tree`.")
        common = {"q": q, "client-event-id": message.get("client-event-id")}
        if _key(q) in self._subscriptions:
            return {"op": "add-query-exists", **common}
        result, tx_id = self._compute(q)
        meta = _meta(result)
        self._subscriptions[_key(q)] = _Subscription(q, _etypes_of(q, result), _key([result.tree, meta]))
        return {"op": "add-query-ok", **common, "result": result.tree, "result-meta": meta, **_processed(tx_id)}

    def _remove_query(self, message: Message) -> Message:
        q = message.get("q")
        self._subscriptions.pop(_key(q), None)
        return {"op": "remove-query-ok", "q": q, "client-event-id": message.get("client-event-id")}

    def _transact(self, message: Message) -> Message:
        outcome = run_transaction(self.store, self.actor, message.get("tx-steps"), dialect="realtime")
        answer = {"op": "transact-ok", "tx-id": outcome.tx_id, "isn": None}
        return {**answer, "client-event-id": message.get("client-event-id")}

    def _refresh(self, dirty: frozenset[str]) -> list[Message]:
        answers = self._status_change()
        if self._status == "disabled":
            return answers
        failures: list[Message] = []
        computations: list[Message] = []
        for subscription in list(self._subscriptions.values()):
            if self._is_touched(subscription, dirty):
                self._recompute(subscription, computations, failures)
        attrs = self._changed_attrs()
        if computations or attrs is not None:
            with self.store.read() as conn:
                processed = _processed(_last_tx_id(conn, self.actor.app_id))
            changed = {} if attrs is None else {"attrs": [attr.to_wire() for attr in attrs.all]}
            answers.append({"op": "refresh-ok", "computations": computations, **changed, **processed})
        return answers + failures

    def _is_touched(self, subscription: _Subscription, dirty: frozenset[str]) -> bool:
        # Rules may look at any namespace, so for anybody but an admin each commit may matter.
        return not self.actor.is_admin or "*" in dirty or bool(dirty & subscription.etypes)

    def _recompute(self, subscription: _Subscription, computations: list[Message], failures: list[Message]) -> None:
        q = subscription.query
        try:
            result, _ = self._compute(q)
        except PlatformError as error:
            failures.append(_error({"op": "refresh", "q": q}, error))
            return
        meta = _meta(result)
        key = _key([result.tree, meta])
        subscription.etypes = _etypes_of(q, result)
        if key != subscription.sent:
            subscription.sent = key
            computations.append({"instaql-query": q, "instaql-result": result.tree, "result-meta": meta})

    def _compute(self, q: Message) -> tuple[QueryResult, int]:
        with self.store.read() as conn:
            result = run_query(conn, self.actor, q, inference=self.inference)
            if self.decorate is not None:
                self.decorate(conn, q, result.tree)
            return result, _last_tx_id(conn, self.actor.app_id)

    def _status_change(self) -> list[Message]:
        with self.store.read() as conn:
            status = apps.get_app(conn, self.actor.app_id).status
        if status == self._status:
            return []
        self._status = status
        return [{"op": "app-status-changed", "status": status}]

    def _changed_attrs(self) -> AttrSet | None:
        with self.store.read() as conn:
            attrs = load_attrs(conn, self.actor.app_id)
        before, self._attrs = self._attrs, attrs
        return None if before is None or before.all == attrs.all else attrs


def end_all(registry: MutableMapping[str, Session]) -> None:
    """Close every stream, so that a server that stops does not wait for them; call on the event loop."""
    for session in tuple(registry.values()):
        session.end()


def find_session(registry: MutableMapping[str, Session], machine_id: str, session_id: str, token: str) -> Session:
    """Raises member-missing or session-missing."""
    if machine_id != MACHINE_ID:
        message = f"Member missing for machine id: {machine_id}"
        raise PlatformError("member-missing", message, {"machine-id": machine_id})
    session = registry.get(session_id)
    if session is None or not session.accepts(token):
        message = f"Session missing for id: {session_id}"
        raise PlatformError("session-missing", message, {"sess-id": session_id})
    return session


def _on_loop(loop: asyncio.AbstractEventLoop, callback: Callable[[Commit], None], commit: Commit) -> None:
    try:
        loop.call_soon_threadsafe(callback, commit)
    except RuntimeError:
        logger.debug("A commit after the event loop had ended")


def _event(message: Message) -> str:
    return f"data: {json.dumps(message, ensure_ascii=False, separators=(',', ':'))}\n\n"


def _error(message: Message, error: PlatformError) -> Message:
    body = {"op": "error", "status": error.http_status, "client-event-id": message.get("client-event-id")}
    return {**body, "original-event": message, "hint": None, **error.to_body()}


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _meta(result: QueryResult) -> Message:
    meta = {"page-info": result.page_info, "aggregate": result.aggregate}
    return {name: value for name, value in meta.items() if value}


def _etypes_of(q: Message, result: QueryResult) -> frozenset[str]:
    return result.etypes | frozenset(q)


def _processed(tx_id: int) -> Message:
    return {"processed-tx-id": tx_id, "processed-isn": None}


def _last_tx_id(conn: sqlite3.Connection, app_id: str) -> int:
    row = conn.execute("SELECT max(id) FROM transactions WHERE app_id = ?", (app_id,)).fetchone()
    return int(row[0] or 0)
