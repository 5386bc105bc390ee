"""Pictures of the workshop over a database of tables: grids, SQL, a plan with what it locks, the tree with schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from PySide6.QtWidgets import QApplication, QWidget

from app.core.connection import Environment, Platform, TokenKind
from app.core.refs import AppRef
from app.core.secret import Secret
from app.platforms.postgres.dsn import Dsn
from app.schema.draft import Draft
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute, Index
from app.services.connections import ConnectionDraft
from app.ui.plans.plan_dialog import PlanDialog
from app.ui.plans.plan_words import Stage
from app.ui.program.application import Start
from app.ui.tree.tree_nodes import app_key
from app.ui.tree.tree_tables import FoundTable
from tests.support.postgres_server import postgres_server

Until = Callable[[Callable[[], object], str], None]
_STORE = "store_aurora"
_TABLES = """
CREATE SCHEMA archive; CREATE SCHEMA audit;
CREATE TYPE mood AS ENUM ('happy', 'sad', 'curious');
CREATE TABLE chats (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), title varchar(200) NOT NULL, topic text,
    created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE messages (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    chat_id uuid NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    body text NOT NULL, mood mood DEFAULT 'curious', tokens integer CHECK (tokens >= 0), legacy_note text,
    words tsvector GENERATED ALWAYS AS (to_tsvector('simple', body)) STORED,
    created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX messages_recent_idx ON messages (chat_id, created_at DESC) WHERE legacy_note IS NULL;
CREATE INDEX messages_words_idx ON messages USING gin (words);
COMMENT ON TABLE messages IS 'What was said in a chat';
COMMENT ON COLUMN messages.body IS 'As it was typed';
CREATE TABLE votes (
    id bigserial PRIMARY KEY, message_id uuid NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    value smallint NOT NULL);
CREATE TABLE audit.entries (id bigserial PRIMARY KEY, message_id uuid REFERENCES messages (id) ON DELETE SET NULL);
CREATE TABLE archive.chats (id uuid PRIMARY KEY, title text);
CREATE VIEW open_chats AS SELECT id, title FROM chats;
INSERT INTO chats (title) SELECT 'Chat ' || n FROM generate_series(1, 20) AS n;
INSERT INTO messages (chat_id, body, legacy_note) SELECT id, 'Hello', 'kept' FROM chats;
"""


def screens(start: Start, until: Until) -> Iterator[tuple[str, QWidget]]:
    with postgres_server() as server:
        dsn = server.create_database(_STORE)
        server.psql(_STORE, _TABLES)
        with _connected(start, until, "Stores · staging", dsn) as connection_id:
            yield from _editor(start, until, AppRef(connection_id, _STORE))


def _editor(start: Start, until: Until, ref: AppRef) -> Iterator[tuple[str, QWidget]]:
    window = start.window
    until(lambda: window.tree is not None and window.tree.model.index_of(app_key(ref)).isValid(), "the database")
    assert window.tree is not None
    window.tree.show_table(FoundTable(ref, "messages"))
    until(lambda: window.tree.model.table_index(ref, "messages").isValid(), "the tables")
    window.tree.view.expand(window.tree.model.table_index(ref, "messages"))
    window.open_app(ref)
    view = window.tabs.currentWidget()
    until(lambda: view.editor is not None and view.editor.document.is_open, "the schema")
    document = view.editor.document
    document.select("messages")
    document.edit("Stage edits", _edited)
    until(lambda: document.is_reviewed and len(document.plan) > 3, "the plan")
    view.editor.show_side(0)
    yield "tables-diagram", window
    view.editor.show_side(1)
    yield "tables-sql", window
    view.editor.toggle_side()
    yield "tables-grids", window
    view.editor.toggle_side()
    view.editor.review()
    dialog = next(each for each in QApplication.topLevelWidgets() if isinstance(each, PlanDialog) and each.isVisible())
    until(lambda: dialog.stage is not Stage.WAITING, "the review")
    until(lambda: not dialog.review_page.model.is_counting, "the counts")
    dialog.review_page.sent_button.setChecked(True)
    yield "tables-plan", dialog
    dialog.reject()
    document.discard()
    window.close_current_tab()


def _edited(draft: Draft) -> Draft:
    messages = draft.wanted.entity("messages")
    assert messages is not None
    tokens = messages.attribute("tokens")
    assert tokens is not None
    draft = draft.add_attribute("messages", Attribute("author", type_of("varchar(120)")))
    draft = draft.change_attribute("messages", "tokens", type=type_of("bigint"), is_required=True)
    draft = draft.add_index("messages", Index("messages_author_created_idx", ("author", "created_at"), kind="btree"))
    draft = draft.drop_attribute("messages", "legacy_note")
    link = next(each for each in draft.wanted.links if each.forward.entity == "messages")
    key = (link.forward.entity, link.forward.label, link.reverse.entity, link.reverse.label)
    return draft.change_link(key, replace(link, forward=replace(link.forward, on_delete="restrict")))


@contextmanager
def _connected(start: Start, until: Until, label: str, dsn_text: str) -> Iterator[str]:
    """A connection for as long as its pictures are taken."""
    dsn, password = Dsn.parse(dsn_text)
    draft = ConnectionDraft(label, Platform.POSTGRES, dsn.to_text(), Environment.STAGING, platform_token=password)
    made = _asked(start, until, lambda services: services.connections.add(draft))
    _asked(start, until, lambda services: services.tokens.set(made.id, TokenKind.PLATFORM, password or Secret("")))
    _asked(start, until, lambda services: services.directory.refresh([made.id]))
    until(lambda: start.window.data.connection(made.id) is not None, "the connection")
    try:
        yield made.id
    finally:
        _asked(start, until, lambda services: services.connections.remove(made.id))


def _asked(start: Start, until: Until, work: Callable[[Any], Any]) -> Any:
    future = start.runner.engine.submit(work)
    until(future.done, "an answer")
    return future.result()
