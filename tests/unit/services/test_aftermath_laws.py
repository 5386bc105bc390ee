"""Laws of what a push did, for generated pairs of schemas and every place where it can break."""

import random

import pytest

from app.schema.compare import Plan
from app.schema.draft import Draft
from app.schema.formats.instant_form import canonical
from app.schema.model import Schema
from app.services.aftermath import _RENAMES, aftermath
from tests.support.random_schemas import random_pair


def holds(draft: Draft, live: Schema) -> None:
    found = aftermath(draft, live, canonical)
    assert canonical(found.remaining.plan().apply(live)) == draft.wanted
    assert canonical(found.did.reverse().apply(live)) == draft.base
    assert found.is_all == (live == draft.wanted)
    assert found.is_nothing == (live == draft.base)


@pytest.mark.parametrize("seed", range(100))
def test_what_a_push_broken_at_any_step_did_and_what_remains_make_the_whole(seed):
    pair = random_pair(seed, is_plain=True)
    draft = Draft(pair.before, canonical(pair.after), pair.renames)
    steps = draft.plan().steps
    count = random.Random(seed).randint(0, len(steps))
    holds(draft, canonical(Plan(steps[:count]).apply(draft.base)))


@pytest.mark.parametrize("seed", range(200))
def test_names_that_change_places_are_followed_where_all_renames_come_at_once(seed):
    """As on Instant, where they are in one transaction."""
    pair = random_pair(seed)
    draft = Draft(pair.before, canonical(pair.after), pair.renames)
    steps = draft.plan().steps
    first = max((number + 1 for number, each in enumerate(steps) if isinstance(each, _RENAMES)), default=0)
    count = random.Random(seed).randint(first, len(steps)) if seed % 5 else 0
    holds(draft, canonical(Plan(steps[:count]).apply(draft.base)))
