"""The Admin API: rows, users and live sessions of one app, with the app's own admin token where one is known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from app.core.errors import Invalid, Unauthorised
from app.core.secret import Secret
from app.platforms.contract import RemoteApp
from app.platforms.http import HttpChannel
from app.platforms.http_words import Operation, Tokens

from . import answers, operations


class AdminCalls:
    """The part of the client that acts inside an app. Tokens that the platform tells are kept in memory."""

    def __init__(self, channel: HttpChannel, tokens: Tokens) -> None:
        self.channel = channel
        self.tokens = tokens
        self._admin_tokens: dict[str, Secret] = {}

    # Rows

    async def query(
        self,
        app_id: str,
        query: Mapping[str, Any],
        *,
        as_email: str | None = None,
        as_guest: bool = False,
        admin_token: Secret | None = None,
        inference: bool = False,
    ) -> dict[str, Any]:
        """The tree that an InstaQL query asks for; an unknown entity gives an empty list, not an error.

        There is no page information in it: ask for one row more than shown to learn whether there are more.
        """
        operation = operations.QUERY
        body: dict[str, Any] = {"query": query} | ({"inference?": True} if inference else {})
        headers = {"as-email": as_email} if as_email else {"as-guest": "true"} if as_guest else {}
        answer = await self._admin(operation, app_id, body=body, headers=headers, admin_token=admin_token)
        if not isinstance(answer, dict):
            answers.refuse(operation, "the whole", "is not an object")
        return answer

    async def transact(
        self,
        app_id: str,
        steps: Sequence[Sequence[Any]],
        *,
        throw_on_missing_attrs: bool = True,
        is_repeatable: bool = False,
        admin_token: Secret | None = None,
    ) -> int:
        """Apply all steps as one transaction and return its number.

        ``is_repeatable``: the caller vouches that applying the steps twice is the same as once (its own IDs, final
        values); only then is a lost answer followed by another try.
        """
        operation = operations.TRANSACT_AGAIN if is_repeatable else operations.TRANSACT
        body = {"steps": [list(step) for step in steps], "throw-on-missing-attrs?": throw_on_missing_attrs}
        answer = await self._admin(operation, app_id, body=body, admin_token=admin_token)
        number = answer.get("tx-id") if isinstance(answer, dict) else None
        if not isinstance(number, int):
            answers.refuse(operation, "tx-id", "is not a number")
        return number

    async def get_user(
        self, app_id: str, *, email: str | None = None, user_id: str | None = None
    ) -> dict[str, Any] | None:
        """The user with this e-mail address or ID, None where there is none."""
        return await self._user(operations.GET_USER, app_id, "user", email, user_id)

    async def delete_user(
        self, app_id: str, *, email: str | None = None, user_id: str | None = None
    ) -> dict[str, Any] | None:
        """Delete the user and return it, None where there was none."""
        return await self._user(operations.DELETE_USER, app_id, "deleted", email, user_id)

    async def list_users(self, app_id: str, *, limit: int = 1000, offset: int = 0) -> list[dict[str, Any]]:
        found = await self.query(app_id, {"$users": {"$": {"limit": limit, "offset": offset}}})
        return answers.rows(operations.QUERY, found, "$users")

    async def _user(
        self, operation: Operation, app_id: str, name: str, email: str | None, user_id: str | None
    ) -> dict[str, Any] | None:
        if (email is None) == (user_id is None):
            raise Invalid("Give either an e-mail address or a user ID.")
        query = {"email": email} if email is not None else {"id": user_id or ""}
        answer = await self._admin(operation, app_id, query=query)
        if isinstance(answer, dict) and answer.get(name, ...) is None:
            return None
        return answers.part(operation, answer, name)

    # Admin tokens

    def learn(self, app: RemoteApp) -> RemoteApp:
        """Keep the admin token that came with an app."""
        if app.admin_token is not None:
            self.remember_admin_token(app.app_id, app.admin_token)
        return app

    def remember_admin_token(self, app_id: str, token: Secret) -> None:
        self._admin_tokens[app_id] = token
        self.channel.keep_secret(token)

    def admin_token_of(self, app_id: str) -> Secret | None:
        """The app's admin token, where the platform told it in this session."""
        return self._admin_tokens.get(app_id)

    def forget_admin_token(self, app_id: str) -> None:
        self._admin_tokens.pop(app_id, None)

    def has_admin_access(self, app_id: str) -> bool:
        """Whether rows of the app may be open to us: whether they are, only the platform can say."""
        return app_id in self._admin_tokens or bool(self.tokens.platform)

    @asynccontextmanager
    async def open_stream(self, app_id: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes of a live session of the app; see ``live_session``."""
        async with AsyncExitStack() as stack:
            try:
                pieces = await stack.enter_async_context(self._stream(app_id, self._admin_tokens.get(app_id)))
            except Unauthorised:
                if app_id not in self._admin_tokens or not self.tokens.platform:
                    raise
                self.forget_admin_token(app_id)
                pieces = await stack.enter_async_context(self._stream(app_id, None))
            yield pieces

    def _stream(self, app_id: str, token: Secret | None) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self.channel.stream(operations.LIVE_SESSION, body={}, headers={"app-id": app_id}, token=token)

    # Inside

    async def _admin(
        self,
        operation: Operation,
        app_id: str,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        admin_token: Secret | None = None,
    ) -> Any:
        """The admin token where one is known: a personal access token opens its owner's own apps only.

        A remembered token may have been replaced by somebody else; then the connection's own is tried.
        """
        known = admin_token or self._admin_tokens.get(app_id)
        sent = {"app-id": app_id, **(headers or {})}
        try:
            return await self.channel.request(operation, query=query, body=body, headers=sent, token=known)
        except Unauthorised:
            if known is None or admin_token is not None or not self.tokens.platform:
                raise
        self.forget_admin_token(app_id)
        return await self.channel.request(operation, query=query, body=body, headers=sent)
