"""The syntax trees of permission rules: parsing, reading, and putting bound names in their places."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import lark

MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
_MATH = frozenset({"greatest", "least", "abs", "ceil", "floor", "round", "trunc", "sign"})
_parse_lock = threading.Lock()


class CelCompileError(Exception):
    """The expression is no valid rule; ``messages`` has one sentence per problem."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


@lru_cache(maxsize=2048)
def parse(source: str) -> lark.Tree[Any]:
    from celpy.celparser import CELParseError

    with _parse_lock:
        parser = environment()
        try:
            return parser.compile(source)  # type: ignore[no-any-return]
        except CELParseError as error:
            line, column = error.line or 1, error.column or 1
            raise CelCompileError(f"ERROR: <input>:{line}:{column}: syntax error in the expression") from None
        except RecursionError:
            raise CelCompileError("the expression is nested too deeply") from None


@lru_cache(maxsize=1)
def environment() -> Any:
    import celpy

    # Its debug records print every value that a rule looks at.
    logging.getLogger("celpy").setLevel(logging.WARNING)
    return celpy.Environment()


def _idents(tree: lark.Tree[Any]) -> Iterator[str]:
    for node in tree.find_data("ident"):
        yield str(node.children[0])


def ident_of(node: Any) -> str | None:
    """The name when this subtree is nothing but an identifier."""
    while hasattr(node, "children"):
        if node.data == "ident":
            return str(node.children[0])
        if len(node.children) != 1 or node.data == "paren_expr":
            return None
        node = node.children[0]
    return None


def string_of(node: Any) -> str | None:
    """The text when this subtree is nothing but a string literal."""
    while hasattr(node, "children"):
        if len(node.children) != 1:
            return None
        if node.data == "literal" and node.children[0].type in ("STRING_LIT", "MLSTRING_LIT"):
            return str(node.children[0])[1:-1]
        node = node.children[0]
    return None


def arguments_of(node: Any, position: int) -> list[Any]:
    """The arguments of a call whose ``exprlist`` stands at this child position."""
    if len(node.children) <= position or node.children[position] is None:
        return []
    return list(node.children[position].children)


def expand_binds(tree: Any, names: Mapping[str, str], stack: tuple[str, ...]) -> Any:
    """Replace bound names, ``cel.bind(…)`` and ``math.…(…)`` by what they stand for."""
    if not hasattr(tree, "children"):
        return tree
    if tree.data == "ident":
        return _expand_ident(tree, names, stack)
    if tree.data == "member_dot_arg":
        special = _expand_call(tree, names, stack)
        if special is not None:
            return special
    return type(tree)(tree.data, [expand_binds(child, names, stack) for child in tree.children], tree.meta)


def _expand_ident(tree: Any, names: Mapping[str, str], stack: tuple[str, ...]) -> Any:
    name = str(tree.children[0])
    if name not in names:
        return tree
    if name in stack:
        raise CelCompileError(f"The binds have a cyclic dependency {' -> '.join((*stack, name))}")
    body = expand_binds(parse(names[name]), names, (*stack, name))
    return type(tree)("paren_expr", [body], tree.meta)


def _expand_call(tree: Any, names: Mapping[str, str], stack: tuple[str, ...]) -> Any:
    target, method = tree.children[0], str(tree.children[1])
    arguments = arguments_of(tree, 2)
    owner = ident_of(target)
    if owner == "cel" and method == "bind":
        return _expand_bind_call(tree, arguments, names, stack)
    if owner == "math" and method in _MATH:
        expanded = [expand_binds(argument, names, stack) for argument in arguments]
        name = tree.children[1].update(value=f"math_{method}")
        call = type(tree)("ident_arg", [name, type(tree)("exprlist", expanded, tree.meta)], tree.meta)
        return type(tree)("primary", [call], tree.meta)
    if method in MACROS and arguments and (variable := ident_of(arguments[0])) in names:
        inner = {name: body for name, body in names.items() if name != variable}
        expanded = [expand_binds(argument, inner, stack) for argument in arguments]
        exprs = type(tree)("exprlist", expanded, tree.meta)
        return type(tree)(tree.data, [expand_binds(target, names, stack), tree.children[1], exprs], tree.meta)
    return None


def _expand_bind_call(tree: Any, arguments: list[Any], names: Mapping[str, str], stack: tuple[str, ...]) -> Any:
    variable = ident_of(arguments[0]) if len(arguments) == 3 else None
    if variable is None:
        raise CelCompileError("cel.bind() variable name must be a simple identifier")
    value = expand_binds(arguments[1], names, stack)
    without = {name: body for name, body in names.items() if name != variable}
    body = _substitute(expand_binds(arguments[2], without, stack), variable, value)
    paren = type(tree)("paren_expr", [body], tree.meta)
    return type(tree)("primary", [paren], tree.meta)


def _substitute(tree: Any, name: str, value: Any) -> Any:
    if not hasattr(tree, "children"):
        return tree
    if tree.data == "ident" and str(tree.children[0]) == name:
        return type(tree)("paren_expr", [value], tree.meta)
    return type(tree)(tree.data, [_substitute(child, name, value) for child in tree.children], tree.meta)


def code_with_binds(source: str, names: Mapping[str, str]) -> str:
    """What the platform shows as the code: the expression wrapped in the binds it uses, the basic ones outermost."""
    ordered: dict[str, None] = {}

    def visit(expression: str) -> None:
        for name in sorted(set(_idents(parse(expression))) & names.keys()):
            if name not in ordered:
                visit(names[name])
                ordered[name] = None

    visit(source)
    code = source
    for name in reversed(ordered):
        code = f"cel.bind({name}, {names[name]}, {code})"
    return code
