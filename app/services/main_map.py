"""What a main database calls its tables and columns (document 002), and what the operator chose for it.

The document writes some names in the singular, and gives no columns at all: ``main_database.introspected`` finds
them, and what an operator says is kept here, per connection. Nothing here is a secret.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, Protocol

from app.core.errors import FieldError, Invalid

_logger = logging.getLogger(__name__)

Mode = Literal["local", "hosted"]
ModeSource = Literal["chosen", "environment", ".env", "guessed"]
SecretPlace = Literal["vault", "row", "none"]
MODES: tuple[Mode, ...] = ("local", "hosted")
_NAME_LIMIT = 200

SYSTEM_TABLES = ("users", "workspaces", "workspace_users", "workspace_invites", "workspace_apps", "roles", "teams")
APPLICATION_TABLES = ("chats", "messages", "documents", "suggestions", "votes", "streams", "tables", "pages")


@dataclass(frozen=True, slots=True)
class MainMap:
    """Names of the system tables (as entities are called) and of their columns; "" for what is not there.

    ``member_workspace`` and the like are the columns that lead to the workspace. Of a store's pointer there is
    ``app_url`` (a whole connection string), or the parts, or ``app_config`` (JSON of either); ``app_secret`` holds a
    reference to a password that is kept elsewhere. ``application`` and ``others`` are tables that the operator
    classified himself: of the tenants, or of neither kind.
    """

    users: str = ""
    workspaces: str = ""
    workspace_users: str = ""
    workspace_invites: str = ""
    workspace_apps: str = ""
    roles: str = ""
    teams: str = ""
    user_id: str = ""
    user_email: str = ""
    workspace_id: str = ""
    workspace_name: str = ""
    workspace_created_at: str = ""
    member_workspace: str = ""
    invite_workspace: str = ""
    role_workspace: str = ""
    team_workspace: str = ""
    app_record: str = ""
    app_workspace: str = ""
    app_url: str = ""
    app_host: str = ""
    app_port: str = ""
    app_database: str = ""
    app_user: str = ""
    app_password: str = ""
    app_options: str = ""
    app_config: str = ""
    app_secret: str = ""
    app_provider: str = ""
    application: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def system(self) -> Mapping[str, str]:
        """The document's name of each system table that is there → what it is called here."""
        return {name: found for name in SYSTEM_TABLES if (found := getattr(self, name))}

    @property
    def has_pointer(self) -> bool:
        """Whether rows can say where a store is."""
        return bool(self.workspace_apps and self.app_workspace and (self.app_url or self.app_host or self.app_config))

    def checked(self) -> MainMap:
        """Without white space around the names; raises Invalid with a field for each name that cannot be one."""
        names = {name: str(getattr(self, name)).strip() for name in name_fields()}
        wrong = tuple(FieldError(name, text) for name, value in names.items() if (text := _refusal(value)))
        twice = _used_twice({name: names[name] for name in SYSTEM_TABLES})
        if wrong or twice:
            raise Invalid("The names of the main database are not acceptable.", fields=(*wrong, *twice))
        return MainMap(
            **names, application=tuple(dict.fromkeys(self.application)), others=tuple(dict.fromkeys(self.others))
        )


def name_fields() -> tuple[str, ...]:
    """The fields that are names of one table or column."""
    return tuple(each.name for each in fields(MainMap) if each.name not in {"application", "others"})


def _refusal(name: str) -> str:
    if len(name) > _NAME_LIMIT:
        return f"A name has at most {_NAME_LIMIT} characters."
    return "" if name.isprintable() else "A name is one line without invisible characters."


def _used_twice(tables: Mapping[str, str]) -> tuple[FieldError, ...]:
    taken: dict[str, str] = {}
    wrong = []
    for name, table in tables.items():
        if table and table in taken:
            wrong.append(FieldError(name, f"{table} is named for {taken[table]} already."))
        taken.setdefault(table, name)
    return tuple(wrong)


@dataclass(frozen=True, slots=True)
class OwnStore:
    """A store that the operator set here, because the row of the main database cannot be read: no secret in it."""

    dsn_text: str
    secret_place: SecretPlace = "none"


@dataclass(frozen=True, slots=True)
class MainSettings:
    """What the operator chose for one main database.

    ``names`` holds only what he named (the rest is introspected), ``mode`` is None where he chose none, ``env_folder``
    is the folder whose ``.env`` says it. ``stores`` are by workspace ID, and so is ``vaulted``: the workspaces
    whose password is in the vault.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    application: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    mode: Mode | None = None
    env_folder: str = ""
    stores: Mapping[str, OwnStore] = field(default_factory=dict)
    vaulted: frozenset[str] = frozenset()

    def over(self, found: MainMap) -> MainMap:
        """What was introspected, with what the operator said in its place."""
        known = {name: self.names[name] for name in name_fields() if name in self.names}
        return replace(found, **known, application=self.application, others=self.others)

    def to_text(self) -> str:
        kept = asdict(self) | {"vaulted": sorted(self.vaulted)}
        return json.dumps({"main": {name: value for name, value in kept.items() if value}})

    @classmethod
    def from_text(cls, text: str) -> MainSettings:
        """Raises ValueError; what this version does not know is left out."""
        found: Any = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError("not an object")
        main = found.get("main")
        if not isinstance(main, dict):
            return cls()
        mode = main.get("mode")
        return cls(
            names=_texts(main.get("names")),
            application=_listed(main.get("application")),
            others=_listed(main.get("others")),
            mode=mode if mode in MODES else None,
            env_folder=folder if isinstance(folder := main.get("env_folder"), str) else "",
            stores=_own_stores(main.get("stores")),
            vaulted=frozenset(_listed(main.get("vaulted"))),
        )


def _texts(value: Any) -> dict[str, str]:
    pairs: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    return {name: text for name, text in pairs if isinstance(name, str) and isinstance(text, str)}


def _listed(value: Any) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _own_stores(value: Any) -> dict[str, OwnStore]:
    pairs: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    found = {}
    for workspace, kept in pairs:
        text = kept.get("dsn_text") if isinstance(kept, dict) else None
        if isinstance(text, str):
            place = kept.get("secret_place")
            found[str(workspace)] = OwnStore(text, place if place in {"vault", "row"} else "none")
    return found


class MapStore(Protocol):
    """What is needed of the local database; its methods block."""

    def get(self, connection_id: str) -> str | None: ...

    def put(self, connection_id: str, text: str) -> None: ...


class MainSettingsBook:
    """The settings of each connection, read once from the local database."""

    def __init__(self, store: MapStore) -> None:
        self._store = store
        self._known: dict[str, MainSettings] = {}

    async def get(self, connection_id: str) -> MainSettings:
        known = self._known.get(connection_id)
        if known is None:
            text = await asyncio.to_thread(self._store.get, connection_id)
            known = self._known.setdefault(connection_id, _read(text))
        return known

    async def put(self, connection_id: str, settings: MainSettings) -> None:
        """Raises NotFound where the connection was removed."""
        await asyncio.to_thread(self._store.put, connection_id, settings.to_text())
        self._known[connection_id] = settings

    def forget(self, connection_id: str) -> None:
        self._known.pop(connection_id, None)


def _read(text: str | None) -> MainSettings:
    try:
        return MainSettings() if text is None else MainSettings.from_text(text)
    except ValueError:
        _logger.exception("The names of a main database cannot be read; those that are found are used")
        return MainSettings()
