"""Creating an app so that no failure and no repeat makes a second one."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from app.core.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    KnownError,
    NotFound,
    Unauthorised,
    Unsupported,
)
from app.core.refs import is_uuid, new_id
from app.core.secret import Secret
from app.platforms.contract import RemoteApp

from . import answers, operations
from .errors import CreationDisabled

if TYPE_CHECKING:
    from .client import InstantClient

TITLE_LIMIT = 200
_INVISIBLE = frozenset({"Cc", "Cs"})
_TURNS_TEXT = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def checked_title(title: str) -> str:
    """The title as the platform will keep it (trimmed); raises Invalid with the field ``title``.

    The platform itself knows no limit. Letters of any direction and markup are fine: they are shown as plain text.
    """
    trimmed = title.strip()
    if not trimmed:
        _refuse_title("Enter a title.")
    if len(trimmed) > TITLE_LIMIT:
        _refuse_title(f"A title has at most {TITLE_LIMIT} characters; this one has {len(trimmed):,}.")
    if any(unicodedata.category(char) in _INVISIBLE or char in _TURNS_TEXT for char in trimmed):
        _refuse_title("A title cannot hold line breaks, control characters or marks that turn text around.")
    return trimmed


def _refuse_title(message: str) -> NoReturn:
    raise Invalid(f"The title cannot be used. {message}", fields=(FieldError("title", message),))


async def create(
    client: InstantClient,
    title: str,
    *,
    app_id: str,
    defs: dict[str, Any] | None,
    rules: dict[str, Any] | None,
    org_id: str | None,
) -> RemoteApp:
    """Create the app under ``app_id``, or return it where an earlier try already did.

    Where the platform refuses chosen IDs (closing to new apps), the app is made once under an ID of the
    platform's choice: look at ``app_id`` of the result. An app whose schema or rules are refused is taken back.
    """
    name = checked_title(title)
    if not is_uuid(app_id):
        raise Invalid("The app ID is not a UUID.", fields=(FieldError("app_id", "Enter a UUID."),))
    token = Secret(new_id())
    is_new = True
    try:
        app = await _create_under(client, name, app_id, token, org_id)
    except Conflict:
        app, is_new = await _earlier(client, name, app_id, token)
    except (CreationDisabled, Unsupported) as refusal:
        app, is_new = await _create_elsewhere(client, name, app_id, org_id, refusal)
    await _furnish(client, app, defs, rules, is_new=is_new)
    return app


async def _create_under(client: InstantClient, title: str, app_id: str, token: Secret, org_id: str | None) -> RemoteApp:
    client.channel.keep_secret(token)
    body: dict[str, Any] = {"id": app_id, "title": title, "admin_token": token.reveal()}
    if org_id:
        body["org_id"] = org_id
    operation = operations.CREATE_APP
    app = answers.app_of(operation, await client.channel.request(operation, body=body))
    if app.app_id != app_id:
        answers.refuse(operation, "app.id", "is not the ID that was asked for")
    return client.learn(app)


async def _earlier(client: InstantClient, title: str, app_id: str, token: Secret) -> tuple[RemoteApp, bool]:
    """The app that has our ID already, and whether this very call made it.

    It takes the admin token that we have just made up if the answer to our first try was lost on its way.
    """
    try:
        found = await client.get_app(app_id, token=token)
        return client.learn(replace(found, admin_token=token)), True
    except (Unauthorised, NotFound, Forbidden):
        pass
    other = await _found(client, app_id)
    if other is None or other.title != title:
        raise Conflict(
            "Could not create the app: another app has its ID already.",
            remedy="Create it again: it gets another ID.",
        )
    return other, False


async def _found(client: InstantClient, app_id: str) -> RemoteApp | None:
    try:
        return await client.get_app(app_id)
    except NotFound:
        return None


async def _create_elsewhere(
    client: InstantClient, title: str, app_id: str, org_id: str | None, refusal: KnownError
) -> tuple[RemoteApp, bool]:
    """The one try without an ID of our own, after making sure that no app was made by a lost earlier try."""
    earlier = await _found(client, app_id)
    if earlier is not None:
        return earlier, False
    body: dict[str, Any] = {"title": title} | ({"org_id": org_id} if org_id else {})
    operation = operations.CREATE_APP_ONCE
    try:
        answer = await client.channel.request(operation, body=body)
    except CreationDisabled:
        raise refusal from None
    return client.learn(answers.app_of(operation, answer)), True


async def _furnish(
    client: InstantClient,
    app: RemoteApp,
    defs: dict[str, Any] | None,
    rules: dict[str, Any] | None,
    *,
    is_new: bool,
) -> None:
    """Schema and rules, which may be given again without harm. What the platform finds wrong takes a new app back;
    one that was there before may hold data, and stays."""
    try:
        if defs is not None:
            await client.push_and_wait(app.app_id, defs)
        if rules is not None:
            await client.push_perms(app.app_id, rules)
    except Invalid as error:
        if not is_new:
            raise
        await client.delete_app(app.app_id)
        raise Invalid(
            f"The app was not created. {error.sentence}", fields=error.fields, details=error.details
        ) from error
