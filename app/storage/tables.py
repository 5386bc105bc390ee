"""The tables of the local database. There is no column for a secret, and there must never be one."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, false

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _connection_id(*, is_key: bool = True) -> Column[str]:
    return Column(
        "connection_id",
        Text,
        ForeignKey("connections.id", ondelete="CASCADE"),
        primary_key=is_key,
        nullable=False,
    )


connections = Table(
    "connections",
    metadata,
    Column("id", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("is_read_only", Boolean, nullable=False),
    Column("foundation_app_id", Text),
    Column("is_builtin", Boolean, nullable=False),
    Column("is_guarded", Boolean, nullable=False, server_default=false()),
    # The operator's order; new connections come last.
    Column("position", Integer, nullable=False),
)

# Columns as in core.apps.AppSummary, in the same order: rows are read straight into it.
apps = Table(
    "apps",
    metadata,
    _connection_id(),
    Column("app_id", Text, primary_key=True, nullable=False),
    Column("title", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("agents", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("seen_at", Integer, nullable=False),
    Column("org", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("note", Text, nullable=False),
)

statuses = Table(
    "statuses",
    metadata,
    _connection_id(),
    Column("health", Text, nullable=False),
    Column("latency_ms", Float),
    Column("checked_at", Float, nullable=False),
    Column("app_count", Integer, nullable=False),
    Column("entity_count", Integer, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    # JSON: see rows.findings_text.
    Column("findings", Text, nullable=False),
)

schemas = Table(
    "schemas",
    metadata,
    _connection_id(),
    Column("app_id", Text, primary_key=True, nullable=False),
    Column("text", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("read_at", Float, nullable=False),
)

# No foreign key: the trail outlives the connection. What it and the app were called is kept with each act.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("connection_id", Text, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("connection_label", Text, nullable=False, server_default=""),
    Column("environment", Text, nullable=False, server_default=""),
    Column("app_title", Text, nullable=False, server_default=""),
    # Fingerprints of the schema; those of a push are in its own row.
    Column("before", Text, nullable=False, server_default=""),
    Column("after", Text, nullable=False, server_default=""),
    Index("ix_audit_connection_id_app_id", "connection_id", "app_id"),
    # By these the trail is looked through, in the order of its acts.
    Index("ix_audit_connection_id", "connection_id"),
    Index("ix_audit_action", "action"),
)

# Staged edits, one set per app. Texts are JSON and packed as workshop_stores.pack does: the base is as large as the
# app's schema, and is written only when it is another one.
drafts = Table(
    "drafts",
    metadata,
    _connection_id(),
    Column("app_id", Text, primary_key=True, nullable=False),
    Column("base_fingerprint", Text, nullable=False),
    Column("base", LargeBinary, nullable=False),
    Column("edits", LargeBinary, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("saved_at", Float, nullable=False),
)

# Schemas that an app had; a schema that comes back after another one is a row of its own.
schema_versions = Table(
    "schema_versions",
    metadata,
    Column("id", Integer, primary_key=True),
    _connection_id(is_key=False),
    Column("app_id", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("origin", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("schema", LargeBinary, nullable=False),
    Index("ix_schema_versions_connection_id_app_id", "connection_id", "app_id"),
)

# Part of the audit trail: no foreign key either. ``did`` is what of the plan took effect, NULL while unknown.
pushes = Table(
    "pushes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("connection_id", Text, nullable=False),
    Column("connection_label", Text, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("app_title", Text, nullable=False),
    # JSON: the sentences of the steps, readable even where the plan is of another version.
    Column("steps", Text, nullable=False),
    Column("plan", LargeBinary, nullable=False),
    Column("did", LargeBinary),
    Column("outcome", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("undoes", Integer),
    Column("undone_by", Integer),
    Index("ix_pushes_connection_id_app_id", "connection_id", "app_id"),
)

# What is being made for a user or a task, from before its app exists until it is linked; done entries are removed.
# ``id`` says for whom: one entry per owner and foundation. ``title`` of a task's database is its three-word name.
provision_journal = Table(
    "provision_journal",
    metadata,
    Column("id", Text, primary_key=True),
    _connection_id(is_key=False),
    Column("foundation_app_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("owner_id", Text, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    # A template's name; empty for none.
    Column("template", Text, nullable=False),
    Column("template_version", Integer, nullable=False),
    # The last step that is known to be done.
    Column("step", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    # The sentence of the last failure; empty while it goes well.
    Column("error", Text, nullable=False),
    # JSON: what else a kind needs; never a secret.
    Column("detail", Text, nullable=False),
    Index("ix_provision_journal_connection_id", "connection_id"),
)

# JSON: what a connection's foundation calls its entities, attributes and links, where not as the documents do.
foundation_maps = Table(
    "foundation_maps",
    metadata,
    _connection_id(),
    Column("text", Text, nullable=False),
)

# Kept apart from ``apps``, whose rows come and go with each refresh.
followed_templates = Table(
    "followed_templates",
    metadata,
    _connection_id(),
    Column("app_id", Text, primary_key=True, nullable=False),
    Column("template", Text, nullable=False),
    Column("version", Integer, nullable=False),
)

# The names of entities and their parts, as a list in JSON; apps with the same names share a row.
name_shapes = Table(
    "name_shapes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("names", Text, nullable=False),
)

# Of every app whose schema was ever read, opened or not.
app_names = Table(
    "app_names",
    metadata,
    _connection_id(),
    Column("app_id", Text, primary_key=True, nullable=False),
    Column("shape", Text, nullable=False),
)
