"""Document 002 as real databases: a main database and stores of workspaces, on PostgreSQL or in SQLite files.

Columns are our own where the document gives none. The findings that a world holds on purpose are named in ``World``.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.postgres_server import PostgresServer

_NAMESPACE = uuid.UUID("5c1f62a2-5d2b-4a55-9d0e-1d2f0e7a0c11")
_COMPANIES = ("Aurora Labs", "Blue Harbor", "Cobalt Press", "Dune Works", "Ember & Oak", "Fjord Studio", "Grove Health")
_PEOPLE = ("ada", "bo", "cleo", "dev", "eli", "fay", "gus", "hana")

_SYSTEM = """
CREATE TABLE users (id {uuid} PRIMARY KEY, email text NOT NULL, name text, created_at {time} NOT NULL DEFAULT {now});
CREATE UNIQUE INDEX users_email_lower ON users (lower(email));
CREATE TABLE workspaces (id {uuid} PRIMARY KEY, name text NOT NULL, slug text NOT NULL UNIQUE,
  owner_id {uuid} NOT NULL REFERENCES users (id), created_at {time} NOT NULL DEFAULT {now});
CREATE TABLE roles (id {uuid} PRIMARY KEY, workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  name text NOT NULL, permissions {json} NOT NULL DEFAULT '[]');
CREATE TABLE teams (id {uuid} PRIMARY KEY, workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  name text NOT NULL);
CREATE TABLE workspace_users (workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role_id {uuid} REFERENCES roles (id) ON DELETE SET NULL,
  joined_at {time} NOT NULL DEFAULT {now}, PRIMARY KEY (workspace_id, user_id));
CREATE TABLE workspace_invites (id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  email text NOT NULL, token text NOT NULL UNIQUE,
  expires_at {time});
CREATE TABLE workspace_apps (id {uuid} PRIMARY KEY,
  workspace_id {uuid} NOT NULL UNIQUE REFERENCES workspaces (id) ON DELETE CASCADE, database_url text NOT NULL,
  status text NOT NULL DEFAULT 'active', updated_at {time} NOT NULL DEFAULT {now});
"""

# {user} and {workspace} are references in local mode, where one database holds all, and nothing in hosted mode.
_APPLICATION = """
CREATE TABLE chats (id {uuid} PRIMARY KEY, workspace_id {uuid} NOT NULL{workspace}, user_id {uuid} NOT NULL{user},
  title text NOT NULL, visibility varchar(20) NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'public')),
  created_at {time} NOT NULL DEFAULT {now});
CREATE INDEX chats_user_id_idx ON chats (user_id);
CREATE TABLE messages (id {uuid} PRIMARY KEY, chat_id {uuid} NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  role text NOT NULL, parts {json} NOT NULL, created_at {time} NOT NULL DEFAULT {now});
CREATE INDEX messages_chat_id_created_at ON messages (chat_id, created_at);
CREATE TABLE votes (chat_id {uuid} NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  message_id {uuid} NOT NULL REFERENCES messages (id) ON DELETE CASCADE, is_upvoted boolean NOT NULL,
  PRIMARY KEY (chat_id, message_id));
CREATE TABLE documents (id {uuid} PRIMARY KEY, workspace_id {uuid} NOT NULL{workspace}, user_id {uuid} NOT NULL{user},
  title text NOT NULL, content text, kind text NOT NULL DEFAULT 'text', created_at {time} NOT NULL DEFAULT {now});
CREATE TABLE suggestions (id {uuid} PRIMARY KEY,
  document_id {uuid} NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
  original_text text NOT NULL, suggested_text text NOT NULL, is_resolved boolean NOT NULL DEFAULT false);
CREATE TABLE streams (id {uuid} PRIMARY KEY, chat_id {uuid} NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  created_at {time} NOT NULL DEFAULT {now});
CREATE TABLE tables (id {uuid} PRIMARY KEY, workspace_id {uuid} NOT NULL{workspace}, name text NOT NULL,
  definition {json} NOT NULL DEFAULT '{{}}');
CREATE TABLE pages (id {uuid} PRIMARY KEY, workspace_id {uuid} NOT NULL{workspace}, path text NOT NULL,
  config {json} NOT NULL DEFAULT '{{}}', UNIQUE (workspace_id, path));
"""
_WORDS = {
    "postgresql": {"uuid": "uuid", "time": "timestamptz", "now": "now()", "json": "jsonb"},
    "sqlite": {"uuid": "text", "time": "text", "now": "CURRENT_TIMESTAMP", "json": "text"},
}
SYSTEM_TABLES = ("users", "workspaces", "workspace_users", "workspace_invites", "workspace_apps", "roles", "teams")
APPLICATION_TABLES = ("chats", "messages", "documents", "suggestions", "votes", "streams", "tables", "pages")


@dataclass(frozen=True)
class World:
    """``stores`` are DSNs with passwords by workspace ID; ``main_dsn`` has its password too.

    With findings: ``shared`` are two workspaces on one store; ``homeless`` has none; ``drifted`` has a store that lacks
    ``messages.created_at`` and its index; ``intruded`` has a table ``users`` in its store; ``dangling`` has a chat of a
    user who does not exist; ``orphan_store`` is a store that nobody points to; the main database has rows in ``pages``.
    """

    main_dsn: str
    mode: str
    workspace_ids: tuple[str, ...]
    stores: dict[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    homeless: str = ""
    drifted: str = ""
    intruded: str = ""
    dangling: str = ""
    orphan_store: str = ""


def uid(*parts: object) -> str:
    """The ID that a world gives to this thing."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(map(str, parts))))


def hosted_world(server: PostgresServer, prefix: str, *, workspaces: int = 3, has_findings: bool = False) -> World:
    """Databases ``{prefix}_main`` and ``{prefix}_store_{n}``; with findings there are at least six workspaces."""
    return _hosted(_OnServer(server, prefix), max(workspaces, 6) if has_findings else workspaces, has_findings)


def local_world(server: PostgresServer, prefix: str, *, workspaces: int = 3, chats: int = 8) -> World:
    """One database ``{prefix}_main`` with everything."""
    return _local(_OnServer(server, prefix), workspaces, chats)


def hosted_files(folder: Path, *, workspaces: int = 3, has_findings: bool = False) -> World:
    """SQLite files ``main.db`` and ``store_{n}.db``."""
    return _hosted(_InFiles(folder), max(workspaces, 6) if has_findings else workspaces, has_findings)


def local_files(folder: Path, *, workspaces: int = 3, chats: int = 8) -> World:
    return _local(_InFiles(folder), workspaces, chats)


class _OnServer:
    dialect = "postgresql"

    def __init__(self, server: PostgresServer, prefix: str) -> None:
        self._server, self._prefix = server, prefix

    def make(self, name: str, script: str) -> str:
        """Its DSN."""
        dsn = self._server.create_database(f"{self._prefix}_{name}")
        self._server.psql(f"{self._prefix}_{name}", f"BEGIN;\n{script}\nCOMMIT;")
        return dsn


class _InFiles:
    dialect = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self, name: str, script: str) -> str:
        path = self._folder / f"{name}.db"
        with sqlite3.connect(path) as connection:
            connection.executescript(f"BEGIN;\n{script}\nCOMMIT;")
        connection.close()
        return f"sqlite:///{path}"


def _hosted(place: _OnServer | _InFiles, count: int, has_findings: bool) -> World:
    ids = tuple(uid("workspace", each) for each in range(count))
    stores: dict[str, str] = {}
    own = ids[:-2] if has_findings else ids
    schema = application_sql(place.dialect)
    for number, workspace in enumerate(own):
        rows = "\n".join(_application_rows(number, 8))
        script = schema + rows
        if has_findings and number == 1:
            script += "\nDROP INDEX messages_chat_id_created_at;\nALTER TABLE messages DROP COLUMN created_at;"
        if has_findings and number == 2:
            script += "\nCREATE TABLE users (id text PRIMARY KEY, email text NOT NULL);"
        if has_findings and number == 3:
            lost = insert("chats", uid("lost"), workspace, uid("nobody"), "Chat of somebody who left", "private")
            script += f"\n{lost}"
        stores[workspace] = place.make(f"store_{number}", script)
    if has_findings:
        stores[ids[-2]] = stores[ids[0]]
    orphan = place.make("store_left_behind", schema + "\n".join(_application_rows(0, 2))) if has_findings else ""
    pointers = (
        insert("workspace_apps", uid("pointer", each), each, dsn, columns="id, workspace_id, database_url")
        for each, dsn in stores.items()
    )
    script = system_sql(place.dialect) + "\n".join((*_system_rows(count), *pointers))
    if has_findings:
        script += application_sql(place.dialect)
        script += insert("pages", uid("page left"), ids[0], "/welcome", "{}")
    main = place.make("main", script)
    if not has_findings:
        return World(main, "hosted", ids, stores)
    return World(
        main,
        "hosted",
        ids,
        stores,
        shared=(ids[0], ids[-2]),
        homeless=ids[-1],
        drifted=ids[1],
        intruded=ids[2],
        dangling=ids[3],
        orphan_store=orphan,
    )


def _local(place: _OnServer | _InFiles, count: int, chats: int) -> World:
    ids = tuple(uid("workspace", each) for each in range(count))
    rows = (row for number in range(count) for row in _application_rows(number, chats))
    script = "\n".join(
        (system_sql(place.dialect), *_system_rows(count), application_sql(place.dialect, is_local=True), *rows)
    )
    return World(place.make("main", script), "local", ids)


def system_sql(dialect: str = "postgresql") -> str:
    return _SYSTEM.format(**_WORDS[dialect])


def application_sql(dialect: str = "postgresql", *, is_local: bool = False) -> str:
    references = {
        "user": " REFERENCES users (id) ON DELETE CASCADE" if is_local else "",
        "workspace": " REFERENCES workspaces (id) ON DELETE CASCADE" if is_local else "",
    }
    return _APPLICATION.format(**_WORDS[dialect], **references)


def _system_rows(count: int) -> Iterator[str]:
    for number, name in enumerate(_PEOPLE):
        yield insert("users", uid("user", number), f"{name}@example.com", name.title(), columns="id, email, name")
    for number in range(count):
        workspace = uid("workspace", number)
        name = _COMPANIES[number % len(_COMPANIES)] + (f" {number}" if number >= len(_COMPANIES) else "")
        owner = uid("user", number % len(_PEOPLE))
        yield insert("workspaces", workspace, name, f"w-{number}", owner, columns="id, name, slug, owner_id")
        for role in ("admin", "member"):
            yield insert("roles", uid("role", number, role), workspace, role, "[]")
        yield insert("teams", uid("team", number), workspace, "Everyone")
        for member in range(1 + number % 4):
            user, role = uid("user", (number + member) % len(_PEOPLE)), uid("role", number, "member")
            yield insert("workspace_users", workspace, user, role, columns="workspace_id, user_id, role_id")
        if number % 3 == 0:
            email = f"guest{number}@example.com"
            columns = "id, workspace_id, email, token"
            yield insert("workspace_invites", uid("invite", number), workspace, email, f"i-{number}", columns=columns)


def _application_rows(workspace: int, chats: int) -> Iterator[str]:
    owner = uid("workspace", workspace)
    for number in range(chats):
        chat, user = uid("chat", workspace, number), uid("user", (workspace + number) % len(_PEOPLE))
        yield insert("chats", chat, owner, user, f"Chat {number}: it's “quoted” \\ 🐘", "private")
        for turn in range(4):
            message = uid("message", workspace, number, turn)
            parts = json.dumps([{"type": "text", "text": f"Turn {turn}"}])
            yield insert("messages", message, chat, "user" if turn % 2 == 0 else "assistant", parts)
            if turn % 2:
                yield f"INSERT INTO votes VALUES ('{chat}', '{message}', {'true' if number % 2 else 'false'});"
        document = uid("document", workspace, number)
        yield insert("documents", document, owner, user, f"Document {number}", None, "text")
        yield insert("suggestions", uid("suggestion", workspace, number), document, "teh", "the")
        yield insert("streams", uid("stream", workspace, number), chat)
    yield insert("tables", uid("table", workspace), owner, "customers", '{"columns": ["name"]}')
    yield insert("pages", uid("page", workspace), owner, "/", "{}")


_COLUMNS = {
    "chats": "id, workspace_id, user_id, title, visibility",
    "messages": "id, chat_id, role, parts",
    "documents": "id, workspace_id, user_id, title, content, kind",
    "suggestions": "id, document_id, original_text, suggested_text",
    "streams": "id, chat_id",
    "tables": "id, workspace_id, name, definition",
    "pages": "id, workspace_id, path, config",
    "roles": "id, workspace_id, name, permissions",
    "teams": "id, workspace_id, name",
}


def insert(table: str, *values: str | None, columns: str = "") -> str:
    """One INSERT statement with its values as literals."""
    shown = ", ".join("NULL" if each is None else "'" + each.replace("'", "''") + "'" for each in values)
    return f"INSERT INTO {table} ({columns or _COLUMNS[table]}) VALUES ({shown});"
