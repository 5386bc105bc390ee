"""The official npm package ``@instantdb/admin``, unmodified, against the local platform's process."""

from __future__ import annotations

import re

import pytest

from tests.judge.conftest import HERE, run_node

SCRIPTS = ("admin_data.mjs", "admin_people.mjs", "admin_live.mjs")
SCENARIO = re.compile(r"^  async (\w+)\(\) \{", re.MULTILINE)
SOURCES = {script: (HERE / "js" / script).read_text(encoding="utf-8") for script in SCRIPTS}
SCENARIOS = [(script, name) for script, source in SOURCES.items() for name in SCENARIO.findall(source)]


@pytest.mark.judge
@pytest.mark.parametrize(("script", "scenario"), SCENARIOS)
def test_admin_package_scenario_succeeds(script: str, scenario: str, judge_environment: dict[str, str]) -> None:
    run_node(judge_environment, str(HERE / "js" / script), scenario)
