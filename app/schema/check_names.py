"""Whether the names of entities, attributes and labels can be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from app.core.errors import Invalid

from .check_rules import Found, Part, Problem, Rules, shown


@dataclass(frozen=True, slots=True)
class Named:
    """A name with where it stands. ``what`` is how a sentence calls the part: "The attribute todos.title"."""

    name: str
    place: str
    part: Part
    field: str
    what: str


def allows(rules: Rules) -> Callable[[str], bool]:
    """Whether there is nothing to say of a name, not even as a warning."""
    matches, said = _pattern(rules.name_pattern).fullmatch, rules.reserved_names | rules.query_words
    longest = rules.max_length
    if rules.max_bytes is not None:
        # So many letters are never too many bytes.
        longest = min(longest, rules.max_bytes // 4)
    return lambda name: len(name) <= longest and name not in said and matches(name) is not None


def entity_name(name: str, is_system: bool, rules: Rules) -> Found:
    named = Named(name, name, "entity", "name", f"The entity {shown(name)}")
    if rules.name_parts is not None and not is_system:
        yield from _parts(named, rules.name_parts, rules)
        return
    prefix = rules.reserved_prefix
    if not prefix or not name.startswith(prefix):
        yield from _name(named, rules, name)
    elif name not in rules.system_entities:
        bare = name.lstrip(prefix)
        remedy = f"Call it {shown(bare)} instead." if bare else "Choose another name."
        yield _problem(named, f"{shown(name)}: names with {prefix} belong to {rules.platform}.", remedy)


def _parts(named: Named, take_apart: Callable[[str], tuple[str, ...]], rules: Rules) -> Found:
    """Schema and table: each has to fit by itself."""
    if not named.name.strip():
        yield from _name(named, rules, named.name)
        return
    try:
        parts = take_apart(named.name)
    except Invalid as error:
        yield _problem(named, error.sentence, error.remedy)
        return
    for each in parts:
        found = tuple(_name(replace(named, name=each), rules, each))
        if found:
            yield from found
            return


def attribute_name(entity: str, name: str, rules: Rules) -> Found:
    place = f"{entity}.{name}"
    named = Named(name, place, "attribute", "name", f"The attribute {shown(place)}")
    yield from _name(named, rules, name)
    yield from _meaning(named, rules)


def label(entity: str, name: str, rules: Rules) -> Found:
    """A label may begin with the reserved prefix: the reverse of ``$users`` is often called so."""
    place = f"{entity}.{name}"
    named = Named(name, place, "link", "label", f"The label {shown(place)}")
    yield from _name(named, rules, name.removeprefix(rules.reserved_prefix))
    yield from _meaning(named, rules)


def _name(named: Named, rules: Rules, bare: str) -> Found:
    """``bare`` is what has to match the pattern."""
    what = "entity" if named.part == "entity" else named.part
    if not named.name.strip():
        where = f" of {shown(named.place.rpartition('.')[0])}" if "." in named.place else ""
        word = "label" if named.field == "label" else "name"
        article = "An" if what in ("entity", "attribute") else "A"
        yield _problem(named, f"{article} {what}{where} has no {word}.", "Enter one, or remove it.")
    elif len(named.name) > rules.max_length:
        sentence = f"{named.what} has a name of {len(named.name):,} characters."
        yield _problem(named, sentence, f"Use at most {rules.max_length} characters.")
    elif rules.max_bytes is not None and len(named.name.encode(errors="replace")) > rules.max_bytes:
        size = len(named.name.encode(errors="replace"))
        sentence = f"{named.what} has a name of {size} bytes; letters with accents and signs count several."
        yield _problem(named, sentence, f"Use at most {rules.max_bytes} bytes.")
    elif not _pattern(rules.name_pattern).fullmatch(bare):
        yield _problem(named, f"{named.what} has a name that cannot be used in queries and files.", rules.name_words)


def _meaning(named: Named, rules: Rules) -> Found:
    if named.name in rules.reserved_names:
        sentence = f"{named.what}: every entity has {shown(named.name)} already."
        yield _problem(named, sentence, "Choose another name, or remove it.")
    elif named.name in rules.query_words:
        sentence = f"{named.what}: in queries, {named.name} combines conditions."
        yield _problem(named, sentence, "Choose another name, or it cannot be asked for.", is_error=False)


def _problem(named: Named, sentence: str, remedy: str, *, is_error: bool = True) -> Problem:
    return Problem(named.place, named.part, named.field, sentence, remedy, is_error)


@lru_cache(maxsize=8)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)
