"""Schema texts judged by the official tools: they read in ours what we read, and we read theirs as they meant it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from app.schema.formats.instant_form import canonical
from app.schema.formats.instant_ts import edit, parse, render
from app.schema.formats.instant_wire import defs_from_schema, schema_from_defs
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import AnyType, BooleanType, DateType, JsonType, NumberType, StringType
from tests.judge.conftest import BIN, HERE, run_node
from tests.unit.schema.instant_strategies import SCHEMAS

pytestmark = pytest.mark.judge

SCRIPT = HERE / "js" / "schema_text.mjs"
GROWN = """\
import { i } from '@instantdb/core'

// All of our tables
const _schema = i.schema({
    entities: {
        'todos': i.entity({
            title: i.string<'a' | 'b'>().indexed(), // shown
            done: i.boolean().optional(),
            "due date": i
                .date() // when
                .optional()
        }),
        people: i.entity({ name: i.string(), photo: i.json<{ url: string }>() }),
        $users: i.entity({ email: i.string().unique().indexed().optional() }),
    },
    links: {
        mine: {
            forward: { on: 'todos', has: 'one', label: 'owner', required: true, onDelete: 'cascade' },
            reverse: { on: 'people', has: 'many', label: 'todos' }
        }
    },
    rooms: { lobby: { presence: i.entity({ x: i.number() }) } }
})
export default _schema
"""
TYPES = (StringType(), NumberType(), BooleanType(), DateType(), JsonType(), AnyType())
ODD = ("plain", "a b", 'qu"ote', "it's", "back\\slash", "new\nline", "\u2028", "ünï", "日本", "👍", "1st", "12", "a-b")

Judge = Callable[[str, list[str]], list[Any]]


@pytest.fixture
def judge(node_modules: Path, tmp_path: Path) -> Judge:
    environment = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path), "JITI_FS_CACHE": "false"}

    def ask(task: str, texts: list[str]) -> list[Any]:
        # In the folder of the judges, so that the texts' imports find the official packages.
        paths = [tmp_path / f"text{number}.ts" for number in range(len(texts))]
        if not (tmp_path / "node_modules").exists():
            (tmp_path / "node_modules").symlink_to(node_modules)
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, encoding="utf-8", newline="")
        answers: list[Any] = json.loads(run_node(environment, str(SCRIPT), task, *map(str, paths)))
        return answers

    return ask


def odd_schema() -> Schema:
    """Every type with every combination of flags, under names that need care."""
    flags = [(r, u, x) for r in (True, False) for u in (True, False) for x in (True, False)]
    attributes = tuple(
        Attribute(f"{kind.__class__.__name__} {number}", kind, *each)
        for kind in TYPES
        for number, each in enumerate(flags)
    )
    entities = (*(Entity(name, tuple(Attribute(other) for other in ODD)) for name in ODD), Entity("all", attributes))
    links = tuple(
        Link(name, LinkEnd(name, f"to {name}", "one", True, "cascade"), LinkEnd("all", f"from {name}", "many"))
        for name in ODD
    )
    return Schema(entities, links)


def generated_schemas() -> list[Schema]:
    """Fifty from the laws' own strategy; an entity without attributes cannot be pushed."""
    found: list[Schema] = []

    @given(SCHEMAS)
    @settings(max_examples=50, database=None, derandomize=True, deadline=None, phases=[Phase.generate])
    def gather(schema: Schema) -> None:
        entities = tuple(each for each in schema.entities if each.attributes)
        found.append(Schema(entities, schema.links))

    gather()
    return found


def meaning(defs: Any) -> Schema:
    """Of what the official tools made; its metadata and links within entities say nothing more."""
    return canonical(schema_from_defs(defs))


def test_rendered_texts_run_as_programs_mean_what_we_meant(judge: Judge) -> None:
    schemas = [odd_schema(), *generated_schemas()]
    for schema, defs in zip(schemas, judge("run", [render(each) for each in schemas]), strict=True):
        assert meaning(defs) == canonical(schema)


def test_rendered_texts_are_understood_by_the_official_reader(judge: Judge) -> None:
    schemas = [odd_schema(), *generated_schemas()]
    for schema, defs in zip(schemas, judge("read", [render(each) for each in schemas]), strict=True):
        assert meaning(defs) == canonical(schema)


def test_rendered_text_is_as_the_official_tools_format_it(judge: Judge) -> None:
    texts = [render(parse(GROWN).schema), render(Schema())]
    assert judge("format", texts) == texts


def test_generated_files_are_read_as_they_were_meant(judge: Judge) -> None:
    names = ("plain", "a b", "it's", "ünï", "日本", "👍", "1st", "a-b")
    schema = odd_schema()
    # The official generator escapes nothing: names that need it give no valid text there.
    fit = Schema(
        tuple(
            Entity(each.name, tuple(part for part in each.attributes if each.name == "all" or part.name in names))
            for each in schema.entities
            if each.name in {*names, "all"}
        ),
        tuple(each for each in schema.links if each.name in names),
    )
    ((raw, formatted),) = judge("generate", [json.dumps(defs_from_schema(fit))])
    assert canonical(parse(raw).schema) == canonical(fit)
    assert canonical(parse(formatted).schema) == canonical(fit)


def test_generated_file_is_the_one_we_render(judge: Judge) -> None:
    # What only the platform owns is in no push.
    found = parse(GROWN).schema
    schema = Schema(tuple(each for each in found.entities if not each.is_system), found.links)
    ((_, formatted),) = judge("generate", [json.dumps(defs_from_schema(schema))])
    assert formatted == render(schema)


def test_grown_text_means_to_us_what_it_means_when_run(judge: Judge) -> None:
    for task in ("run", "read"):
        (defs,) = judge(task, [GROWN])
        assert meaning(defs) == canonical(parse(GROWN).schema)


def test_edited_texts_run_as_programs_mean_what_was_wanted(judge: Judge) -> None:
    schemas = [odd_schema(), *generated_schemas()]
    texts = [edit(GROWN, each) for each in schemas]
    for schema, defs in zip(schemas, judge("run", texts), strict=True):
        assert meaning(defs) == canonical(schema)
