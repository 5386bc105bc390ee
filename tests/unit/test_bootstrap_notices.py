"""What is found while the services are put together reaches the operator."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from app.bootstrap import _notices
from app.storage.database import SetAside


def test_notices_of_a_sound_database_are_none():
    assert _notices(SimpleNamespace(set_aside=None)) == ()


def test_notices_of_a_damaged_database_say_where_it_is_kept():
    damaged = SetAside(Path("/profile/tenantry.db.damaged-1"), "file is not a database")
    (notice,) = _notices(SimpleNamespace(set_aside=damaged))
    assert (notice.sentence, notice.remedy) == (damaged.sentence, damaged.remedy)
    assert notice.details == "/profile/tenantry.db.damaged-1"
