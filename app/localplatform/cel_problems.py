"""What is wrong with a permission rule before it is evaluated: names and functions that there are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.localplatform.cel_functions import functions, native_functions
from app.localplatform.cel_syntax import MACROS, arguments_of, ident_of, string_of

_TYPE_NAMES = frozenset(
    {"bool", "bytes", "double", "duration", "int", "list", "map", "null_type", "string", "timestamp", "type", "uint"}
)
_COMMON = frozenset({"data", "auth", "ruleParams", "request", "rateLimit"})
_VARIABLES: Mapping[str, frozenset[str]] = {
    "view": _COMMON,
    "delete": _COMMON,
    "unlink": _COMMON | {"newData", "linkedData"},
    "link": _COMMON | {"newData", "linkedData", "actions"},
}
_WRITE_VARIABLES = _COMMON | {"newData"}


def variables_of(action: str) -> frozenset[str]:
    """The names that a rule for this action may use."""
    return _VARIABLES.get(action, _WRITE_VARIABLES)


def problems_of(tree: Any, known: frozenset[str], rate_limits: frozenset[str]) -> Iterator[str]:
    """Undeclared names and functions, and the two checks the platform adds, in reading order."""
    if not hasattr(tree, "children"):
        return
    if tree.data == "ident":
        name = str(tree.children[0])
        if name not in known and name not in _TYPE_NAMES:
            yield f"undeclared reference to '{name}' (in container '')"
        return
    if tree.data == "ident_arg":
        name = str(tree.children[0])
        if name not in functions() and name not in native_functions() and name not in ("has", "dyn"):
            yield f"undeclared reference to '{name}' (in container '')"
    if tree.data == "member_dot_arg":
        yield from _call_problems(tree, rate_limits)
        known = known | _macro_variable(tree)
    for child in tree.children:
        yield from problems_of(child, known, rate_limits)


def _macro_variable(tree: Any) -> frozenset[str]:
    arguments = arguments_of(tree, 2)
    if str(tree.children[1]) not in MACROS or not arguments:
        return frozenset()
    variable = ident_of(arguments[0])
    return frozenset() if variable is None else frozenset({variable})


def _call_problems(tree: Any, rate_limits: frozenset[str]) -> Iterator[str]:
    target, method = tree.children[0], str(tree.children[1])
    arguments = arguments_of(tree, 2)
    if method == "ref":
        path = string_of(arguments[0]) if len(arguments) == 1 else None
        if ident_of(target) == "auth" and (path is None or not path.startswith("$user.")):
            yield "auth.ref arg must start with `$user.`"
        elif len(arguments) != 1:
            yield "found no matching overload for 'ref'"
        return
    if method == "limit":
        name = _rate_limit_name(target)
        if name is not None and name not in rate_limits:
            yield f"`{name}` is not a valid rate limit config. It should be defined in the `$rateLimits` key."
        return
    if method not in MACROS and method not in functions() and method not in native_functions():
        yield f"undeclared reference to '{method}' (in container '')"


def _rate_limit_name(target: Any) -> str | None:
    dots = list(target.find_data("member_dot")) if hasattr(target, "find_data") else []
    if len(dots) != 1 or ident_of(dots[0].children[0]) != "rateLimit":
        return None
    return str(dots[0].children[1])
