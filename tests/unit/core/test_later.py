"""What is built when it is first asked for."""

from __future__ import annotations

import pytest

from app.core.later import Later


def test_it_is_built_once_and_only_when_asked() -> None:
    built: list[object] = []

    def make() -> object:
        built.append(object())
        return built[-1]

    later = Later(make)
    assert later.made is None
    assert not built
    assert later() is later() is later.made
    assert len(built) == 1


def test_one_that_could_not_be_built_is_tried_again() -> None:
    answers = iter((OSError("the disk is full"), "built"))

    def make() -> str:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    later = Later(make)
    with pytest.raises(OSError, match="the disk is full"):
        later()
    assert later() == "built"
