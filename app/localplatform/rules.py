"""Permission rules: which expression applies, whether it passes, and what is wrong with a set of rules.

A set of rules ("code") is decoded JSON: ``{etype: {"allow": {action: expression}, "bind": …, "fields": {…}}}``.
Precedence, fallbacks of system namespaces and messages are as read in ``model/rule.clj`` of the reference server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.localplatform import catalog, errors
from app.localplatform.cel import CelEvaluationError, Program, RefResolver, compile_rule
from app.localplatform.cel_syntax import CelCompileError
from app.localplatform.cel_values import Entity

Code = Mapping[str, Any]

_ACTIONS = ("view", "create", "update", "delete")
_RULED_SYSTEM_NAMES = frozenset({"$users", "$files", "$default", "$streams", "$rateLimits"})
_OWN_USER = "auth.id == data.id || (data.linkedPrimaryUser != null && auth.id == data.linkedPrimaryUser)"
_ODD_BIND = "bind should have an even number of elements"
_UNEXPECTED = "There was an unexpected error evaluating the rules"
_NO_RATE_LIMITS = "Rate limits are not supported by the local platform."


def _get(code: Any, *path: str) -> Any:
    for key in path:
        if not isinstance(code, Mapping):
            return None
        code = code.get(key)
    return code


def _bind_list(bind: Any) -> list[Any]:
    """``[name, expression, …]`` from the list form or the object form."""
    if isinstance(bind, Mapping):
        return [item for pair in bind.items() for item in pair]
    return list(bind) if isinstance(bind, list) else []


def _binds(code: Code, etype: str) -> tuple[tuple[str, str], ...]:
    """The binds that an expression of ``etype`` may use; its own replace those of ``$default``."""
    flat = [*_bind_list(_get(code, "$default", "bind")), *_bind_list(_get(code, etype, "bind"))]
    if len(flat) % 2:
        raise CelCompileError(_ODD_BIND)
    names = {str(flat[at]): _source(flat[at + 1]) for at in range(0, len(flat), 2)}
    return tuple(names.items())


def _source(expression: Any) -> str:
    """The text of an expression; booleans are allowed in place of text."""
    if isinstance(expression, bool):
        return "true" if expression else "false"
    if not isinstance(expression, str):
        raise CelCompileError(_UNEXPECTED)
    return expression


def _compile(code: Code, etype: str, action: str, expression: Any) -> Program:
    limits = _get(code, "$rateLimits")
    names = frozenset(limits) if isinstance(limits, Mapping) else frozenset()
    return compile_rule(etype, action, _source(expression), _binds(code, etype), names)


# --- validation, for those who push rules ---


def validation_errors(code: Code) -> list[dict[str, Any]]:
    """Everything that is wrong with ``code``, as ``{"message", "in": path}``; empty when it may be stored."""
    return [
        *_bind_errors(code),
        *_rule_errors(code),
        *_field_errors(code),
        *_rate_limit_errors(code),
    ]


def _bind_errors(code: Code) -> Iterator[dict[str, Any]]:
    for etype, rules in code.items():
        flat = _bind_list(_get(rules, "bind"))
        names = flat[::2]
        repeated = next((name for at, name in enumerate(names) if name in names[:at]), None)
        if len(flat) % 2:
            yield {"message": _ODD_BIND, "in": [etype, "bind"]}
        elif repeated is not None:
            message = "bind should only contain a given variable name once"
            yield {"message": message, "in": [etype, "bind", repeated]}


def _rule_errors(code: Code) -> Iterator[dict[str, Any]]:
    for etype in code:
        if etype == "$rateLimits":
            continue
        for action in _ACTIONS:
            reserved = _reserved_errors(code, etype, action)
            yield from reserved or _expression_errors(code, etype, action, (etype, "allow", action))


def _reserved_errors(code: Code, etype: str, action: str) -> list[dict[str, Any]]:
    path = [etype, "allow", action]
    if etype == "$users" and action == "delete" and _get(code, *path) not in (None, "false"):
        message = (
            'The $users namespace doesn\'t support permissions for delete. Set `$users.allow.delete` to `"false"`.'
        )
        return [{"message": message, "in": path}]
    if etype.startswith("$") and etype not in _RULED_SYSTEM_NAMES:
        message = f"The {etype} namespace is a reserved internal namespace that does not yet support rules."
        return [{"message": message, "in": path}]
    return []


def _expression_errors(code: Code, etype: str, action: str, path: Sequence[str]) -> Iterator[dict[str, Any]]:
    expression = _get(code, *path)
    if expression is None:
        return
    try:
        _compile(code, etype, action, expression)
    except CelCompileError as error:
        for message in error.messages:
            yield {"message": message, "in": list(path)}


def _field_errors(code: Code) -> Iterator[dict[str, Any]]:
    for etype in code:
        fields = _get(code, etype, "fields")
        for name in fields if isinstance(fields, Mapping) else ():
            if name == "id":
                yield {"message": _id_field_message(etype), "in": [etype, "fields"]}
            else:
                yield from _expression_errors(code, etype, "view", (etype, "fields", name))


def _id_field_message(etype: str) -> str:
    return f"You cannot set field rules for `id`. Use {etype} -> allow -> view instead"


def _rate_limit_errors(code: Code) -> Iterator[dict[str, Any]]:
    limits = code.get("$rateLimits")
    if limits is None:
        return
    if not isinstance(limits, Mapping):
        yield {"message": "$rateLimits must be an object", "in": ["$rateLimits"]}
        return
    for name in limits:
        yield {"message": _NO_RATE_LIMITS, "in": ["$rateLimits", name]}


# --- lookup ---


class RuleBook:
    """The rules of one app; ``code`` None means that there are none."""

    def __init__(self, code: Code | None) -> None:
        self._code: Code = code or {}

    def program(self, etype: str, action: str) -> Program | None:
        """The rule for view, create, update or delete; None where everything is allowed."""
        paths = (
            (etype, "allow", action),
            (etype, "allow", "$default"),
            ("$default", "allow", action),
            ("$default", "allow", "$default"),
        )
        return self._first(etype, action, paths) or _fallback(etype, action)

    def link_program(self, etype: str, action: str, label: str | None) -> Program | None:
        """The rule for link or unlink of this label; None where the update and view rules decide."""
        paths = [(etype, "allow", action, name) for name in (label, "$default") if name is not None]
        return self._first(etype, action, paths)

    def field_program(self, etype: str, name: str) -> Program | None:
        return self._first(etype, "view", [(etype, "fields", name)])

    def ruled_fields(self, etype: str) -> tuple[str, ...]:
        """The labels of ``etype`` that have a rule of their own."""
        fields = _get(self._code, etype, "fields")
        return tuple(fields) if isinstance(fields, Mapping) else ()

    def _first(self, etype: str, action: str, paths: Sequence[tuple[str, ...]]) -> Program | None:
        for path in paths:
            expression = _get(self._code, *path)
            if expression is not None:
                return self._compiled(etype, action, expression, path)
        return None

    def _compiled(self, etype: str, action: str, expression: Any, path: Sequence[str]) -> Program:
        try:
            return _compile(self._code, etype, action, expression)
        except CelCompileError as error:
            problems = [{"message": message} for message in error.messages]
            raise errors.validation_failed("permission", list(path), problems) from None


def _fallback(etype: str, action: str) -> Program | None:
    """What holds for system namespaces without a rule."""
    if etype not in catalog.SYSTEM_ETYPES:
        return None
    if etype == "$users" and action == "create":
        return compile_rule(etype, action, "true")
    if etype == "$users" and action in ("view", "update"):
        return compile_rule(etype, action, _OWN_USER)
    program = compile_rule(etype, action, "false")
    if etype == "$files":
        return program
    return Program(etype, action, "false", f"disallow_{action}_on_system_tables", program.tree)


# --- judging ---


@dataclass(frozen=True)
class Requester:
    """Who asks: ``user`` is their $users entity, None for a guest. ``ip`` and ``origin`` as rules see them.

    ``time`` None is the time of each judgement: a requester may live as long as a live session.
    """

    user: Mapping[str, Any] | None
    ip: str = ""
    origin: str = ""
    shows_errors: bool = False
    time: datetime | None = None


class Judge:
    """Evaluates programs for one requester; ``resolve_ref`` reads the data that ``ref`` asks for."""

    def __init__(self, requester: Requester, resolve_ref: RefResolver) -> None:
        self._requester = requester
        self._resolve_ref = resolve_ref

    def value(
        self,
        program: Program,
        data: Mapping[str, Any],
        *,
        new_data: Mapping[str, Any] | None = None,
        linked: Entity | None = None,
        actions: Mapping[str, str] | None = None,
        rule_params: Mapping[str, Any] | None = None,
        modified: Sequence[str] = (),
        resolve_ref: RefResolver | None = None,
    ) -> Any:
        """What the rule evaluates to. Raises PlatformError (permission-evaluation-failed)."""
        variables = {
            "auth": Entity("$users", self._requester.user or {}),
            "data": Entity(program.etype, data),
            "ruleParams": rule_params or {},
            "request": self._request(modified),
            "rateLimit": {},
            **_given(newData=new_data, linkedData=linked, actions=actions),
        }
        try:
            return program.evaluate(variables, resolve_ref or self._resolve_ref)
        except CelEvaluationError as error:
            cause = str(error) if self._requester.shows_errors else "You may have a typo"
            raise errors.permission_evaluation_failed(
                program.etype, program.action, cause, "INVALID_ARGUMENT"
            ) from None

    def _request(self, modified: Sequence[str]) -> dict[str, Any]:
        return {
            "modifiedFields": list(modified),
            "time": self._requester.time or datetime.now(UTC),
            "ip": self._requester.ip,
            "origin": self._requester.origin,
        }


def passes(value: Any) -> bool:
    """Whether a rule's value means yes: everything but null and false."""
    return value is not None and value is not False


def _given(**variables: Any) -> dict[str, Any]:
    return {name: value for name, value in variables.items() if value is not None}
