from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.localplatform.store import Store
from tests.unit.localplatform.engine import Engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    store = Store(tmp_path / "platform")
    yield Engine(store)
    store.close()
