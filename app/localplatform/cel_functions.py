"""Operators and functions of permission rules that the platform has, or has otherwise than ``cel-python``."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from app.localplatform.cel_values import parse_date, to_cel


@lru_cache(maxsize=1)
def functions() -> dict[str, Callable[..., Any]]:
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


@lru_cache(maxsize=1)
def native_functions() -> frozenset[str]:
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


def _unresolved_ref(*arguments: Any) -> Any:
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
