import json
from dataclasses import replace

import pytest

from app.platforms.instant.schema_rules import RULES
from app.schema.check import check
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import StringType
from app.services.foundation_map import FoundationMap
from app.services.foundation_shape import shape_of
from app.services.templates import read_schema
from app.storage.paths import resources_dir

EMPTY = Schema((Entity("$users", (Attribute("email", StringType(), is_system=True),), is_system=True),))


@pytest.fixture(scope="module")
def sample() -> Schema:
    data = json.loads((resources_dir() / "sample" / "sample.json").read_text("utf-8"))
    schema = read_schema(data["foundation"]["schema"])
    return Schema((*EMPTY.entities, *schema.entities), schema.links)


def test_shape_of_the_documents_foundation_lacks_nothing(sample):
    shape = shape_of(sample, FoundationMap())
    assert shape.has_apps_registry
    assert shape.has_databases_registry
    assert (shape.missing, shape.draft, shape.apps_draft, shape.databases_draft) == ((), None, None, None)


def test_shape_of_an_empty_app_offers_drafts_that_make_it_a_foundation():
    shape = shape_of(EMPTY, FoundationMap())
    assert not shape.has_apps_registry
    assert not shape.has_databases_registry
    assert "The entity app is missing." in shape.missing
    assert "The link tasks.mainDatabase ↔ databases.task is missing." in shape.missing
    assert check(shape.draft.wanted, RULES) == ()
    whole = shape_of(shape.draft.wanted, FoundationMap())
    assert (whole.has_apps_registry, whole.has_databases_registry, whole.missing) == (True, True, ())


def test_shape_drafts_of_one_registry_leave_the_other_alone():
    shape = shape_of(EMPTY, FoundationMap())
    only_apps = shape_of(shape.apps_draft.wanted, FoundationMap())
    assert (only_apps.has_apps_registry, only_apps.has_databases_registry) == (True, False)
    assert only_apps.apps_draft is None
    only_databases = shape_of(shape.databases_draft.wanted, FoundationMap())
    assert (only_databases.has_apps_registry, only_databases.has_databases_registry) == (False, True)


def test_shape_with_other_names_asks_for_those():
    names = FoundationMap(app="accounts", app_id="instant", user_apps="account")
    shape = shape_of(EMPTY, names)
    assert "The link accounts.$users ↔ $users.account is missing." in shape.missing
    assert shape.apps_draft.wanted.entity("accounts").attribute("instant") is not None


def test_shape_with_an_attribute_missing_adds_it_only(sample):
    entities = tuple(
        replace(each, attributes=tuple(one for one in each.attributes if one.name != "adminToken"))
        for each in sample.entities
    )
    shape = shape_of(Schema(entities, sample.links), FoundationMap())
    assert shape.missing == ("The attribute databases.adminToken is missing.",)
    assert shape.has_apps_registry
    assert not shape.has_databases_registry
    assert len(shape.draft.plan()) == 1


def test_shape_without_iterations_has_the_registry_and_says_what_is_missing(sample):
    schema = Schema(
        tuple(each for each in sample.entities if each.name != "iterations"),
        tuple(each for each in sample.links if "iterations" not in (each.forward.entity, each.reverse.entity)),
    )
    shape = shape_of(schema, FoundationMap())
    assert shape.has_databases_registry
    assert shape.missing == (
        "The entity iterations is missing.",
        "The link databases.originIteration ↔ iterations.originatedDatabases is missing.",
    )


def test_shape_knows_a_link_that_is_declared_from_its_other_end(sample):
    links = tuple(replace(each, forward=each.reverse, reverse=each.forward) for each in sample.links)
    assert shape_of(Schema(sample.entities, links), FoundationMap()).missing == ()


def test_shape_with_a_label_that_is_taken_says_so_instead_of_a_draft():
    taken = Link("other", LinkEnd("teams", "$users", "many"), LinkEnd("$users", "app", "one"))
    schema = Schema((*EMPTY.entities, Entity("teams")), (taken,))
    shape = shape_of(schema, FoundationMap())
    assert (shape.draft, shape.apps_draft) == (None, None)
    assert shape.databases_draft is not None
    assert len(shape.conflicts) == 1
    assert "app" in shape.conflicts[0]
