"""``/dash/auth/*`` and ``/dash/cli/*``: how people and the official command line tool sign in."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from .. import auth, logins
from ..web import Call, endpoint, to_email, to_text, to_uuid

Json = Any

MIN_CLI_VERSION = {"major": 0, "minor": 19, "patch": 0, "dev?": False}


def send_magic_code(call: Call) -> Json:
    email = call.required("email", to_email)
    store = call.platform.store
    with store.write() as conn:
        logins.send_code(conn, store.data_dir, email)
    return {"sent": True}


def verify_magic_code(call: Call) -> Json:
    email, code = call.required("email", to_email), call.required("code", to_text)
    store = call.platform.store
    with store.write() as conn:
        logins.count_attempt(conn, email)
    with store.write() as conn:
        account, token = logins.use_code(conn, call.platform.accounts, email, code)
    return {"token": token, "user": account.to_wire()}


def sign_out(call: Call) -> Json:
    token = auth.bearer(call.request)
    with call.platform.store.write() as conn:
        call.platform.accounts.sign_out(conn, token)
    return {}


def register(call: Call) -> Json:
    with call.platform.store.write() as conn:
        secret, ticket = logins.register(conn)
    return {"secret": secret, "ticket": ticket}


def check(call: Call) -> Json:
    secret = call.required("secret", to_uuid)
    with call.platform.store.write() as conn:
        account, token = logins.check(conn, call.platform.accounts, secret)
    return {"token": token, "email": account.email}


def claim(call: Call) -> Json:
    account = auth.dash_user(call.request)
    ticket = call.required("ticket", to_uuid)
    with call.platform.store.write() as conn:
        logins.claim(conn, account, ticket)
    return {"ticket": ticket}


def void(call: Call) -> Json:
    auth.dash_user(call.request)
    ticket = call.required("ticket", to_uuid)
    with call.platform.store.write() as conn:
        logins.void(conn, ticket)
    return {}


def version(call: Call) -> Json:
    return {"min-version": MIN_CLI_VERSION}


routes = [
    Route("/dash/auth/send_magic_code", endpoint(send_magic_code), methods=["POST"]),
    Route("/dash/auth/verify_magic_code", endpoint(verify_magic_code), methods=["POST"]),
    Route("/dash/signout", endpoint(sign_out), methods=["POST"]),
    Route("/dash/cli/auth/register", endpoint(register), methods=["POST"]),
    Route("/dash/cli/auth/check", endpoint(check), methods=["POST"]),
    Route("/dash/cli/auth/claim", endpoint(claim), methods=["POST"]),
    Route("/dash/cli/auth/void", endpoint(void), methods=["POST"]),
    Route("/dash/cli/version", endpoint(version), methods=["GET"]),
]
