"""What a foundation calls its parts: the documents' names, unless an operator says otherwise."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

from app.core.errors import FieldError, Invalid

_logger = logging.getLogger(__name__)
NAME_LIMIT = 100


@dataclass(frozen=True, slots=True)
class FoundationMap:
    """Names of entities, attributes and labels of links; the defaults are those of documents 000 and 001.

    ``app_users`` is the label at ``app`` that leads to its users, ``user_apps`` the one back; so are ``main_database``
    and ``task``, ``origin_iteration`` and ``originated_databases``. ``others`` are the app IDs that the operator
    marked as belonging to nobody, on purpose.
    """

    users: str = "$users"
    email: str = "email"
    app: str = "app"
    app_id: str = "appid"
    app_users: str = "$users"
    user_apps: str = "app"
    databases: str = "databases"
    database_app_id: str = "instantAppId"
    admin_token: str = "adminToken"
    name: str = "name"
    created_at: str = "createdAt"
    task: str = "task"
    tasks: str = "tasks"
    task_title: str = "title"
    task_created_at: str = "createdAt"
    main_database: str = "mainDatabase"
    iterations: str = "iterations"
    iteration_number: str = "number"
    iteration_created_at: str = "createdAt"
    iteration_task: str = "task"
    origin_iteration: str = "originIteration"
    originated_databases: str = "originatedDatabases"
    others: tuple[str, ...] = ()

    def checked(self) -> FoundationMap:
        """Without white space around the names; raises Invalid with a field for each name that cannot be one."""
        names = {name: str(getattr(self, name)).strip() for name in name_fields()}
        wrong = tuple(FieldError(field, message) for field, name in names.items() if (message := _refusal(name)))
        if wrong:
            raise Invalid("The names of the foundation are not acceptable.", fields=wrong)
        return FoundationMap(**names, others=tuple(dict.fromkeys(self.others)))

    def to_text(self) -> str:
        """JSON of what is not as in the documents."""
        default = asdict(FoundationMap())
        return json.dumps({name: value for name, value in asdict(self).items() if value != default[name]})

    @classmethod
    def from_text(cls, text: str) -> FoundationMap:
        """Raises ValueError; what this version does not know is left out."""
        found: Any = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError("not an object")
        names = {name: found[name] for name in name_fields() if isinstance(found.get(name), str)}
        others = found.get("others")
        listed = tuple(each for each in others if isinstance(each, str)) if isinstance(others, list) else ()
        return cls(**names, others=listed)


def name_fields() -> tuple[str, ...]:
    """The fields that are names in the foundation's schema."""
    return tuple(each.name for each in fields(FoundationMap) if each.name != "others")


def _refusal(name: str) -> str:
    if not name:
        return "Enter the name that the foundation uses."
    if len(name) > NAME_LIMIT:
        return f"A name has at most {NAME_LIMIT} characters."
    return "" if name.isprintable() else "A name is one line without invisible characters."


class MapStore(Protocol):
    """What is needed of the local database; its methods block."""

    def get(self, connection_id: str) -> str | None: ...

    def put(self, connection_id: str, text: str) -> None: ...


class FoundationMaps:
    """The map of each connection, read once from the local database."""

    def __init__(self, store: MapStore) -> None:
        self._store = store
        self._known: dict[str, FoundationMap] = {}

    async def get(self, connection_id: str) -> FoundationMap:
        """The documents' names where none were set."""
        known = self._known.get(connection_id)
        if known is None:
            text = await asyncio.to_thread(self._store.get, connection_id)
            known = self._known.setdefault(connection_id, _read(text))
        return known

    async def set(self, connection_id: str, names: FoundationMap) -> FoundationMap:
        """Raises Invalid as ``FoundationMap.checked``, and NotFound where the connection was removed."""
        checked = names.checked()
        await asyncio.to_thread(self._store.put, connection_id, checked.to_text())
        self._known[connection_id] = checked
        return checked


def _read(text: str | None) -> FoundationMap:
    try:
        return FoundationMap() if text is None else FoundationMap.from_text(text)
    except ValueError:
        _logger.exception("The names of a foundation cannot be read; those of the documents are used")
        return FoundationMap()
