"""A foundation with known users and tasks, for the tests of the tabs about it."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from app.core.apps import AppSummary
from app.core.connection import Connection, Environment, Platform
from app.core.errors import Conflict, KnownError
from app.core.refs import AppRef
from app.core.secret import Secret
from app.schema.draft import Draft
from app.schema.model import Schema
from app.services.admin_tokens import TokenOutcome
from app.services.directory import Progress
from app.services.foundation_map import FoundationMap
from app.services.foundation_rows import DatabaseRow, IterationRow, TaskRow, UserRow
from app.services.foundation_shape import FoundationShape
from app.services.provision_journal import JournalEntry
from app.services.provisioning import Provisioned
from app.services.reconcile_words import Mend, MendOutcome, Reconciliation, RegistryFinding
from app.services.task_cleanup import CleanupItem, CleanupOutcome, CleanupPreview
from app.services.task_databases import TaskDatabaseState
from tests.ui.content_fakes import ANA, GIL, TAR, TEMPLATES, fake_services

CONNECTION = Connection(
    "local", "Instant · local", Platform.INSTANT, "http://127.0.0.1:1", Environment.LOCAL, foundation_app_id=TAR
)
ALI = "0b7e9a34-61cd-4a10-8d5e-3b6e9c0847f1"
OLD = "5d2f6b91-8e43-4c7a-a1d6-3e9b0c84f7a1"
FREE = "e8a04c7d-1f95-4b32-b6e8-90cd17a25f43"


def app(app_id: str, title: str, owner: str = "", state: str = "ok", agents: int = 2, note: str = "") -> AppSummary:
    return AppSummary(
        "local", app_id, title, owner, "tenant" if owner else "other", state, agents, 1_700_000_000, note=note
    )


def users() -> tuple[UserRow, ...]:
    ana, gil = app(ANA, "Ana’s workspace", "ana@example.com", agents=3), app(GIL, "Gil", "gil@example.com", "drifted")
    ali, old = app(ALI, "Ali", "ali@example.com"), app(OLD, "Ali (old)", "ali@example.com", agents=1)
    return (
        UserRow("u-ali", "ali@example.com", 1_700_000_000, (ALI, OLD), (ali, old), 3, "several apps"),
        UserRow("u-ana", "ana@example.com", 1_700_100_000, (ANA,), (ana,), 3, "ok"),
        UserRow("u-bo", "bo@example.com", 1_700_200_000, (), (), 0, "no app"),
        UserRow("u-eva", "eva@example.com", 0, ("gone-1",), (None,), -1, "app missing"),
        UserRow("u-gil", "gil@example.com", 1_700_300_000, (GIL,), (gil,), 2, "ok"),
        UserRow("u-zoe", "zoe@example.com", 1_700_400_000, (), (), 0, "no app"),
    )


def entry(key: str = "e1", owner_id: str = "u-bo", kind: Any = "user", error: str = "") -> JournalEntry:
    return JournalEntry(key, kind, "created", 1_700_000_000.0, error, "local", owner_id, FREE, "bo", "todo", 1)


class FakeFoundation:
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.error: KnownError | None = None
        self.found_shape = FoundationShape(has_apps_registry=True, has_databases_registry=True)
        self.rows = users()
        self.task_rows, self.iteration_rows, self.database_rows = tasks(), iterations(), databases()
        self.names = FoundationMap()

    def _note(self, *call: Any) -> None:
        self.calls.append(call)
        if self.error is not None:
            raise self.error

    async def shape(self, connection_id: str) -> FoundationShape:
        if self.error is not None:
            raise self.error
        return self.found_shape

    async def users(self, connection_id: str) -> tuple[UserRow, ...]:
        self._note("users", connection_id)
        return self.rows

    async def created(self, connection_id: str, user_ids: Any) -> Mapping[str, int]:
        self._note("created", tuple(user_ids))
        return dict.fromkeys(user_ids, 1699900000)

    async def create_user(self, connection_id: str, email: str) -> UserRow:
        self._note("create_user", email)
        row = UserRow(f"u-{email}", email, 1_700_000_000, (), (), 0, "no app")
        self.rows = (*self.rows, row)
        return row

    async def link(self, connection_id: str, user_id: str, app_id: str, *, allow_several: bool = False) -> None:
        self._note("link", user_id, app_id)

    async def unlink(self, connection_id: str, user_id: str, app_id: str) -> None:
        self._note("unlink", user_id, app_id)

    async def tasks(self, connection_id: str) -> tuple[TaskRow, ...]:
        self._note("tasks", connection_id)
        return self.task_rows

    async def iterations(self, connection_id: str) -> tuple[IterationRow, ...]:
        return self.iteration_rows

    async def databases(self, connection_id: str) -> tuple[DatabaseRow, ...]:
        return self.database_rows

    async def map(self, connection_id: str) -> FoundationMap:
        return self.names

    async def set_map(self, connection_id: str, names: FoundationMap) -> FoundationMap:
        checked = names.checked()
        self._note("set_map", checked)
        self.names = checked
        return checked

    def asked(self, name: str) -> list[tuple[Any, ...]]:
        return [call for call in self.calls if call[0] == name]


class FakeProvisioning:
    """``errors`` are raised for these users."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.errors: dict[str, KnownError] = {}
        self.journal: tuple[JournalEntry, ...] = ()

    async def create_for_user(
        self, connection_id: str, user_id: str, template_name: str | None, title: str | None = None, on_step: Any = None
    ) -> AppSummary:
        self.calls.append(("create", user_id, template_name, title))
        if user_id in self.errors:
            raise self.errors[user_id]
        return AppSummary(connection_id, f"app-of-{user_id}", title or user_id)

    async def create_many(self, connection_id: str, wishes: Any, on_progress: Any = None) -> tuple[Provisioned, ...]:
        made = []
        for user_id, template, title in wishes:
            try:
                made.append(Provisioned(user_id, await self.create_for_user(connection_id, user_id, template, title)))
            except KnownError as error:
                made.append(Provisioned(user_id, error=error))
            on_progress(Progress(len(made), len(wishes), "Creating"))
        return tuple(made)

    async def open_journal(self, connection_id: str) -> tuple[JournalEntry, ...]:
        return self.journal

    async def finish(self, key: str) -> AppSummary:
        self.calls.append(("finish", key))
        if key in self.errors:
            raise self.errors[key]
        self.journal = tuple(each for each in self.journal if each.key != key)
        return AppSummary("local", FREE, "bo")

    async def take_back(self, key: str) -> None:
        self.calls.append(("take back", key))
        if key in self.errors:
            raise self.errors[key]
        self.journal = tuple(each for each in self.journal if each.key != key)


def findings() -> tuple[RegistryFinding, ...]:
    """One of each shape: destructive, without harm, in need of an owner, refused, and an offer."""
    gone = Mend("remove", "Remove from the registry", "Removes its entry for gone-1.", is_destructive=True)
    keep = tuple(
        Mend(f"keep:{each}", f"Keep {each[:4]}", f"Keeps {each[:4]}, unlinks the other.") for each in (ALI, OLD)
    )
    link = Mend("link", "Link to a user…", "Makes an entry for calm-green-delta and links it to", asks="user")
    other = Mend("other", "Mark as belonging to nobody", "Remembers on this machine that it belongs to nobody.")
    rotate = Mend(
        "rotate",
        "Replace the admin token",
        "Gives it a new one.",
        is_destructive=True,
        refusal="No dashboard login is stored.",
    )
    plan = Mend("plan", "Plan the way back…", "Prepares a plan for review; nothing is sent.", is_offer=True)
    made = (
        (
            "missing-app",
            "gone-1",
            "The registry names gone-1 of eva@example.com, but it is not on the platform.",
            ("gone-1",),
            (gone,),
        ),
        (
            "several-apps",
            "u-ali",
            "ali@example.com has 2 apps, although each user is meant to have one.",
            (ALI, OLD),
            keep,
        ),
        (
            "unowned-app",
            FREE,
            "calm-green-delta is on the platform, but nobody in the registry owns it.",
            (FREE,),
            (link, other),
        ),
        (
            "dead-token",
            "r-1",
            "The admin token that the registry has for swift-blue-river is not accepted any more.",
            (ANA,),
            (rotate,),
        ),
        ("drifted", GIL, "Gil differs from the template Todo: 2 attributes.", (GIL,), (plan,)),
    )
    return tuple(
        RegistryFinding(
            cast(Any, kind),
            f"{kind}:{key}",
            sentence,
            tuple(AppRef("local", each) for each in refs),
            mends,
            f"App ID: {refs[0]}",
        )
        for kind, key, sentence, refs, mends in made
    )


class FakeReconciler:
    """Mends what it is told to, but for ``failing``."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.found = findings()
        self.error: KnownError | None = None
        self.failing: frozenset[str] = frozenset()
        self.notes: tuple[str, ...] = ()

    async def check(self, connection_id: str, on_progress: Any = None, *, tokens: bool = False) -> Reconciliation:
        self.calls.append(("check", tokens))
        if self.error is not None:
            raise self.error
        return Reconciliation(
            connection_id, self.found, {"entries": 12, "apps": 23, "tokens": 0}, 1_700_000_000.0, self.notes
        )

    async def preview(self, connection_id: str, choices: Mapping[str, str]) -> tuple[str, ...]:
        self.calls.append(("preview", dict(choices)))
        return tuple(self._mend(key, choice).sentence for key, choice in choices.items())

    async def mend(
        self, connection_id: str, choices: Mapping[str, str], on_progress: Any = None
    ) -> tuple[MendOutcome, ...]:
        self.calls.append(("mend", dict(choices)))
        outcomes = []
        for key, choice in choices.items():
            if key in self.failing:
                outcomes.append(MendOutcome(key, False, "The platform did not answer."))
                continue
            is_offer = self._mend(key, choice).is_offer
            draft = Draft(Schema(), Schema()) if is_offer else None
            ref = AppRef("local", GIL) if is_offer else None
            outcomes.append(MendOutcome(key, True, f"Done: {key}.", ref, draft))
            if not is_offer:
                self.found = tuple(each for each in self.found if each.key != key)
        return tuple(outcomes)

    def _mend(self, key: str, choice: str) -> Mend:
        mend = next(each for each in self.found if each.key == key).mend(choice)
        assert mend is not None
        return mend

    def asked(self, name: str) -> list[Any]:
        return [call[1] for call in self.calls if call[0] == name]


class FakeDirectory:
    def __init__(self) -> None:
        self.rows: tuple[AppSummary, ...] = tuple(each for row in users() for each in row.apps if each is not None)
        self.rows += (app(FREE, "calm-green-delta"), AppSummary("local", TAR, "tar", "", "foundation", "ok"))

    def inventory(self) -> tuple[AppSummary, ...]:
        return self.rows

    def find(self, ref: AppRef) -> AppSummary | None:
        return next((each for each in self.rows if each.app_id == ref.app_id), None)


RIVER = "31bb7d0e-c6a2-4d89-8f10-64e7a9d3025c"
MOUNTAIN = "a90fe5c2-47d8-4b1e-9e63-1b8c25d07f9a"


def databases() -> tuple[DatabaseRow, ...]:
    river = app(RIVER, "swift-blue-river", agents=4)
    mountain = app(MOUNTAIN, "bright-red-mountain", agents=1)
    return (
        DatabaseRow("r-river", RIVER, "swift-blue-river", 1_700_000_000, True, task_id="t-import", app=river),
        DatabaseRow("r-mountain", MOUNTAIN, "bright-red-mountain", 1_699_000_000, False, "i-2", app=mountain),
    )


def tasks() -> tuple[TaskRow, ...]:
    river = databases()[0]
    return (
        TaskRow("t-import", "Import invoices", 1_700_000_000, river, "ready"),
        TaskRow("t-plan", "Plan the trip", 1_700_100_000, None, "creating"),
        TaskRow("t-sum", "Summarise the letters", 1_700_200_000, None, "failed", "The platform did not answer."),
        TaskRow("t-new", "Write the report", 1_700_300_000, None, "none"),
        TaskRow("t-next", "Check the books", 1_700_400_000, None, "none"),
    )


def iterations() -> tuple[IterationRow, ...]:
    return (
        IterationRow("i-2", 2, "With totals", 1_700_000_000, "t-import", (databases()[1],)),
        IterationRow("i-1", 1, "", 1_699_000_000, "t-import", ()),
    )


class FakeTaskDatabases:
    """``refusal`` is said by the preview of a clean-up."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.states = {
            "t-plan": TaskDatabaseState("t-plan", "creating", "calm-green-delta", "", 1, "Creating the app."),
        }
        self.error: KnownError | None = None
        self.refusal = ""

    def state(self, connection_id: str, task_id: str) -> TaskDatabaseState:
        return self.states.get(task_id) or TaskDatabaseState(task_id, "none")

    async def create(self, connection_id: str, task_id: str, template_name: str | None = None) -> TaskDatabaseState:
        self.calls.append(("create", task_id, template_name))
        if self.error is not None:
            raise self.error
        self.states[task_id] = TaskDatabaseState(task_id, "creating", "wide-grey-lake", "", 1, "Creating the app.")
        return self.states[task_id]

    async def retry(self, connection_id: str, task_id: str) -> TaskDatabaseState:
        self.calls.append(("retry", task_id))
        return self.state(connection_id, task_id)

    async def give_up(self, connection_id: str, task_id: str) -> None:
        self.calls.append(("give_up", task_id))

    async def preview_cleanup(self, connection_id: str, record_ids: Any, action: str) -> CleanupPreview:
        items = tuple(CleanupItem(each, RIVER, "swift-blue-river", "", 0) for each in record_ids)
        is_delete = action == "delete"
        goes = (f"{len(items)} databases with all rows.",) if is_delete else ()
        stays = ("The tasks stay, without a database.",)
        kept = 1_700_172_800 if is_delete else 0
        return CleanupPreview(connection_id, cast(Any, action), items, goes, stays, kept, self.refusal)

    async def clean_up(self, preview: CleanupPreview, on_progress: Any = None) -> tuple[CleanupOutcome, ...]:
        self.calls.append(("clean_up", preview.action, preview.record_ids))
        return tuple(CleanupOutcome(each, RIVER, True, "swift-blue-river is deleted.") for each in preview.record_ids)

    async def rotate_token(self, connection_id: str, record_ids: Any, on_progress: Any = None) -> tuple[Any, ...]:
        self.calls.append(("rotate", tuple(record_ids)))
        return tuple(TokenOutcome(each, RIVER, False, "The old token works.", "Try again.") for each in record_ids)

    async def reveal_token(self, connection_id: str, record_id: str) -> Secret:
        self.calls.append(("reveal", record_id))
        return Secret("the-admin-token")

    async def clone(
        self, ref: AppRef, title: str, with_rows: bool = False, on_progress: Any = None, *, iteration_id: str = ""
    ) -> AppSummary:
        self.calls.append(("clone", ref.app_id, title, with_rows, iteration_id))
        return AppSummary("local", "copied-app", title)

    def asked(self, name: str) -> list[tuple[Any, ...]]:
        return [call[1:] for call in self.calls if call[0] == name]


def foundation_services() -> Any:
    """What ``content_fakes`` has, and the foundation."""
    made = fake_services()
    made.foundation = FakeFoundation()
    made.provisioning = FakeProvisioning()
    made.reconciler = FakeReconciler()
    made.task_databases = FakeTaskDatabases()
    made.directory = FakeDirectory()
    made.template_library = SimpleNamespace(all=lambda: TEMPLATES)
    return made


def conflict() -> Conflict:
    return Conflict("ana@example.com has an app already.", remedy="Use that app, or unlink it first.")
