"""Object literals of a schema text: their members by name, and everything refused that no reader can evaluate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tree_sitter import Node

from .instant_ts_source import Source, shown, unescaped

# Wrappers that say something to the type checker only; the value is their first child.
_WRAPPERS: Final = frozenset({"as_expression", "satisfies_expression", "non_null_expression"})
_WORDS: Final = {
    "identifier": "the variable",
    "shorthand_property_identifier": "the variable",
    "member_expression": "the value of a variable",
    "subscript_expression": "the value of a variable",
    "call_expression": "a function call",
    "new_expression": "a function call",
    "arrow_function": "a function",
    "function_expression": "a function",
    "method_definition": "a function",
    "template_string": "a template string",
    "spread_element": "a spread",
    "ternary_expression": "a condition",
    "computed_property_name": "a computed name",
    "array": "a list",
    "object": "an object",
    "string": "a string",
    "number": "a number",
    "true": "the value",
    "false": "the value",
    "null": "the value",
    "undefined": "the value",
}


@dataclass(slots=True)
class Member:
    """``key: value`` in an object; ``value`` is without ``as const`` and the like."""

    name: str
    node: Node
    key: Node
    value: Node


@dataclass(slots=True)
class ObjectText:
    """One ``{…}`` with its members in order of the text."""

    node: Node
    members: dict[str, Member]


def read_object(source: Source, node: Node, place: str, noun: str) -> ObjectText:
    """The members of the object ``node``; ``place`` and ``noun`` ("entity") are for the sentences."""
    members: dict[str, Member] = {}
    for member in _members(source, node, noun):
        if member.name in members:
            what = f"{noun} {shown(member.name)}"
            first = source.start(members[member.name].key)[0]
            where = f" in {shown(place)}" if place else ""
            source.refuse(
                member.key, f"The {what}{where} is there already, in line {first}.", "Rename or delete one of them."
            )
        else:
            members[member.name] = member
    return ObjectText(node, members)


def _members(source: Source, node: Node, noun: str) -> Iterator[Member]:
    for child in node.named_children:
        if child.type == "pair":
            key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
            if key is None or value is None:
                continue
            name = _key_name(source, key, noun)
            if name is not None:
                yield Member(name, child, key, unwrapped(value))
        elif child.type != "comment":
            _refuse_member(source, child, noun)


def _refuse_member(source: Source, node: Node, noun: str) -> None:
    remedy = f"Write each {noun} out as name: value."
    source.refuse(node, f"{_subject(source, node)} is not read: only what is written out is.", remedy)


def _key_name(source: Source, key: Node, noun: str) -> str | None:
    match key.type:
        case "property_identifier":
            name = unescaped(source.text(key))
        case "string":
            name = unescaped(source.text(key)[1:-1])
        case "number":
            name = _number_name(source.text(key))
        case _:
            remedy = f"Write the name of the {noun} itself, without brackets."
            source.refuse(key, f"{_subject(source, key)} is not read: only names that are written out are.", remedy)
            return None
    if name is None:
        source.refuse(key, f"The name {shown(source.text(key))} is not well formed.", "Put the plain name in quotes.")
    elif name == "__proto__":
        source.refuse(key, "JavaScript does not take __proto__ as a name.", f"Give the {noun} another name.")
        return None
    return name


def _number_name(text: str) -> str | None:
    """JavaScript turns a number into its shortest decimal text; only plain ones are as they stand."""
    return text if text.isdecimal() and text.isascii() and (text == "0" or text[0] != "0") and len(text) < 16 else None


def unwrapped(node: Node) -> Node:
    """The value inside ``… as const``, ``… satisfies T``, ``…!`` and ``(…)``."""
    while node.type in _WRAPPERS or node.type == "parenthesized_expression":
        inner = next((each for each in node.named_children if each.type != "comment"), None)
        if inner is None:
            return node
        node = inner
    return node


def string_of(source: Source, node: Node) -> str | None:
    """What a string, or a template string without substitutions, says; None for anything else."""
    if node.type == "string" or (node.type == "template_string" and not _has_substitution(node)):
        return unescaped(source.text(node)[1:-1])
    return None


def _has_substitution(node: Node) -> bool:
    return any(each.type == "template_substitution" for each in node.named_children)


def described(source: Source, node: Node) -> str:
    """What stands there, for a sentence: "the variable x", "a function call"."""
    word = _WORDS.get(node.type, "an expression")
    return f"{word} {shown(source.text(node))}" if word.startswith("the ") else word


def _subject(source: Source, node: Node) -> str:
    found = described(source, node)
    return found[0].upper() + found[1:]
