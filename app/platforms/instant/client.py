"""The Instant client: the Platform API for structure, the Admin API for rows; cloud and self-hosted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from app.core.connection import Connection
from app.core.errors import KnownError, NotFound
from app.core.refs import new_id
from app.core.secret import Secret
from app.platforms.contract import LiveSchema, Probe, PushJob, PushProgress, RemoteApp, RenderedStep, RowCount
from app.platforms.http import HttpChannel, OnCall
from app.platforms.http_words import HttpPolicy, Operation, Tokens
from app.schema.formats.instant_wire import defs_from_schema, schema_from_wire
from app.schema.model import Schema

from . import answers, creation, health, jobs, operations
from .admin_calls import AdminCalls
from .answers import AccessToken, Backup, Dash, Job, Org, PushPlan, PushResult, Sunset
from .errors import error_of

if TYPE_CHECKING:
    from app.core.gate import Gate
    from app.schema.check import Rules
    from app.schema.compare import Plan, Renames

AppStatus = Literal["active", "read-only", "disabled"]
Jobs = tuple[Job, ...]


class InstantClient(AdminCalls):
    """One Instant platform, as one connection sees it. All coroutines raise ``core.errors`` only.

    Lives on one event loop. Admin tokens that the platform tells are kept in memory, for the Admin API.
    """

    def __init__(
        self,
        connection: Connection,
        tokens: Tokens,
        on_call: OnCall,
        *,
        policy: HttpPolicy | None = None,
        channel: HttpChannel | None = None,
        gate: Gate | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        made = channel or HttpChannel(
            connection.base_url,
            connection_id=connection.id,
            tokens=tokens,
            error_map=error_of,
            on_call=on_call,
            gate=gate,
            is_read_only=connection.is_kept_read_only,
            allowed_when_read_only=operations.READS,
            policy=policy,
            sleep=sleep,
        )
        super().__init__(made, tokens)
        self.connection = connection
        self._sleep = sleep
        self._prober = health.Prober(self, clock)

    async def aclose(self) -> None:
        await self.channel.aclose()

    # Health

    async def probe(self) -> Probe:
        """How the platform is, and what may be done here; never raises a known error."""
        return await self._prober.probe()

    # Apps

    async def list_apps(self) -> tuple[RemoteApp, ...]:
        """The person's own apps, then those of each organisation; each once.

        Apps that others have shared with the person are listed by ``dash`` only: the platform tells them to a
        dashboard login and to no personal access token.
        """
        if not self.tokens.platform and self.tokens.dash:
            return (await self.dash()).apps
        own, orgs = asyncio.create_task(self._own_apps()), asyncio.create_task(self.list_orgs())
        await _all_or_none([own, orgs])
        of_orgs = [asyncio.create_task(self.apps_of_org(org.id)) for org in orgs.result()]
        await _all_or_none(of_orgs)
        titles = {org.id: org.title for org in orgs.result()}
        found = {app.app_id: app for task in (own, *of_orgs) for app in task.result()}
        return tuple(_with_org(app, titles) for app in found.values())

    async def _own_apps(self) -> tuple[RemoteApp, ...]:
        return await self._apps(operations.LIST_APPS)

    async def list_orgs(self) -> tuple[Org, ...]:
        operation = operations.LIST_ORGS
        return answers.orgs_of(operation, await self.channel.request(operation))

    async def apps_of_org(self, org_id: str) -> tuple[RemoteApp, ...]:
        """The organisation's apps, with their admin tokens where the platform tells them."""
        return await self._apps(operations.APPS_OF_ORG, {"org_id": org_id})

    async def _apps(self, operation: Operation, path: Mapping[str, str] | None = None) -> tuple[RemoteApp, ...]:
        found = answers.apps_of(operation, await self.channel.request(operation, path=path))
        for app in found:
            if app.admin_token is not None:
                self.learn(app)
        return found

    async def get_app(self, app_id: str, *, token: Secret | None = None) -> RemoteApp:
        operation = operations.GET_APP
        return answers.app_of(operation, await self._of_app(operation, app_id, token=token))

    async def create_app(
        self,
        title: str,
        *,
        app_id: str,
        schema: Schema | None = None,
        rules: dict[str, Any] | None = None,
        org_id: str | None = None,
    ) -> RemoteApp:
        """Create an app under the caller's ID; a repeat with the same ID and title finds the first.

        Only where the platform refuses chosen IDs does the result have another ``app_id``.
        """
        defs = defs_from_schema(schema) if schema is not None else None
        return await creation.create(self, title, app_id=app_id, defs=defs, rules=rules, org_id=org_id)

    async def rename_app(self, app_id: str, title: str) -> RemoteApp:
        name = creation.checked_title(title)
        operation = operations.RENAME_APP
        return answers.app_of(operation, await self._of_app(operation, app_id, body={"title": name}))

    async def delete_app(self, app_id: str) -> None:
        """Delete the app; the platform keeps it for two days, but has no call that brings it back.

        Where the answer is lost, the app is looked for: gone means deleted.
        """
        try:
            await self._of_app(operations.DELETE_APP, app_id)
        except KnownError as error:
            if not getattr(error, "may_have_taken_effect", False) or await self._exists(app_id):
                raise
        self.forget_admin_token(app_id)

    async def _exists(self, app_id: str) -> bool:
        try:
            await self.get_app(app_id)
        except NotFound:
            return False
        except KnownError:
            return True
        return True

    async def set_status(self, app_id: str, status: AppStatus) -> str:
        """Switch the app between active, read-only and disabled; needs a dashboard login."""
        operation = operations.SET_STATUS
        answer = await self._of_app(operation, app_id, body={"status": status})
        found = answer if isinstance(answer, dict) else {}
        return answers.text(operation, found, "status", "the whole")

    async def rotate_admin_token(self, app_id: str, new: Secret | None = None) -> Secret:
        """Replace all admin tokens of the app by one new one, and return it; needs a dashboard login."""
        token = new or Secret(new_id())
        self.channel.keep_secret(token)
        await self._of_app(operations.ROTATE_TOKEN, app_id, body={"admin-token": token.reveal()})
        self.remember_admin_token(app_id, token)
        return token

    async def list_backups(self, app_id: str) -> tuple[Backup, ...]:
        operation = operations.LIST_BACKUPS
        return answers.backups_of(operation, await self._of_app(operation, app_id))

    # Schema

    async def read_wire_schema(self, app_id: str) -> dict[str, Any]:
        """``{refs, blobs}`` with attribute and ident IDs, as steps need them."""
        operation = operations.GET_SCHEMA
        return answers.part(operation, await self._of_app(operation, app_id), "schema")

    async def read_schema(self, app_id: str) -> Schema:
        return schema_from_wire(await self.read_wire_schema(app_id))

    async def read_live(self, app_id: str) -> LiveSchema:
        """The canonical schema, with the IDs and the dropped parts that a push needs."""
        from . import pushing

        return await pushing.read_live(self, app_id)

    @property
    def schema_rules(self) -> Rules:
        """What a schema on Instant may be."""
        from .schema_rules import RULES

        return RULES

    def render(self, live: LiveSchema, plan: Plan, *, restores: bool = False) -> tuple[RenderedStep, ...]:
        """The JSON of each wire step; raises StalePlan and Unsupported as ``send_plan`` would."""
        from . import steps

        return steps.rendered(live, plan, restores)

    def renames_between(self, before: LiveSchema, after: LiveSchema) -> Renames:
        """What became of what, by the platform's IDs: also where a push ended between two of its requests."""
        from . import identity

        return identity.renames_between(before, after)

    async def count_rows(
        self, app_id: str, plan: Plan, on_count: Callable[[RowCount], None] = lambda _count: None
    ) -> tuple[RowCount, ...]:
        from . import row_counts

        return await row_counts.count_rows(self, app_id, plan, on_count)

    async def send_plan(
        self,
        app_id: str,
        live: LiveSchema,
        plan: Plan,
        on_progress: Callable[[PushProgress], None] = lambda _progress: None,
        *,
        restores: bool = False,
    ) -> tuple[PushJob, ...]:
        from . import pushing

        return await pushing.send_plan(self, app_id, live, plan, on_progress, restores=restores)

    async def plan_push(self, app_id: str, defs: Mapping[str, Any], *, check_types: bool = True) -> PushPlan:
        """What ``push`` would do now. The platform keeps no plan: a push plans anew."""
        operation = operations.PLAN_PUSH
        answer = await self._of_app(operation, app_id, body=_push_body(defs, check_types))
        return PushPlan(
            schema_from_wire(answers.part(operation, answer, "current-schema")),
            schema_from_wire(answers.part(operation, answer, "new-schema")),
            answers.steps_of(operation, answer),
        )

    async def push(self, app_id: str, defs: Mapping[str, Any], check_types: bool = True) -> PushResult:
        """Add and change what the defs name; nothing is deleted or renamed. Constraints run on in the background."""
        operation = operations.APPLY_PUSH
        answer = await self._of_app(operation, app_id, body=_push_body(defs, check_types))
        return answers.push_of(operation, answer)

    async def push_and_wait(self, app_id: str, defs: Mapping[str, Any]) -> PushResult:
        """Push, and follow its jobs to their end; a failed job is in the result."""
        result = await self.push(app_id, defs)
        if result.group_id is None:
            return result
        done = await self.follow_jobs(app_id, result.group_id, known=result.jobs)
        return PushResult(result.steps, result.group_id, done)

    async def apply_steps(
        self, app_id: str, steps: Sequence[Sequence[Any]], *, is_repeatable: bool = False
    ) -> PushResult:
        """Apply steps as they are, deletes and renames included.

        An ``update-attr`` must repeat both on-delete rules (they are dropped otherwise) and use the real ident IDs.
        ``is_repeatable``: the caller vouches that there are no jobs in it, and that twice is the same as once.
        """
        operation = operations.APPLY_STEPS_AGAIN if is_repeatable else operations.APPLY_STEPS
        answer = await self._of_app(operation, app_id, body={"steps": [list(step) for step in steps]})
        return answers.push_of(operation, answer)

    async def soft_deleted_attributes(self, app_id: str) -> list[dict[str, Any]]:
        operation = operations.SOFT_DELETED
        return answers.rows(operation, await self._of_app(operation, app_id), "attrs")

    # Background jobs

    async def job(self, app_id: str, job_id: str) -> Job:
        operation = operations.JOB
        answer = await self.channel.request(operation, path={"app_id": app_id, "job_id": job_id})
        return answers.job_row(operation, answers.part(operation, answer, "job"), "job")

    async def job_group(self, app_id: str, group_id: str, *, is_retried: bool = True) -> Jobs:
        operation = operations.JOB_GROUP
        path = {"app_id": app_id, "group_id": group_id}
        return answers.jobs_of(operation, await self.channel.request(operation, path=path, is_retried=is_retried))

    async def follow_jobs(
        self,
        app_id: str,
        group_id: str,
        on_progress: Callable[[Jobs], None] = lambda _jobs: None,
        *,
        known: Jobs = (),
    ) -> Jobs:
        """Poll until all jobs of the group are done; failed ones are in the result with what stands in their way."""
        return await jobs.follow(
            lambda: self.job_group(app_id, group_id, is_retried=False), on_progress, self._sleep, known
        )

    # Permissions

    async def get_perms(self, app_id: str) -> dict[str, Any] | None:
        """The rules, None where there are none."""
        operation = operations.GET_PERMS
        answer = await self._of_app(operation, app_id)
        if isinstance(answer, dict) and answer.get("perms", ...) is None:
            return None
        return answers.part(operation, answer, "perms")

    async def push_perms(self, app_id: str, code: Mapping[str, Any]) -> dict[str, Any]:
        """Replace the rules and return them; the platform answers null where they are unchanged."""
        operation = operations.PUSH_PERMS
        answer = await self._of_app(operation, app_id, body={"code": code})
        if isinstance(answer, dict) and answer.get("rules", ...) is None:
            return dict(code)
        return answers.part(operation, answers.part(operation, answer, "rules"), "code")

    async def rule_versions(self, app_id: str) -> list[dict[str, Any]]:
        """The last 50 versions, newest first, each with ``version``, ``edits`` and ``created_at``."""
        operation = operations.RULE_VERSIONS
        return answers.rows(operation, await self._of_app(operation, app_id), "versions")

    # Who is logged in

    async def me(self) -> str:
        """The e-mail address of the dashboard login."""
        operation = operations.ME
        user = answers.part(operation, await self.channel.request(operation), "user")
        return answers.optional_text(operation, user, "email", "user")

    async def dash(self) -> Dash:
        operation = operations.DASH
        found = answers.dash_of(operation, await self.channel.request(operation))
        for app in found.apps:
            self.learn(app)
        return found

    async def sunset(self) -> Sunset:
        """How far the platform's closing has come; only a dashboard login can see it."""
        return answers.sunset_of(await self.channel.request(operations.DASH, is_retried=False))

    async def list_access_tokens(self) -> tuple[AccessToken, ...]:
        operation = operations.LIST_PATS
        found = answers.rows(operation, await self.channel.request(operation), "data")
        return tuple(answers.access_token_row(operation, row, f"data[{number}]") for number, row in enumerate(found))

    async def create_access_token(self, name: str) -> AccessToken:
        """Make a personal access token; its text is in this answer and never again."""
        operation = operations.CREATE_PAT
        row = answers.part(operation, await self.channel.request(operation, body={"name": name}), "data")
        made = answers.access_token_row(operation, row, "data")
        if made.token is not None:
            self.channel.keep_secret(made.token)
        return made

    async def delete_access_token(self, token_id: str) -> None:
        await self.channel.request(operations.DELETE_PAT, path={"token_id": token_id})

    # Inside

    async def _of_app(self, operation: Operation, app_id: str, *, body: Any = None, token: Secret | None = None) -> Any:
        return await self.channel.request(operation, path={"app_id": app_id}, body=body, token=token)


async def _all_or_none(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Wait for all; the first failure, or a cancellation, ends the others before it is passed on."""
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def _with_org(app: RemoteApp, titles: Mapping[str, str]) -> RemoteApp:
    if app.org_id is None or app.org_title:
        return app
    return RemoteApp(
        app.app_id, app.title, app.created_at, app.org_id, titles.get(app.org_id, ""), app.status, app.admin_token
    )


def _push_body(defs: Mapping[str, Any], check_types: bool) -> dict[str, Any]:
    return {"schema": defs, "check_types": check_types, "supports_background_updates": True}
