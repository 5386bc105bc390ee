"""The schema JSON of the platform: attributes → ``{"refs": …, "blobs": …}`` (``model/schema.clj attrs->schema``)."""

from __future__ import annotations

import json
from typing import Any
from weakref import WeakKeyDictionary

from . import catalog
from .attr_set import Attr, AttrSet
from .web import json_bytes

Json = Any
Schema = dict[str, dict[str, Json]]

# One encoded schema for each attribute set that is alive; a set never changes, a new version is a new set.
_encoded: WeakKeyDictionary[AttrSet, bytes] = WeakKeyDictionary()


def ref_key(forward_etype: str, forward_label: str, reverse_etype: str, reverse_label: str) -> str:
    """A Clojure vector as text: ``["posts" "author" "users" "posts"]``."""
    names = (forward_etype, forward_label, reverse_etype, reverse_label)
    return "[" + " ".join(json.dumps(name, ensure_ascii=False) for name in names) + "]"


def wire_ref_key(wire: dict[str, Json]) -> str:
    forward, reverse = wire["forward-identity"], wire["reverse-identity"]
    return ref_key(forward[1], forward[2], reverse[1], reverse[2])


def attr_wire(attr: Attr) -> dict[str, Json]:
    """As :meth:`Attr.to_wire`, but ``$files.url``, which every file has, is shown as required."""
    wire = attr.to_wire()
    if attr.is_system and (attr.etype, attr.label) == ("$files", "url"):
        wire["required?"] = True
    return wire


def schema_json(attrs: AttrSet) -> Schema:
    schema: Schema = {"refs": {}, "blobs": {}}
    for attr in attrs.shown():
        wire = attr_wire(attr)
        if attr.is_ref:
            schema["refs"][wire_ref_key(wire)] = wire
        else:
            schema["blobs"].setdefault(attr.etype, {})[attr.label] = wire
    return schema


def schema_bytes(attrs: AttrSet) -> bytes:
    """The encoded schema; made once for each version of an app's attributes."""
    found = _encoded.get(attrs)
    if found is None:
        found = _encoded[attrs] = json_bytes(schema_json(attrs))
    return found


def defs_of(attrs: AttrSet) -> dict[str, Json]:
    """The schema as ``{"entities", "links"}``, the form of ``i.schema`` (``schema->defs``)."""
    schema = schema_json(attrs)
    entities = {etype: {"attrs": _attr_defs(blobs)} for etype, blobs in schema["blobs"].items()}
    return {"entities": entities, "links": dict(_link_def(wire) for wire in schema["refs"].values())}


def _attr_defs(blobs: dict[str, Json]) -> dict[str, Json]:
    return {label: _attr_def(wire) for label, wire in blobs.items() if label != "id"}


def _attr_def(wire: dict[str, Json]) -> dict[str, Json]:
    config = {"unique": bool(wire["unique?"]), "indexed": bool(wire["index?"])}
    required = {"required": True} if wire["required?"] else {}
    return {"valueType": wire.get("checked-data-type") or "any", "config": config, **required}


def _link_def(wire: dict[str, Json]) -> tuple[str, dict[str, Json]]:
    _, etype, label = wire["forward-identity"]
    _, reverse_etype, reverse_label = wire["reverse-identity"]
    forward: dict[str, Json] = {"on": etype, "label": label, "has": wire["cardinality"]}
    reverse: dict[str, Json] = {"on": reverse_etype, "label": reverse_label, "has": _reverse_has(wire)}
    if wire["required?"]:
        forward["required"] = True
    for end, name in ((forward, "on-delete"), (reverse, "on-delete-reverse")):
        if wire.get(name) == "cascade":
            end["onDelete"] = "cascade"
    return f"{etype}{label[:1].upper()}{label[1:]}", {"forward": forward, "reverse": reverse}


def _reverse_has(wire: dict[str, Json]) -> str:
    return "one" if wire["unique?"] else "many"


def new_schema(defs: Json) -> Schema:
    """Defs as clients push them → the schema JSON with ``id`` null; the system's own parts are left out."""
    entities, links = (_object(defs, name) for name in ("entities", "links"))
    blobs = {etype: _new_blobs(etype, _object(entity, "attrs")) for etype, entity in entities.items()}
    refs = [_new_ref(link) for link in links.values()]
    own = [wire for wire in refs if wire_ref_key(wire) not in _system_links()]
    return {"refs": {wire_ref_key(wire): wire for wire in own}, "blobs": {e: b for e, b in blobs.items() if b}}


def _object(value: Json, name: str) -> dict[str, Json]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _system_links() -> frozenset[str]:
    return frozenset(wire_ref_key(w) for w in catalog.system_attrs() if w["value-type"] == "ref")


def _new_blobs(etype: str, attrs: dict[str, Json]) -> dict[str, Json]:
    is_system = etype.startswith("$")
    return {
        label: _new_blob(etype, label, attr)
        for label, attr in attrs.items()
        if not catalog.is_reserved_name(etype, label) and not catalog.is_hidden(etype, label, is_system=is_system)
    }


def _new_blob(etype: str, label: str, attr: Json) -> dict[str, Json]:
    config = _object(attr, "config")
    attr = attr if isinstance(attr, dict) else {}
    value_type = attr.get("valueType")
    return {
        "id": None,
        "value-type": "blob",
        "cardinality": "one",
        "forward-identity": [None, etype, label],
        "unique?": bool(config.get("unique")),
        "index?": bool(config.get("indexed")),
        "required?": attr.get("required") is True,
        "checked-data-type": value_type if value_type in ("string", "number", "boolean", "date") else None,
        "catalog": "system" if etype.startswith("$") else "user",
    }


def _new_ref(link: Json) -> dict[str, Json]:
    forward, reverse = _object(link, "forward"), _object(link, "reverse")
    return {
        "id": None,
        "value-type": "ref",
        "index?": False,
        "on-delete": forward.get("onDelete"),
        "on-delete-reverse": reverse.get("onDelete"),
        "forward-identity": [None, forward.get("on"), forward.get("label")],
        "reverse-identity": [None, reverse.get("on"), reverse.get("label")],
        "cardinality": forward.get("has"),
        "unique?": reverse.get("has") == "one",
        "required?": forward.get("required") is True,
    }
