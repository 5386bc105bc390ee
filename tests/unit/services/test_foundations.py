"""Which connections have a foundation, and what is said of the others."""

import pytest

from app.core.connection import Platform
from app.core.errors import NotFound, Unsupported
from app.services.foundations import foundation_of, has_foundation
from tests.unit.services.fakes import FOUNDATION, connection

SQL = connection(platform=Platform.POSTGRES, base_url="postgresql://db:5432/main", foundation_app_id="main")


def test_foundation_of_instant_is_the_one_that_is_named():
    named = connection(foundation_app_id=FOUNDATION)
    assert (foundation_of(named), has_foundation(named)) == (FOUNDATION, True)
    with pytest.raises(NotFound, match="has no foundation app"):
        foundation_of(connection())
    assert not has_foundation(connection())


def test_foundation_of_a_main_database_is_refused_with_what_it_is():
    with pytest.raises(Unsupported, match="Staging is PostgreSQL"):
        foundation_of(SQL)
    assert not has_foundation(SQL)
