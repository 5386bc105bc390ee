"""Changing a schema text in place: it says what is wanted, and everything else stays byte by byte."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.schema.compare import Renames
from app.schema.formats.instant_form import canonical
from app.schema.formats.instant_ts import TextErrors, edit, parse, render
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from app.schema.types import AnyType, BooleanType, DateType, JsonType, NativeType, NumberType, StringType
from tests.unit.schema.instant_strategies import SCHEMAS
from tests.unit.schema.strategies import Edit, big_edits, edits

TEXT = """\
import { i } from '@instantdb/react';
// über alles

const _schema = i.schema({
\tentities: {
\t\t'todos': i.entity({
\t\t\t// the title
\t\t\ttitle: i.string<'a' | 'b'>().indexed(), // own
\t\t\tdone: i.boolean() /* é */
\t\t\t// end
\t\t}),
\t\t/* people */ people: i.entity({ name: i.string(), "e-mail": i.json<{ a: 1 }>() }), // inline
\t\tempty: i.entity({}),
\t\tlong: i.entity({
\t\t\tid: i.string().unique(),
\t\t\tfirst: i
\t\t\t\t.string()
\t\t\t\t// indexed for the list
\t\t\t\t.indexed()
\t\t\t\t.optional(),
\t\t\tsecond: (i.number()),
\t\t}).asType<Long>(),
\t},
\tlinks: {
\t\tmine: { forward: { on: 'todos', has: 'one', label: 'owner' }, reverse: { on: 'people', has: 'many', label: 'todos' } } as const,
\t\t// kept
\t\t"longParts": {
\t\t\tforward: {
\t\t\t\ton: `long`,
\t\t\t\thas: "many" as const,
\t\t\t\tlabel: "parts",
\t\t\t\trequired: true, // always
\t\t\t},
\t\t\treverse: {
\t\t\t\ton: "todos",
\t\t\t\thas: "one",
\t\t\t\tlabel: "whole",
\t\t\t\tonDelete: "cascade"
\t\t\t}
\t\t}
\t},
\trooms: { lobby: { presence: i.entity({ x: i.number() }) } },
});

export default _schema;
"""  # noqa: E501
COMPACT = "i.schema({entities:{a:i.entity({x:i.any(),y:i.any(),z:i.any()})},links:{}})"
TEXTS = (TEXT, TEXT.replace("\n", "\r\n"), COMPACT, render(parse(TEXT).schema))


def changes(before: str, after: str) -> list[str]:
    """Lines taken out and put in."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line[0] + line[2:].strip() for line in lines if line[0] in "+-"]


def of_entity(name: str, change: Callable[[Entity], Entity]) -> Schema:
    schema = parse(TEXT).schema
    return replace(schema, entities=tuple(change(each) if each.name == name else each for each in schema.entities))


def of_attribute(place: str, **values: object) -> Schema:
    entity, label = place.split(".")

    def change(found: Entity) -> Entity:
        parts = (replace(each, **values) if each.name == label else each for each in found.attributes)
        return replace(found, attributes=tuple(parts))

    return of_entity(entity, change)


def of_link(name: str, forward: dict[str, object] | None = None, reverse: dict[str, object] | None = None) -> Schema:
    schema = parse(TEXT).schema
    changed = (
        replace(each, forward=replace(each.forward, **forward or {}), reverse=replace(each.reverse, **reverse or {}))
        if each.name == name
        else each
        for each in schema.links
    )
    return replace(schema, links=tuple(changed))


def edited(wanted: Schema) -> list[str]:
    """What changes in TEXT, after the law was seen to hold for it, also with other line ends."""
    after = edit(TEXT, wanted)
    assert canonical(parse(after).schema) == canonical(wanted)
    assert edit(TEXT.replace("\n", "\r\n"), wanted) == after.replace("\n", "\r\n")
    return changes(TEXT, after)


# Laws.


@given(SCHEMAS, SCHEMAS)
@settings(deadline=None)
def test_edit_of_any_rendered_schema_says_the_other(before: Schema, after: Schema) -> None:
    assert canonical(parse(edit(render(before), after)).schema) == canonical(after)


@given(edits(is_instant=True))
@settings(deadline=None)
def test_edit_with_confirmed_renames_says_the_other(edit_: Edit) -> None:
    after = edit(render(edit_.before), edit_.after, edit_.renames)
    assert canonical(parse(after).schema) == canonical(edit_.after)


@given(big_edits(is_instant=True))
@settings(deadline=None, max_examples=5)
def test_edit_of_hundreds_of_parts_says_the_other(edit_: Edit) -> None:
    text = render(edit_.before)
    for renames in (None, edit_.renames):
        assert canonical(parse(edit(text, edit_.after, renames)).schema) == canonical(edit_.after)


@given(SCHEMAS, st.sampled_from(TEXTS))
@settings(deadline=None)
def test_edit_of_a_grown_text_says_the_other(after: Schema, text: str) -> None:
    assert canonical(parse(edit(text, after)).schema) == canonical(after)


@given(SCHEMAS)
@settings(deadline=None)
def test_edit_to_the_same_changes_nothing(schema: Schema) -> None:
    text = render(schema)
    assert edit(text, schema) == text
    assert edit(text, canonical(schema)) == text


@given(st.sampled_from(TEXTS), st.data())
@settings(deadline=None)
def test_edit_there_and_back_keeps_comments(text: str, data: st.DataObject) -> None:
    """Parts are taken out at random; whatever stays is said in the same words."""
    schema = parse(text).schema
    entities = tuple(
        replace(each, attributes=tuple(data.draw(st.lists(st.sampled_from(each.attributes), unique=True))))
        if each.attributes
        else each
        for each in data.draw(st.lists(st.sampled_from(schema.entities), unique=True))
    )
    links = tuple(data.draw(st.lists(st.sampled_from(schema.links), unique=True))) if schema.links else ()
    wanted = Schema(entities, links)
    smaller = edit(text, wanted)
    assert canonical(parse(smaller).schema) == canonical(wanted)
    assert canonical(parse(edit(smaller, schema)).schema) == canonical(schema)
    assert all(line[line.index("//") :] in text for line in smaller.splitlines() if "//" in line)


@pytest.mark.parametrize("text", TEXTS)
def test_edit_to_what_the_text_says_is_the_text(text: str) -> None:
    assert edit(text, parse(text).schema) == text
    assert edit(text, canonical(parse(text).schema)) == text


# Attributes.


def test_edit_added_attribute_goes_to_the_end_in_the_own_indentation() -> None:
    added = Attribute("rank", NumberType(), is_required=True)
    wanted = of_entity("todos", lambda each: replace(each, attributes=(*each.attributes, added)))
    after = edit(TEXT, wanted)
    assert "\t\t\tdone: i.boolean(), /* é */\n\t\t\t// end\n\t\t\trank: i.number()\n\t\t})" in after
    assert edited(wanted) == ["-done: i.boolean() /* é */", "+done: i.boolean(), /* é */", "+rank: i.number()"]


def test_edit_added_attribute_of_an_entity_in_one_line_stays_in_it() -> None:
    added = Attribute("a b")
    wanted = of_entity("people", lambda each: replace(each, attributes=(*each.attributes, added)))
    assert '"e-mail": i.json<{ a: 1 }>(), "a b": i.any().optional() }), // inline' in edit(TEXT, wanted)


def test_edit_added_attribute_of_an_empty_entity_opens_it() -> None:
    wanted = of_entity("empty", lambda each: replace(each, attributes=(Attribute("x"),)))
    assert "\t\tempty: i.entity({\n\t\t\tx: i.any().optional(),\n\t\t}),\n" in edit(TEXT, wanted)


def test_edit_removed_attribute_takes_its_line_with_its_own_comment() -> None:
    wanted = of_entity("todos", lambda each: replace(each, attributes=each.attributes[1:]))
    assert edited(wanted) == ["-title: i.string<'a' | 'b'>().indexed(), // own"]


def test_edit_removed_attribute_in_one_line_leaves_the_others() -> None:
    wanted = of_entity("people", lambda each: replace(each, attributes=each.attributes[1:]))
    assert '/* people */ people: i.entity({ "e-mail": i.json<{ a: 1 }>() }), // inline' in edit(TEXT, wanted)


def test_edit_removed_last_attribute_leaves_no_comma_that_was_not_there() -> None:
    wanted = of_entity("people", lambda each: replace(each, attributes=each.attributes[:1]))
    assert "i.entity({ name: i.string() }), // inline" in edit(TEXT, wanted)


def test_edit_renamed_attribute_changes_its_key_only() -> None:
    assert edited(of_attribute("people.e-mail", name="mail to")) == [
        '-/* people */ people: i.entity({ name: i.string(), "e-mail": i.json<{ a: 1 }>() }), // inline',
        '+/* people */ people: i.entity({ name: i.string(), "mail to": i.json<{ a: 1 }>() }), // inline',
    ]


def test_edit_confirmed_renames_decide_between_parts_that_look_alike() -> None:
    text = "i.schema({ entities: { a: i.entity({\n  x: i.any(), // one\n  y: i.any(), // two\n}) } })"
    wanted = Schema((Entity("a", (Attribute("v", is_required=True), Attribute("u", is_required=True))),))
    after = edit(text, wanted, Renames(attributes=(("a", "x", "u"), ("a", "y", "v"))))
    assert after == text.replace("x:", "u:").replace("y:", "v:")


def test_edit_flag_keeps_the_type_parameter() -> None:
    assert edited(of_attribute("todos.title", is_unique=True, is_required=False)) == [
        "-title: i.string<'a' | 'b'>().indexed(), // own",
        "+title: i.string<'a' | 'b'>().unique().indexed().optional(), // own",
    ]


def test_edit_type_drops_its_parameter() -> None:
    assert edited(of_attribute("todos.title", type=DateType())) == [
        "-title: i.string<'a' | 'b'>().indexed(), // own",
        "+title: i.date().indexed(), // own",
    ]


def test_edit_json_stays_where_any_is_wanted() -> None:
    assert edit(TEXT, of_attribute("people.e-mail", type=AnyType())) == TEXT


def test_edit_any_becomes_json_where_that_is_wanted() -> None:
    schema = Schema((Entity("a", (Attribute("x", JsonType(), is_required=True),)),))
    assert edit("i.schema({ entities: { a: i.entity({ x: i.any() }) } })", schema).count("i.json()") == 1


def test_edit_chain_over_lines_keeps_its_form_and_its_comment() -> None:
    after = edit(TEXT, of_attribute("long.first", is_unique=True, is_indexed=False))
    assert changes(TEXT, after) == ["+.unique()", "-.indexed()"]
    assert "\t\t\t\t.string()\n\t\t\t\t.unique()\n\t\t\t\t// indexed for the list\n\t\t\t\t.optional(),\n" in after


def test_edit_value_in_brackets_is_changed_inside() -> None:
    assert edited(of_attribute("long.second", is_indexed=True)) == [
        "-second: (i.number()),",
        "+second: (i.number().indexed()),",
    ]


def test_edit_client_required_stays_with_what_is_not_required() -> None:
    text = "i.schema({ entities: { a: i.entity({ x: i.string().clientRequired() }) } })"
    schema = Schema((Entity("a", (Attribute("x", StringType(), is_indexed=True),)),))
    assert "i.string().indexed().clientRequired()" in edit(text, schema)


# Entities.


def test_edit_renamed_entity_changes_its_key_and_the_links() -> None:
    schema = parse(TEXT).schema
    links = (replace(schema.links[0], forward=replace(schema.links[0].forward, entity="it's")),)
    second = schema.links[1]
    links += (replace(second, reverse=replace(second.reverse, entity="it's")),)
    wanted = replace(of_entity("todos", lambda each: replace(each, name="it's")), links=links)
    after = edit(TEXT, wanted)
    assert after == (
        TEXT.replace("'todos': i", "'it\\'s': i")
        .replace("on: 'todos'", "on: 'it\\'s'")
        .replace('on: "todos"', 'on: "it\'s"')
    )


def test_edit_added_entity_and_removed_entity() -> None:
    schema = parse(TEXT).schema
    wanted = replace(schema, entities=(*schema.entities[1:], Entity("new", (Attribute("b"), Attribute("a")))))
    after = edit(TEXT, wanted)
    assert "\t\tnew: i.entity({\n\t\t\ta: i.any().optional(),\n\t\t\tb: i.any().optional(),\n\t\t}),\n\t},\n" in after
    assert "'todos': i.entity" not in after
    assert "// the title" not in after


# Links.


def test_edit_link_end_changes_in_place() -> None:
    after = edit(TEXT, of_link("longParts", {"label": "pieces", "has": "one"}, {"on_delete": None}))
    assert after == (
        TEXT.replace('"many" as const', '"one" as const')
        .replace('"parts"', '"pieces"')
        .replace('"whole",\n\t\t\t\tonDelete: "cascade"\n', '"whole"\n')
    )


def test_edit_link_no_longer_required_loses_the_line() -> None:
    assert edited(of_link("longParts", {"is_required": False})) == ["-required: true, // always"]


def test_edit_link_in_one_line_gets_its_rules_there() -> None:
    after = edit(TEXT, of_link("mine", {"is_required": True, "on_delete": "cascade"}))
    assert "label: 'owner', required: true, onDelete: \"cascade\" }, reverse" in after


def test_edit_link_keeps_its_own_name_where_the_platform_knows_none() -> None:
    schema = parse(TEXT).schema
    wanted = replace(schema, links=tuple(replace(each, name="longParts") for each in schema.links))
    assert edit(TEXT, canonical(wanted)) == TEXT


def test_edit_link_takes_the_name_that_is_wanted() -> None:
    schema = parse(TEXT).schema
    wanted = replace(schema, links=(replace(schema.links[0], name="theirs"), schema.links[1]))
    assert edit(TEXT, wanted) == TEXT.replace("mine:", "theirs:")


def test_edit_first_link_of_a_text_without_any_adds_the_section() -> None:
    link = Link("aB", LinkEnd("a", "b", "one"), LinkEnd("a", "c", "many"))
    text = 'import { i as x } from "@instantdb/core";\nx.schema({\n    entities: { a: x.entity({ x: x.any() }) }\n})'
    after = edit(text, replace(parse(text).schema, links=(link,)))
    assert parse(after).schema.links == (link,)
    assert "\n    links: {\n        aB: {\n            forward: {\n" in after


def test_edit_text_without_schema_is_written_anew() -> None:
    schema = Schema((Entity("a", (Attribute("x"),)),))
    assert edit("// nothing yet\n", schema) == render(schema)


def test_edit_text_with_errors_is_refused() -> None:
    with pytest.raises(TextErrors):
        edit("i.schema({ entities: { a: }", Schema())


@pytest.mark.parametrize(
    "entity",
    [
        Entity("empty", (Attribute("x", NativeType("money")),)),
        Entity("empty", (Attribute("x", BooleanType(), default="true"),)),
        Entity("empty", (Attribute("x"),), (Index("i", ("x",)),)),
    ],
)
def test_edit_refuses_what_the_text_cannot_say(entity: Entity) -> None:
    with pytest.raises(Invalid):
        edit(TEXT, of_entity("empty", lambda _: entity))
