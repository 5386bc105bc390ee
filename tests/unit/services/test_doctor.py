"""What the doctor says, check by check, and what a whole run finds."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.core.apps import AppSummary
from app.core.connection import TokenKind
from app.core.errors import Forbidden, KnownError, NotFound, Unreachable, VaultLocked
from app.core.secret import Secret
from app.core.status import Health
from app.platforms.contract import Capabilities, Capability, Probe, RemoteApp
from app.platforms.instant.schema_rules import RULES
from app.platforms.knock import Knock
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import DateType, StringType
from app.services import doctor_checks_connection as connection_checks
from app.services import doctor_checks_environment as environment_checks
from app.services import doctor_checks_foundation as foundation_checks
from app.services import doctor_checks_machine as machine_checks
from app.services.connections import ConnectionBook
from app.services.directory import Directory, Progress
from app.services.doctor import Colleagues, Doctor, Surroundings, could_not_open, without_services
from app.services.doctor_report import Action, Area, Check, CheckState, Report
from app.services.foundation_map import FoundationMap
from app.services.foundation_shape import shape_of
from app.services.hub import ChangeHub
from app.services.local_platform import address_in_use
from app.services.provision_journal import JournalEntry
from app.services.reconcile_words import KINDS, Reconciliation, RegistryFinding
from app.services.tokens import TokenKeeper
from app.storage.database import Database
from app.storage.examine import Examination, examine
from app.storage.vault import VaultState
from tests.unit.services.fakes import FOUNDATION, FakeClient, FakePool, FakeStores, FakeVault, connection, shelf, uid

NOW = 1_795_000_000.0
TOKEN = "per_0123456789abcdef0123456789abcdef"
OK, WARNING, FAILED, UNKNOWN = CheckState.OK, CheckState.WARNING, CheckState.FAILED, CheckState.UNKNOWN
WITH_FOUNDATION = connection(foundation_app_id=FOUNDATION)
USERS = Entity("$users", (Attribute("email", StringType(), is_system=True),), is_system=True)
NOTES = Schema((USERS, Entity("notes", (Attribute("text", StringType()),))))
APPS_REGISTRY = Schema(
    (USERS, Entity("app", (Attribute("appid", StringType()),))),
    (Link("app$users", LinkEnd("app", "$users", "many"), LinkEnd("$users", "app", "many")),),
)


def states(checks: Iterable[Check | None]) -> dict[str, CheckState]:
    return {each.name: each.state for each in checks if each is not None}


# The report


def _check(state: CheckState, **changes: Any) -> Check:
    return replace(Check(Area.MACHINE, "Thing", state, "It is so.", "Do that."), **changes)


@pytest.mark.parametrize(
    ("found", "status"),
    [([], 0), ([OK], 0), ([OK, WARNING], 1), ([OK, UNKNOWN], 1), ([WARNING, FAILED], 2), ([UNKNOWN, FAILED], 2)],
)
def test_report_exit_status_is_that_of_the_gravest_check(found: list[CheckState], status: int) -> None:
    assert Report(tuple(map(_check, found)), NOW).exit_status == status


def test_report_text_has_areas_places_and_the_remedies_of_what_is_not_well() -> None:
    checks = (_check(OK), _check(WARNING, area=Area.TOKEN, name="Valid", connection=connection()))
    lines = Report(checks, NOW, "1.2").to_text().splitlines()
    assert lines[0].startswith("Tenantry 1.2 doctor, 2026-")
    assert lines[2:] == [
        "This machine",
        "  ok       Thing: It is so.",
        "",
        "Token",
        "  warning  Valid [Staging (staging)]: It is so.",
        "           → Do that.",
        "",
        "1 to look at; 2 checks in all",
    ]


def test_report_json_is_one_object_for_scripts() -> None:
    found = json.loads(Report((_check(FAILED, connection=connection()),), NOW, "1.2").to_json())
    assert (found["exit_status"], found["version"]) == (2, "1.2")
    assert found["checks"] == [
        {
            "area": "This machine",
            "name": "Thing",
            "state": "failed",
            "sentence": "It is so.",
            "remedy": "Do that.",
            "connection": "Staging",
            "environment": "staging",
            "app_id": None,
        }
    ]


def test_check_texts_from_a_server_hold_no_token_and_no_control_characters() -> None:
    check = _check(FAILED, sentence=f"Refused {TOKEN}\n\u202eevil", remedy=f"Bearer {TOKEN}")
    assert TOKEN not in check.sentence + check.remedy
    assert "\n" not in check.sentence
    assert "\u202e" not in check.sentence


# This machine


@pytest.mark.parametrize(
    ("python", "pyside", "state"),
    [
        ((3, 11, 7), "6.11.3", OK),
        ((3, 11, 7), "6.12.0", FAILED),
        ((3, 12, 0), "6.12.0", OK),
        ((3, 11, 7), "7.0rc1", FAILED),
        ((3, 13, 1), None, FAILED),
    ],
)
def test_versions_known_to_break_are_named(python: tuple[int, ...], pyside: str | None, state: CheckState) -> None:
    assert states(machine_checks.versions(python, pyside)) == {"Python": OK, "Qt": state}


def test_versions_python_too_old_fails() -> None:
    assert states(machine_checks.versions((3, 10, 2), "6.8.0"))["Python"] is FAILED


def test_versions_of_a_bundle_need_no_metadata() -> None:
    assert states(machine_checks.versions((3, 12, 1), None, is_bundle=True)) == {"Python": OK, "Qt": OK}


def test_clock_in_the_past_or_set_back_is_told() -> None:
    assert machine_checks.clock(1_000.0, 0).state is FAILED
    back = machine_checks.clock(NOW, NOW + 3 * 86_400)
    assert back.state is WARNING
    assert "3 days" in back.sentence
    assert machine_checks.clock(NOW, NOW - 60).state is OK


@pytest.mark.parametrize(
    ("state", "is_needed", "expected"),
    [
        (VaultState("keyring", "Token: OS keyring"), True, OK),
        (VaultState("keyring", "locked", "Unlock it.", is_locked=True), True, WARNING),
        (VaultState("memory", "No keyring", "Install one."), True, WARNING),
        (VaultState("memory", "No keyring", "Install one."), False, OK),
    ],
)
def test_keyring_is_a_warning_where_tokens_would_be_lost(
    state: VaultState, is_needed: bool, expected: CheckState
) -> None:
    check = machine_checks.keyring(state, is_needed=is_needed, platform="linux")
    assert check.state is expected
    assert check.remedy or expected is OK


@pytest.fixture
def database_path(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    Database.open(folder / "tenantry.db").close()
    return folder / "tenantry.db"


def test_database_sound_and_private_is_well(database_path: Path) -> None:
    found = examine(database_path)
    assert found.is_usable
    assert states(machine_checks.database(found, None)) == {"Integrity": OK, "Permissions": OK}


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_database_that_others_can_read_is_told(database_path: Path) -> None:
    database_path.chmod(0o644)
    (check,) = [each for each in machine_checks.database(examine(database_path), None) if each.state is WARNING]
    assert check.name == "Permissions"
    assert "tenantry.db" in check.sentence
    assert "chmod 600" in check.remedy


def test_database_damaged_is_a_failure_and_left_as_it_is(database_path: Path) -> None:
    content = bytearray(database_path.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    database_path.write_bytes(content)
    found = examine(database_path)
    assert not found.is_usable
    assert states(machine_checks.database(found, None))["Integrity"] is FAILED
    assert database_path.read_bytes() == bytes(content)


@pytest.mark.parametrize(("revision", "state"), [("0001", WARNING), ("9999", FAILED)])
def test_database_of_another_version_is_not_opened(database_path: Path, revision: str, state: CheckState) -> None:
    with sqlite3.connect(database_path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    raw.close()
    found = examine(database_path)
    assert not found.is_usable
    assert states(machine_checks.database(found, None))["Integrity"] is state


def test_database_that_cannot_be_looked_at_fails_with_the_reason(tmp_path: Path) -> None:
    found = Examination(tmp_path / "tenantry.db", True, "Permission denied.")
    (integrity, *_) = machine_checks.database(found, None)
    assert (integrity.state, integrity.sentence) == (FAILED, "The local database is not sound: Permission denied.")


def test_database_in_use_is_not_known(database_path: Path) -> None:
    holder = sqlite3.connect(database_path, isolation_level=None)
    holder.execute("PRAGMA journal_mode = DELETE")
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        found = examine(database_path, busy_timeout_s=0)
    finally:
        holder.close()
    assert found.is_busy
    assert not found.is_usable
    assert states(machine_checks.database(found, None))["Integrity"] is UNKNOWN


def test_database_missing_is_not_known_and_not_made(tmp_path: Path) -> None:
    found = examine(tmp_path / "nowhere" / "tenantry.db")
    assert states(machine_checks.database(found, None)) == {"File": UNKNOWN}
    assert not (tmp_path / "nowhere").exists()


def test_database_on_a_full_disk_is_told() -> None:
    found = Examination(Path("/x/tenantry.db"), True, revision="0003", free_bytes=5 * 2**20)
    assert states(machine_checks.database(found, None))["Room"] is WARNING


# Environment variables


def _environment(
    environ: dict[str, str] | None = None, *files: environment_checks.EnvFile, foundations: tuple[str, ...] = ()
) -> list[Check]:
    return list(environment_checks.environment(environ or {}, files, Path("/work"), foundations))


def _file(text: str, *, is_open: bool = False) -> environment_checks.EnvFile:
    return environment_checks.EnvFile(".env", text, is_open)


def test_environment_without_any_variable_is_well() -> None:
    assert states(_environment({"PATH": "/bin"})) == {"Variables": OK}


@pytest.mark.parametrize(
    "name", ["EXPO_PUBLIC_INSTANT_PLATFORM_TOKEN", "NEXT_PUBLIC_ANYTHING", "NEXT_PUBLIC_INSTANT_APP_ADMIN_TOKEN"]
)
def test_environment_token_under_a_public_name_is_a_leak_without_its_value(name: str) -> None:
    found = _environment({}, _file(f"{name}={TOKEN}\n"))
    (leak,) = [each for each in found if each.name == "Leaked token"]
    assert leak.state is FAILED
    assert ".env" in leak.sentence
    assert "Revoke" in leak.remedy
    assert all(TOKEN not in each.sentence + each.remedy for each in found)


def test_environment_of_document_001_needs_all_three() -> None:
    found = _environment({"NEXT_PUBLIC_INSTANT_APP_ID": FOUNDATION})
    missing = [each.remedy for each in found if each.name == "Missing"]
    assert ["PLATFORM_TOKEN" in each or "INSTANT_APP_ADMIN_TOKEN" in each for each in missing] == [True, True]
    whole = {
        "NEXT_PUBLIC_INSTANT_APP_ID": FOUNDATION,
        "PLATFORM_TOKEN": TOKEN,
        "INSTANT_APP_ADMIN_TOKEN": uid(1),
    }
    assert states(_environment(whole)) == {"Variables": OK}


def test_environment_token_without_app_id_is_told() -> None:
    assert states(_environment({"PLATFORM_TOKEN": TOKEN}))["Missing"] is WARNING


def test_environment_and_file_that_contradict_are_told() -> None:
    found = _environment({"PLATFORM_TOKEN": TOKEN}, _file(f"PLATFORM_TOKEN={TOKEN}x\nINSTANT_APP_ID={FOUNDATION}"))
    (check,) = [each for each in found if each.name == "Values"]
    assert check.sentence == "PLATFORM_TOKEN is one thing in the environment and another in .env."


def test_environment_app_id_of_no_connection_is_told() -> None:
    environ = {"EXPO_PUBLIC_INSTANT_APP_ID": uid(9), "PLATFORM_TOKEN": TOKEN}
    assert states(_environment(environ, foundations=(FOUNDATION,)))["Foundation"] is WARNING
    assert "Foundation" not in states(_environment(environ, foundations=(uid(9),)))


def test_environment_file_with_a_token_that_others_read_is_told() -> None:
    found = _environment({}, _file(f"PLATFORM_TOKEN={TOKEN}\nINSTANT_APP_ID={FOUNDATION}", is_open=True))
    assert states(found)["Permissions"] is WARNING


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_environment_files_of_a_folder_are_read_with_their_mode(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1")
    (tmp_path / ".env").chmod(0o600)
    (tmp_path / ".env.local").write_text("B=2")
    (tmp_path / ".env.local").chmod(0o644)
    found = environment_checks.read_env_files(tmp_path)
    assert [(each.name, each.text, each.is_open_to_others) for each in found] == [
        (".env", "A=1", False),
        (".env.local", "B=2", True),
    ]


# A connection


def test_connection_up_says_how_fast() -> None:
    (check,) = connection_checks.connection(connection(), Probe(Health.UP, 12.4))
    assert (check.state, check.sentence) == (OK, "It answers in 12 ms.")


@pytest.mark.parametrize(
    ("probe", "state"),
    [
        (Probe(Health.UNREACHABLE, None, "Nobody answers.", "Check the address."), FAILED),
        (Probe(Health.DEGRADED, 4000.0, "It is slow."), WARNING),
        (Probe(Health.READ_ONLY, 12.0, "It takes no writes."), WARNING),
        (Probe(Health.UNAUTHORISED, 12.0, "The token is refused."), OK),
    ],
)
def test_connection_not_up_is_told_with_its_remedy(probe: Probe, state: CheckState) -> None:
    (check,) = connection_checks.connection(connection(), probe)
    assert check.state is state
    if state is FAILED:
        assert (check.remedy, check.action) == ("Check the address.", Action.EDIT_CONNECTION)


def test_connection_over_plain_http_elsewhere_is_told() -> None:
    there = connection(base_url="http://instant.example")
    assert states(connection_checks.connection(there, Probe(Health.UP, 1.0)))["Encryption"] is WARNING
    here = connection(base_url="http://127.0.0.1:8888")
    assert "Encryption" not in states(connection_checks.connection(here, Probe(Health.UP, 1.0)))


@pytest.mark.parametrize(("offset_s", "state"), [(0, OK), (-29, OK), (31, WARNING), (-299, WARNING), (4000, FAILED)])
def test_clock_against_the_platform(offset_s: float, state: CheckState) -> None:
    check = connection_checks.clock(connection(), offset_s)
    assert check.state is state
    if state is not OK:
        assert ("ahead of" in check.sentence) == (offset_s > 0)


def test_token_accepted_says_what_it_may_do() -> None:
    able = Capabilities(rotate_tokens=Capability(False, "This needs a dashboard token."))
    valid, may = connection_checks.token(connection(), (TokenKind.PLATFORM,), Probe(Health.UP, 1, capabilities=able))
    assert (valid.state, may.state) == (OK, OK)
    assert may.sentence.startswith("It may create apps, ")
    assert may.sentence.endswith("It may not rotate admin tokens.")


def test_token_that_cannot_keep_the_registry_is_a_warning_with_the_reason() -> None:
    able = Capabilities(read_rows=Capability(False, "This needs a platform token."))
    *_, may = connection_checks.token(connection(), (TokenKind.DASH,), Probe(Health.UP, 1, capabilities=able))
    assert (may.state, may.remedy) == (WARNING, "This needs a platform token.")
    *_, by_choice = connection_checks.token(
        connection(is_read_only=True), (TokenKind.DASH,), Probe(Health.UP, 1, capabilities=able)
    )
    assert by_choice.state is OK


def test_token_refused_fails_and_without_an_answer_is_not_known() -> None:
    kinds = (TokenKind.PLATFORM,)
    (refused,) = connection_checks.token(connection(), kinds, Probe(Health.UNAUTHORISED, 3.0, "It was revoked."))
    assert (refused.state, refused.sentence, refused.action) == (FAILED, "It was revoked.", Action.EDIT_CONNECTION)
    (silent,) = connection_checks.token(connection(), kinds, Probe(Health.UNREACHABLE, None))
    assert silent.state is UNKNOWN


# A foundation


def _foundation(schema: Schema) -> list[Check]:
    names = FoundationMap()
    return list(foundation_checks.foundation(WITH_FOUNDATION, schema, shape_of(schema, names), names))


def test_foundation_with_one_registry_is_well() -> None:
    assert states(_foundation(APPS_REGISTRY)) == {"Users' apps": OK, "Tasks' databases": OK}


def test_foundation_with_neither_registry_fails_and_offers_the_plan() -> None:
    (check,) = _foundation(NOTES)
    assert (check.state, check.action, check.app_id) == (FAILED, Action.STAGE_MISSING, FOUNDATION)
    assert "The entity app is missing." in check.sentence


def test_foundation_with_a_registry_in_part_is_a_warning() -> None:
    databases = Entity("databases", (Attribute("name", StringType()), Attribute("createdAt", DateType())))
    found = _foundation(Schema((*APPS_REGISTRY.entities, databases), APPS_REGISTRY.links))
    assert states(found) == {"Users' apps": OK, "Missing parts": WARNING}
    assert found[1].action is Action.STAGE_MISSING


def test_foundation_gone_names_the_field_to_correct() -> None:
    check = foundation_checks.unreadable_foundation(WITH_FOUNDATION, NotFound("no"))
    assert (check.state, check.action) == (FAILED, Action.EDIT_CONNECTION)
    assert FOUNDATION in check.sentence


def _app(number: int, **changes: Any) -> AppSummary:
    return AppSummary("c1", uid(number), f"App {number}", "ana@example.com", "tenant", "ok")._replace(**changes)


def _compared(*found: tuple[str, str], notes: tuple[str, ...] = (), **counts: int) -> Reconciliation:
    findings = tuple(RegistryFinding(kind, f"k{at}", text, (), ()) for at, (kind, text) in enumerate(found))  # type: ignore[arg-type]
    return Reconciliation("c1", findings, counts, NOW, notes)


def test_registry_in_order_says_what_was_compared() -> None:
    (check,) = foundation_checks.registry(WITH_FOUNDATION, _compared(entries=1, tokens=2))
    assert (check.name, check.state) == ("Links", OK)
    assert "(1 entry, 2 admin tokens tried)" in check.sentence
    (empty,) = foundation_checks.registry(WITH_FOUNDATION, _compared())
    assert empty.sentence == "The registry is empty."


def test_registry_findings_are_told_by_kind_and_lead_to_reconciling() -> None:
    kinds = [each for each in KINDS if each != "drifted"]
    found = list(foundation_checks.registry(WITH_FOUNDATION, _compared(*((kind, f"A {kind}.") for kind in KINDS))))
    assert states(found) == {
        "Apps that are gone": FAILED,
        "Apps named twice": FAILED,
        "Dead admin tokens": FAILED,
        "Users with several apps": WARNING,
        "Entries without an owner": WARNING,
        "Apps that nobody owns": WARNING,
    }
    assert sorted(each.sentence for each in found) == sorted(f"A {kind}." for kind in kinds)
    assert all(each.action is Action.RECONCILE and each.remedy for each in found)


def test_registry_many_findings_of_a_kind_are_counted() -> None:
    (check,) = foundation_checks.registry(
        WITH_FOUNDATION, _compared(*(("unowned-app", f"App {each}.") for each in range(1200)))
    )
    assert check.sentence == "App 0. App 1. App 2. And 1,197 more."


def test_registry_not_compared_to_its_end_is_not_known() -> None:
    compared = _compared(notes=("3 admin tokens could not be tried.",), entries=5)
    assert states(foundation_checks.registry(WITH_FOUNDATION, compared)) == {"Whole": UNKNOWN}


def test_tasks_without_a_database_are_no_trouble() -> None:
    assert foundation_checks.tasks(WITH_FOUNDATION, 0) is None
    check = foundation_checks.tasks(WITH_FOUNDATION, 2)
    assert check is not None
    assert check.state is OK


def _entry(error: str = "", *, age_s: float = 0, kind: str = "user") -> JournalEntry:
    return JournalEntry("k", kind, "begun", NOW - age_s, error, "c1", uid(1), uid(2), "Ana's app")  # type: ignore[arg-type]


def test_begun_creations_are_told_once_they_broke_off() -> None:
    assert foundation_checks.begun(WITH_FOUNDATION, [_entry()], NOW) is None
    broken = foundation_checks.begun(WITH_FOUNDATION, [_entry(), _entry("It is unreachable.")], NOW)
    assert broken is not None
    assert (broken.state, broken.action) == (WARNING, Action.SHOW_USERS)
    assert broken.sentence == "1 creation was begun and not finished: Ana's app. It is unreachable."
    old = foundation_checks.begun(WITH_FOUNDATION, [_entry(age_s=700, kind="task")], NOW)
    assert old is not None
    assert old.action is Action.NONE
    assert "at the task" in old.remedy


def test_drift_of_one_app_leads_to_it_and_of_several_to_the_findings() -> None:
    apps = [_app(1, template="todo"), _app(2, template="todo"), _app(3)]
    assert foundation_checks.drift(connection(), apps[2:], ()) is None
    assert states([foundation_checks.drift(connection(), apps, ())]) == {"Templates": OK}
    one = foundation_checks.drift(connection(), apps, (uid(1),))
    assert one is not None
    assert (one.state, one.action, one.app_id) == (WARNING, Action.OPEN_APP, uid(1))
    both = foundation_checks.drift(connection(), apps, (uid(1), uid(2)))
    assert both is not None
    assert both.action is Action.SHOW_FINDINGS


def test_conflicts_are_names_that_differ_only_in_capitals_or_cannot_be() -> None:
    text = (Attribute("title", StringType()), Attribute("Title", StringType()))
    schema = Schema((Entity("todos", text), Entity("Todos", (Attribute("a b", StringType()),))))
    found = foundation_checks.conflicts_in(schema, RULES)
    assert "The entities Todos and todos differ only in capitals." in found
    assert "In todos, the names Title and title differ only in capitals." in found
    assert any("a b" in each for each in found)
    assert foundation_checks.conflicts_in(APPS_REGISTRY, RULES) == ()


def test_conflicts_name_three_apps_and_count_the_rest() -> None:
    by_app = {uid(number): ("Two names.",) for number in range(5)}
    found = list(foundation_checks.conflicts(connection(), by_app, {uid(0): "Zero"}, 5, 2))
    assert [each.state for each in found] == [WARNING, WARNING, WARNING, WARNING, UNKNOWN]
    assert found[0].sentence == "Zero: Two names."
    assert found[0].action is Action.OPEN_APP
    assert "2 more" in found[3].sentence


# A whole run


class _Practice:
    """A doctor with stand-ins for everything below it."""

    def __init__(self, tmp_path: Path, *connections: Any) -> None:
        hub, store = ChangeHub(), FakeStores(*connections)
        self.client = FakeClient(RemoteApp(FOUNDATION, "tar"), RemoteApp(uid(1), "Ana"))
        self.client.schema_rules = RULES  # type: ignore[attr-defined]
        self.client.schemas[FOUNDATION] = APPS_REGISTRY
        self.client.rows["app"] = [{"id": uid(50), "appid": uid(1), "$users": [{"email": "ana@example.com"}]}]
        self.pool: Any = FakePool(self.client)
        self.vault = FakeVault()
        self.vault.kept["c1", TokenKind.PLATFORM] = Secret(TOKEN)
        self.vault.probe = self._probe  # type: ignore[method-assign]
        tokens = TokenKeeper(self.vault, hub)
        book = ConnectionBook(store, tokens, hub, tuple(connections))
        self.directory = Directory(book, self.pool, shelf(), store, hub)
        self.offset_s: float | None = 0.0
        maps: Any = SimpleNamespace(get=self._names)
        local: Any = SimpleNamespace(start=self._start)
        self.compared: Reconciliation | KnownError = _compared(entries=1)
        self.entries: tuple[JournalEntry, ...] = ()
        colleagues = Colleagues(
            book,
            self.pool,
            tokens,
            self.directory,
            maps,
            SimpleNamespace(check=self._compare),
            SimpleNamespace(open_journal=self._begun),
        )
        path = tmp_path / "tenantry.db"
        Database.open(path).close()
        tmp_path.chmod(0o700)
        around = Surroundings(path, None, tmp_path, {}, (3, 12, 1), lambda: "6.11.0", clock=lambda: NOW)
        self.doctor = Doctor(colleagues, SimpleNamespace(all=lambda: ()), local, around, knock=self._knock)

    async def _compare(self, connection_id: str, on_progress: Any, *, tokens: bool) -> Reconciliation:
        assert tokens
        on_progress(Progress(3, 9, "Trying admin tokens"))
        if isinstance(self.compared, KnownError):
            raise self.compared
        await self.directory.refresh([connection_id])
        return self.compared

    async def _begun(self, connection_id: str) -> tuple[JournalEntry, ...]:
        return self.entries

    async def _probe(self) -> VaultState:
        return VaultState("keyring", "Token: OS keyring")

    async def _names(self, connection_id: str) -> FoundationMap:
        return FoundationMap()

    async def _start(self) -> Any:
        raise Unreachable("The local platform cannot start.", remedy="Press Retry.")

    async def _knock(self, base_url: str, connection_id: str, on_call: Any) -> Knock | None:
        return None if self.offset_s is None else Knock(1000.0, 1000.0 + self.offset_s)


async def test_run_where_all_is_well_has_exit_status_0(tmp_path: Path) -> None:
    report = await _Practice(tmp_path, WITH_FOUNDATION).doctor.run()
    assert report.exit_status == 0, report.to_text()
    assert {each.area for each in report.checks} == set(Area) - {Area.LOCAL_PLATFORM, Area.MAIN_DATABASE, Area.STORES}
    assert TOKEN not in report.to_text() + report.to_json()


async def test_run_tells_each_check_and_how_far_it_is(tmp_path: Path) -> None:
    told: list[Check] = []
    steps: list[Progress] = []
    report = await _Practice(tmp_path, WITH_FOUNDATION).doctor.run(on_check=told.append, on_progress=steps.append)
    assert sorted(each.name for each in told) == sorted(each.name for each in report.checks)
    assert steps[-1].done == steps[-1].total == 11
    texts = {each.text for each in steps}
    assert {"Looking at Staging: the foundation", "Trying admin tokens (3 of 9)"} <= texts


async def test_run_of_chosen_connections_leaves_the_others_alone(tmp_path: Path) -> None:
    practice = _Practice(tmp_path, WITH_FOUNDATION)
    report = await practice.doctor.run([])
    assert practice.client.calls == []
    assert all(each.connection is None for each in report.checks)


async def test_run_without_an_answer_fails_and_says_what_was_not_looked_at(tmp_path: Path) -> None:
    practice = _Practice(tmp_path, WITH_FOUNDATION)
    practice.client.answer = Probe(Health.UNREACHABLE, None, "Nobody answers.", "Check the address.")
    report = await practice.doctor.run()
    found = {(each.area, each.name): each.state for each in report.checks if each.connection is not None}
    assert found == {
        (Area.CONNECTION, "Reachable"): FAILED,
        (Area.TOKEN, "Valid"): UNKNOWN,
        (Area.FOUNDATION, "Schema"): UNKNOWN,
    }
    assert practice.client.calls == ["probe"]


async def test_run_without_a_client_fails_with_its_reason(tmp_path: Path) -> None:
    practice = _Practice(tmp_path, WITH_FOUNDATION)
    practice.pool.error = VaultLocked("The keyring is locked.")
    report = await practice.doctor.run()
    (check,) = [each for each in report.checks if each.area is Area.CONNECTION]
    assert (check.state, check.sentence, check.remedy) == (
        FAILED,
        "The keyring is locked.",
        "Unlock the keyring, then try again.",
    )


async def test_run_without_a_token_says_so(tmp_path: Path) -> None:
    practice = _Practice(tmp_path, WITH_FOUNDATION)
    practice.vault.kept.clear()
    practice.client.answer = Probe(Health.UNAUTHORISED, 4.0, "No token is stored.")
    report = await practice.doctor.run()
    assert states(each for each in report.checks if each.area is Area.TOKEN) == {"Stored": FAILED}


async def test_run_clock_of_the_platform_is_asked_where_it_tells(tmp_path: Path) -> None:
    practice = _Practice(tmp_path, WITH_FOUNDATION)
    practice.offset_s = 4000.0
    assert states((await practice.doctor.run()).checks)["Clock against the platform"] is FAILED
    practice.offset_s = None
    assert "Clock against the platform" not in states((await practice.doctor.run()).checks)


async def test_run_foundation_that_may_not_be_read_fails_with_the_platforms_sentence(tmp_path: Path) -> None:
    practice = _Practice(tmp_path, WITH_FOUNDATION)
    practice.client.fail[f"read_schema:{FOUNDATION}"] = Forbidden("You may not read it.")
    report = await practice.doctor.run()
    (check,) = [each for each in report.checks if each.area is Area.FOUNDATION]
    assert (check.state, check.remedy) == (FAILED, "Use a token with the needed role.")
    assert check.sentence.endswith("You may not read it.")


async def test_run_registry_is_compared_and_what_was_begun_is_told(tmp_path: Path) -> None:
    practice = _Practice(tmp_path, WITH_FOUNDATION)
    practice.compared = _compared(("missing-app", "It is gone."))
    practice.entries = (_entry("It is unreachable."),)
    found = states((await practice.doctor.run()).checks)
    assert (found["Apps that are gone"], found["Begun"]) == (FAILED, WARNING)


async def test_run_registry_that_cannot_be_read_fails(tmp_path: Path) -> None:
    practice = _Practice(tmp_path, WITH_FOUNDATION)
    practice.compared = Forbidden("You may not read it.")
    report = await practice.doctor.run()
    (check,) = [each for each in report.checks if each.area is Area.REGISTRY]
    assert (check.state, check.remedy) == (FAILED, "Use a token with the needed role.")


async def test_run_without_a_foundation_still_looks_at_schemas(tmp_path: Path) -> None:
    report = await _Practice(tmp_path, connection()).doctor.run()
    found = {(each.area, each.name): each.state for each in report.checks}
    assert found[Area.FOUNDATION, "Named"] is OK
    assert found[Area.SCHEMAS, "Conflicts"] is OK
    assert Area.REGISTRY not in {each.area for each in report.checks}


async def test_run_equal_schemas_are_read_for_conflicts_once(tmp_path: Path) -> None:
    practice = _Practice(tmp_path, WITH_FOUNDATION)
    clash = Schema((Entity("Todos"), Entity("todos")))
    for number in range(1, 6):
        practice.client.apps[uid(number)] = RemoteApp(uid(number), f"App {number}", org_id="o")
        practice.client.schemas[uid(number)] = clash
    report = await practice.doctor.run()
    # Once each by the refresh, and one of the five for all of them.
    reads = [each for each in practice.client.calls if each.startswith("read_schema:") and FOUNDATION not in each]
    assert len(reads) == 6
    assert sum(each.name == "Conflicts" for each in report.checks) == 4


async def test_run_local_platform_that_cannot_start_fails(tmp_path: Path) -> None:
    practice = _Practice(tmp_path, replace(WITH_FOUNDATION, is_builtin=True))
    report = await practice.doctor.run()
    (check,) = [each for each in report.checks if each.area is Area.LOCAL_PLATFORM]
    assert (check.state, check.remedy) == (FAILED, "Press Retry.")


async def test_missing_parts_are_those_of_the_schema_as_it_is_now(tmp_path: Path) -> None:
    practice = _Practice(tmp_path, WITH_FOUNDATION)
    practice.client.schemas[FOUNDATION] = NOTES
    draft = await practice.doctor.missing_parts("c1")
    assert draft is not None
    assert {"notes", "app", "databases"} <= {each.name for each in draft.wanted.entities}


async def test_without_services_the_machine_is_looked_at_all_the_same(tmp_path: Path) -> None:
    around = Surroundings(tmp_path / "none.db", folder=tmp_path, environ={}, clock=lambda: NOW)
    found = await without_services(around)
    assert {each.area for each in found} == {Area.MACHINE, Area.ENVIRONMENT, Area.DATABASE}
    assert could_not_open(Unreachable("No.")).state is FAILED
    assert "Read-only file system (/x)" in could_not_open(OSError(30, "Read-only file system", "/x")).sentence


def test_address_in_use_is_none_where_nobody_listens(tmp_path: Path) -> None:
    assert address_in_use(tmp_path) is None
    (tmp_path / "port").write_text("1")
    assert address_in_use(tmp_path) is None
