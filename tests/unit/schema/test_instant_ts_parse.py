"""Reading a schema text: what it means, and every reason for which it is refused, with its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.schema.formats.instant_ts import NoSchemaCall, TextErrors, TextProblem, parse
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import AnyType, BooleanType, DateType, JsonType, NumberType, StringType


def entities(body: str) -> str:
    return f"const _schema = i.schema({{ entities: {{ {body} }} }});"


def attributes(body: str) -> str:
    return entities(f"a: i.entity({{ {body} }})")


def link(forward: str = "", reverse: str = "", more: str = "") -> str:
    sides = f'forward: {{ on: "a", has: "one", label: "b"{forward} }}'
    sides += f', reverse: {{ on: "c", has: "many", label: "d"{reverse} }}'
    return f"i.schema({{ entities: {{}}, links: {{ l: {{ {sides} }}{more} }} }})"


def problems(text: str) -> tuple[TextProblem, ...]:
    with pytest.raises(TextErrors) as caught:
        parse(text)
    assert all(each.sentence.endswith((".", "?")) for each in caught.value.problems)
    assert all(each.remedy for each in caught.value.problems)
    return caught.value.problems


def problem(text: str) -> TextProblem:
    (found,) = problems(text)
    return found


def marked(text: str) -> str:
    """The part of the text (in one line) that its only problem marks."""
    found = problem(text)
    return text.splitlines()[found.line - 1][found.column : found.end_column]


def reads_or_refuses(text: str) -> bool:
    """Any other error breaks the test."""
    try:
        return isinstance(parse(text).schema, Schema)
    except TextErrors as error:
        return bool(error.problems)


# What it means.


def test_parse_types_and_modifiers() -> None:
    text = attributes(
        "s: i.string<'x' | 'y'>().unique(), n: i.number().indexed().optional(), b: i.boolean(), d: i.date(),"
        "j: i.json<{ deep: { type: string }[] }>().clientRequired(), y: i.any().optional().unique().indexed(),"
    )
    assert parse(text).schema.entities[0].attributes == (
        Attribute("s", StringType(), is_required=True, is_unique=True),
        Attribute("n", NumberType(), is_indexed=True),
        Attribute("b", BooleanType(), is_required=True),
        Attribute("d", DateType(), is_required=True),
        Attribute("j", JsonType()),
        Attribute("y", AnyType(), is_unique=True, is_indexed=True),
    )


def test_parse_links_with_their_own_names_and_rules() -> None:
    text = link(", required: true, onDelete: 'cascade'", ", onDelete: undefined")
    assert parse(text).schema.links == (
        Link("l", LinkEnd("a", "b", "one", is_required=True, on_delete="cascade"), LinkEnd("c", "d", "many")),
    )


@pytest.mark.parametrize(
    "wrapping",
    [
        "{}",
        "export default {}",
        "const s = {}; export default s",
        "export const s = {} as const",
        "module.exports = {}",
        "import {{ i }} from '@instantdb/admin'; var s = ({} satisfies Schema)!;",
        "type A = {{ x: string }};\ninterface B {{ y: A }}\nlet s = {};\nfunction f(x: A) {{ return i.other() }}",
        "\ufeff{}",
        "// é\r\n\r\n{}\r\n",
    ],
)
def test_parse_finds_the_call_wherever_it_stands_at_the_top(wrapping: str) -> None:
    text = wrapping.format("i.schema({ entities: { a: i.entity({}) } })")
    assert parse(text).schema == Schema((Entity("a"),))


def test_parse_follows_the_name_of_the_import() -> None:
    text = 'import { id, i as x } from "@instantdb/core";\nx.schema({ entities: { a: x.entity({ b: x.any() }) } });'
    assert parse(text).schema.entities[0].attributes == (Attribute("b", is_required=True),)
    with pytest.raises(NoSchemaCall):
        parse(text.replace("x.schema", "i.schema"))


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("plain", "plain"),
        ("$dollar_1", "$dollar_1"),
        ("'single'", "single"),
        (r'"a\"b\\c\n\x41\u0042\u{43}\ud83d\udc4d"', 'a"b\\c\nABC👍'),
        ("12", "12"),
        ("ünï", "ünï"),
        (r"\u0061b", "ab"),
        ('""', ""),
    ],
)
def test_parse_names_say_what_they_say_in_javascript(key: str, name: str) -> None:
    assert parse(attributes(f"{key}: i.any()")).schema.entities[0].attributes[0].name == name


def test_parse_leaves_the_id_to_the_platform() -> None:
    assert parse(attributes("id: i.string().unique(), x: i.any()")).schema.entities[0].attributes[0].name == "x"


def test_parse_marks_what_the_platform_owns() -> None:
    (users,) = parse(entities("$users: i.entity({ email: i.string(), mine: i.any() })")).schema.entities
    assert users.is_system
    assert [each.is_system for each in users.attributes] == [True, False]


def test_parse_with_a_live_schema_takes_the_platforms_parts_from_there() -> None:
    email = Attribute("email", StringType(), is_unique=True, is_system=True)
    live = Schema((Entity("$users", (email,), is_system=True),))
    found = parse(entities("a: i.entity({ b: i.any() })"), live).schema
    assert found.entity("$users") == live.entities[0]


def test_parse_reads_around_comments_and_rooms() -> None:
    text = """i.schema(/* a */ { // b
      entities: { /* c */ a: /* d */ i.entity(/* e */ { x /* f */ : i /* g */ . string( /* h */ ) // i
        .unique(), /* j */ }), /* k */ },
      rooms: { ...anything, [at]: all() },
    })"""
    assert parse(text).schema == Schema(
        (Entity("a", (Attribute("x", StringType(), is_required=True, is_unique=True),)),)
    )


def test_parse_spans_are_in_characters() -> None:
    text = "/* 👍é */ i.schema({ entities: {\n  'ü': i.entity({ é: i.any(), x: i.any() }) } })"
    assert parse(text).spans == {"ü": (2, 2), "ü.é": (2, 18), "ü.x": (2, 30)}


def test_parse_spans_know_the_ends_of_links() -> None:
    assert set(parse(link()).spans) == {"a.b", "c.d"}


# What is refused.


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (attributes("...others"), "...others"),
        (attributes("[name]: i.any()"), "[name]"),
        (attributes("['x']: i.any()"), "['x']"),
        (attributes("x"), "x"),
        (attributes("x: y"), "y"),
        (attributes("x: f()"), "f()"),
        (attributes("x: text().optional()"), "text().optional()"),
        (attributes("x: i.string(5)"), "i.string(5)"),
        (attributes("x: i?.string()"), "i?.string()"),
        (attributes("x: i['string']()"), "i['string']()"),
        (attributes("x: i.string"), "i.string"),
        (attributes("x: on ? i.string() : i.any()"), "on ? i.string() : i.any()"),
        (attributes("x() { return 1 }"), "x() { return 1 }"),
        (attributes("get x() { return 1 }"), "get x() { return 1 }"),
        (attributes("x: i.any(), 'x': i.string()"), "'x'"),
        (attributes("x: i.text()"), "i.text()"),
        (attributes("x: i.string().uniqe()"), "i.string().uniqe()"),
        (attributes("__proto__: i.any()"), "__proto__"),
        (attributes("0x10: i.any()"), "0x10"),
        (attributes(r"'\ud800': i.any()"), r"'\ud800'"),
        (entities("a: i.entity({}), a: i.entity({})"), "a"),
        (entities("a: b"), "b"),
        (entities("a: i.entity(b)"), "i.entity(b)"),
        (entities("a: i.entity()"), "i.entity()"),
        (entities("a: i.entity({}, 1)"), "i.entity({}, 1)"),
        (entities("a: { b: i.any() }"), "{ b: i.any() }"),
        (entities("a: `b${c}`"), "`b${c}`"),
        ("i.schema({ entities })", "entities"),
        ("i.schema({ entities: all })", "all"),
        ("i.schema({ entities: {}, entities: {} })", "entities"),
        ("i.schema({ entities: {}, views: {} })", "views"),
        ("i.schema({ links: {} })", "{ links: {} }"),
        ("i.schema(all)", "i.schema(all)"),
        ("i.schema()", "i.schema()"),
        ("i.schema({ entities: {} }); i.schema({})", "i.schema({})"),
        (link(", onDelete: 'restrict'"), "'restrict'"),
        (link(", required: maybe"), "maybe"),
        (link(reverse=", required: true"), "required: true"),
        (link(", label: 'x'"), "label"),
        (link(", lable: 'x'"), "lable"),
        (link(more=", ...others"), "...others"),
        (link(more=", m: other"), "other"),
        (link(more=", l: {}").replace("l: {}", "m: { forward: { on: 'a', has: 'one', label: 'b' }, back: {} }"), "m"),
        (link().replace('"one"', '"two"'), '"two"'),
        (link().replace('"one"', "one"), "one"),
        (link().replace('"a"', "`${a}`"), "`${a}`"),
        (link().replace('on: "a", ', ""), '{ has: "one", label: "b" }'),
    ],
)
def test_parse_refuses_what_cannot_be_read_at_its_place(text: str, part: str) -> None:
    found = problems(text)
    line = text.splitlines()[0]
    assert part in [line[each.column : each.end_column] for each in found]


def test_parse_two_links_with_the_same_ends_are_refused() -> None:
    again = ', m: { forward: { on: "a", has: "one", label: "b" }, reverse: { on: "c", has: "one", label: "d" } }'
    assert problem(link(more=again)).sentence == "The links l and m have the same ends."


def test_parse_gives_all_problems_in_order_of_place() -> None:
    text = "i.schema({\n  entities: {\n    a: b,\n    c: i.entity({ x: i.text(), ...y }),\n  },\n  links: z,\n})"
    found = problems(text)
    assert [(each.line, each.column) for each in found] == [(3, 7), (4, 21), (4, 31), (6, 9)]


def test_parse_suggests_what_was_meant() -> None:
    assert problem(attributes("x: i.sting()")).remedy == "Did you mean string?"
    assert problem(attributes("x: i.any().indexd()")).remedy == "Did you mean indexed?"


def test_parse_error_says_line_and_remedy_in_one_sentence() -> None:
    with pytest.raises(TextErrors) as caught:
        parse("\n\n" + attributes("x: y, z: w"))
    assert caught.value.sentence.startswith("Line 3: a.x cannot be read: it is the variable y.")
    assert caught.value.sentence.endswith("There is 1 more problem.")
    assert [each.field for each in caught.value.fields] == ["3:56", "3:62"]


# What is no TypeScript.


@pytest.mark.parametrize(
    ("text", "part", "words"),
    [
        (attributes("x: i.string( , y: i.any()"), "(", "is not closed before the } in line 1"),
        ("i.schema({ entities: { a: i.entity({ x: i.any() })", "{", "is not closed before the end of the text"),
        ("i.schema({ entities: {} }))", ")", "closes nothing"),
        (attributes("x: i.any() y: i.any()"), "y: i", "cannot stand here"),
        (attributes("x: i.any()."), "", "missing"),
        (attributes("x: 'abc"), "{", ""),
        ("x \x00 y", "\x00", "cannot be seen"),
    ],
)
def test_parse_syntax_error_says_where_and_what(text: str, part: str, words: str) -> None:
    found = problems(text)[0]
    assert text[found.column : found.end_column] == part or part == "{"
    assert words in found.sentence


@pytest.mark.parametrize("text", ["", " \n", "const x = 1;", "// i.schema({})", "f(() => i.schema({ entities: {} }))"])
def test_parse_text_without_the_call_says_so(text: str) -> None:
    with pytest.raises(NoSchemaCall) as caught:
        parse(text)
    assert "There is no i.schema({…}) in this text." in caught.value.sentence


def test_parse_half_a_character_is_refused_at_its_place() -> None:
    found = problem("// a\n// \ud800")
    assert (found.line, found.column) == (2, 3)


def test_parse_too_large_a_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.schema.formats.instant_ts_source.MAX_BYTES", 10)
    assert "larger than" in problem("// 12345678").sentence


def test_parse_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.schema.formats.instant_ts_source.MAX_SECONDS", -1)
    assert "tangled" in problem(attributes("x: i.any(), ") * 1000).sentence


@settings(deadline=None)
@given(st.text(st.sampled_from("i.schema({entities: a: i.entity({x: i.any(), }) '\"`${}[]<>/*\\\n\u00e9👍\x00")))
def test_parse_of_any_text_reads_or_refuses(text: str) -> None:
    assert reads_or_refuses(text)


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(0, 20), st.text(max_size=4))
def test_parse_of_a_damaged_text_reads_or_refuses(at: int, length: int, put: str) -> None:
    text = "const _schema = " + link(more=", m: { forward: {}, reverse: { on: `a` } }") + "\nexport default _schema;"
    assert reads_or_refuses(text[:at] + put + text[at + length :])


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "x = " + "[" * 50_000 + "]" * 50_000,
        "x = {a:" + "{a:" * 50_000,
        attributes("x: i.any()" + ".unique()" * 20_000),
        attributes("x: " + "(" * 20_000 + "i.any()" + ")" * 20_000),
        attributes("x: i.any()" + " as const" * 20_000),
        attributes("x: " + "i.f(" * 10_000 + ")" * 10_000),
        "@#%^ ) } ] ; " * 10_000,
        "`${" * 20_000,
        "\x00" * 100_000,
    ],
    ids=["open", "nested", "objects", "chain", "brackets", "wrapped", "calls", "rubbish", "templates", "nul"],
)
def test_parse_of_deep_or_hostile_text_does_not_break(text: str) -> None:
    assert reads_or_refuses(text)


def test_parse_of_five_megabytes_reads_every_part() -> None:
    count, per = 4_100, 20
    body = ",\n".join(
        f"    entity{n}: i.entity({{\n"
        + "".join(f"      attribute{k}: i.string().unique().indexed().optional(),\n" for k in range(per))
        + "    })"
        for n in range(count)
    )
    text = entities(body)
    assert len(text) > 5_000_000
    found = parse(text)
    assert len(found.schema.entities) == count
    assert len(found.spans) == count * (per + 1)
