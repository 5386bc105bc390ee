from __future__ import annotations

from app.schema import types as t
from app.schema.formats.sql import render
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema

MOOD = t.EnumType(("sad", "it's"), "aux.mood")
USERS = Entity("users", (Attribute("id", type_of("uuid"), True),), (Index("users_pkey", ("id",), True, "primary"),))
TODOS = Entity(
    "Todos",
    (
        Attribute("id", type_of("bigint"), True, extra=(("identity", '"always"'),)),
        Attribute("title", type_of("text"), True, True, default="'x'::text", extra=(("comment", '"it\'s"'),)),
        Attribute("owner", type_of("uuid"), is_indexed=True),
        Attribute("mood", MOOD),
        Attribute("twice", type_of("bigint"), extra=(("generated", '"id * 2"'),)),
    ),
    (
        Index("Todos_pkey", ("id",), True, "primary"),
        Index("both", ("title", "owner"), True, "btree", (("constraint", "true"),)),
        Index("odd", (), False, "gin", (("expressions", '["lower(title)"]'), ("where", '"id > 0"'))),
    ),
    extra=(("check positive", '"id > 0"'), ("comment", '"All"'), ("row_security", "true")),
)
FK = "Todos_owner_fkey"
LINK = Link(
    FK,
    LinkEnd("Todos", FK, "one", on_delete="set-null"),
    LinkEnd("users", "", "many"),
    extra=(("not_valid", "true"), ("on_update", '"cascade"')),
    columns=(("owner", "id"),),
)

SCRIPT = """CREATE SCHEMA aux;

CREATE TYPE aux.mood AS ENUM ('sad', 'it''s');

CREATE TABLE "Todos" (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  title text NOT NULL UNIQUE DEFAULT 'x'::text,
  owner uuid,
  mood aux.mood,
  twice bigint GENERATED ALWAYS AS (id * 2) STORED,
  CONSTRAINT "Todos_pkey" PRIMARY KEY (id),
  CONSTRAINT "both" UNIQUE (title, owner),
  CONSTRAINT positive CHECK (id > 0)
);
CREATE INDEX "Todos_owner_idx" ON "Todos" (owner);
CREATE INDEX odd ON "Todos" USING gin (lower(title)) WHERE id > 0;
ALTER TABLE "Todos" ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE "Todos" IS 'All';
COMMENT ON COLUMN "Todos".title IS 'it''s';

CREATE TABLE users (
  id uuid NOT NULL,
  CONSTRAINT users_pkey PRIMARY KEY (id)
);

ALTER TABLE "Todos" ADD CONSTRAINT "Todos_owner_fkey" FOREIGN KEY (owner) REFERENCES users (id) \
ON DELETE SET NULL ON UPDATE CASCADE NOT VALID;
"""


def test_script_says_all_of_a_schema() -> None:
    view = Entity("v", (Attribute("a", type_of("text")),), is_system=True)
    assert render(Schema((USERS, view, TODOS), (LINK,))) == SCRIPT


def test_script_of_sqlite_has_its_foreign_keys_in_its_tables() -> None:
    text = render(Schema((USERS, TODOS), (LINK,)), "sqlite")
    assert 'CONSTRAINT "Todos_owner_fkey" FOREIGN KEY (owner) REFERENCES users (id) ON DELETE SET NULL' in text
    assert "ALTER TABLE" not in text
    assert "COMMENT" not in text


def test_script_of_what_the_database_cannot_hold_says_so() -> None:
    text = render(Schema((Entity("a.b.c", (Attribute("x", t.IdType("y")),)), Entity("none"))))
    assert '"a.b.c"' in text
    assert "/* PostgreSQL has no type for id of y. */" in text
    assert "CREATE TABLE none ();" in text or 'CREATE TABLE "none" ();' in text
