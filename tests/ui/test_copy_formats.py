"""Texts that apps are copied as."""

from __future__ import annotations

import csv
import io
import json

from app.core.apps import AppSummary
from app.core.connection import Connection, Environment, Platform
from app.ui.parts.copy_formats import as_csv, as_env, as_ids, as_json, copied_sentence

from .content_fakes import ANA, GIL, apps


def test_as_ids_several_apps_one_a_line() -> None:
    assert as_ids(apps()[1:3]) == f"{ANA}\n{GIL}"


def test_as_env_one_app_is_the_line_that_instant_reads() -> None:
    assert as_env(apps()[1:2]) == f"INSTANT_APP_ID={ANA}"


def test_as_env_several_apps_have_names_of_their_own() -> None:
    twins = [AppSummary("c", "1", "Ana’s shop"), AppSummary("c", "2", "ANA S shop"), AppSummary("c", "3", "…")]
    names = [line.split("=")[0] for line in as_env(twins).splitlines()]
    assert names == ["INSTANT_APP_ID_ANA_S_SHOP", "INSTANT_APP_ID_ANA_S_SHOP_2", "INSTANT_APP_ID_APP"]


def test_as_json_unknown_numbers_are_null() -> None:
    (one,) = json.loads(as_json([AppSummary("c", "1", 'Müller "x"')]))
    assert (one["title"], one["agents"], one["created_at"]) == ('Müller "x"', None, None)


def test_as_csv_title_that_looks_like_a_formula_is_disarmed() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv([AppSummary("c", "1", "=1+1"), AppSummary("c", "2", 'a,"b"')]))))
    assert [row["title"] for row in rows] == ["'=1+1", 'a,"b"']


def test_copied_sentence_names_the_app_or_the_count() -> None:
    assert copied_sentence(apps()[1:2]) == f"Copied app ID of Ana’s workspace: {ANA}"
    assert copied_sentence(apps(), "CSV") == "Copied 5 app IDs as CSV"


def test_as_env_of_databases_are_addresses_without_passwords() -> None:
    server = Connection("pg", "Shop", Platform.POSTGRES, "postgresql://ada@db:5432/main", Environment.LOCAL)
    rows = [AppSummary("pg", name, name) for name in ("main", 'it"s 🐘', "far:6000/b c")]
    assert as_env(rows[:1], {"pg": server}) == "DATABASE_URL=postgresql://ada@db:5432/main"
    assert as_env(rows, {"pg": server}).splitlines() == [
        "DATABASE_URL_MAIN=postgresql://ada@db:5432/main",
        "DATABASE_URL_IT_S=postgresql://ada@db:5432/it%22s%20%F0%9F%90%98",
        "DATABASE_URL_FAR_6000_B_C=postgresql://far:6000/b%20c",
    ]
    file = AppSummary("file", "/tmp/b.db", "b.db")
    lite = Connection("file", "File", Platform.POSTGRES, "sqlite:////tmp/a.db", Environment.LOCAL)
    assert as_env([file], {"file": lite}) == "DATABASE_URL=sqlite:////tmp/b.db"
