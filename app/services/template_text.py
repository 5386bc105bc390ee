"""Templates as JSON text, out and in; what is wrong with a text is told with its place.

``resources/templates/template.schema.json`` documents the form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from app.core.errors import FieldError, Invalid
from app.core.text import plain
from app.core.words import free_name
from app.schema.check import check
from app.schema.check_rules import Problem, Rules
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import AnyType, BooleanType, DateType, JsonType, NumberType, StringType
from app.services.json_places import Path, Places
from app.services.lifecycle import checked_title
from app.services.templates import TYPES, Template, read_template

LIMIT = 4 * 1024 * 1024
NAME_LIMIT = 60
DESCRIPTION_LIMIT = 1_000
VERSION_LIMIT = 1_000_000
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_MOST_PROBLEMS = 20
_REMEDY = "Correct the file, then import it again; template.schema.json describes the form."

RULES: Final = Rules(
    platform="a template",
    reserved_names=frozenset({"id"}),
    types=(StringType(), NumberType(), BooleanType(), DateType(), JsonType(), AnyType()),
    on_delete=("cascade", "restrict", "set-null"),
    has_indexes=False,
    has_defaults=False,
    has_empty_entities=False,
)
_TYPE_NAMES: Final = {type(kind): name for name, kind in TYPES.items()}


def parse(text: str) -> Template:
    """Raises Invalid: each of its ``fields`` is the place of a problem, and its message begins with the line."""
    if len(text) > LIMIT:
        raise Invalid("The text is too large to be a template.", remedy="Choose a template file.")
    data = _loaded(text)
    problems = _Reader().read(data)
    if not problems:
        template = read_template(data, "text")
        problems = [_placed(each, template.schema) for each in problems_of(template.schema)]
        if not problems and not _has_twice(text):
            return template
    raise _invalid(text, problems)


def render(template: Template) -> str:
    """The text that ``parse`` reads back as the same template. Raises Invalid for what a template cannot hold."""
    found = problems_of(template.schema)
    if found:
        raise Invalid(f"{found[0].sentence} A template cannot hold that.", remedy=found[0].remedy)
    data: dict[str, Any] = {
        "name": template.name,
        "version": template.version,
        "title": template.title,
        "description": template.description,
        "schema": _schema(template.schema),
    }
    if template.rules is not None:
        data["rules"] = template.rules
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def problems_of(schema: Schema) -> tuple[Problem, ...]:
    """What keeps a schema from being a template's."""
    named = {each.name for each in schema.entities}
    ends = {end.entity for link in schema.links for end in (link.forward, link.reverse)}
    # Every app has the platform's own entities, so that a template need not list them.
    system = tuple(Entity(each, is_system=True) for each in sorted(ends - named) if each.startswith("$"))
    found = check(Schema((*schema.entities, *system), schema.links), RULES)
    return tuple(each for each in found if each.is_error)


def checked_name(name: str) -> str:
    """Raises Invalid with the field ``name``."""
    if not _NAME.fullmatch(name) or len(name) > NAME_LIMIT:
        message = f"A template's name has lower-case letters, digits and hyphens, at most {NAME_LIMIT} of them."
        raise Invalid("The name is not acceptable.", fields=(FieldError("name", message),))
    return name


def name_from(title: str, taken: Collection[str] = ()) -> str:
    """A free name that looks like the title."""
    bare = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-0123456789")[: NAME_LIMIT - 4].strip("-") or "template"
    number, name = 1, bare
    while name in taken:
        number += 1
        name = f"{bare}-{number}"
    return name


# Out


def _schema(schema: Schema) -> dict[str, Any]:
    entities = {each.name: parts for each in schema.entities if (parts := _attributes(each)) or not each.is_system}
    links: dict[str, Any] = {}
    for each in schema.links:
        if not each.is_system:
            # Names of links tell nothing apart on a platform, and may be there twice.
            links[free_name(each.name or _link_name(each), links)] = _link(each)
    return {"entities": entities, **({"links": links} if links else {})}


def _attributes(entity: Entity) -> dict[str, Any]:
    return {each.name: _attribute(each) for each in entity.attributes if not each.is_system}


def _attribute(attribute: Attribute) -> dict[str, Any]:
    flags = {"required": attribute.is_required, "unique": attribute.is_unique, "indexed": attribute.is_indexed}
    return {"type": _TYPE_NAMES[type(attribute.type)], **{name: True for name, is_set in flags.items() if is_set}}


def _link(link: Link) -> dict[str, Any]:
    return {"forward": _end(link.forward), "reverse": _end(link.reverse)}


def _end(end: LinkEnd) -> dict[str, Any]:
    data: dict[str, Any] = {"entity": end.entity, "label": end.label, "has": end.has}
    if end.is_required:
        data["required"] = True
    if end.on_delete is not None:
        data["onDelete"] = end.on_delete
    return data


def _link_name(link: Link) -> str:
    return link.forward.entity + link.forward.label[:1].upper() + link.forward.label[1:]


# In


@dataclass(frozen=True, slots=True)
class _Wrong:
    path: Path
    message: str


class _Reader:
    """Looks at the form alone: what the parts mean together is ``check``'s."""

    def __init__(self) -> None:
        self._found: list[_Wrong] = []

    def read(self, data: Any) -> list[_Wrong]:
        self._object((), data, {**_HEAD, "schema": _Reader._schema}, {"rules": _Reader._rules})
        return self._found

    def _object(
        self, path: Path, data: Any, needed: Mapping[str, _Check], optional: Mapping[str, _Check] | None = None
    ) -> None:
        if not isinstance(data, dict):
            self._wrong(path, "This has to be an object: {…}.")
            return
        known = {**needed, **(optional or {})}
        for name in needed:
            if name not in data:
                self._wrong(path, f"“{name}” is missing.")
        for name, value in data.items():
            if name in known:
                known[name](self, (*path, name), value)
            else:
                self._wrong((*path, name), f"“{plain(name, 60)}” is not known here; known are {', '.join(known)}.")

    def _each(self, path: Path, data: Any, look: _Check, *, at_least_one: str = "") -> None:
        if not isinstance(data, dict):
            self._wrong(path, "This has to be an object: names and what they mean.")
            return
        if at_least_one and not data:
            self._wrong(path, at_least_one)
        for name, value in data.items():
            look(self, (*path, name), value)

    def _wrong(self, path: Path, message: str) -> None:
        self._found.append(_Wrong(path, message))

    def _name(self, path: Path, value: Any) -> None:
        if not isinstance(value, str) or not _NAME.fullmatch(value) or len(value) > NAME_LIMIT:
            words = f"lower-case letters, digits and hyphens, beginning with a letter, at most {NAME_LIMIT}"
            self._wrong(path, f"A name has {words}.")

    def _version(self, path: Path, value: Any) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= VERSION_LIMIT:
            self._wrong(path, "A version is a whole number from 1 on.")

    def _title(self, path: Path, value: Any) -> None:
        if not isinstance(value, str):
            self._wrong(path, "A title is a text.")
            return
        try:
            checked_title(value)
        except Invalid as error:
            self._wrong(path, error.fields[0].message)

    def _description(self, path: Path, value: Any) -> None:
        if not isinstance(value, str) or len(value) > DESCRIPTION_LIMIT:
            self._wrong(path, f"A description is a text of at most {DESCRIPTION_LIMIT:,} characters.")

    def _rules(self, path: Path, value: Any) -> None:
        if not isinstance(value, dict):
            self._wrong(path, "Rules are an object, as the platform takes them.")

    def _schema(self, path: Path, value: Any) -> None:
        self._object(path, value, {"entities": _Reader._entities}, {"links": _Reader._links})

    def _entities(self, path: Path, value: Any) -> None:
        self._each(path, value, _Reader._entity)

    def _entity(self, path: Path, value: Any) -> None:
        self._each(path, value, _Reader._attribute, at_least_one="An agent needs an attribute.")

    def _attribute(self, path: Path, value: Any) -> None:
        flags = dict.fromkeys(("required", "unique", "indexed"), _Reader._flag)
        self._object(path, value, {"type": _Reader._type}, flags)

    def _type(self, path: Path, value: Any) -> None:
        self._one_of(path, value, tuple(TYPES))

    def _flag(self, path: Path, value: Any) -> None:
        if not isinstance(value, bool):
            self._wrong(path, "This is either true or false.")

    def _links(self, path: Path, value: Any) -> None:
        self._each(path, value, _Reader._link)

    def _link(self, path: Path, value: Any) -> None:
        self._object(path, value, {"forward": _Reader._end, "reverse": _Reader._end})

    def _end(self, path: Path, value: Any) -> None:
        needed = {"entity": _Reader._text, "label": _Reader._text, "has": _Reader._has}
        self._object(path, value, needed, {"required": _Reader._flag, "onDelete": _Reader._on_delete})

    def _text(self, path: Path, value: Any) -> None:
        if not isinstance(value, str) or not value.strip():
            self._wrong(path, "This is a name.")

    def _has(self, path: Path, value: Any) -> None:
        self._one_of(path, value, ("one", "many"))

    def _on_delete(self, path: Path, value: Any) -> None:
        self._one_of(path, value, RULES.on_delete)

    def _one_of(self, path: Path, value: Any, known: Collection[str]) -> None:
        if not isinstance(value, str) or value not in known:
            shown = f"“{plain(value, 40)}”" if isinstance(value, str) else "This"
            self._wrong(path, f"{shown} is not known; known are {', '.join(known)}.")


_Check = Callable[[_Reader, Path, Any], None]
_HEAD: Final[Mapping[str, _Check]] = {
    "name": _Reader._name,
    "version": _Reader._version,
    "title": _Reader._title,
    "description": _Reader._description,
}


def _loaded(text: str) -> Any:
    try:
        data = json.loads(text, parse_constant=_no_number)
        # Half characters can be written in JSON, and in nothing that it goes to.
        json.dumps(data, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        message = f"Line {error.lineno}: {error.msg}."
        sentence = f"The text is not JSON at {place}: {error.msg}."
        raise Invalid(sentence, fields=(FieldError(place, message),), remedy=_REMEDY) from error
    except RecursionError as error:
        raise Invalid("The text is nested too deeply to be a template.", remedy="Choose a template file.") from error
    except ValueError as error:
        raise Invalid("The text holds values that nothing can keep.", remedy=_REMEDY, details=str(error)) from error
    return data


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number.")


def _has_twice(text: str) -> bool:
    """Whether an object names a member twice: all but the last one would be lost without a word."""
    is_twice = False

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal is_twice
        data = dict(pairs)
        is_twice = is_twice or len(data) < len(pairs)
        return data

    json.loads(text, object_pairs_hook=look)
    return is_twice


def _placed(problem: Problem, schema: Schema) -> _Wrong:
    return _Wrong(_path(problem, schema), f"{problem.sentence} {problem.remedy}".strip())


def _path(problem: Problem, schema: Schema) -> Path:
    if problem.part == "entity":
        return ("schema", "entities", problem.place)
    if problem.part == "link":
        for link in schema.links:
            for side, end in (("forward", link.forward), ("reverse", link.reverse)):
                if f"{end.entity}.{end.label}" == problem.place:
                    return ("schema", "links", link.name, side)
    entity = next((each.name for each in schema.entities if problem.place.startswith(f"{each.name}.")), "")
    return ("schema", "entities", entity, problem.place.removeprefix(f"{entity}."))


def _invalid(text: str, problems: list[_Wrong]) -> Invalid:
    places = _places(text)
    if places is not None:
        problems = [
            *(_Wrong(each, f"“{plain(str(each[-1]), 60)}” is there twice.") for each in places.twice),
            *problems,
        ]
    shown = problems[:_MOST_PROBLEMS]
    fields = tuple(_field(each, places) for each in shown)
    count = len(problems)
    sentence = f"The text is not a template: {fields[0].message}" if fields else "The text is not a template."
    if count > 1:
        sentence = f"The text is not a template; {count} things are wrong. {fields[0].message}"
    return Invalid(sentence, fields=fields, remedy=_REMEDY, details="\n".join(each.message for each in fields))


def _places(text: str) -> Places | None:
    try:
        return Places(text)
    except RecursionError:
        return None


def _field(wrong: _Wrong, places: Places | None) -> FieldError:
    place = plain(".".join(map(str, wrong.path)), 160)
    line = f"Line {places.line(wrong.path)}" if places is not None else "The text"
    where = f", {place}" if place else ""
    return FieldError(place, f"{line}{where}: {wrong.message}")
