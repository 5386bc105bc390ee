"""Permission rules: the language, precedence, fallbacks of system namespaces, validation."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from app.localplatform.cel import CelEvaluationError, compile_rule
from app.localplatform.cel_syntax import CelCompileError
from app.localplatform.cel_values import Entity
from app.localplatform.errors import PlatformError
from app.localplatform.rules import Judge, Requester, RuleBook, passes, validation_errors

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DATA = {
    "id": "t1",
    "owner": "u1",
    "n": 3,
    "f": 3.0,
    "tags": ["a", "b"],
    "json": {"deep": 1},
    "open": True,
    "day": "2020-05-06",
}


def evaluate(source: str, *, action: str = "view", binds: tuple[tuple[str, str], ...] = (), **more: Any) -> Any:
    program = compile_rule("todos", action, source, binds)
    variables = {
        "auth": Entity("$users", {"id": "u1", "email": "a@b.ch"}),
        "data": Entity("todos", DATA),
        "ruleParams": {"secret": "s"},
        "request": {"modifiedFields": ["title"], "time": NOW},
        **more,
    }
    return program.evaluate(variables, lambda etype, entity_id, path: [f"{etype}/{entity_id}/{path}"])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("auth.id != null && auth.id == data.owner", True),
        ("data.missing == null", True),
        ("data.missing == 'x'", False),
        ("1 == 'a'", False),
        ("data.n == data.f", True),
        ("data.n > 2.5", True),
        ("data.n in [3.0]", True),
        ("'a' in data.tags", True),
        ("data.tags.exists(t, t == 'b')", True),
        ("data.json.deep == 1", True),
        ("data.json.other == null", True),
        ("data.owner.startsWith('u')", True),
        ("data.owner.matches('1$')", True),
        ("'Ab'.lowerAscii()", "ab"),
        ("'a,b'.split(',')", ["a", "b"]),
        ("math.greatest(1, 3)", 3),
        ("cel.bind(x, data.n, x + 1)", 4),
        ("data.ref('a.b')", ["todos/t1/a.b"]),
        ("auth.ref('$user.a.b')", ["$users/u1/a.b"]),
        ("size(data.ref('a.b')) == 1", True),
        ("ruleParams.secret == 's'", True),
        ("request.modifiedFields.all(f, f in ['title', 'text'])", True),
        ("request.time > timestamp('2020-01-01')", True),
        ("timestamp(data.day) < request.time", True),
        ("request.time.getTime()", int(NOW.timestamp() * 1000)),
        ("type(data.n) == int", True),
        ("data.open ? 'yes' : 'no'", "yes"),
        ("true || data.missing.deeper", True),
        ("data.missing.deeper || true", True),
        ("false && data.missing.deeper", False),
    ],
)
def test_compile_rule_for_an_expression_evaluates_as_the_platform_does(source: str, expected: Any) -> None:
    assert evaluate(source) == expected


@pytest.mark.parametrize(
    "source", ["data.missing > 1", "data.missing.deeper", "!data.missing", "true && 'a'", "'a' + 1"]
)
def test_evaluate_for_an_operation_on_wrong_types_fails(source: str) -> None:
    with pytest.raises(CelEvaluationError) as caught:
        evaluate(source)
    assert "celpy" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("lol", "undeclared reference to 'lol' (in container '')"),
        ("nothing(1)", "undeclared reference to 'nothing' (in container '')"),
        ("data.nothing()", "undeclared reference to 'nothing' (in container '')"),
        ("newData.x == 1", "undeclared reference to 'newData' (in container '')"),
        ("auth.ref('owner.id')", "auth.ref arg must start with `$user.`"),
        ("1 +", "ERROR: <input>:1:3: syntax error in the expression"),
    ],
)
def test_compile_rule_with_a_wrong_expression_says_what_is_wrong(source: str, message: str) -> None:
    with pytest.raises(CelCompileError) as caught:
        compile_rule("todos", "view", source)
    assert caught.value.messages == (message,)


def test_compile_rule_with_binds_expands_them_through_each_other() -> None:
    binds = (("isOwner", "isKnown && auth.id == data.owner"), ("isKnown", "auth.id != null"))
    assert evaluate("isOwner", binds=binds) is True
    assert evaluate("[1, 2].exists(isOwner, isOwner == 2)", binds=binds) is True


def test_compile_rule_with_binds_in_a_circle_is_refused() -> None:
    with pytest.raises(CelCompileError, match="cyclic dependency a -> b -> a"):
        compile_rule("todos", "view", "a", (("a", "b"), ("b", "a")))


def test_program_with_binds_shows_written_and_full_code() -> None:
    program = compile_rule("todos", "view", "isOwner", (("isOwner", "auth.id == data.owner"), ("unused", "true")))
    assert program.display_code == "isOwner"
    assert program.code == "cel.bind(isOwner, auth.id == data.owner, isOwner)"


def test_program_with_binds_of_binds_nests_them_in_the_order_of_need() -> None:
    program = compile_rule("todos", "view", "a || c", (("a", "b"), ("c", "true"), ("b", "c")))
    assert program.code == "cel.bind(c, true, cel.bind(b, c, cel.bind(a, b, a || c)))"


def judge(code: dict[str, Any] | None, etype: str, action: str, data: dict[str, Any], **user: Any) -> bool:
    program = RuleBook(code).program(etype, action)
    requester = Requester(user or None)
    return program is None or passes(Judge(requester, lambda *_: []).value(program, data))


def test_rule_book_without_rules_allows_everything_but_system_namespaces() -> None:
    assert judge(None, "todos", "view", {"id": "1"})
    assert not judge(None, "$files", "view", {"id": "1"})
    assert not judge(None, "$userRefreshTokens", "view", {"id": "1"})
    assert judge(None, "$users", "create", {"id": "u1"})


def test_rule_book_for_users_shows_only_oneself() -> None:
    assert judge(None, "$users", "view", {"id": "u1"}, id="u1")
    assert judge(None, "$users", "view", {"id": "u2", "linkedPrimaryUser": "u1"}, id="u1")
    assert not judge(None, "$users", "view", {"id": "u2"}, id="u1")


def test_rule_book_prefers_the_most_specific_rule() -> None:
    code = {
        "todos": {"allow": {"view": "true"}},
        "notes": {"allow": {"$default": "true"}},
        "$default": {"allow": {"view": "false", "$default": False}},
    }
    assert judge(code, "todos", "view", {})
    assert judge(code, "notes", "delete", {})
    assert not judge(code, "todos", "update", {})
    assert not judge(code, "others", "view", {})


def test_rule_book_takes_binds_of_default_and_of_the_namespace() -> None:
    code = {
        "$default": {"bind": ["isOwner", "false", "isMe", "auth.id == data.owner"]},
        "todos": {"bind": {"isOwner": "isMe"}, "allow": {"view": "isOwner"}},
    }
    assert judge(code, "todos", "view", {"owner": "u1"}, id="u1")
    assert not judge(code, "todos", "view", {"owner": "u2"}, id="u1")


def test_rule_book_finds_link_and_field_rules_by_label() -> None:
    code = {
        "todos": {"allow": {"link": {"owner": "true"}, "unlink": {"$default": "false"}}, "fields": {"text": "true"}}
    }
    book = RuleBook(code)
    assert book.link_program("todos", "link", "owner")
    assert book.link_program("todos", "link", "tags") is None
    assert book.link_program("todos", "unlink", "tags")
    assert book.field_program("todos", "text")
    assert book.ruled_fields("todos") == ("text",)


def test_judge_for_a_rule_that_cannot_be_evaluated_answers_permission_evaluation_failed() -> None:
    program = RuleBook({"todos": {"allow": {"view": "data.missing > 1"}}}).program("todos", "view")
    assert program
    with pytest.raises(PlatformError) as caught:
        Judge(Requester(None), lambda *_: []).value(program, {})
    assert caught.value.type == "permission-evaluation-failed"
    assert "`todos.view`. You may have a typo." in caught.value.message
    with pytest.raises(PlatformError, match="No matching overload"):
        Judge(Requester(None, shows_errors=True), lambda *_: []).value(program, {})


def test_rule_book_with_a_broken_stored_rule_answers_validation_failed() -> None:
    with pytest.raises(PlatformError) as caught:
        RuleBook({"todos": {"allow": {"view": "lol"}}}).program("todos", "view")
    assert caught.value.hint is not None
    assert caught.value.hint["data-type"] == "permission"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ({"todos": {"allow": {"view": "true", "update": "newData.x == 1"}}}, []),
        (
            {"docs": {"allow": {"view": "lol"}}},
            [{"message": "undeclared reference to 'lol' (in container '')", "in": ["docs", "allow", "view"]}],
        ),
        (
            {"docs": {"bind": ["a"], "allow": {}}},
            [{"message": "bind should have an even number of elements", "in": ["docs", "bind"]}],
        ),
        (
            {"docs": {"bind": ["a", "true", "a", "false"]}},
            [{"message": "bind should only contain a given variable name once", "in": ["docs", "bind", "a"]}],
        ),
        (
            {"docs": {"fields": {"id": "true"}}},
            [
                {
                    "message": "You cannot set field rules for `id`. Use docs -> allow -> view instead",
                    "in": ["docs", "fields"],
                }
            ],
        ),
        (
            {"$users": {"allow": {"delete": "true", "view": "true"}}},
            [
                {
                    "message": "The $users namespace doesn't support permissions for delete. "
                    'Set `$users.allow.delete` to `"false"`.',
                    "in": ["$users", "allow", "delete"],
                }
            ],
        ),
        (
            {"$rateLimits": {"posts": {}}},
            [{"message": "Rate limits are not supported by the local platform.", "in": ["$rateLimits", "posts"]}],
        ),
        ({"$rateLimits": []}, [{"message": "$rateLimits must be an object", "in": ["$rateLimits"]}]),
    ],
)
def test_validation_errors_for_rules_lists_message_and_place(code: Any, expected: list[Any]) -> None:
    assert validation_errors(code) == expected


def test_validation_errors_for_reserved_namespace_names_each_action() -> None:
    found = validation_errors({"$magicCodes": {"allow": {"view": "true"}}})
    assert [error["in"][2] for error in found] == ["view", "create", "update", "delete"]
    assert "reserved internal namespace" in found[0]["message"]


def test_rules_import_leaves_the_evaluator_to_its_first_use() -> None:
    code = "import sys, app.localplatform.routes.admin; sys.exit('celpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
