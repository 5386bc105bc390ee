"""What each mend does: one finding at a time, in steps that may be repeated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from app.core.apps import AppKind
from app.core.errors import Conflict, KnownError, NotFound, Unsupported
from app.core.refs import AppRef, is_uuid
from app.services import registry as reading
from app.services.reconcile_tokens import refusal_of
from app.services.reconcile_words import MendOutcome, RegistryFinding

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.services.foundation import Foundation
    from app.services.foundation_writer import FoundationWriter
    from app.services.registry import Claim, Registry


class Templates(Protocol):
    """What is needed of ``TemplateLibrary``."""

    async def draft_to_template(self, ref: AppRef) -> Draft: ...


class Rotated(Protocol):
    @property
    def ok(self) -> bool: ...

    @property
    def sentence(self) -> str: ...

    @property
    def remedy(self) -> str: ...


class Rotator(Protocol):
    """What is needed of ``TaskDatabases``."""

    async def rotate_token(self, connection_id: str, record_ids: Iterable[str]) -> tuple[Rotated, ...]: ...


class Mending:
    """The mends of one connection, against the registry as it was read for them.

    Each returns its outcome, or raises a known error where nothing, or not all, was done: it may be repeated.
    """

    def __init__(
        self,
        registry: Registry,
        client: Any,
        writer: FoundationWriter,
        foundation: Foundation,
        templates: Templates,
        rotator: Rotator,
    ) -> None:
        self._registry = registry
        self._client = client
        self._writer = writer
        self._foundation = foundation
        self._templates = templates
        self._rotator = rotator

    async def mend(self, finding: RegistryFinding, choice: str) -> MendOutcome:
        act, _, subject = choice.partition(":")
        acts: dict[tuple[str, str], Callable[[RegistryFinding, str], Awaitable[MendOutcome]]] = {
            ("missing-app", "remove"): self._remove_missing,
            ("duplicate-entry", "keep"): self._keep_entry,
            ("several-apps", "keep"): self._keep_app,
            ("unlinked-entry", "remove"): self._remove_entry,
            ("unlinked-entry", "link"): self._link,
            ("unlinked-entry", "other"): self._mark,
            ("unowned-app", "link"): self._link,
            ("unowned-app", "other"): self._mark,
            ("dead-token", "rotate"): self._rotate,
            ("drifted", "plan"): self._offer,
        }
        return await acts[finding.kind, act](finding, subject)

    async def _remove_missing(self, finding: RegistryFinding, _subject: str) -> MendOutcome:
        app_id = finding.refs[0].app_id
        if await self._is_there(app_id):
            raise Conflict(
                "The app is on the platform, although it was not listed: its entry stays.",
                remedy="Refresh the connection, then check again.",
            )
        claims = self._claims(app_id)
        for claim in claims:
            await self._delete(claim)
        return _done(finding, "The entry was removed." if len(claims) == 1 else "The entries were removed.")

    async def _is_there(self, app_id: str) -> bool:
        """An entry is removed only where the platform says that it does not know the app: an app that may not be seen
        is not gone. Raises what the platform says instead."""
        if not is_uuid(app_id):
            return False
        try:
            await self._client.get_app(app_id)
        except NotFound:
            return False
        return True

    async def _keep_entry(self, finding: RegistryFinding, record_id: str) -> MendOutcome:
        claims = self._claims(finding.refs[0].app_id)
        if all(each.record_id != record_id for each in claims):
            raise NotFound("The entry to keep is not in the registry any more: nothing was removed.")
        others = [each for each in claims if each.record_id != record_id]
        for claim in others:
            await self._delete(claim)
        return _done(finding, "The other entry was removed." if len(others) == 1 else "The other entries were removed.")

    async def _keep_app(self, finding: RegistryFinding, app_id: str) -> MendOutcome:
        user_id = finding.key.partition(":")[2]
        claims = [each for each in self._registry.claims if each.kind is AppKind.TENANT and user_id in each.owner_ids]
        if all(each.app_id != app_id for each in claims):
            raise NotFound("The app to keep is not the user's any more: nothing was unlinked.")
        for claim in claims:
            if claim.app_id != app_id:
                await self._writer.unlink_user(user_id, claim.record_id)
        return _done(finding, "The other apps were unlinked.")

    async def _remove_entry(self, finding: RegistryFinding, _subject: str) -> MendOutcome:
        for claim in self._claims(finding.refs[0].app_id):
            await self._delete(claim)
        return _done(finding, "The entry was removed.")

    async def _link(self, finding: RegistryFinding, owner_id: str) -> MendOutcome:
        ref = finding.refs[0]
        claim = next(iter(self._claims(ref.app_id)), None)
        if claim is not None and claim.kind is AppKind.TASK:
            await self._link_task(claim, owner_id)
        else:
            await self._foundation.link(ref.connection_id, owner_id, ref.app_id, is_followed=False)
        return _done(finding, "The app is linked.")

    async def _link_task(self, claim: Claim, task_id: str) -> None:
        owner, _record = await self._writer.task(task_id)
        if owner is None:
            raise NotFound("This task is not in the foundation any more.")
        if owner.app_ids:
            raise Conflict("This task has a database already.", remedy="Choose a task without one.")
        await self._writer.link_task(task_id, claim.record_id)

    async def _mark(self, finding: RegistryFinding, _subject: str) -> MendOutcome:
        ref = finding.refs[0]
        await self._foundation.mark_other(ref.connection_id, [ref.app_id], is_followed=False)
        return _done(finding, "It is remembered on this machine that the app belongs to nobody.")

    async def _rotate(self, finding: RegistryFinding, _subject: str) -> MendOutcome:
        record_id, app_id = finding.key.partition(":")[2], finding.refs[0].app_id
        names, foundation = self._writer.names, self._writer.foundation_app_id
        # Another mend of the same run may have removed the entry.
        entry = {names.databases: {"$": {"where": {"id": record_id}, "fields": [names.database_app_id]}}}
        if not (await self._client.query(foundation, entry)).get(names.databases):
            return _done(finding, "Nothing to do any more: the entry is not in the registry.")
        token = await reading.read_token(self._client, foundation, names, record_id)
        if await refusal_of(self._client, app_id, token) is None:
            return _done(finding, "Nothing to do any more: the token is accepted.")
        (outcome,) = await self._rotator.rotate_token(finding.refs[0].connection_id, (record_id,))
        return MendOutcome(finding.key, outcome.ok, f"{outcome.sentence} {outcome.remedy}".strip())

    async def _offer(self, finding: RegistryFinding, _subject: str) -> MendOutcome:
        ref = finding.refs[0]
        draft = await self._templates.draft_to_template(ref)
        if not draft.is_changed:
            return _done(finding, "Nothing to do any more: the app is as its template.")
        return MendOutcome(finding.key, True, "A plan is ready for review; nothing was sent.", ref, draft)

    def _claims(self, app_id: str) -> tuple[Claim, ...]:
        return self._registry.by_app.get(app_id, ())

    async def _delete(self, claim: Claim) -> None:
        if claim.kind is AppKind.TASK:
            await self._writer.delete_database_record(claim.record_id)
        else:
            await self._writer.delete_app_record(claim.record_id)


def failed(finding_key: str, error: KnownError) -> MendOutcome:
    return MendOutcome(finding_key, False, f"{error.sentence} {error.remedy}".strip())


def no_rotation(client: Any, label: str) -> str:
    """Why admin tokens cannot be replaced with this client, "" where they can."""
    if getattr(client, "rotate_admin_token", None) is None:
        return "This platform has no admin tokens."
    if not getattr(client.tokens, "dash", None):
        return f"Replacing an admin token needs a dashboard login; {label} has none."
    return ""


def refused(reason: str) -> Unsupported:
    return Unsupported(reason, remedy="Edit the connection and enter a dashboard token.")


def _done(finding: RegistryFinding, sentence: str) -> MendOutcome:
    return MendOutcome(finding.key, True, sentence)
