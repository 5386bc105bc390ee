"""The official npm package ``@instantdb/platform``, unmodified, against the local platform's process."""

from __future__ import annotations

import re

import pytest

from tests.judge.conftest import HERE, run_node

pytestmark = pytest.mark.judge

SCRIPT = HERE / "js" / "platform.mjs"
SCENARIOS = re.findall(r"^  async (\w+)\(\) \{", SCRIPT.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_platform_package_scenario_succeeds(scenario: str, judge_environment: dict[str, str]) -> None:
    run_node(judge_environment, str(SCRIPT), scenario)
