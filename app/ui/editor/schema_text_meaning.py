"""What the text of a schema says, beside the draft that it was made of; no Qt in here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.platforms.traits import Traits
    from app.schema.draft import Draft
    from app.schema.model import Schema


@dataclass(frozen=True, slots=True)
class Meaning:
    traits: Traits

    def meant(self, schema: Schema, draft: Draft) -> Schema:
        """What a text says, as the platform would hold it."""
        text = self.traits.text
        completed = text.completed(schema, draft.base) if text is not None else schema
        return _sharing(self.traits.canonical(completed), draft)


def _sharing(meant: Schema, draft: Draft) -> Schema:
    """Parts that the draft has already are the same objects."""
    from app.schema.model import Schema

    known = {each: each for side in (draft.base, draft.wanted) for each in side.entities}
    links = {each: each for side in (draft.base, draft.wanted) for each in side.links}
    entities = tuple(known.get(each, each) for each in meant.entities)
    shared = Schema(entities, tuple(links.get(each, each) for each in meant.links))
    return draft.wanted if shared == draft.wanted else shared
