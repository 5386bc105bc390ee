"""Which table of a main database is which (document 002), found by looking at it. Pure.

The document calls tables ``users`` here and ``user`` there, and says nothing of columns, so both are recognised:
tables by their names, columns by their names and by the foreign keys that lead to the workspaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from app.core.errors import FieldError, Invalid
from app.schema.formats.sql_names import split_name
from app.services.main_map import APPLICATION_TABLES, SYSTEM_TABLES, MainMap, name_fields

if TYPE_CHECKING:
    from app.schema.model import Attribute, Entity, Schema
    from app.services.store_words import TableKind

# What else a system table is called, as ``bare`` writes it; the document's own spelling comes first.
_TABLES: Mapping[str, tuple[str, ...]] = {
    "users": ("users", "user", "appusers"),
    "workspaces": ("workspaces", "workspace"),
    "workspace_users": ("workspaceusers", "workspaceuser", "workspacemembers", "workspacemember", "memberships"),
    "workspace_invites": ("workspaceinvites", "workspaceinvite", "workspaceinvitations", "workspaceinvitation"),
    "workspace_apps": ("workspaceapps", "workspaceapp", "workspaceconnections", "workspacedatabases"),
    "roles": ("roles", "role", "workspaceroles", "workspacerole"),
    "teams": ("teams", "team", "workspaceteams", "workspaceteam"),
}
_CREATED = ("createdat", "created", "createdon", "insertedat")
URL_WORDS = (
    "databaseurl",
    "connectionstring",
    "postgresurl",
    "connectionurl",
    "connectionuri",
    "databaseuri",
    "postgresuri",
    "postgresqlurl",
    "dburl",
    "dburi",
    "dsn",
    "databasedsn",
    "supabasedburl",
    "pgurl",
    "connstring",
    "url",
    "uri",
)
HOST_WORDS = ("host", "hostname", "dbhost", "databasehost", "server", "address", "pghost")
PORT_WORDS = ("port", "dbport", "databaseport", "pgport")
DATABASE_WORDS = ("database", "dbname", "databasename", "db", "pgdatabase")
USER_WORDS = ("username", "user", "dbuser", "databaseuser", "dbusername", "login", "pguser")
PASSWORD_WORDS = ("password", "dbpassword", "databasepassword", "pass", "passwd", "pgpassword")
OPTION_WORDS = ("sslmode", "ssl")
CONFIG_WORDS = ("config", "credentials", "settings", "connection", "connectionconfig", "configuration", "data")
SECRET_WORDS = (
    "secretref",
    "secretreference",
    "secretid",
    "secretname",
    "secretkey",
    "secretarn",
    "passwordref",
    "passwordreference",
    "passwordsecret",
    "credentialref",
    "credentialsref",
    "vaultkey",
    "vaultref",
    "secret",
)
_COLUMNS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "user_id": ("users", ("id", "userid", "uuid")),
    "user_email": ("users", ("email", "emailaddress", "mail")),
    "workspace_id": ("workspaces", ("id", "workspaceid", "uuid")),
    "workspace_name": ("workspaces", ("name", "title", "displayname", "label", "slug")),
    "workspace_created_at": ("workspaces", _CREATED),
    "app_record": ("workspace_apps", ("id", "workspaceappid", "uuid")),
    "app_url": ("workspace_apps", URL_WORDS),
    "app_host": ("workspace_apps", HOST_WORDS),
    "app_port": ("workspace_apps", PORT_WORDS),
    "app_database": ("workspace_apps", DATABASE_WORDS),
    "app_user": ("workspace_apps", USER_WORDS),
    "app_password": ("workspace_apps", PASSWORD_WORDS),
    "app_options": ("workspace_apps", OPTION_WORDS),
    "app_config": ("workspace_apps", CONFIG_WORDS),
    "app_secret": ("workspace_apps", SECRET_WORDS),
    "app_provider": ("workspace_apps", ("provider", "providertype", "apptype", "type", "kind", "app", "engine")),
}
_TO_WORKSPACE = {
    "member_workspace": "workspace_users",
    "invite_workspace": "workspace_invites",
    "role_workspace": "roles",
    "team_workspace": "teams",
    "app_workspace": "workspace_apps",
}
_WORKSPACE_WORDS = ("workspaceid", "workspace", "workspaceuuid", "tenantid", "tenant")
_KEYS = {"user_id", "workspace_id", "app_record"}


def bare(name: str) -> str:
    """A name without case, separators, and the version or "encrypted" that some carry."""
    text = re.sub(r"_v\d+$", "", name.strip().lower())
    return re.sub(r"[^0-9a-z\u0080-\U0010ffff]|encrypted|(?<![a-z])enc(?![a-z])", "", text)


def same_table(one: str, other: str) -> bool:
    """Whether two bare names differ in singular and plural at most."""
    return one == other or f"{one}s" == other or one == f"{other}s"


def introspected(schema: Schema, said: Mapping[str, str] | None = None) -> MainMap:
    """The names that were found; "" for what was not. Tables that were ``said`` need not be looked for: only their
    columns are."""
    given = said or {}
    found = {
        name: schema.entity(given[name]) if name in given else _table(schema, words) for name, words in _TABLES.items()
    }
    names = {name: entity.name for name, entity in found.items() if entity is not None}
    for field, (table, words) in _COLUMNS.items():
        entity = found[table]
        if entity is not None:
            key = _primary(entity) if field in _KEYS else ""
            names[field] = key or _column(entity.attributes, words)
    for field, table in _TO_WORKSPACE.items():
        entity = found[table]
        if entity is not None:
            names[field] = _leads_to(schema, entity, names.get("workspaces", "")) or _column(
                entity.attributes, _WORKSPACE_WORDS
            )
    if names.get("app_config") in {names.get("app_url"), names.get("app_database")}:
        names["app_config"] = ""
    return MainMap(**names)  # type: ignore[arg-type]


def said_names(schema: Schema, before: MainMap, wanted: MainMap) -> dict[str, str]:
    """What of ``wanted`` has to be kept, because it would not be found by itself.

    The columns of a table that is another one now, and that nobody touched, are looked for anew. Raises Invalid with
    the fields that name what is not there.
    """
    tables = {name: getattr(wanted, name) for name in SYSTEM_TABLES}
    moved = {name for name, table in tables.items() if table != getattr(before, name)}
    found = introspected(schema, tables)
    kept = {}
    for field in name_fields():
        is_untouched = getattr(wanted, field) == getattr(before, field)
        is_moved = table_of(field) in moved or (field in _TO_WORKSPACE and "workspaces" in moved)
        kept[field] = getattr(found if field not in tables and is_moved and is_untouched else wanted, field)
    check_map(schema, MainMap(**kept))
    by_itself = introspected(schema)
    alone = {name: getattr(by_itself if name in tables else found, name) for name in kept}
    return {name: text for name, text in kept.items() if text != alone[name]}


def _table(schema: Schema, words: Sequence[str]) -> Entity | None:
    candidates = [each for each in schema.entities if not each.is_system]
    # One in the usual schema, which entities are named without, before all others (auth.users is not the product's).
    for is_elsewhere in (False, True):
        here = [each for each in candidates if _is_elsewhere(each.name) is is_elsewhere]
        for word in words:
            named = [each for each in here if bare(_table_name(each.name)) == word]
            if named:
                return min(named, key=lambda each: each.name)
    return None


def _table_name(entity: str) -> str:
    try:
        return split_name(entity)[1]
    except Invalid:
        return entity


def _is_elsewhere(entity: str) -> bool:
    try:
        return split_name(entity)[0] != "public"
    except Invalid:
        return True


def _column(attributes: Sequence[Attribute], words: Sequence[str]) -> str:
    by_word: dict[str, str] = {}
    for each in attributes:
        by_word.setdefault(bare(each.name), each.name)
    return next((by_word[word] for word in words if word in by_word), "")


def _primary(entity: Entity) -> str:
    keys = [each.attributes for each in entity.indexes if each.kind == "primary"]
    return keys[0][0] if keys and len(keys[0]) == 1 else ""


def _leads_to(schema: Schema, entity: Entity, target: str) -> str:
    """The column of a foreign key of one column to the target."""
    found = (
        link.columns[0][0]
        for link in schema.links
        if link.forward.entity == entity.name and link.reverse.entity == target and len(link.columns) == 1
    )
    return min(found, default="") if target else ""


def check_map(schema: Schema, names: MainMap) -> None:
    """Raises Invalid with the fields that name what the main database does not have."""
    wrong: list[FieldError] = []
    for field in name_fields():
        table, name = table_of(field), getattr(names, field)
        if not name:
            continue
        if field == table:
            if schema.entity(name) is None:
                wrong.append(FieldError(field, f"There is no table {name} in the main database."))
            continue
        owner = getattr(names, table)
        entity = schema.entity(owner) if owner else None
        if entity is not None and entity.attribute(name) is None:
            wrong.append(FieldError(field, f"{owner} has no column {name}."))
    if wrong:
        raise Invalid("The main database does not have what was named.", fields=tuple(wrong))


def table_of(field: str) -> str:
    if field in SYSTEM_TABLES:
        return field
    return _COLUMNS[field][0] if field in _COLUMNS else _TO_WORKSPACE[field]


def classified(schema: Schema, names: MainMap) -> dict[str, TableKind]:
    """Every table of the main database: the platform's, the tenants', or neither as far as one can tell.

    The tenants' are those of the document, those that the operator said, and those with a foreign key to one of them.
    """
    system, said = set(names.system.values()), set(names.application)
    kinds: dict[str, TableKind] = {
        each.name: "system" if each.name in system else "application" if each.name in said else "other"
        for each in schema.entities
    }
    taken = {*system, *names.others, *(each.name for each in schema.entities if each.is_system)}
    for table in documented(each.name for each in schema.entities if each.name not in taken):
        kinds[table] = "application"
    is_open = True
    while is_open:
        follows = {
            link.forward.entity
            for link in schema.links
            if kinds.get(link.reverse.entity) == "application" and kinds.get(link.forward.entity) == "other"
        } - taken
        kinds.update(dict.fromkeys(follows, "application"))
        is_open = bool(follows)
    return kinds


def documented(tables: Iterable[str]) -> tuple[str, ...]:
    """Those that are application tables of the document, in either number."""
    words = [bare(each) for each in APPLICATION_TABLES]
    return tuple(each for each in tables if any(same_table(bare(_table_name(each)), word) for word in words))


def notes_on(names: MainMap) -> tuple[str, ...]:
    """Sentences about what the document names and this database does not have."""
    missing = [name for name in SYSTEM_TABLES if not getattr(names, name)]
    notes = []
    if missing:
        listed = ", ".join(missing)
        notes.append(f"The main database has no table that looks like {listed}. Name it if it is called otherwise.")
    if names.workspace_apps and not names.app_workspace:
        notes.append(f"No column of {names.workspace_apps} leads to a workspace. Name it to see whose each store is.")
    if names.workspace_apps and not names.has_pointer and names.app_workspace:
        notes.append(
            f"No column of {names.workspace_apps} looks like a connection string, a host or a configuration. "
            "Name it, or set the stores here."
        )
    return tuple(notes)
