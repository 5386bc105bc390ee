"""Calls in a schema text: the ``i.schema(…)`` itself, under whatever name ``i`` is imported, and chains of calls."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from .instant_ts_members import unwrapped
from .instant_ts_source import Source
from .text_problems import TextErrors, TextProblem


@dataclass(frozen=True, slots=True)
class Chain:
    """``i.string().unique()``: its type and its modifiers, each with the node of its call."""

    type_name: str
    base: Node
    modifiers: tuple[tuple[str, Node], ...]


class NoSchemaCall(TextErrors):
    """The text has no ``i.schema(…)`` at all."""


def schema_call(source: Source) -> tuple[str, Node]:
    names = _imported_names(source)
    found = [
        (name, call)
        for statement in source.root.named_children
        for value in _values(statement)
        for name, call in [_as_schema_call(source, unwrapped(value), names)]
        if call is not None
    ]
    if not found:
        remedy = "Add const _schema = i.schema({ entities: {…}, links: {…} });"
        raise NoSchemaCall((TextProblem(1, 0, 1, 1, "There is no i.schema({…}) in this text.", remedy),))
    for _, call in found[1:]:
        source.refuse(call, "There is a second i.schema({…}) in this text.", "Keep one of them.")
    name, first = found[0]
    assert first is not None
    return name, first


def _imported_names(source: Source) -> frozenset[str]:
    """What ``i`` of Instant is called here: ``import { i as x }`` may rename it."""
    names = set()
    for statement in source.root.named_children:
        if statement.type == "import_statement" and (clause := _child(statement, "import_clause")) is not None:
            names |= {found for each in _specifiers(clause) if (found := _local_name(source, each))}
    return frozenset(names or {"i"})


def _child(node: Node, kind: str) -> Node | None:
    return next((each for each in node.named_children if each.type == kind), None)


def _specifiers(clause: Node) -> list[Node]:
    named = _child(clause, "named_imports")
    return [each for each in named.named_children if each.type == "import_specifier"] if named else []


def _local_name(source: Source, specifier: Node) -> str | None:
    name, alias = specifier.child_by_field_name("name"), specifier.child_by_field_name("alias")
    if name is None or source.text(name) != "i":
        return None
    return source.text(alias or name)


def _values(statement: Node) -> list[Node]:
    """The values that a statement at the top assigns or exports."""
    if statement.type == "export_statement":
        inner = statement.child_by_field_name("declaration") or statement.child_by_field_name("value")
        return _values(inner) if inner is not None else []
    if statement.type in {"lexical_declaration", "variable_declaration"}:
        found = (each.child_by_field_name("value") for each in statement.named_children)
        return [each for each in found if each is not None]
    if statement.type == "expression_statement":
        inner = statement.named_child(0)
        right = inner.child_by_field_name("right") if inner is not None else None
        return [each for each in (right or inner,) if each is not None]
    return [statement]


def _as_schema_call(source: Source, node: Node, names: frozenset[str]) -> tuple[str, Node | None]:
    called = called_of(source, node)
    if called is not None and called[1] == "schema" and called[0].type == "identifier":
        name = source.text(called[0])
        return name, node if name in names else None
    return "", None


def called_of(source: Source, node: Node) -> tuple[Node, str] | None:
    """Of ``object.name(…)`` the object and the name."""
    function = node.child_by_field_name("function") if node.type == "call_expression" else None
    if function is None or function.type != "member_expression":
        return None
    owner, name = function.child_by_field_name("object"), function.child_by_field_name("property")
    if owner is None or name is None or _child(function, "optional_chain") is not None:
        return None
    return owner, source.text(name)


def arguments_of(node: Node) -> list[Node]:
    found = node.child_by_field_name("arguments")
    return [each for each in found.named_children if each.type != "comment"] if found is not None else []


def chain_of(source: Source, node: Node, prefix: str) -> Chain | None:
    """The parts of ``i.type().modifier()…``; None for anything else."""
    modifiers: list[tuple[str, Node]] = []
    while (called := called_of(source, node)) is not None and not arguments_of(node):
        owner, name = called
        if owner.type == "identifier":
            return Chain(name, node, tuple(reversed(modifiers))) if source.text(owner) == prefix else None
        modifiers.append((name, node))
        node = owner
    return None
