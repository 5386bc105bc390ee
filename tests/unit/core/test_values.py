import uuid

import pytest

from app.core.changes import Changes
from app.core.refs import AppRef, is_uuid, new_id


def test_new_id_is_a_fresh_uuid():
    assert uuid.UUID(new_id()).version == 4
    assert new_id() != new_id()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9e8cde29-5ce0-4a73-91c3-0019a469001e", True),
        ("9E8CDE29-5CE0-4A73-91C3-0019A469001E", True),
        ("9e8cde295ce04a7391c30019a469001e", False),
        ("{9e8cde29-5ce0-4a73-91c3-0019a469001}", False),
        ("zzzzzzzz-5ce0-4a73-91c3-0019a469001e", False),
        ("", False),
    ],
)
def test_is_uuid_accepts_only_the_hyphenated_form(text, expected):
    assert is_uuid(text) is expected


def test_changes_merged_is_the_union_and_keeps_a_common_source():
    me, ref = object(), AppRef("c", "a")
    both = Changes(apps=frozenset({"c"}), source=me).merged(Changes(schemas=frozenset({ref}), tokens=True, source=me))
    assert both == Changes(apps=frozenset({"c"}), schemas=frozenset({ref}), tokens=True)
    assert both.source is me
    assert both.merged(Changes(connections=True)).source is None
    staged = Changes(drafts=frozenset({ref})).merged(Changes(pushes=frozenset({ref})))
    assert (staged.drafts, staged.pushes) == (frozenset({ref}), frozenset({ref}))


def test_changes_empty_is_false():
    assert not Changes()
    assert Changes(connections=True)
    assert Changes(drafts=frozenset({AppRef("c", "a")}))
    assert Changes(pushes=frozenset({AppRef("c", "a")}))
