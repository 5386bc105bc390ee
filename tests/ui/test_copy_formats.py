"""Texts that apps are copied as."""

from __future__ import annotations

import csv
import io
import json

from app.core.apps import AppSummary
from app.ui.copy_formats import as_csv, as_env, as_ids, as_json, copied_sentence

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
