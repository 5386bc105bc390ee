"""Is the server up; and the switches that only a local platform has."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from .. import auth
from ..faults import CONTROL_PATH, Faults
from ..web import Call, endpoint

Json = Any


def health(call: Call) -> Json:
    """Answers 500 where the database cannot be read."""
    with call.platform.store.read() as conn:
        conn.execute("SELECT 1 FROM apps LIMIT 1").fetchone()
    return {"wal": "ok"}


def read_faults(call: Call) -> Json:
    auth.superadmin_user(call.request)
    return {"faults": call.platform.faults.to_wire()}


def write_faults(call: Call) -> Json:
    """``{"faults": [...]}`` replaces the list in force."""
    auth.superadmin_user(call.request)
    wanted = call.required("faults", lambda value: value if isinstance(value, list) else None)
    call.platform.faults.replace(Faults.parse(wanted))
    return {"faults": call.platform.faults.to_wire()}


routes = [
    Route("/health/system", endpoint(health), methods=["GET"]),
    Route(CONTROL_PATH, endpoint(read_faults), methods=["GET"]),
    Route(CONTROL_PATH, endpoint(write_faults), methods=["POST"]),
]
