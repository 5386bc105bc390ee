"""What is remembered of which app follows which template."""

import logging
from types import SimpleNamespace

import pytest

from app.core.errors import NotFound
from app.core.refs import AppRef
from app.services.following import Followed, Following
from tests.unit.services.fakes import uid
from tests.unit.services.workshop_fakes import FakeFollowed

ADA, BOB = AppRef("c1", uid(1)), AppRef("c2", uid(2))


async def test_what_is_put_is_kept_and_loaded_again():
    store = FakeFollowed()
    following = Following(store)
    await following.put_many([(ADA, "todo", 1), (BOB, "", 0)])
    again = Following(store)
    await again.load(["c1", "c2", "c3"])
    assert again.get(ADA) == Followed("todo", 1)
    assert again.get(BOB) == Followed("", 0)
    assert again.get(AppRef("c1", uid(9))) is None
    assert again.followers("todo") == (ADA,)


async def test_what_is_known_already_is_not_written_again():
    store = FakeFollowed()
    following = Following(store)
    await following.put(ADA, "todo", 1)
    store.kept.clear()
    await following.put(ADA, "todo", 1)
    assert store.kept == {}


async def test_what_could_not_be_kept_is_not_remembered():
    def refuse(_followed) -> None:
        raise NotFound("The connection is gone.")

    following = Following(SimpleNamespace(put_many=refuse))
    with pytest.raises(NotFound):
        await following.put(ADA, "todo", 1)
    assert following.get(ADA) is None


async def test_catching_up_is_kept_in_the_background_for_the_template_that_is_followed():
    store = FakeFollowed()
    following = Following(store)
    await following.put(ADA, "todo", 1)
    following.caught_up(ADA, "chat", 7)
    following.caught_up(BOB, "todo", 7)
    following.caught_up(ADA, "todo", 2)
    assert following.get(ADA) == Followed("todo", 2)
    await following.aclose()
    assert store.kept == {ADA: ("todo", 2)}


async def test_a_failure_to_keep_a_version_is_noted_and_disturbs_nobody(caplog):
    following = Following(FakeFollowed())
    await following.put(ADA, "todo", 1)
    following._store.put_many = lambda _followed: 1 / 0
    with caplog.at_level(logging.INFO):
        following.caught_up(ADA, "todo", 2)
        await following.aclose()
    assert "could not be kept" in caplog.text


async def test_a_removed_connection_is_forgotten():
    following = Following(FakeFollowed())
    await following.put_many([(ADA, "todo", 1), (BOB, "todo", 1)])
    following.forget_connection("c1")
    assert following.followers("todo") == (BOB,)
