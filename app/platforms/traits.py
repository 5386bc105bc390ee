"""What a connection's platform is like, known without asking it and without importing its client."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from app.core.connection import Connection, Platform
from app.core.errors import Unsupported

if TYPE_CHECKING:
    from app.schema.check import Rules
    from app.schema.compare import Renames
    from app.schema.formats.sql_names import Dialect
    from app.schema.model import Schema

SQLITE_PREFIX = "sqlite:"
_SQL_KINDS = {"foundation": "main database", "tenant": "store", "other": "database"}
_NO_RENAMES = "A database is known by its name: renaming it would lose what points to it."


class ReadText(Protocol):
    """A schema that was read from a text; ``spans``: (line from 1, column in characters from 0) of each place."""

    @property
    def schema(self) -> Schema: ...

    @property
    def spans(self) -> Mapping[str, tuple[int, int]]: ...


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A platform's own text of a schema. ``parse`` is None where the text can only be read (``read_only_reason``).

    ``edit`` changes a text so that it says the schema, as little as possible. ``completed`` takes what the platform
    owns from the live schema (its second argument): a text has no say in it, and may leave it out.
    """

    label: str
    suffix: str
    render: Callable[[Schema], str]
    edit: Callable[[str, Schema, Renames | None], str]
    parse: Callable[[str], ReadText] | None = None
    completed: Callable[[Schema, Schema], Schema] = lambda schema, _live: schema
    read_only_reason: str = ""


@dataclass(frozen=True, slots=True)
class Traits:
    """``canonical`` is the form in which the platform gives a schema back.

    ``needs_token``: nothing can be asked without one. ``has_registry_app``: a foundation with users, tasks and agents
    is Instant's. ``has_main_database``: one of its databases can be the main one, with workspaces and their stores.
    ``keeps_link_names``: a link's name is something of its own. ``keeps_dropped_data``: for two days.
    ``rename_refusal`` says why an app keeps its title; ``app_word`` is what it is called here, ``job_word`` what a push
    consists of, and ``jobs_label`` many of those.
    """

    platform_label: str
    load_rules: Callable[[], Rules]
    canonical: Callable[[Schema], Schema]
    text: TextFormat | None = None
    needs_token: bool = True
    has_registry_app: bool = False
    keeps_link_names: bool = True
    keeps_dropped_data: bool = False
    has_sql: bool = False
    has_main_database: bool = False
    is_file: bool = False
    rename_refusal: str = ""
    app_word: str = "app"
    job_word: str = "job"
    jobs_label: str = "Background jobs"

    @property
    def rules(self) -> Rules:
        """What a schema may be here."""
        return self.load_rules()


def traits_of(connection: Connection) -> Traits:
    if connection.platform is Platform.POSTGRES:
        return SQLITE if connection.base_url.startswith(SQLITE_PREFIX) else POSTGRES
    return INSTANT if connection.platform is Platform.INSTANT else OTHER


def kind_words(connection: Connection) -> Mapping[str, str]:
    """What each kind of app (``AppKind``) is called here, where it is not called as everywhere."""
    return _SQL_KINDS if traits_of(connection).has_sql else {}


def registry_refusal(connection: Connection) -> str:
    """Why users, tasks, agents and templates are not to be had here; empty where they are."""
    traits = traits_of(connection)
    if traits.has_registry_app:
        return ""
    return f"Users, tasks and agents belong to an Instant foundation; {connection.label} is {traits.platform_label}."


def ensure_registry_app(connection: Connection) -> None:
    """Raises Unsupported where nothing of a foundation may be asked."""
    refusal = registry_refusal(connection)
    if refusal:
        raise Unsupported(refusal, remedy="Choose a connection to Instant.")


def _instant_rules() -> Rules:
    from app.platforms.instant.schema_rules import RULES

    return RULES


def _instant_form(schema: Schema) -> Schema:
    from app.schema.formats.instant_form import canonical

    return canonical(schema)


def _instant_render(schema: Schema) -> str:
    from app.schema.formats import instant_ts

    return instant_ts.render(schema)


def _instant_edit(text: str, schema: Schema, renames: Renames | None) -> str:
    from app.schema.formats import instant_ts

    return instant_ts.edit(text, schema, renames)


def _instant_parse(text: str) -> ReadText:
    from app.schema.formats import instant_ts

    return instant_ts.parse(text)


def _instant_completed(schema: Schema, live: Schema) -> Schema:
    from app.schema.formats.instant_form import with_system_parts

    return with_system_parts(schema, live)


def _postgres_rules() -> Rules:
    from app.platforms.postgres.schema_rules import RULES_POSTGRES

    return RULES_POSTGRES


def _sqlite_rules() -> Rules:
    from app.platforms.postgres.schema_rules import RULES_SQLITE

    return RULES_SQLITE


def _plain_rules() -> Rules:
    from app.schema.check import Rules

    return Rules()


def _sql_form(schema: Schema, *, dialect: Dialect) -> Schema:
    from app.schema.formats.sql_form import canonical

    return canonical(schema, dialect)


def _sql_render(schema: Schema, *, dialect: Dialect) -> str:
    from app.schema.formats.sql import render

    return render(schema, dialect)


def _sql_edit(_text: str, schema: Schema, _renames: Renames | None, *, dialect: Dialect) -> str:
    """Written anew: the script is made of the schema alone."""
    return _sql_render(schema, dialect=dialect)


def _sql_parse(text: str, *, dialect: Dialect) -> ReadText:
    from app.schema.formats.sql import parse

    return parse(text, dialect)


def _sql_completed(schema: Schema, live: Schema) -> Schema:
    from app.schema.formats.sql import with_live_parts

    return with_live_parts(schema, live)


def _sql_text(label: str, dialect: Dialect) -> TextFormat:
    return TextFormat(
        label,
        ".sql",
        render=functools.partial(_sql_render, dialect=dialect),
        edit=functools.partial(_sql_edit, dialect=dialect),
        parse=functools.partial(_sql_parse, dialect=dialect),
        completed=_sql_completed,
    )


INSTANT = Traits(
    "Instant",
    _instant_rules,
    _instant_form,
    TextFormat("instant.schema.ts", ".ts", _instant_render, _instant_edit, _instant_parse, _instant_completed),
    has_registry_app=True,
    keeps_link_names=False,
    keeps_dropped_data=True,
)
POSTGRES = Traits(
    "PostgreSQL",
    _postgres_rules,
    functools.partial(_sql_form, dialect="postgresql"),
    _sql_text("SQL", "postgresql"),
    needs_token=False,
    has_sql=True,
    has_main_database=True,
    rename_refusal=_NO_RENAMES,
    app_word="database",
    job_word="statement",
    jobs_label="Statements",
)
SQLITE = Traits(
    "SQLite",
    _sqlite_rules,
    functools.partial(_sql_form, dialect="sqlite"),
    _sql_text("SQL", "sqlite"),
    needs_token=False,
    has_sql=True,
    has_main_database=True,
    is_file=True,
    rename_refusal=_NO_RENAMES,
    app_word="database",
    job_word="statement",
    jobs_label="Statements",
)
OTHER = Traits("the platform", _plain_rules, lambda schema: schema.normalised())
