"""Schemas that Instant's text can say, for laws: with odd names, many links, and nothing that breaks other rules."""

from __future__ import annotations

from hypothesis import strategies as st

from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import AnyType, BooleanType, DateType, JsonType, NumberType, StringType

# Few letters, so that two schemas share many names; and whatever a server may hold.
PLAIN = st.sampled_from(["a", "b", "c", "title", "owner", "B", "x1", "$users"])
ODD = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
NAMES = (PLAIN | PLAIN | PLAIN | ODD).filter(lambda name: name not in {"__proto__", "id"})
TYPES = st.sampled_from([StringType(), NumberType(), BooleanType(), DateType(), JsonType(), AnyType()])
ATTRIBUTES = st.builds(Attribute, NAMES, TYPES, st.booleans(), st.booleans(), st.booleans())
ENTITIES = st.builds(
    Entity, NAMES, st.lists(ATTRIBUTES, max_size=5, unique_by=lambda each: each.name).map(tuple), st.just(())
)


def _end(can_be_required: bool) -> st.SearchStrategy[LinkEnd]:
    required = st.booleans() if can_be_required else st.just(False)
    return st.builds(
        LinkEnd, NAMES, NAMES, st.sampled_from(["one", "many"]), required, st.sampled_from([None, "cascade"])
    )


LINKS = st.builds(Link, NAMES, _end(True), _end(False))


def _ends(link: Link) -> tuple[str, ...]:
    return link.forward.entity, link.forward.label, link.reverse.entity, link.reverse.label


SCHEMAS = st.builds(
    Schema,
    st.lists(ENTITIES, max_size=5, unique_by=lambda each: each.name).map(tuple),
    # Names of links are unique in a text; ``render`` makes them so.
    st.lists(LINKS, max_size=5, unique_by=(_ends, lambda each: each.name)).map(tuple),
)
