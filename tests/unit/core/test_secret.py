import copy
import json
import pickle

import pytest

from app.core.secret import Secret

MARK = "per_0123456789abcdef"


def test_secret_shown_in_any_usual_way_stays_masked():
    secret = Secret(MARK)
    shown = [repr(secret), str(secret), f"{[secret]}", repr({"token": secret})]
    assert not any(MARK in text for text in shown)


@pytest.mark.parametrize(
    "leak", [pickle.dumps, copy.copy, copy.deepcopy, lambda secret: format(secret, ""), json.dumps]
)
def test_secret_serialised_or_formatted_is_refused(leak):
    with pytest.raises(TypeError):
        leak(Secret(MARK))


def test_secret_reveals_its_text_only_on_request():
    assert Secret(MARK).reveal() == MARK
    assert MARK not in str(vars(Secret))


def test_secret_compares_by_value():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert hash(Secret("a")) == hash(Secret("a"))
    assert not Secret("")
