"""Templates as JSON: nothing is lost on the way, and what is wrong with a text is told with its place."""

import copy
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.schema.check import check
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import AnyType, EnumType, JsonType, NumberType, StringType
from app.services.json_places import Places
from app.services.template_text import LIMIT, RULES, name_from, parse, render
from app.services.templates import Template
from tests.support.json_schema import is_valid
from tests.support.random_schemas import random_schema

FOLDER = Path(__file__).parents[3] / "resources" / "templates"
RULES_OF_FILES = json.loads((FOLDER / "template.schema.json").read_text("utf-8"))

NOTES = Schema(
    (
        Entity("$users", (Attribute("nickname", StringType()),), is_system=True),
        Entity("notes", (Attribute("text", StringType(), is_required=True), Attribute("size", NumberType()))),
        Entity("tags", (Attribute("name", StringType(), is_unique=True, is_indexed=True), Attribute("x", JsonType()))),
    ),
    (
        Link("notesTags", LinkEnd("notes", "tags", "many"), LinkEnd("tags", "notes", "many")),
        Link("notesOwner", LinkEnd("notes", "owner", "one", True, "cascade"), LinkEnd("$users", "notes", "many")),
        Link("notesFile", LinkEnd("notes", "file", "one"), LinkEnd("$files", "note", "one", False, "cascade")),
    ),
)
TEMPLATE = Template("notes", 3, "Notes ✓", "Of people. “So.”", NOTES, {"notes": {"allow": {"view": "true"}}})


def data() -> dict:
    return json.loads(render(TEMPLATE))


def wrong(text: str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        parse(text)
    return caught.value


def told(change) -> dict[str, str]:
    """What is told of the template's text after a change: messages by place."""
    changed = data()
    change(changed)
    return {each.field: each.message for each in wrong(json.dumps(changed, indent=2)).fields}


def test_what_is_rendered_is_read_back_whole():
    assert parse(render(TEMPLATE)) == TEMPLATE


@pytest.mark.parametrize("name", ["todo", "chat", "custom"])
def test_shipped_templates_survive_the_way_through_the_reader(name):
    template = parse((FOLDER / f"{name}.json").read_text("utf-8"))
    assert template.name == name
    assert parse(render(template)) == template


@given(st.integers(0, 10_000))
def test_any_schema_that_a_template_can_hold_survives(seed):
    schema = random_schema(random.Random(seed), entities=4, links=4)
    template = Template("t", 1, "T", "", schema)
    if any(each.is_error for each in check(schema, RULES)):
        with pytest.raises(Invalid):
            render(template)
        return
    text = render(template)
    assert is_valid(json.loads(text), RULES_OF_FILES)
    read = parse(text).schema
    assert read.entities == schema.entities
    assert [(each.forward, each.reverse) for each in read.links] == [(one.forward, one.reverse) for one in schema.links]


def test_links_of_one_name_are_both_kept():
    entities = (Entity("a", (Attribute("x"),)), Entity("aB", (Attribute("x"),)))
    links = (
        Link("aBC", LinkEnd("a", "bC", "one"), LinkEnd("a", "rest", "many")),
        Link("aBC", LinkEnd("aB", "c", "one"), LinkEnd("aB", "rest", "many")),
    )
    read = parse(render(Template("t", 1, "T", "", Schema(entities, links)))).schema
    assert [(each.name, each.forward) for each in read.links] == [("aBC", links[0].forward), ("aBC2", links[1].forward)]


@pytest.mark.parametrize(
    "attribute",
    [
        Attribute("kind", EnumType(("a", "b"))),
        Attribute("kind", StringType(max_length=20)),
        Attribute("kind", AnyType(), default="now()"),
        Attribute("id", StringType()),
    ],
)
def test_what_a_template_cannot_hold_is_refused_and_not_lost(attribute):
    with pytest.raises(Invalid, match="A template cannot hold that"):
        render(Template("t", 1, "T", "", Schema((Entity("notes", (attribute,)),))))


# Places


def test_a_wrong_type_is_told_with_line_and_place():
    text = render(TEMPLATE).replace('"type": "number"', '"type": "numbre"')
    error = wrong(text)
    line = text[: text.index('"numbre"')].count("\n") + 1
    (field,) = error.fields
    assert field.field == "schema.entities.notes.size.type"
    assert field.message.startswith(f"Line {line}, schema.entities.notes.size.type: “numbre” is not known")
    assert field.message in error.sentence


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (lambda d: d.pop("version"), "", "“version” is missing"),
        (lambda d: d.update(version=0), "version", "whole number"),
        (lambda d: d.update(version=True), "version", "whole number"),
        (lambda d: d.update(name="Notes"), "name", "lower-case"),
        (lambda d: d.update(name="../../etc/passwd"), "name", "lower-case"),
        (lambda d: d.update(title=" "), "title", "Enter a title"),
        (lambda d: d.update(title="a\u202eb"), "title", "invisible"),
        (lambda d: d.update(title=1), "title", "text"),
        (lambda d: d.update(description=None), "description", "text"),
        (lambda d: d.update(rules=[]), "rules", "object"),
        (lambda d: d.update(owner="me"), "owner", "not known here"),
        (lambda d: d.update(schema=[]), "schema", "object"),
        (lambda d: d["schema"].pop("entities"), "schema", "“entities” is missing"),
        (lambda d: d["schema"]["entities"].update(empty={}), "schema.entities.empty", "needs an attribute"),
        (lambda d: d["schema"]["entities"]["notes"].update(id={"type": "string"}), "schema.entities.notes.id", "id"),
        (lambda d: d["schema"]["entities"]["notes"].update(tags={"type": "any"}), "schema.entities.notes.tags", "both"),
        (
            lambda d: d["schema"]["entities"]["notes"]["text"].update(required=1),
            ".notes.text.required",
            "true or false",
        ),
        (lambda d: d["schema"]["entities"].update({"a b": {"x": {"type": "any"}}}), "schema.entities.a b", "name"),
        (lambda d: d["schema"]["links"]["notesTags"].pop("reverse"), "schema.links.notesTags", "“reverse”"),
        (lambda d: d["schema"]["links"]["notesTags"]["forward"].update(has="two"), ".forward.has", "one, many"),
        (lambda d: d["schema"]["links"]["notesTags"]["forward"].update(onDelete="drop"), ".onDelete", "cascade"),
        (lambda d: d["schema"]["links"]["notesTags"]["reverse"].update(entity="gone"), "notesTags", "not there"),
        (lambda d: d["schema"]["links"]["notesTags"]["forward"].update(label="owner"), ".forward", "several links"),
    ],
)
def test_each_mistake_is_told_at_its_place(change, place, words):
    found = told(change)
    matching = [message for where, message in found.items() if where.endswith(place) or f"{place}." in where]
    assert any(words in each for each in matching), found


def test_all_mistakes_are_told_at_once_and_counted():
    error = wrong(json.dumps({"name": "X", "version": "1", "title": "", "description": "", "schema": {}}))
    assert [each.field for each in error.fields] == ["name", "version", "title", "schema"]
    assert "4 things are wrong" in error.sentence


def test_text_that_is_no_json_is_told_with_line_and_column():
    error = wrong('{\n  "name": "x",\n  "version" 1\n}')
    assert "line 3, column 13" in error.sentence


def test_a_name_given_twice_is_told_with_the_line_of_the_second():
    text = '{"name": "x", "version": 1, "title": "T",\n"title": "U", "description": "", "schema": {"entities": {}}}'
    (field,) = wrong(text).fields
    assert field.field == "title"
    assert field.message == "Line 2, title: “title” is there twice."


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "3", '"x"', "NaN", '{"name": "\\ud800"}', "[" * 100_000, '{"a":' * 990]
)
def test_other_texts_are_refused(text):
    assert wrong(text).sentence


def test_a_text_beyond_the_limit_is_refused_unread():
    assert "too large" in wrong(" " * (LIMIT + 1)).sentence


def test_hostile_names_are_shown_plain_and_cut():
    error = wrong(json.dumps({"\u202e" + "x" * 10_000: 1}))
    assert all("\u202e" not in each.message and len(each.message) < 600 for each in error.fields)


def test_reader_and_schema_file_agree_on_mutations():
    """What the reader takes, template.schema.json allows; what that forbids, the reader refuses."""
    rng = random.Random(7)
    values = [None, True, 1, -1, "", "x", "id", "a.b", "string", {}, [], {"type": "any"}, "many", "cascade"]
    taken = 0
    for _ in range(600):
        mutant = mutated(rng, data(), values)
        try:
            parse(json.dumps(mutant))
        except Invalid:
            continue
        taken += 1
        assert is_valid(mutant, RULES_OF_FILES), mutant
    assert taken > 20


def mutated(rng: random.Random, whole: dict, values: list) -> dict:
    at = whole
    while True:
        name = rng.choice(list(at))
        if isinstance(at[name], dict) and at[name] and rng.random() < 0.8:
            at = at[name]
            continue
        match rng.randrange(3):
            case 0:
                at[name] = copy.deepcopy(rng.choice(values))
            case 1:
                at[rng.choice(["x", "id", "a b", "$users", "required", name.upper()])] = at.pop(name)
            case 2:
                at.pop(name)
        return whole


# Places by themselves

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values, st.sampled_from([None, 0, 2]))
def test_every_part_of_a_json_text_is_found_on_its_line(value, indent):
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    places = Places(text)
    assert places.twice == []
    lines = text.split("\n")

    def look(part, path):
        line = lines[places.line(path) - 1]
        if path and isinstance(path[-1], str):
            assert json.dumps(path[-1], ensure_ascii=False) in line
        items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
        for name, inner in items:
            look(inner, (*path, name))

    look(value, ())


def test_a_place_that_is_not_there_is_told_at_what_is_around_it():
    assert Places('{\n"a": {\n"b": 1}}').line(("a", "c", "d")) == 2


# Names


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("My notes", "my-notes"),
        ("  Ünïcode!! ", "n-code"),
        ("2024 plan", "plan"),
        ("???", "template"),
        ("x" * 99, "x" * 56),
    ],
)
def test_a_name_is_made_from_the_title(title, name):
    assert name_from(title) == name


def test_a_made_name_is_free():
    assert name_from("Notes", {"notes", "notes-2"}) == "notes-3"
