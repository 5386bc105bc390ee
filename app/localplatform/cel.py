"""CEL, the language of permission rules: compile an expression, evaluate it with the platform's own semantics.

The parser and the evaluator are ``cel-python``. What the platform's engine (cel-java) does differently is
put on top here: a missing key reads as null, values of different types compare as unequal instead of
failing, ``cel.bind``, the string and math extensions, ``ref`` and ``getTime``.

``cel-python`` is imported on first use: it takes tens of milliseconds and most apps have no rules.
"""

from __future__ import annotations

import logging
import math
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.localplatform.values import date_key

if TYPE_CHECKING:
    import lark

RefResolver = Callable[[str, str, str], list[Any]]
"""(etype, entity id, dotted path) → the values at the end of the path."""

_MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
_MATH = frozenset({"greatest", "least", "abs", "ceil", "floor", "round", "trunc", "sign"})
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
# The most frequent rules by far; judging thousands of rows must not cost an evaluation each.
_CONSTANTS: Mapping[str, bool] = {"true": True, "false": False}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_parse_lock = threading.Lock()


class CelCompileError(Exception):
    """The expression is no valid rule; ``messages`` has one sentence per problem."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


class CelEvaluationError(Exception):
    """The expression could not be evaluated for these values."""


@dataclass(frozen=True)
class Entity:
    """An entity as a rule sees it: ``values`` by attribute label, ``etype`` so that ``ref`` can be followed."""

    etype: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Program:
    """A compiled rule. ``code`` is what is evaluated, ``display_code`` what was written."""

    etype: str
    action: str
    code: str
    display_code: Any
    tree: lark.Tree[Any]

    def evaluate(self, variables: Mapping[str, Any], resolve_ref: RefResolver) -> Any:
        """The value of the rule as a plain Python value. Raises CelEvaluationError."""
        if self.code in _CONSTANTS:
            return _CONSTANTS[self.code]
        return _evaluate(self.tree, variables, resolve_ref)


def variables_of(action: str) -> frozenset[str]:
    """The names that a rule for this action may use."""
    return _VARIABLES.get(action, _WRITE_VARIABLES)


@lru_cache(maxsize=2048)
def compile_rule(
    etype: str,
    action: str,
    source: str,
    binds: tuple[tuple[str, str], ...] = (),
    rate_limits: frozenset[str] = frozenset(),
) -> Program:
    """Compile ``source``; the names in ``binds`` stand for their expressions. Raises CelCompileError."""
    names = dict(binds)
    tree = _expand_binds(_parse(source), names, ())
    problems = list(dict.fromkeys(_problems(tree, variables_of(action), rate_limits)))
    if problems:
        raise CelCompileError(*problems)
    return Program(etype, action, _code_with_binds(source, names), source, tree)


def _code_with_binds(source: str, names: Mapping[str, str]) -> str:
    """What the platform shows as the code: the expression wrapped in the binds it uses, the basic ones outermost."""
    ordered: dict[str, None] = {}

    def visit(expression: str) -> None:
        for name in sorted(set(_idents(_parse(expression))) & names.keys()):
            if name not in ordered:
                visit(names[name])
                ordered[name] = None

    visit(source)
    code = source
    for name in reversed(ordered):
        code = f"cel.bind({name}, {names[name]}, {code})"
    return code


# --- parsing and static analysis ---


@lru_cache(maxsize=2048)
def _parse(source: str) -> lark.Tree[Any]:
    from celpy.celparser import CELParseError

    with _parse_lock:
        environment = _environment()
        try:
            return environment.compile(source)  # type: ignore[no-any-return]
        except CELParseError as error:
            line, column = error.line or 1, error.column or 1
            raise CelCompileError(f"ERROR: <input>:{line}:{column}: syntax error in the expression") from None
        except RecursionError:
            raise CelCompileError("the expression is nested too deeply") from None


@lru_cache(maxsize=1)
def _environment() -> Any:
    import celpy

    # Its debug records print every value that a rule looks at.
    logging.getLogger("celpy").setLevel(logging.WARNING)
    return celpy.Environment()


def _idents(tree: lark.Tree[Any]) -> Iterator[str]:
    for node in tree.find_data("ident"):
        yield str(node.children[0])


def _ident_of(node: Any) -> str | None:
    """The name when this subtree is nothing but an identifier."""
    while hasattr(node, "children"):
        if node.data == "ident":
            return str(node.children[0])
        if len(node.children) != 1 or node.data == "paren_expr":
            return None
        node = node.children[0]
    return None


def _string_of(node: Any) -> str | None:
    """The text when this subtree is nothing but a string literal."""
    while hasattr(node, "children"):
        if len(node.children) != 1:
            return None
        if node.data == "literal" and node.children[0].type in ("STRING_LIT", "MLSTRING_LIT"):
            return str(node.children[0])[1:-1]
        node = node.children[0]
    return None


def _arguments(node: Any, position: int) -> list[Any]:
    """The arguments of a call whose ``exprlist`` stands at this child position."""
    if len(node.children) <= position or node.children[position] is None:
        return []
    return list(node.children[position].children)


def _expand_binds(tree: Any, names: Mapping[str, str], stack: tuple[str, ...]) -> Any:
    """Replace bound names, ``cel.bind(…)`` and ``math.…(…)`` by what they stand for."""
    if not hasattr(tree, "children"):
        return tree
    if tree.data == "ident":
        return _expand_ident(tree, names, stack)
    if tree.data == "member_dot_arg":
        special = _expand_call(tree, names, stack)
        if special is not None:
            return special
    return type(tree)(tree.data, [_expand_binds(child, names, stack) for child in tree.children], tree.meta)


def _expand_ident(tree: Any, names: Mapping[str, str], stack: tuple[str, ...]) -> Any:
    name = str(tree.children[0])
    if name not in names:
        return tree
    if name in stack:
        raise CelCompileError(f"The binds have a cyclic dependency {' -> '.join((*stack, name))}")
    body = _expand_binds(_parse(names[name]), names, (*stack, name))
    return type(tree)("paren_expr", [body], tree.meta)


def _expand_call(tree: Any, names: Mapping[str, str], stack: tuple[str, ...]) -> Any:
    target, method = tree.children[0], str(tree.children[1])
    arguments = _arguments(tree, 2)
    owner = _ident_of(target)
    if owner == "cel" and method == "bind":
        return _expand_bind_call(tree, arguments, names, stack)
    if owner == "math" and method in _MATH:
        expanded = [_expand_binds(argument, names, stack) for argument in arguments]
        name = tree.children[1].update(value=f"math_{method}")
        call = type(tree)("ident_arg", [name, type(tree)("exprlist", expanded, tree.meta)], tree.meta)
        return type(tree)("primary", [call], tree.meta)
    if method in _MACROS and arguments and (variable := _ident_of(arguments[0])) in names:
        inner = {name: body for name, body in names.items() if name != variable}
        expanded = [_expand_binds(argument, inner, stack) for argument in arguments]
        exprs = type(tree)("exprlist", expanded, tree.meta)
        return type(tree)(tree.data, [_expand_binds(target, names, stack), tree.children[1], exprs], tree.meta)
    return None


def _expand_bind_call(tree: Any, arguments: list[Any], names: Mapping[str, str], stack: tuple[str, ...]) -> Any:
    variable = _ident_of(arguments[0]) if len(arguments) == 3 else None
    if variable is None:
        raise CelCompileError("cel.bind() variable name must be a simple identifier")
    value = _expand_binds(arguments[1], names, stack)
    without = {name: body for name, body in names.items() if name != variable}
    body = _substitute(_expand_binds(arguments[2], without, stack), variable, value)
    paren = type(tree)("paren_expr", [body], tree.meta)
    return type(tree)("primary", [paren], tree.meta)


def _substitute(tree: Any, name: str, value: Any) -> Any:
    if not hasattr(tree, "children"):
        return tree
    if tree.data == "ident" and str(tree.children[0]) == name:
        return type(tree)("paren_expr", [value], tree.meta)
    return type(tree)(tree.data, [_substitute(child, name, value) for child in tree.children], tree.meta)


def _problems(tree: Any, known: frozenset[str], rate_limits: frozenset[str]) -> Iterator[str]:
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
        if name not in _functions() and name not in _native_functions() and name not in ("has", "dyn"):
            yield f"undeclared reference to '{name}' (in container '')"
    if tree.data == "member_dot_arg":
        yield from _call_problems(tree, rate_limits)
        known = known | _macro_variable(tree)
    for child in tree.children:
        yield from _problems(child, known, rate_limits)


def _macro_variable(tree: Any) -> frozenset[str]:
    arguments = _arguments(tree, 2)
    if str(tree.children[1]) not in _MACROS or not arguments:
        return frozenset()
    variable = _ident_of(arguments[0])
    return frozenset() if variable is None else frozenset({variable})


def _call_problems(tree: Any, rate_limits: frozenset[str]) -> Iterator[str]:
    target, method = tree.children[0], str(tree.children[1])
    arguments = _arguments(tree, 2)
    if method == "ref":
        path = _string_of(arguments[0]) if len(arguments) == 1 else None
        if _ident_of(target) == "auth" and (path is None or not path.startswith("$user.")):
            yield "auth.ref arg must start with `$user.`"
        elif len(arguments) != 1:
            yield "found no matching overload for 'ref'"
        return
    if method == "limit":
        name = _rate_limit_name(target)
        if name is not None and name not in rate_limits:
            yield f"`{name}` is not a valid rate limit config. It should be defined in the `$rateLimits` key."
        return
    if method not in _MACROS and method not in _functions() and method not in _native_functions():
        yield f"undeclared reference to '{method}' (in container '')"


def _rate_limit_name(target: Any) -> str | None:
    dots = list(target.find_data("member_dot")) if hasattr(target, "find_data") else []
    if len(dots) != 1 or _ident_of(dots[0].children[0]) != "rateLimit":
        return None
    return str(dots[0].children[1])


# --- evaluation ---


def _evaluate(tree: lark.Tree[Any], variables: Mapping[str, Any], resolve_ref: RefResolver) -> Any:
    from celpy.evaluation import CELEvalError

    def ref(target: Any, path: Any) -> Any:
        return _follow_ref(target, str(path), resolve_ref)

    context = {name: to_cel(value) for name, value in variables.items()}
    try:
        program = _environment().program(tree, functions={**_functions(), "ref": ref})
        return from_cel(program.evaluate(context))
    except CELEvalError as error:
        raise CelEvaluationError(_first_line(error)) from None
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, ZeroDivisionError, RecursionError) as error:
        raise CelEvaluationError(_first_line(error)) from None


_OVERLOAD = re.compile(r"found no matching overload for (?:Token\('RULE', ')?([^' ]+)(?:'\))?")


def _first_line(error: Exception) -> str:
    text = str(error.args[0]) if error.args else ""
    overload = _OVERLOAD.match(text)
    if overload:
        return f"No matching overload for '{overload.group(1)}'"
    # The evaluator appends the whole activation, with all values.
    plain = text.partition(" (in activation")[0]
    return plain.splitlines()[0][:200] if plain else type(error).__name__


def _follow_ref(target: Any, path: str, resolve_ref: RefResolver) -> Any:
    etype = getattr(target, "etype", None)
    if etype is None:
        raise TypeError("found no matching overload for 'ref'")
    entity_id = dict.get(target, "id")
    if entity_id is None:
        return to_cel([])
    bare = path.removeprefix("$user.") if etype == "$users" else path
    return to_cel(resolve_ref(etype, str(entity_id), bare))


@lru_cache(maxsize=1)
def _celtypes() -> Any:
    from celpy import celtypes

    return celtypes


@lru_cache(maxsize=1)
def _types() -> Any:
    """The map type of rules; made on first use because its base class belongs to the lazy import."""
    from celpy import celtypes

    class Values(celtypes.MapType):
        """A map whose missing keys are null: the platform's rules rely on it."""

        etype: str | None = None

        def __getitem__(self, key: Any) -> Any:
            return dict.get(self, key)

        def get(self, key: Any, default: Any = None) -> Any:
            return dict.get(self, key, default)

        def __contains__(self, key: Any) -> bool:
            return True

    return Values


def to_cel(value: Any) -> Any:
    """A JSON-like value, Entity or datetime as the evaluator's types."""
    celtypes = _celtypes()
    if isinstance(value, Entity):
        record = _values(value.values)
        record.etype = value.etype
        return record
    if value is None:
        return None
    if isinstance(value, bool):
        return celtypes.BoolType(value)
    if isinstance(value, int):
        return celtypes.IntType(value) if -(2**63) <= value < 2**63 else celtypes.DoubleType(value)
    if isinstance(value, float):
        return celtypes.DoubleType(value)
    if isinstance(value, str):
        return celtypes.StringType(value)
    if isinstance(value, datetime):
        return celtypes.TimestampType(value)
    if isinstance(value, Mapping):
        return _values(value)
    return celtypes.ListType([to_cel(item) for item in value])


def _values(mapping: Mapping[str, Any]) -> Any:
    record = _types()()
    for key, value in mapping.items():
        dict.__setitem__(record, to_cel(key), to_cel(value))
    return record


def from_cel(value: Any) -> Any:
    """An evaluator's value as plain Python (JSON-like)."""
    from celpy import celtypes

    if isinstance(value, celtypes.BoolType):
        return bool(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {str(key): from_cel(item) for key, item in value.items()}
    if isinstance(value, list):
        return [from_cel(item) for item in value]
    return value if value is None else str(value)


# --- operators and functions ---


@lru_cache(maxsize=1)
def _native_functions() -> frozenset[str]:
    from celpy.evaluation import base_functions

    return frozenset(name for name in base_functions if name.isidentifier())


def _is_number(value: Any) -> bool:
    from celpy import celtypes

    return isinstance(value, int | float) and not isinstance(value, celtypes.BoolType | bool)


def _equal(left: Any, right: Any) -> bool:
    from celpy import celtypes

    if left is None or right is None:
        return left is right
    if _is_number(left) and _is_number(right):
        return (float(left) if isinstance(left, float) else int(left)) == (
            float(right) if isinstance(right, float) else int(right)
        )
    if isinstance(left, celtypes.BoolType) or isinstance(right, celtypes.BoolType):
        return (
            isinstance(left, celtypes.BoolType) and isinstance(right, celtypes.BoolType) and bool(left) == bool(right)
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_equal(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return dict.keys(left) == dict.keys(right) and all(
            _equal(dict.get(left, key), dict.get(right, key)) for key in left
        )
    if isinstance(left, str) and isinstance(right, str):
        return str(left) == str(right)
    if isinstance(left, list | dict | str) or isinstance(right, list | dict | str):
        return False
    return bool(left == right)


def _ordered(left: Any, right: Any) -> tuple[Any, Any]:
    """Both sides as comparable Python values; TypeError where CEL has no such overload."""
    from celpy import celtypes

    if _is_number(left) and _is_number(right):
        return (
            float(left) if isinstance(left, float) else int(left),
            float(right) if isinstance(right, float) else int(right),
        )
    for kind in (str, celtypes.BoolType, datetime, celtypes.DurationType):
        if isinstance(left, kind) and isinstance(right, kind):
            return (str(left), str(right)) if kind is str else (left, right)
    raise TypeError("found no matching overload for the comparison")


def _contains(item: Any, container: Any) -> bool:
    if isinstance(container, dict):
        return item in container
    if isinstance(container, list):
        return any(_equal(item, member) for member in container)
    raise TypeError("found no matching overload for 'in'")


def _as_bool(value: Any) -> bool:
    from celpy import celtypes

    if isinstance(value, Exception):
        raise value
    if not isinstance(value, celtypes.BoolType | bool):
        raise TypeError("expected a boolean")
    return bool(value)


def _logical(left: Any, right: Any, decisive: bool) -> Any:
    """AND and OR: one decisive side settles it, even when the other side failed."""
    from celpy import celtypes

    failure: Exception | None = None
    for side in (left, right):
        try:
            if _as_bool(side) is decisive:
                return celtypes.BoolType(decisive)
        except Exception as error:  # noqa: BLE001 - CEL absorbs any failure of the other side
            failure = failure or error
    if failure is not None:
        raise failure
    return celtypes.BoolType(not decisive)


def _operator(compute: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    """A binary operator with a boolean result; a failed operand stays the result."""
    from celpy import celtypes

    def apply(left: Any, right: Any) -> Any:
        for side in (left, right):
            if isinstance(side, Exception):
                return side
        return celtypes.BoolType(compute(left, right))

    return apply


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    return _operator(lambda left, right: test(*_ordered(left, right)))


@lru_cache(maxsize=1)
def _functions() -> dict[str, Callable[..., Any]]:
    """Everything laid over the evaluator's own functions."""
    return {
        "_==_": _operator(_equal),
        "_!=_": _operator(lambda left, right: not _equal(left, right)),
        "_<_": _compare(lambda a, b: bool(a < b)),
        "_<=_": _compare(lambda a, b: bool(a <= b)),
        "_>_": _compare(lambda a, b: bool(a > b)),
        "_>=_": _compare(lambda a, b: bool(a >= b)),
        "_in_": _operator(_contains),
        "_&&_": lambda left, right: _logical(left, right, False),
        "_||_": lambda left, right: _logical(left, right, True),
        "ref": _unresolved_ref,
        "dyn": lambda value: value,
        "timestamp": lambda value: to_cel(parse_date(value)),
        "getTime": lambda value: to_cel(int(value.timestamp() * 1000)),
        **_string_functions(),
        **_math_functions(),
    }


def _unresolved_ref(*_arguments: Any) -> Any:
    raise TypeError("found no matching overload for 'ref'")


def _string_functions() -> dict[str, Callable[..., Any]]:
    plain: dict[str, Callable[..., Any]] = {
        "lowerAscii": lambda s: _ascii_case(s, str.lower),
        "upperAscii": lambda s: _ascii_case(s, str.upper),
        "trim": lambda s: str(s).strip(),
        "reverse": lambda s: str(s)[::-1],
        "charAt": lambda s, at: str(s)[int(at)] if int(at) < len(s) else "",
        "indexOf": lambda s, part, start=0: str(s).find(str(part), int(start)),
        "lastIndexOf": lambda s, part: str(s).rfind(str(part)),
        "replace": lambda s, old, new, count=-1: str(s).replace(str(old), str(new), int(count)),
        "split": lambda s, separator: str(s).split(str(separator)) if str(separator) else list(str(s)),
        "substring": _substring,
        "join": lambda items, separator="": str(separator).join(str(item) for item in items),
    }
    return {name: _on_strings(name, function) for name, function in plain.items()}


def _on_strings(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(target: Any, *arguments: Any) -> Any:
        for value in (target, *arguments):
            if isinstance(value, Exception):
                return value
        if not isinstance(target, list if name == "join" else str):
            raise TypeError(f"found no matching overload for '{name}'")
        return to_cel(function(target, *arguments))

    return apply


def _ascii_case(text: Any, change: Callable[[str], str]) -> str:
    return "".join(change(char) if char.isascii() else char for char in str(text))


def _substring(text: Any, start: Any, end: Any = None) -> str:
    stop = len(text) if end is None else int(end)
    if not 0 <= int(start) <= stop <= len(text):
        raise ValueError("substring failure: range out of bounds")
    return str(text)[int(start) : stop]


def _math_functions() -> dict[str, Callable[..., Any]]:
    plain: dict[str, Callable[..., Any]] = {
        "greatest": lambda *values: max(_numbers(values)),
        "least": lambda *values: min(_numbers(values)),
        "abs": lambda value: abs(value),
        "ceil": lambda value: float(math.ceil(value)),
        "floor": lambda value: float(math.floor(value)),
        "round": lambda value: float(math.floor(abs(value) + 0.5)) * (1 if value >= 0 else -1),
        "trunc": lambda value: float(math.trunc(value)),
        "sign": lambda value: (value > 0) - (value < 0),
    }
    return {f"math_{name}": _on_numbers(function) for name, function in plain.items()}


def _numbers(values: tuple[Any, ...]) -> list[Any]:
    return list(values[0]) if len(values) == 1 and isinstance(values[0], list) else list(values)


def _on_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(*values: Any) -> Any:
        for value in values:
            if isinstance(value, Exception):
                return value
        return to_cel(function(*values))

    return apply


def parse_date(value: Any) -> datetime:
    """A date in any of the forms that the platform takes for a date attribute."""
    if isinstance(value, datetime):
        return value
    return _EPOCH + timedelta(microseconds=date_key(str(value) if isinstance(value, str) else value))
