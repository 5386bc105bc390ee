"""What the program can be asked to open, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.errors import Invalid
from app.core.targets import LONGEST, AppTarget, SchemaFileTarget, address_of, parse_target

APP_ID = "7f3a1c22-9d04-4e0b-b0a1-5cf2d7e8aa10"
HERE = Path("/srv/shop")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"tenantry://app/{APP_ID}", AppTarget(APP_ID)),
        (f"TENANTRY://App/{APP_ID}/", AppTarget(APP_ID)),
        (f"tenantry://app/{APP_ID}?connection=c1", AppTarget(APP_ID, "c1")),
        ("tenantry://app/shop%20%C3%A9%2Fpublic", AppTarget("shop é/public")),
        ("tenantry://app/shop/public", AppTarget("shop/public")),
        ("tenantry://app/50%25?connection=a%26b", AppTarget("50%", "a&b")),
        ("instant.schema.ts", SchemaFileTarget(HERE / "instant.schema.ts")),
        ("/tmp/Shop.SQL", SchemaFileTarget(Path("/tmp/Shop.SQL"))),
        ("file:///tmp/my%20shop.schema.ts", SchemaFileTarget(Path("/tmp/my shop.schema.ts"))),
        ("file://localhost/tmp/shop.sql", SchemaFileTarget(Path("/tmp/shop.sql"))),
    ],
)
def test_parse_target_of_what_can_be_opened_names_it(text: str, wanted: object) -> None:
    assert parse_target(text, HERE) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "tenantry:",
        "tenantry://",
        "tenantry://app",
        "tenantry://app/",
        "tenantry://app/%00",
        "tenantry://app/%FF",
        "tenantry://app/a%0Ab",
        "tenantry://app/" + "a" * 600,
        "tenantry:app/x",
        "tenantry://push/x",
        f"tenantry://app/{APP_ID}?delete=yes",
        f"tenantry://app/{APP_ID}?connection=",
        f"tenantry://app/{APP_ID}?" + "&".join(f"connection={each}" for each in range(20)),
        "https://example.com/shop.sql",
        "file://elsewhere/tmp/shop.sql",
        "file:///tmp/shop.sql?x=1",
        "file:///tmp/%FF.sql",
        "notes.txt",
        "schema.ts.txt",
        "a\0b.sql",
        "a\nb.sql",
        "x" * LONGEST + ".sql",
    ],
)
def test_parse_target_of_anything_else_says_what_can_be_opened(text: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse_target(text, HERE)
    assert "tenantry://app/" in raised.value.remedy
    assert len(raised.value.sentence) < 250


def test_parse_target_of_a_relative_path_without_a_folder_asks_for_the_whole_path() -> None:
    with pytest.raises(Invalid, match="does not say in which folder"):
        parse_target("shop.sql")


@pytest.mark.parametrize(
    "target",
    [
        AppTarget(APP_ID),
        AppTarget("a b/ü?#%&", "c=1&x"),
        SchemaFileTarget(Path("/tmp/my %20 shop.schema.ts")),
    ],
)
def test_address_of_a_target_reads_as_the_same_target(target: AppTarget | SchemaFileTarget) -> None:
    assert parse_target(address_of(target)) == target
