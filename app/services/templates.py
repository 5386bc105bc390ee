"""Templates: named sets of agents that a tenant's app starts from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.errors import Bug, NotFound
from app.schema.model import Attribute, Cardinality, Entity, Link, LinkEnd, OnDelete, Schema
from app.schema.types import AnyType, BooleanType, DateType, JsonType, NumberType, StringType, Type

TYPES: Mapping[str, Type] = {
    "string": StringType(),
    "number": NumberType(),
    "boolean": BooleanType(),
    "date": DateType(),
    "json": JsonType(),
    "any": AnyType(),
}
# Below this share of a template's entities a tenant is taken to follow none.
_RECOGNISED_FROM = 0.5


@dataclass(frozen=True, slots=True)
class Template:
    """``name`` is its key (``todo``), ``title`` what is shown. ``rules`` is the permission code, None for none.

    ``is_own``: it is the operator's, not one that comes with Tenantry.
    """

    name: str
    version: int
    title: str
    description: str
    schema: Schema
    rules: dict[str, Any] | None = None
    is_own: bool = False

    @property
    def entity_names(self) -> frozenset[str]:
        return frozenset(each.name for each in self.schema.entities if not each.is_system)


class TemplateShelf:
    """All templates: those that come with Tenantry, and the operator's own, which ``TemplateLibrary`` puts here."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._templates = {each.name: each for each in templates}

    @classmethod
    def load(cls, folder: Path) -> TemplateShelf:
        """Those of a folder (``*.json``, see template.schema.json). Blocks on the disk: call it in a worker thread."""
        files = sorted(path for path in folder.glob("*.json") if path.name != "template.schema.json")
        templates = [read_template(json.loads(path.read_text("utf-8")), path.name) for path in files]
        return cls(sorted(templates, key=_order))

    def all(self) -> tuple[Template, ...]:
        """Own ones after those that come with Tenantry, blank ones last."""
        return tuple(self._templates.values())

    def put(self, template: Template) -> None:
        """In place of the one with its name."""
        found = [each for each in self._templates.values() if each.name != template.name]
        self._templates = {each.name: each for each in sorted([*found, template], key=_order)}

    def remove(self, name: str) -> None:
        self._templates = {each.name: each for each in self._templates.values() if each.name != name}

    def get(self, name: str) -> Template:
        if name not in self._templates:
            raise NotFound(f"There is no template named {name}.", remedy="Choose another template.")
        return self._templates[name]

    def find(self, name: str) -> Template | None:
        return self._templates.get(name)

    def recognise(self, schema: Schema) -> Template | None:
        """The template whose entity names fit best, where at least half of them are there; ties go to the one
        with more entities. An own template is followed only by apps of which that was said."""
        names = {each.name for each in schema.entities if not each.is_system}
        scored = [
            (len(names & wanted) / len(wanted), len(wanted), template)
            for template in self._templates.values()
            if (wanted := template.entity_names) and not template.is_own
        ]
        best = max(scored, key=lambda each: each[:2], default=None)
        return best[2] if best is not None and best[0] >= _RECOGNISED_FROM else None


def _order(template: Template) -> tuple[bool, bool, str]:
    return not template.entity_names, template.is_own, template.title


def read_template(data: Mapping[str, Any], source: str) -> Template:
    """A template from its JSON; a wrong one is a bug in what was shipped, and says in which file."""
    try:
        return Template(
            name=data["name"],
            version=data["version"],
            title=data["title"],
            description=data["description"],
            schema=read_schema(data["schema"]),
            rules=data.get("rules"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise Bug(f"The template {source} is not readable: {error!r}") from error


def read_schema(data: Mapping[str, Any]) -> Schema:
    """A schema in the words of template.schema.json."""
    return Schema(
        entities=tuple(_entity(name, each) for name, each in data["entities"].items()),
        links=tuple(_link(name, each) for name, each in data.get("links", {}).items()),
    )


def _entity(name: str, attributes: Mapping[str, Mapping[str, Any]]) -> Entity:
    return Entity(
        name=name,
        attributes=tuple(_attribute(key, each) for key, each in attributes.items()),
        is_system=name.startswith("$"),
    )


def _attribute(name: str, data: Mapping[str, Any]) -> Attribute:
    return Attribute(
        name=name,
        type=TYPES[data["type"]],
        is_required=data.get("required", False),
        is_unique=data.get("unique", False),
        is_indexed=data.get("indexed", False),
    )


def _link(name: str, data: Mapping[str, Mapping[str, Any]]) -> Link:
    return Link(name=name, forward=_end(data["forward"]), reverse=_end(data["reverse"]))


def _end(data: Mapping[str, Any]) -> LinkEnd:
    has: Cardinality = data["has"]
    on_delete: OnDelete | None = data.get("onDelete")
    return LinkEnd(
        entity=data["entity"],
        label=data["label"],
        has=has,
        is_required=data.get("required", False),
        on_delete=on_delete,
    )
