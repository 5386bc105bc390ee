"""Addresses of databases: what people paste, split into an address without its password."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.platforms.postgres.dsn import Dsn, may_be_elsewhere, store_id

SPECIAL = "p@ss:w/o?r#d%25&=+ \"'\\éש🚀"
_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)


def parsed(text: str) -> tuple[Dsn, str]:
    dsn, password = Dsn.parse(text)
    return dsn, password.reveal() if password else ""


def test_address_with_all_its_parts_is_split() -> None:
    dsn, password = parsed("postgresql://ann:secret@db.example.com:6000/shop?sslmode=verify-full&sslrootcert=/ca.pem")
    assert (dsn.user, dsn.host, dsn.port, dsn.database) == ("ann", "db.example.com", 6000, "shop")
    assert dsn.options == (("sslmode", "verify-full"), ("sslrootcert", "/ca.pem"))
    assert password == "secret"
    assert dsn.server == "db.example.com:6000"


def test_address_is_written_without_its_password() -> None:
    dsn, _password = parsed("postgres://ann:secret@db/shop")
    assert dsn.to_text() == "postgresql://ann@db:5432/shop"


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("postgresql://ann:p@ss@db/shop", "p@ss"),
        ("postgresql://ann:p/s#s@db/shop", "p/s#s"),
        ("postgresql://ann:what?ever@db/shop", "what?ever"),
        ("postgresql://ann:a:b@db/shop", "a:b"),
        ("postgresql://ann:p%40ss@db/shop", "p@ss"),
        ("postgresql://ann@db/shop?password=p%26q", "p&q"),
    ],
)
def test_password_is_found_however_it_was_pasted(text: str, password: str) -> None:
    dsn, found = parsed(text)
    assert found == password
    assert (dsn.user, dsn.host, dsn.database) == ("ann", "db", "shop")
    assert password not in dsn.to_text()


@settings(max_examples=200, deadline=None)
@given(user=_TEXT, host=st.sampled_from(["db", "10.0.0.1", "::1", "/run/pg"]), database=_TEXT)
def test_address_written_reads_back_equal(user: str, host: str, database: str) -> None:
    dsn = Dsn("postgresql", user, host, 5433, database, (("sslmode", "require"),))
    assert Dsn.parse(dsn.to_text()) == (dsn, None)


def test_names_with_every_special_character_read_back() -> None:
    dsn = Dsn("postgresql", SPECIAL, "db", 5432, SPECIAL)
    assert Dsn.parse(dsn.to_text())[0] == dsn


def test_parts_left_out_get_the_usual_values() -> None:
    dsn, password = parsed("postgresql://db")
    assert (dsn.host, dsn.port, dsn.database, dsn.user, password) == ("db", 5432, "postgres", "", "")


def test_options_of_other_drivers_are_left_out() -> None:
    dsn, _ = parsed("postgresql://ann@db/shop?pgbouncer=true&ssl=true&connect_timeout=3")
    assert dsn.options == (("sslmode", "require"),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mysql://db/shop",
        "db/shop",
        "postgresql://db:port/shop",
        "postgresql://db:99999/shop",
        "postgresql://a,b/shop",
        "postgresql://db/shop?sslmode=maybe",
        "postgresql://db/shop?options=-c%20role%3Droot",
        "postgresql://ann:sec@ret@db/a%00b",
        "sqlite:///relative.db",
        "sqlite:////folder/",
    ],
)
def test_address_that_cannot_be_used_is_refused_at_its_field(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        Dsn.parse(text)
    assert [each.field for each in caught.value.fields] == ["base_url"]
    assert "sec@ret" not in caught.value.sentence


def test_sqlite_file_is_its_whole_path() -> None:
    dsn, password = parsed("sqlite:////var/lib/a%20b.db")
    assert (dsn.is_sqlite, dsn.database, password) == (True, "/var/lib/a b.db", "")
    assert dsn.to_text() == "sqlite:////var/lib/a%20b.db"


def test_store_on_the_own_server_is_known_by_its_name() -> None:
    main = parsed("postgresql://ann@DB:5432/main")[0]
    assert store_id(parsed("postgresql://bob@db/shop")[0], main) == "shop"
    assert store_id(parsed("postgresql://bob@other:6000/shop")[0], main) == "other:6000/shop"
    assert store_id(parsed("sqlite:////a.db")[0], main) == "/a.db"


def test_stores_behind_one_supabase_pooler_are_told_apart() -> None:
    pooler = "aws-0-eu.pooler.supabase.com"
    one, other = (parsed(f"postgresql://postgres.{ref}@{pooler}:5432/postgres")[0] for ref in ("abc", "xyz"))
    assert store_id(other, one) == f"xyz@{pooler}:5432/postgres"
    assert store_id(one, one) == "postgres"


def test_transaction_poolers_are_recognised() -> None:
    assert parsed("postgresql://postgres.abc@aws-0-eu.pooler.supabase.com:6543/postgres")[0].is_transaction_pooler
    assert not parsed("postgresql://postgres.abc@aws-0-eu.pooler.supabase.com:5432/postgres")[0].is_transaction_pooler


def test_places_are_asked_only_for_what_has_the_form_of_one() -> None:
    main = parsed("postgresql://db/main")[0]
    assert may_be_elsewhere("other:5432/shop", main)
    assert may_be_elsewhere("/folder/a.db", main)
    assert not may_be_elsewhere("shop", main)
