from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.localplatform import values

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def milliseconds(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The forms that the reference server lists with its own parser.
        ("3/12/4444", milliseconds(4444, 3, 12)),
        ("3/02/4444", milliseconds(4444, 3, 2)),
        ("Wed Jul 09 2025", milliseconds(2025, 7, 9)),
        ("Sat, 05 Apr 2025 18:00:31 GMT", milliseconds(2025, 4, 5, 18, 0, 31)),
        ("2025-01-01T00:00:00Z", milliseconds(2025, 1, 1)),
        ("2025-01-01", milliseconds(2025, 1, 1)),
        ("2025-01-02T00:00:00-08", milliseconds(2025, 1, 2, 8)),
        ('"2025-01-02T00:00:00-08"', milliseconds(2025, 1, 2, 8)),
        ("2025-01-15 20:53:08", milliseconds(2025, 1, 15, 20, 53, 8)),
        ("8/4/2025, 11:02:31 PM", milliseconds(2025, 8, 4, 23, 2, 31)),
        ("2025-9-29T23:59:59.999Z", milliseconds(2025, 9, 29, 23, 59, 59) + 999),
        ("2025-03-01T16:08:53+0000", milliseconds(2025, 3, 1, 16, 8, 53)),
        ("epoch", 0),
        (1735689600000, milliseconds(2025, 1, 1)),
    ],
)
def test_date_key_reads_the_forms_of_the_platform(text: Any, expected: int) -> None:
    assert values.date_key(text) == expected * 1000


@pytest.mark.parametrize("text", ["2025-01-0", '"2025-01-0"', "", "soon", True, None, [], 1e400])
def test_date_key_of_anything_else_is_an_error(text: Any) -> None:
    with pytest.raises(ValueError, match="not a date"):
        values.date_key(text)


@given(json_values, json_values)
def test_key_is_equal_exactly_for_equal_values(one: Any, other: Any) -> None:
    same = values.dumps(one) == values.dumps(other) or (
        values.json_type(one) == values.json_type(other) == "number" and float(one) == float(other)
    )
    if values.key_of(one) == values.key_of(other):
        assert same or abs(float(one)) > 2**53
    else:
        assert values.dumps(one) != values.dumps(other)


@given(json_values)
def test_dumps_is_json_that_reads_back(value: Any) -> None:
    assert json.loads(values.dumps(value)) == value


def test_key_of_numbers_that_no_integer_column_holds_is_still_ordered() -> None:
    keys = [values.key_of(number) for number in (-(10**400), -(2**70), 0, 2**63 - 1, 2**70, 10**400)]
    assert keys == sorted(keys)  # type: ignore[type-var]


def test_key_of_long_text_is_short_and_never_that_of_another_text() -> None:
    one, other = values.key_of("x" * 5000), values.key_of("x" * 5001)
    assert one != other
    assert len(str(one)) < 100


@given(json_values, json_values)
def test_deep_merge_with_itself_changes_nothing_more(old: Any, patch: Any) -> None:
    once = values.deep_merge(old, patch)
    assert values.deep_merge(once, patch) == once


def test_as_uuid_takes_full_uuids_only() -> None:
    assert values.as_uuid("AAAAAAAA-0000-4000-8000-000000000000") == "aaaaaaaa-0000-4000-8000-000000000000"
    assert values.as_uuid("aaaaaaaa") is None
    assert values.as_uuid(5) is None
