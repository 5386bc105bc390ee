"""The parts of a SQL connection's address."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.errors import Invalid
from app.core.secret import Secret
from app.services.sql_address import (
    ServerParts,
    address_of,
    file_address,
    is_loopback,
    is_loopback_url,
    make_file,
    parts_of,
    path_of,
    split_address,
)

ODD = ServerParts("db.example", "6432", ' my "db" 🐘/ö', "a@b:c", "verify-full", "/etc/ca.pem")


def wrong(parts: ServerParts) -> set[str]:
    with pytest.raises(Invalid) as raised:
        address_of(parts)
    return {each.field for each in raised.value.fields}


def test_address_of_parts_is_read_back_to_the_same_parts() -> None:
    assert parts_of(address_of(ODD)) == ODD


@pytest.mark.parametrize("host", ["localhost", "::1", "[::1]", "/var/run/postgresql", "10.0.0.1"])
def test_address_of_each_kind_of_host(host: str) -> None:
    assert parts_of(address_of(ServerParts(host, "", "shop"))).host == host.strip("[]")


def test_address_of_keeps_options_that_no_field_shows() -> None:
    found, _password = split_address("postgresql://db/shop?sslcert=/c.pem&sslkey=/k.pem")
    assert isinstance(found, ServerParts)
    assert address_of(found) == "postgresql://db:5432/shop?sslcert=/c.pem&sslkey=/k.pem"


def test_address_of_says_each_field_that_is_wrong() -> None:
    assert wrong(ServerParts(port="0")) == {"host", "port", "database"}
    assert wrong(ServerParts("a b", "x", "n" * 64, "u\0", root_certificate="ca.pem")) == {
        "host",
        "port",
        "database",
        "user",
        "root_certificate",
    }


def test_split_address_gives_the_password_apart() -> None:
    found, password = split_address("postgres://ada:%20s%40cret@db/shop")
    assert isinstance(found, ServerParts)
    assert (found.user, found.tls) == ("ada", "prefer")
    assert password == Secret(" s@cret")


def test_split_address_of_a_file_is_its_path() -> None:
    assert split_address("sqlite:////tmp/a%20b.db") == (Path("/tmp/a b.db"), None)


def test_file_address_takes_whole_paths_only() -> None:
    assert path_of(file_address("/tmp/a b?.db")) == "/tmp/a b?.db"
    for path in ("", "a.db", "/tmp/\0.db"):
        with pytest.raises(Invalid) as raised:
            file_address(path)
        assert [each.field for each in raised.value.fields] == ["path"]


def test_parts_of_what_cannot_be_read_are_empty() -> None:
    assert parts_of("nonsense") == ServerParts()
    assert path_of("nonsense") == ""


def test_make_file_is_private_and_leaves_one_that_exists(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    make_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("kept")
    make_file(path)
    assert path.read_text() == "kept"


def test_make_file_in_no_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as raised:
        make_file(tmp_path / "none" / "new.db")
    assert raised.value.fields[0].field == "path"


def test_loopback_is_told_from_other_hosts() -> None:
    assert [is_loopback(each) for each in ("LocalHost", "/run", "db.example", "")] == [True, True, False, False]
    assert [is_loopback_url(each) for each in ("http://[::1]:1", "https://a.b", "http://[")] == [True, False, False]
