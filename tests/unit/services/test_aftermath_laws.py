"""Laws of what a push did, for generated pairs of schemas and every place where it can break."""

import random

import pytest

from app.schema.compare import Plan
from app.schema.draft import Draft
from app.schema.formats.instant_form import canonical
from app.services.aftermath import aftermath
from tests.support.random_schemas import random_pair


@pytest.mark.parametrize("seed", range(300))
def test_what_a_broken_push_did_and_what_remains_make_the_whole(seed):
    pair = random_pair(seed, is_plain=True)
    draft = Draft(pair.before, canonical(pair.after), pair.renames)
    steps = draft.plan().steps
    count = random.Random(seed).randint(0, len(steps))
    live = canonical(Plan(steps[:count]).apply(draft.base))
    found = aftermath(draft, live, canonical)
    assert canonical(found.remaining.plan().apply(live)) == draft.wanted
    assert canonical(found.did.reverse().apply(live)) == draft.base
    assert found.is_all == (live == draft.wanted)
    assert found.is_nothing == (live == draft.base)
