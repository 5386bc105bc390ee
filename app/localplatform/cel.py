"""CEL, the language of permission rules: compile an expression, evaluate it with the platform's own semantics.

The parser and the evaluator are ``cel-python``. What the platform's engine (cel-java) does differently is
put on top here: a missing key reads as null, values of different types compare as unequal instead of
failing, ``cel.bind``, the string and math extensions, ``ref`` and ``getTime``.

``cel-python`` is imported on first use: it takes tens of milliseconds and most apps have no rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.localplatform.cel_functions import functions
from app.localplatform.cel_problems import problems_of, variables_of
from app.localplatform.cel_syntax import CelCompileError, code_with_binds, environment, expand_binds, parse
from app.localplatform.cel_values import from_cel, to_cel

if TYPE_CHECKING:
    import lark

RefResolver = Callable[[str, str, str], list[Any]]
"""(etype, entity id, dotted path) → the values at the end of the path."""

# The most frequent rules by far; judging thousands of rows must not cost an evaluation each.
_CONSTANTS: Mapping[str, bool] = {"true": True, "false": False}


class CelEvaluationError(Exception):
    """The expression could not be evaluated for these values."""


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
    tree = expand_binds(parse(source), names, ())
    problems = list(dict.fromkeys(problems_of(tree, variables_of(action), rate_limits)))
    if problems:
        raise CelCompileError(*problems)
    return Program(etype, action, code_with_binds(source, names), source, tree)


def _evaluate(tree: lark.Tree[Any], variables: Mapping[str, Any], resolve_ref: RefResolver) -> Any:
    from celpy.evaluation import CELEvalError

    def ref(target: Any, path: Any) -> Any:
        return _follow_ref(target, str(path), resolve_ref)

    context = {name: to_cel(value) for name, value in variables.items()}
    try:
        program = environment().program(tree, functions={**functions(), "ref": ref})
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
