"""The table of facts: one row per entity, attribute and value.

``value`` is the JSON text; ``key`` is what it is found, compared and ordered by (see :mod:`values`).
``is_id`` marks the ``id`` fact that makes an entity a member of its namespace.
"""

from __future__ import annotations

from app.localplatform.store import register_ddl

register_ddl("""
CREATE TABLE IF NOT EXISTS triples (
    app_id TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    attr_id TEXT NOT NULL,
    key,
    value TEXT NOT NULL,
    is_id INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS triples_by_entity ON triples (app_id, entity_id, attr_id);
CREATE INDEX IF NOT EXISTS triples_by_key ON triples (app_id, attr_id, key, entity_id);
CREATE INDEX IF NOT EXISTS triples_by_age ON triples (app_id, attr_id, created_at, entity_id) WHERE is_id = 1;
CREATE TABLE IF NOT EXISTS transactions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS transactions_by_app ON transactions (app_id, id);
""")
