from app.core.secret import Secret
from app.services.env_file import from_environment, read_env

APP_ID = "9e8cde29-5ce0-4a73-91c3-0019a469001e"
TOKEN = "per_" + "ab" * 32


def test_read_env_with_the_names_of_document_001_finds_all_three():
    found = read_env(
        f"""# server side only
PLATFORM_TOKEN={TOKEN}
NEXT_PUBLIC_INSTANT_APP_ID={APP_ID}
INSTANT_APP_ADMIN_TOKEN=0ad0d9a4-5e9f-4d4e-9a2c-8c1a1b1d2f3e
OTHER=1
"""
    )
    assert found.platform_token == Secret(TOKEN)
    assert found.foundation_app_id == APP_ID
    assert set(found.admin_tokens) == {"INSTANT_APP_ADMIN_TOKEN"}
    assert found.leaks == ()
    assert found.warnings == ()


def test_read_env_with_quotes_export_and_comments_reads_the_bare_values():
    found = read_env(
        f"export PLATFORM_TOKEN = \"{TOKEN}\" # m\r\n  EXPO_PUBLIC_INSTANT_APP_ID='{APP_ID.upper()}'# none\n"
    )
    assert found.platform_token == Secret(TOKEN)
    assert found.foundation_app_id == APP_ID


def test_read_env_with_a_hash_inside_a_value_keeps_it():
    assert read_env("PLATFORM_TOKEN=a#b # comment").platform_token == Secret("a#b")


def test_read_env_with_escapes_and_lines_in_double_quotes_undoes_them():
    assert read_env('PLATFORM_TOKEN="a\\"b\nc"\nX=1').platform_token == Secret('a"b\nc')


def test_read_env_with_an_unclosed_quote_warns_and_stops():
    found = read_env('PLATFORM_TOKEN="abc\nINSTANT_APP_ID=x')
    assert found.platform_token is None
    assert "never closed" in found.warnings[0]


def test_read_env_with_a_platform_token_under_a_public_prefix_calls_it_a_leak_without_its_value():
    found = read_env(f"EXPO_PUBLIC_INSTANT_PLATFORM_TOKEN={TOKEN}")
    assert found.platform_token == Secret(TOKEN)
    assert len(found.leaks) == 1
    assert "EXPO_PUBLIC_INSTANT_PLATFORM_TOKEN" in found.leaks[0]
    assert TOKEN not in found.leaks[0]


def test_read_env_with_a_platform_token_under_any_public_name_calls_it_a_leak():
    assert "NEXT_PUBLIC_KEY" in read_env(f"NEXT_PUBLIC_KEY={TOKEN}").leaks[0]


def test_platform_token_under_a_private_name_is_preferred():
    found = read_env(f"EXPO_PUBLIC_INSTANT_PLATFORM_TOKEN=old\nPLATFORM_TOKEN={TOKEN}")
    assert found.platform_token == Secret(TOKEN)


def test_read_env_with_a_broken_app_id_leaves_it_out_and_warns():
    found = read_env("NEXT_PUBLIC_INSTANT_APP_ID=not-an-id")
    assert found.foundation_app_id is None
    assert found.warnings == ("NEXT_PUBLIC_INSTANT_APP_ID is not a UUID; it was left out.",)


def test_read_env_with_empty_and_repeated_names_warns():
    found = read_env("PLATFORM_TOKEN=\nINSTANT_ADMIN_TOKEN=a\nINSTANT_ADMIN_TOKEN=b")
    assert found.admin_tokens["INSTANT_ADMIN_TOKEN"] == Secret("b")
    assert found.warnings == ("INSTANT_ADMIN_TOKEN is set twice; line 3 was taken.", "PLATFORM_TOKEN is empty.")


def test_read_env_with_a_huge_text_reads_nothing():
    assert not read_env("PLATFORM_TOKEN=x\n" * 100_000)


def test_read_env_shows_no_token_in_its_repr():
    assert TOKEN not in repr(read_env(f"PLATFORM_TOKEN={TOKEN}"))


def test_from_environment_reads_the_given_variables():
    assert from_environment({"PLATFORM_TOKEN": TOKEN, "HOME": "/"}).platform_token == Secret(TOKEN)
