"""A schema of tables, as PostgreSQL gives it, and a document that shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.core.connection import Connection, Environment, Platform
from app.core.refs import AppRef
from app.platforms.postgres.schema_rules import RULES_POSTGRES
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from app.schema.types import EnumType
from app.ui.schema.schema_document import SchemaDocument
from app.ui.work.runner import Runner

STORES = Connection("pg", "Stores", Platform.POSTGRES, "postgresql://ops@db.example.com:5432/main", Environment.STAGING)
STORE = AppRef(STORES.id, "store_ana")
MOOD = EnumType(("happy", "sad"), "mood")


def column(name: str, kind: str, **changes: Any) -> Attribute:
    return Attribute(name, type_of(kind), **changes)


def key(table: str, *columns: str) -> Index:
    return Index(f"{table}_pkey", columns or ("id",), True, "primary")


def foreign_key(table: str, column_name: str, target: str, **changes: Any) -> Link:
    name = f"{table}_{column_name}_fkey"
    forward = LinkEnd(table, name, "one", on_delete=changes.pop("on_delete", None))
    return Link(name, forward, LinkEnd(target, "", "many"), columns=((column_name, "id"),), **changes)


_ID = column("id", "uuid", is_required=True, default="gen_random_uuid()")
CHATS = Entity(
    "chats",
    (
        _ID,
        column("title", "text", is_required=True, extra=(("comment", '"What it is about"'),)),
        column("title_words", "tsvector", extra=(("generated", '"to_tsvector(title)"'),)),
    ),
    (key("chats"), Index("chats_words_idx", ("title_words",), kind="gin")),
)
MESSAGES = Entity(
    "messages",
    (
        _ID,
        column("chat_id", "uuid", is_required=True, is_indexed=True),
        column("body", "text"),
        Attribute("mood", MOOD, default="'happy'::mood"),
        column("created_at", "timestamptz", is_required=True, default="now()"),
    ),
    (
        key("messages"),
        Index(
            "messages_recent_idx",
            ("chat_id", "created_at"),
            kind="btree",
            extra=(("expressions", '["chat_id", "created_at DESC"]'), ("where", '"body IS NOT NULL"')),
        ),
        Index("messages_body_idx", ("body",), kind="gin", extra=(("invalid", "true"),)),
    ),
)
VOTES = Entity("audit.votes", (_ID, column("message_id", "uuid"), Attribute("mood", MOOD)), (key("votes"),))
OPEN_CHATS = Entity("open_chats", (column("id", "uuid"),), is_system=True, extra=(("kind", '"view"'),))
SCHEMA = Schema(
    (CHATS, MESSAGES, VOTES, OPEN_CHATS),
    (
        foreign_key("messages", "chat_id", "chats", on_delete="cascade"),
        replace(foreign_key("audit.votes", "message_id", "messages"), name="votes_message_id_fkey"),
    ),
)


def open_document(runner: Runner, services: Any, schema: Schema = SCHEMA) -> SchemaDocument:
    services.workshop.schema_of = lambda ref: schema
    made = SchemaDocument(runner, STORES, STORE.app_id, "store_ana", runner)
    made.open(replace(services.workshop.opened(STORE), rules=RULES_POSTGRES))
    return made
