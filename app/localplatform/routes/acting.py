"""On whose behalf a request to the Admin API is made."""

from __future__ import annotations

from starlette.requests import Request

from app.localplatform import auth, errors, users
from app.localplatform.actor import Actor
from app.localplatform.rules import Requester
from app.localplatform.store import Store
from app.localplatform.web import coerced, to_uuid


def untrusted_app_id(request: Request) -> str:
    value = request.headers.get("app-id") or request.query_params.get("app_id")
    return coerced(value, ["headers", "app-id"], to_uuid)


def actor_of(request: Request, *, shows_errors: bool = False) -> Actor:
    """The admin, or whom the ``as-…`` headers name; a token or a guest needs no admin token."""
    headers = request.headers
    as_token, as_email, as_guest = (headers.get(name) for name in ("as-token", "as-email", "as-guest"))
    if as_token:
        app_id = untrusted_app_id(request)
        return _user_actor(request, app_id, _user_of_token(request, app_id, as_token), shows_errors)
    if as_email:
        app_id = auth.admin_app(request).app_id
        return _user_actor(request, app_id, _user_of_email(request, app_id, as_email), shows_errors)
    if as_guest:
        return _user_actor(request, untrusted_app_id(request), None, shows_errors)
    return Actor(auth.admin_app(request).app_id, is_admin=True)


def _user_of_token(request: Request, app_id: str, as_token: str) -> users.Record:
    token = to_uuid(as_token)
    if token is None:
        raise errors.param_malformed(["asUser", "token"], as_token)
    with store_of(request).read() as conn:
        user = users.by_refresh_token(conn, app_id, token)
    if user is None:
        raise errors.record_not_found("app-user", [{"app-id": app_id}])
    return user


def _user_of_email(request: Request, app_id: str, email: str) -> users.Record:
    with store_of(request).read() as conn:
        user = users.by_email(conn, app_id, email)
    if user is None:
        raise errors.record_not_found("app-user", [{"app-id": app_id, "email": email}])
    return user


def _user_actor(request: Request, app_id: str, user: users.Record | None, shows_errors: bool) -> Actor:
    ip = request.client.host if request.client else ""
    origin = request.headers.get("origin", "")
    entity = users.as_entity(user) if user else None
    return Actor(app_id, is_admin=False, requester=Requester(entity, ip, origin, shows_errors))


def store_of(request: Request) -> Store:
    found: Store = request.app.state.store
    return found
