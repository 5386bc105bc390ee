import pytest

from app.core.errors import Invalid
from app.services.foundation_map import FoundationMap, FoundationMaps, name_fields
from tests.unit.services.fakes import uid
from tests.unit.services.foundation_fakes import MapsInMemory


def test_map_is_the_same_after_a_way_through_text():
    names = FoundationMap(app="accounts", admin_token="secret", others=(uid(1), uid(2)))
    assert FoundationMap.from_text(names.to_text()) == names


def test_map_keeps_only_what_is_not_as_in_the_documents():
    assert FoundationMap().to_text() == "{}"
    assert FoundationMap(tasks="jobs").to_text() == '{"tasks": "jobs"}'


def test_map_of_another_version_is_read_as_far_as_it_is_known():
    assert FoundationMap.from_text('{"app": "a", "unheard": 1, "name": 3, "others": ["x", 4]}') == FoundationMap(
        app="a", others=("x",)
    )


def test_map_with_names_that_cannot_be_says_so_for_each_field():
    with pytest.raises(Invalid) as caught:
        FoundationMap(app=" ", tasks="a\nb", name="n" * 101).checked()
    assert [each.field for each in caught.value.fields] == ["app", "name", "tasks"]


def test_map_checked_has_no_white_space_around_names_and_each_other_once():
    checked = FoundationMap(app=" accounts ", others=("a", "b", "a")).checked()
    assert (checked.app, checked.others) == ("accounts", ("a", "b"))
    assert "others" not in name_fields()


async def test_maps_are_those_of_the_documents_until_set_and_kept_for_the_next_session():
    store = MapsInMemory()
    maps = FoundationMaps(store)
    assert await maps.get("c1") == FoundationMap()
    await maps.set("c1", FoundationMap(app="accounts"))
    assert (await maps.get("c1")).app == "accounts"
    assert (await FoundationMaps(store).get("c1")).app == "accounts"
    assert await FoundationMaps(store).get("c2") == FoundationMap()


async def test_maps_with_a_damaged_text_are_those_of_the_documents_and_it_is_logged(caplog):
    store = MapsInMemory()
    store.put("c1", "[")
    assert await FoundationMaps(store).get("c1") == FoundationMap()
    assert "cannot be read" in caplog.text
    caplog.clear()
