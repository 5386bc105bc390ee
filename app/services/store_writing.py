"""What is written to ``workspace_apps`` when a store is set or cleared, in the form that its rows have. Pure."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as url_quote

from app.core.errors import NotFound, Unsupported
from app.core.refs import new_id
from app.core.secret import Secret
from app.core.text import plain
from app.schema.formats.sql_names import Dialect, quote, sql_name
from app.schema.types import BooleanType, DateType, JsonType, NumberType
from app.services.main_database import bare
from app.services.store_pointers import MARKER, NESTED, PARTS, json_object

if TYPE_CHECKING:
    from app.platforms.postgres.dsn import Dsn
    from app.schema.model import Attribute, Entity
    from app.services.main_map import MainMap, SecretPlace

Statement = tuple[str, Mapping[str, Any]]
_NOW = ("createdat", "updatedat", "modifiedat", "insertedat")
_TOUCHED = ("updatedat", "modifiedat")
_BLANK: tuple[object, ...] = (None, "")


@dataclass(frozen=True, slots=True)
class RowChange:
    """``columns`` are those that get another value; ``losses`` what a deleted row takes along. ``has_marker``: the row
    says that the password is in the vault. The statement holds a password where that was chosen."""

    statement: Statement = field(repr=False)
    columns: tuple[str, ...]
    is_new: bool = False
    has_marker: bool = False
    losses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PointerTable:
    """``provider`` is what other rows have in that column, "" for nothing in common."""

    entity: Entity
    names: MainMap
    dialect: Dialect
    provider: str = ""

    @property
    def sql(self) -> str:
        return _escaped(sql_name(self.entity.name, self.dialect))


def address_with(dsn: Dsn, password: Secret | None) -> str:
    """The whole address, with the password where there is one: for the row that the product reads."""
    text = dsn.to_text()
    if not password or dsn.is_sqlite:
        return text
    user = url_quote(dsn.user, safe="")
    rest = text.removeprefix("postgresql://").removeprefix(f"{user}@" if user else "")
    return f"postgresql://{user}:{url_quote(password.reveal(), safe='')}@{rest}"


def set_row(
    table: PointerTable,
    row: Mapping[str, Any] | None,
    workspace: Any,
    dsn: Dsn,
    password: Secret | None,
    place: SecretPlace,
) -> RowChange:
    """``row`` is the one that is there, None for a new one; ``workspace`` its ID as the database has it.

    Raises Unsupported where a row of this table cannot say it.
    """
    values, has_marker = _values(table, row or {}, dsn, password, place)
    if row is None:
        values = {table.names.app_workspace: workspace, **values}
        return _insert(table, values, has_marker)
    return _update(table, row, values, has_marker)


def clear_row(table: PointerTable, row: Mapping[str, Any]) -> RowChange:
    known = {getattr(table.names, f"app_{each}") for each in (*PARTS, "config", "workspace", "record")}
    losses = tuple(name for name, value in row.items() if name not in known and value not in _BLANK)
    where, values = _where(table, row)
    statement = f"DELETE FROM {table.sql} WHERE {where}"  # noqa: S608 names are quoted, values bound
    return RowChange((statement, values), (), losses=losses)


# What the columns get


def _values(
    table: PointerTable, row: Mapping[str, Any], dsn: Dsn, password: Secret | None, place: SecretPlace
) -> tuple[dict[str, Any], bool]:
    names = table.names
    values: dict[str, Any] = {}
    kept = password if place == "row" else None
    secret_column = names.app_password if row.get(names.app_password) not in _BLANK else ""
    style = _style(names, row)
    if style == "url":
        values[names.app_url] = address_with(dsn, None if secret_column else kept)
    elif style == "parts":
        values |= _parts(table, dsn)
        secret_column = names.app_password
        if kept and not secret_column:
            raise Unsupported(
                f"{names.workspace_apps} has no column for a password.", remedy="Keep the password in the vault."
            )
    else:
        config = _config(json_object(row.get(names.app_config)), dsn, kept, place)
        values[names.app_config] = json.dumps(config, ensure_ascii=False)
    if secret_column:
        values[secret_column] = kept.reveal() if kept else MARKER if place == "vault" else None
    has_marker = (style == "config" and place == "vault") or values.get(secret_column) == MARKER
    if names.app_secret and not has_marker and row.get(names.app_secret) in (*_BLANK, MARKER):
        values[names.app_secret] = MARKER if place == "vault" else None
        has_marker = place == "vault"
    return values, has_marker


def _style(names: MainMap, row: Mapping[str, Any]) -> str:
    """The form that the row has, else the first that the table has room for."""
    columns = {"url": names.app_url, "parts": names.app_host, "config": names.app_config}
    styles = [style for style, column in columns.items() if column]
    if not styles:
        raise Unsupported(
            f"No column of {names.workspace_apps or 'the main database'} can hold the address of a store.",
            remedy="Name the column in the mapping of the main database.",
        )
    return next((style for style in styles if row.get(columns[style]) not in (*_BLANK, {})), styles[0])


def _parts(table: PointerTable, dsn: Dsn) -> dict[str, Any]:
    names = table.names
    if dsn.is_sqlite:
        raise Unsupported("Host, port and database are no place for a SQLite file.")
    values: dict[str, Any] = {names.app_host: dsn.host}
    if names.app_port:
        values[names.app_port] = dsn.port if _is(table, names.app_port, NumberType) else str(dsn.port)
    if names.app_database:
        values[names.app_database] = dsn.database
    if names.app_user:
        values[names.app_user] = dsn.user
    mode = dsn.option("sslmode")
    if names.app_options:
        is_switch = _is(table, names.app_options, BooleanType)
        values[names.app_options] = mode in {"require", "verify-ca", "verify-full"} if is_switch else mode or None
    lost = [name for name, _value in dsn.options if name != "sslmode" or not names.app_options]
    missing = [name for name, column in (("a port", names.app_port),) if not column and dsn.port != 5432]
    missing += [] if names.app_database else ["a database"]
    if lost or missing:
        raise Unsupported(
            f"{names.workspace_apps} has no column for {', '.join((*missing, *lost))}.",
            remedy="Leave it out of the address, or name the column in the mapping of the main database.",
        )
    return values


def _config(old: Mapping[str, Any] | None, dsn: Dsn, password: Secret | None, place: SecretPlace) -> dict[str, Any]:
    """The JSON object with the new address where the old one was; everything else in it stays."""
    config = copy.deepcopy(dict(old or {}))
    home = _home(config)
    keys = {part: key for part, words in PARTS.items() if (key := _key(home, words))}
    if "host" in keys and "url" not in keys and not dsn.is_sqlite:
        parts: dict[str, Any] = {"host": dsn.host, "port": dsn.port, "database": dsn.database, "user": dsn.user}
        for part, value in parts.items():
            key = keys.get(part, part)
            home[key] = str(value) if part == "port" and isinstance(home.get(key), str) else value
        if mode := dsn.option("sslmode"):
            home[keys.get("options", "sslmode")] = mode
        if password or "password" in keys:
            home[keys.get("password", "password")] = password.reveal() if password else None
    else:
        in_key = "password" in keys
        home[keys.get("url", "database_url")] = address_with(dsn, None if in_key else password)
        if in_key:
            home[keys["password"]] = password.reveal() if password else None
    secret = keys.get("secret", "secret_ref")
    if place == "vault":
        home[secret] = MARKER
    elif home.get(secret) == MARKER:
        del home[secret]
    return config


def _home(config: dict[str, Any]) -> dict[str, Any]:
    """The object in it that holds the address."""
    if _key(config, (*PARTS["url"], *PARTS["host"])):
        return config
    for name, value in config.items():
        if bare(name) in NESTED and isinstance(value, dict):
            return _home(value)
    return config


def _key(config: Mapping[str, Any], words: tuple[str, ...]) -> str:
    by_word = {bare(name): name for name, value in config.items() if not isinstance(value, dict)}
    return next((by_word[word] for word in words if word in by_word), "")


# Statements


def _update(table: PointerTable, row: Mapping[str, Any], values: Mapping[str, Any], has_marker: bool) -> RowChange:
    where, bound = _where(table, row)
    changed = tuple(values)
    sets = []
    for number, (column, value) in enumerate(values.items()):
        sets.append(f"{_name(column)} = :v{number}")
        bound[f"v{number}"] = value
    sets += [f"{_name(each.name)} = CURRENT_TIMESTAMP" for each in _touched(table, changed)]
    statement = f"UPDATE {table.sql} SET {', '.join(sets)} WHERE {where}"  # noqa: S608 as above
    return RowChange((statement, bound), changed, has_marker=has_marker)


def _insert(table: PointerTable, values: dict[str, Any], has_marker: bool) -> RowChange:
    fixed = {each.name: "CURRENT_TIMESTAMP" for each in _touched(table, tuple(values), is_new=True)}
    unknown = []
    for each in table.entity.attributes:
        if each.name in values or each.name in fixed or not _must_be_given(each, table):
            continue
        given = _given(each, table)
        if given is None:
            unknown.append(each.name)
        else:
            values[each.name] = given
    if unknown:
        listed = ", ".join(plain(each, 60) for each in unknown)
        raise Unsupported(
            f"A row of {table.entity.name} needs {listed}, which Tenantry cannot know.",
            remedy="Let the product make the row, then set its store here.",
        )
    bound = {f"v{number}": value for number, value in enumerate(values.values())}
    columns = ", ".join(_name(each) for each in (*values, *fixed))
    places = ", ".join((*(f":{each}" for each in bound), *fixed.values()))
    statement = f"INSERT INTO {table.sql} ({columns}) VALUES ({places})"  # noqa: S608 as above
    return RowChange((statement, bound), tuple(values), is_new=True, has_marker=has_marker)


def _where(table: PointerTable, row: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    column = table.names.app_record or table.names.app_workspace
    if row.get(column) is None:
        raise NotFound(f"The row of {table.entity.name} has nothing to be found by.")
    return f"{_name(column)} = :key", {"key": row[column]}


def _touched(table: PointerTable, taken: tuple[str, ...], *, is_new: bool = False) -> list[Attribute]:
    """Columns that hold the time of a change; of a new row, those without a time of their own."""
    words = _NOW if is_new else _TOUCHED
    return [
        each
        for each in table.entity.attributes
        if bare(each.name) in words
        and each.name not in taken
        and (isinstance(each.type, DateType) or (table.dialect == "sqlite" and not isinstance(each.type, NumberType)))
        and not (is_new and each.default is not None)
    ]


def _must_be_given(attribute: Attribute, table: PointerTable) -> bool:
    if attribute.default is not None or {"identity", "generated"} & {name for name, _text in attribute.extra}:
        return False
    is_key = attribute.name == table.names.app_record
    native = str(getattr(attribute.type, "native", "")).lower()
    if "serial" in native or (is_key and table.dialect == "sqlite" and native == "integer"):
        return False
    return attribute.is_required or is_key


def _given(attribute: Attribute, table: PointerTable) -> Any:
    """A value that a required column may well get, None where nothing is to be known."""
    if attribute.name == table.names.app_record and not isinstance(attribute.type, NumberType):
        return new_id()
    if attribute.name == table.names.app_provider:
        return table.provider or "postgres"
    if isinstance(attribute.type, JsonType):
        return "{}"
    return None


def _is(table: PointerTable, column: str, kind: type) -> bool:
    attribute = table.entity.attribute(column)
    return attribute is not None and isinstance(attribute.type, kind)


def _name(column: str) -> str:
    return _escaped(quote(column))


def _escaped(sql: str) -> str:
    """A colon in a name is none before a bound value."""
    return sql.replace(":", "\\:")
