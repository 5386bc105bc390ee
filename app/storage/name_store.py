"""The names in schemas that were ever read. All methods are synchronous and may be called from any thread."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .database import Database

_PUT_SHAPES = (
    "INSERT INTO name_shapes (id, names) SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') "
    "FROM json_each(?) WHERE true ON CONFLICT (id) DO NOTHING"
)
# One text for all rows, compared inside SQLite: the interpreter lock is free meanwhile. An app whose connection was
# removed while it was read is left out.
_PUT_APPS = (
    "INSERT INTO app_names (connection_id, app_id, shape) "
    "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') "
    "FROM json_each(?) WHERE json_extract(value, '$[0]') IN (SELECT id FROM connections) "
    "ON CONFLICT (connection_id, app_id) DO UPDATE SET shape = excluded.shape WHERE shape IS NOT excluded.shape"
)
_FORGET_APPS = (
    "DELETE FROM app_names WHERE NOT EXISTS (SELECT 1 FROM apps "
    "WHERE apps.connection_id = app_names.connection_id AND apps.app_id = app_names.app_id)"
)
_FORGET_SHAPES = "DELETE FROM name_shapes WHERE id NOT IN (SELECT shape FROM app_names)"


class NamedApp(NamedTuple):
    """``shape`` is the ID of the names that its schema has."""

    connection_id: str
    app_id: str
    shape: str


class NameStore:
    """Shapes (the names of a schema, as JSON) by ID, and which app has which."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, shapes: Mapping[str, str], apps: Sequence[tuple[str, str, str]]) -> None:
        """In one transaction; what is there already is not written again."""
        with self._database.write() as connection:
            if shapes:
                connection.exec_driver_sql(_PUT_SHAPES, (_text(list(shapes.items())),))
            connection.exec_driver_sql(_PUT_APPS, (_text(apps),))

    def all(self) -> tuple[dict[str, str], list[NamedApp]]:
        """Shapes by ID, and the apps; both as they were put."""
        with self._database.read() as connection:
            shapes = {row[0]: row[1] for row in connection.exec_driver_sql("SELECT id, names FROM name_shapes")}
            found = connection.exec_driver_sql("SELECT connection_id, app_id, shape FROM app_names")
            return shapes, [NamedApp(row[0], row[1], row[2]) for row in found]

    def tidy(self) -> None:
        """Forget the names of apps that are gone."""
        with self._database.write() as connection:
            connection.exec_driver_sql(_FORGET_APPS)
            connection.exec_driver_sql(_FORGET_SHAPES)


def _text(values: object) -> str:
    """Half characters and NUL of a server's names are replaced: SQLite cannot keep them."""
    text = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    return text.replace("\\u0000", " ").encode("utf-8", "replace").decode("utf-8")
