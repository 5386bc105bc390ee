"""Whether the admin tokens in a registry still open their apps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from app.core.errors import Forbidden, KnownError, NotFound, Unauthorised
from app.core.refs import is_uuid
from app.core.secret import Secret
from app.services.registry import Claim
from app.services.side_by_side import for_each

_QUESTION = {"$users": {"$": {"limit": 1, "fields": ["id"]}}}


class TokenClient(Protocol):
    async def query(self, app_id: str, query: Mapping[str, Any], *, admin_token: Secret | None) -> dict[str, Any]: ...


async def dead_tokens(
    client: TokenClient,
    claims: Collection[Claim],
    tokens: Mapping[str, Secret],
    workers: int,
    on_done: Callable[[int], None] = lambda _done: None,
) -> tuple[dict[str, str], int]:
    """The records whose token is not accepted, with the platform's words for it ("" where there is no token); and how
    many could not be tried. Each token is tried once, with a question for one row."""
    dead: dict[str, str] = {}
    done = untried = 0

    async def attempt(claim: Claim) -> None:
        nonlocal done, untried
        try:
            why = await refusal_of(client, claim.app_id, tokens.get(claim.record_id))
        except KnownError:
            why, untried = None, untried + 1
        if why is not None:
            dead[claim.record_id] = why
        done += 1
        on_done(done)

    await for_each(claims, attempt, workers)
    order = {each.record_id: number for number, each in enumerate(claims)}
    return dict(sorted(dead.items(), key=lambda each: order[each[0]])), untried


async def refusal_of(client: TokenClient, app_id: str, token: Secret | None) -> str | None:
    """None where the token opens the app. Raises what keeps it from being tried."""
    if token is None:
        return ""
    # Anything else is no admin token, and does not belong into a request.
    if not is_uuid(token.reveal()):
        return "It is not of the form of an admin token."
    try:
        await client.query(app_id, _QUESTION, admin_token=token)
    except (Unauthorised, Forbidden, NotFound) as error:
        return error.sentence
    return None
