import json
from pathlib import Path

import pytest

from app.core.errors import Bug, NotFound
from app.schema.model import Attribute, Entity, Schema
from app.schema.types import StringType
from app.services.templates import TemplateShelf, read_template

FOLDER = Path(__file__).parents[3] / "resources" / "templates"


@pytest.fixture(scope="module")
def shelf() -> TemplateShelf:
    return TemplateShelf.load(FOLDER)


def entities(*names: str) -> Schema:
    return Schema(tuple(Entity(name, (Attribute("x", StringType()),)) for name in names))


def test_load_finds_the_templates_of_document_000_with_the_blank_one_last(shelf):
    assert [each.title for each in shelf.all()] == ["Chat", "Todo", "Custom"]
    assert shelf.get("todo").entity_names == {"todos", "users"}
    assert shelf.get("chat").entity_names == {"messages", "channels", "users"}
    assert shelf.get("custom").schema == Schema()


def test_shipped_templates_use_only_what_their_schema_allows():
    rules = json.loads((FOLDER / "template.schema.json").read_text())
    attribute, end = (set(rules["$defs"][part]["properties"]) for part in ("attribute", "end"))
    for path in FOLDER.glob("*.json"):
        data = json.loads(path.read_text())
        if path.name == "template.schema.json":
            continue
        assert path.stem == data["name"]
        assert set(data) <= set(rules["properties"])
        assert all(set(each) <= attribute for entity in data["schema"]["entities"].values() for each in entity.values())
        for link in data["schema"].get("links", {}).values():
            assert set(link) == {"forward", "reverse"}
            assert all(set(side) <= end and side["entity"] in data["schema"]["entities"] for side in link.values())


def test_links_of_the_chat_template_cascade_from_channel_to_messages(shelf):
    link = next(each for each in shelf.get("chat").schema.links if each.name == "messagesChannel")
    assert (link.forward.entity, link.forward.has, link.forward.on_delete) == ("messages", "one", "cascade")
    assert (link.reverse.label, link.reverse.has) == ("messages", "many")


def test_recognise_takes_the_best_match_of_entity_names(shelf):
    assert shelf.recognise(entities("todos", "users", "notes")).name == "todo"
    assert shelf.recognise(entities("messages", "channels", "users")).name == "chat"


def test_recognise_with_too_little_in_common_finds_none(shelf):
    assert shelf.recognise(entities("invoices")) is None
    assert shelf.recognise(Schema()) is None


def test_get_with_an_unknown_name_is_not_found(shelf):
    with pytest.raises(NotFound):
        shelf.get("nope")


def test_read_template_without_a_schema_names_the_file():
    with pytest.raises(Bug, match=r"broken\.json"):
        read_template({"name": "x", "version": 1, "title": "X", "description": ""}, "broken.json")
