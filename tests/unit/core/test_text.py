import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.text import plain


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("Ana’s workspace", "Ana’s workspace"),
        ("two\nlines\tand  spaces", "two lines and spaces"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        ("\u2066isolated\u2069", "isolated"),
        ("nul\x00 bell\x07", "nul bell"),
        ("<b>bold</b>", "<b>bold</b>"),
        ("שלום", "שלום"),
        ("", ""),
    ],
)
def test_plain_hostile_text_becomes_one_harmless_line(given_text, shown):
    assert plain(given_text) == shown


def test_plain_long_text_is_cut_with_an_ellipsis():
    assert plain("x" * 10_000, 20) == "x" * 19 + "…"


@given(st.text(max_size=400), st.integers(min_value=2, max_value=60))
def test_plain_any_text_is_short_and_has_no_controls(text, limit):
    shown = plain(text, limit)
    assert len(shown) <= limit
    assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in shown)
    assert plain(shown, limit) == shown
