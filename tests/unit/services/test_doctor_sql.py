"""What the doctor says of SQL connections; a whole run looks at a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.bootstrap import build_services
from app.core.connection import Connection, Environment, Platform, TokenKind
from app.core.status import Health, Severity
from app.platforms.contract import Capabilities, Capability, Probe, StoreHealth
from app.platforms.postgres.dsn import Dsn
from app.services import doctor_checks_sql as checks
from app.services.connections import ConnectionDraft
from app.services.doctor_checks_environment import EnvFile, environment
from app.services.doctor_report import Action, Area, Check, CheckState
from app.services.store_findings import StoreFinding
from app.services.suite import Services
from app.storage.paths import Profile
from tests.support.postgres_server import PostgresServer
from tests.support.store_world import hosted_world, local_files

OK, WARNING, FAILED, UNKNOWN = CheckState.OK, CheckState.WARNING, CheckState.FAILED, CheckState.UNKNOWN
FOUND = Connection(
    "pg", "Shop", Platform.POSTGRES, "postgresql://ada@db:5432/main", Environment.PRODUCTION, foundation_app_id="main"
)
FILE = replace(FOUND, base_url="sqlite:////tmp/a.db")


def dsn(text: str) -> Dsn:
    return Dsn.parse(text)[0]


def states(found: Iterable[Check]) -> dict[str, CheckState]:
    return {each.name: each.state for each in found}


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("postgresql://db/x?sslmode=verify-full", OK),
        ("postgresql://db/x?sslmode=require", OK),
        ("postgresql://db/x", WARNING),
        ("postgresql://db/x?sslmode=disable", FAILED),
    ],
)
def test_encryption_on_the_way_to_production(text: str, state: CheckState) -> None:
    found = checks.encryption(FOUND, dsn(text))
    assert found is not None
    assert found.state is state
    assert found.action is (Action.NONE if state is OK else Action.EDIT_CONNECTION)


def test_encryption_off_elsewhere_is_a_warning_and_no_matter_on_this_machine() -> None:
    found = checks.encryption(replace(FOUND, environment=Environment.STAGING), dsn("postgresql://db/x?sslmode=disable"))
    assert found is not None
    assert found.state is WARNING
    for text in ("postgresql://localhost/x", "postgresql:///x?host=/run/postgresql", "sqlite:////tmp/a.db"):
        assert checks.encryption(FOUND, dsn(text)) is None


def test_pooler_is_told() -> None:
    found = checks.pooler(FOUND, dsn("postgresql://db:6543/x"))
    assert found is not None
    assert "cannot be changed" in found.sentence
    assert checks.pooler(FOUND, dsn("postgresql://db:5432/x")) is None


def test_version_of_old_servers_is_a_warning() -> None:
    def said(version: str, found: Connection = FOUND) -> CheckState | None:
        check = checks.version(found, StoreHealth(True, 1.0, version=version))
        return check.state if check else None

    assert [said("18.1"), said("12.9"), said("3.45.1", FILE), said("")] == [OK, WARNING, OK, None]


def test_password_that_is_refused_missing_or_not_needed() -> None:
    refused = Probe(Health.UNAUTHORISED, 3.0, "password authentication failed")
    up = Probe(Health.UP, 3.0)
    assert states(checks.password(FOUND, refused, is_stored=True)) == {"Valid": FAILED}
    assert states(checks.password(FOUND, refused, is_stored=False)) == {"Stored": FAILED}
    (found,) = checks.password(FOUND, up, is_stored=False)
    assert found.sentence == "The server asks for no password."
    assert states(checks.password(FOUND, Probe(Health.UNREACHABLE, None), is_stored=True)) == {"Valid": UNKNOWN}
    assert list(checks.password(FILE, up, is_stored=False)) == []


def test_abilities_are_a_warning_where_schemas_cannot_be_changed() -> None:
    no = Capability(False, "The role may not.")
    assert checks.abilities(FOUND, Capabilities()).state is OK
    assert checks.abilities(FOUND, Capabilities(create_app=no)).state is OK
    found = checks.abilities(FOUND, Capabilities(push_schema=no))
    assert (found.state, found.remedy) == (WARNING, "The role may not.")
    assert checks.abilities(replace(FOUND, is_read_only=True), Capabilities(push_schema=no)).state is OK


def test_read_only_that_is_not_enforced_fails() -> None:
    assert checks.read_only(FOUND, is_enforced=True).state is OK
    assert checks.read_only(FOUND, is_enforced=False).state is FAILED


def test_stores_have_a_row_for_each_kind_as_grave_as_the_gravest() -> None:
    def finding(kind: Any, severity: Severity, number: int) -> StoreFinding:
        return StoreFinding(kind, f"{kind} {number}", severity, f"Sentence {number}.")

    findings = [
        *(finding("shared-store", Severity.WARNING, number) for number in range(4)),
        finding("shared-store", Severity.ERROR, 4),
        finding("incomplete", Severity.INFO, 5),
    ]
    overview: Any = SimpleNamespace(workspaces=(1, 2))
    shared, incomplete = checks.stores(FOUND, overview, findings)
    assert (shared.name, shared.state, shared.action) == ("Shared store", FAILED, Action.SHOW_WORKSPACES)
    assert shared.sentence == "Sentence 0. Sentence 1. Sentence 2. And 2 more."
    assert incomplete.state is OK
    (well,) = checks.stores(FOUND, overview, [])
    assert well.sentence == "Nothing is wrong with the stores of 2 workspaces."


def test_environment_with_only_a_database_address_asks_for_no_tokens() -> None:
    file = EnvFile(".env", "DATABASE_URL=postgresql://ada:secret@db/shop", is_open_to_others=True)
    found = list(environment({}, (file,), Path("/srv"), ()))
    assert {each.name for each in found} == {"Permissions", "Variables"}
    assert "address of a database" in found[0].sentence
    assert all("secret" not in each.sentence for each in found)


# A whole run


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    made = await build_services(Profile.at(tmp_path / "profile"), opens=False)
    yield made
    await made.aclose()


async def connected(services: Services, address: str, **changes: Any) -> Connection:
    found, password = Dsn.parse(address)
    values: dict[str, Any] = {"foundation_app_id": found.database, "platform_token": password, **changes}
    draft = ConnectionDraft("Shop", Platform.POSTGRES, found.to_text(), Environment.LOCAL, **values)
    return await services.connections.add(draft)


def by_area(found: Iterable[Check]) -> dict[Area, dict[str, CheckState]]:
    areas: dict[Area, dict[str, CheckState]] = {}
    for each in found:
        if each.connection is not None:
            areas.setdefault(each.area, {})[each.name] = each.state
    return areas


async def test_doctor_finds_a_main_database_and_its_stores_well(
    services: Services, postgres: PostgresServer, tmp_path: Path
) -> None:
    world = hosted_world(postgres, "doctor_well")
    found = await connected(services, world.main_dsn)
    report = await services.doctor.run([found.id])
    areas = by_area(report.checks)
    assert areas[Area.CONNECTION] == {"Reachable": OK, "Version": OK}
    assert areas[Area.TOKEN] == {"Valid": OK, "What it may do": OK}
    assert areas[Area.MAIN_DATABASE]["Tables"] is OK
    assert areas[Area.MAIN_DATABASE]["Mode"] is OK
    assert areas[Area.SCHEMAS] == {"Invalid indexes": OK, "Databases": OK}
    assert Area.FOUNDATION not in areas
    assert postgres.password not in report.to_text() + report.to_json()


async def test_doctor_tells_what_is_wrong_with_stores(services: Services, postgres: PostgresServer) -> None:
    world = hosted_world(postgres, "doctor_ill", has_findings=True)
    found = await connected(services, world.main_dsn, is_read_only=True)
    report = await services.doctor.run([found.id])
    areas = by_area(report.checks)
    assert areas[Area.CONNECTION]["Read-only"] is OK
    assert {"Shared store", "System in store", "Application in main"} <= areas[Area.STORES].keys()
    assert report.exit_status > 0


async def test_doctor_with_a_wrong_password_says_so_and_stops_there(
    services: Services, postgres: PostgresServer
) -> None:
    found = await connected(services, postgres.dsn("postgres", password="wrong"))
    areas = by_area((await services.doctor.run([found.id])).checks)
    assert areas[Area.TOKEN] == {"Valid": FAILED}
    assert areas[Area.MAIN_DATABASE] == {"Tables": UNKNOWN}
    assert Area.SCHEMAS not in areas


async def test_doctor_of_a_plain_file(services: Services, tmp_path: Path) -> None:
    world = local_files(tmp_path)
    found = await connected(services, world.main_dsn, foundation_app_id=None)
    areas = by_area((await services.doctor.run([found.id])).checks)
    assert areas[Area.CONNECTION] == {"Reachable": OK, "Version": OK}
    assert areas[Area.MAIN_DATABASE] == {"Named": OK}
    assert areas[Area.SCHEMAS] == {"Databases": OK}
    assert await services.tokens.get(found.id, TokenKind.PLATFORM) is None
