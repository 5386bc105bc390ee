"""Writing triples: lookups, the constraints of attributes, cardinality, and what was touched.

One :class:`TripleWriter` serves one transaction. The facts of all entities that it will touch are read in one
query, so that a large transaction makes no query per fact, but for unique attributes.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterable
from typing import Any, Final

from app.localplatform import errors, values
from app.localplatform.attr_set import Attr, AttrSet
from app.localplatform.values import Key

Lookup = tuple[str, str]  # attribute ID, JSON text of the value
Step = list[Any]

_CHUNK: Final = 5000


class _Fact:
    """One row of the table."""

    __slots__ = ("created_at", "key", "rowid", "text")

    def __init__(self, rowid: int, key: Key, text: str, created_at: int) -> None:
        self.rowid = rowid
        self.key = key
        self.text = text
        self.created_at = created_at


class TripleWriter:
    """``now`` is milliseconds since the epoch; ``attrs`` may be exchanged when the transaction changes the schema."""

    def __init__(self, conn: sqlite3.Connection, app_id: str, attrs: AttrSet, now: int) -> None:
        self._conn = conn
        self._app_id = app_id
        self.attrs = attrs
        self._now = now
        self._facts: dict[tuple[str, str], dict[Key, _Fact]] = {}
        self._loaded: set[str] = set()
        self._created_lookups: set[tuple[str, str]] = set()
        self.touched: dict[tuple[str, str], None] = {}  # (entity ID, attribute ID), in order
        self.new_ids: dict[tuple[str, str], None] = {}  # (entity ID, etype) whose id fact is new
        self.links: list[tuple[str, Attr, str, bool]] = []  # (source, attribute, target, was added)
        self.inferred: dict[str, set[str]] = {}

    # -- reading

    def load(self, entity_ids: Iterable[str]) -> None:
        missing = [eid for eid in dict.fromkeys(entity_ids) if eid not in self._loaded]
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            self._loaded.update(chunk)
            sql = """SELECT entity_id, attr_id, rowid, key, value, created_at FROM triples
                     WHERE app_id = ? AND entity_id IN (SELECT value FROM json_each(?))"""
            for eid, attr_id, rowid, key, text, created_at in self._conn.execute(
                sql, (self._app_id, json.dumps(chunk))
            ):
                self._facts.setdefault((eid, attr_id), {})[key] = _Fact(rowid, key, text, created_at)

    def values_of(self, eid: str, attr_id: str) -> list[Any]:
        self.load([eid])
        return [json.loads(fact.text) for fact in self._facts.get((eid, attr_id), {}).values()]

    def flat_entity(self, etype: str, eid: str) -> dict[str, Any] | None:
        """The entity's own attributes by label (has-one links as IDs), or None where there is no such entity."""
        self.load([eid])
        entity: dict[str, Any] = {}
        for attr in self.attrs.of_etype(etype):
            if attr.is_one:
                for fact in self._facts.get((eid, attr.id), {}).values():
                    entity[attr.label] = json.loads(fact.text)
        return entity if "id" in entity else None

    def etypes_of(self, eid: str) -> list[str]:
        """Namespaces in which this ID has any fact."""
        rows = self._conn.execute(
            "SELECT DISTINCT attr_id FROM triples WHERE app_id = ? AND entity_id = ?", (self._app_id, eid)
        )
        attrs = (self.attrs.by_id.get(row[0]) for row in rows)
        return sorted({attr.etype for attr in attrs if attr is not None})

    def find_by_lookup(self, lookup: Any) -> str | None:
        """The entity that ``[attr_id, value]`` names."""
        attr = self.attr(lookup[0])
        key = self._key(attr, lookup[1])
        if key is None:
            return None
        sql = "SELECT entity_id FROM triples WHERE app_id = ? AND attr_id = ? AND key = ? LIMIT 1"
        row = self._conn.execute(sql, (self._app_id, attr.id, key)).fetchone()
        return str(row[0]) if row else None

    def attr(self, attr_id: Any) -> Attr:
        attr = self.attrs.by_id.get(attr_id)
        if attr is None:
            raise errors.sql_raise(f"We could not find an attribute with id = '{attr_id}'")
        return attr

    def _key(self, attr: Attr, value: Any) -> Key:
        try:
            return values.key_of(value, attr.checked_data_type)
        except ValueError:
            return values.key_of(value)

    # -- lookups

    def entity_of(self, eid: Any) -> str:
        """The ID itself, or the entity of a lookup, which is created where it does not exist."""
        if isinstance(eid, str):
            return eid
        attr = self.attr(eid[0])
        if not attr.is_unique:
            raise errors.sql_raise("attribute is not unique")
        found = self.find_by_lookup(eid)
        return found if found is not None else self._create_by_lookup(attr, eid[1])

    def _create_by_lookup(self, attr: Attr, value: Any) -> str:
        eid = values.as_uuid(value) if attr.label == "id" else str(uuid.uuid4())
        if eid is None:
            raise errors.sql_raise("attribute is not unique")
        self.put(eid, attr, value)
        self._created_lookups.add((eid, attr.id))
        return eid

    def value_of(self, attr: Attr, value: Any) -> Any:
        """``value``, or the entity's ID where it is a lookup and the attribute takes one."""
        is_lookup = isinstance(value, list) and len(value) == 2 and values.as_uuid(value[0]) in self.attrs.by_id
        if not is_lookup or not (attr.is_ref or attr.label == "id"):
            return value
        found = self.find_by_lookup(value)
        if found is None:
            lookup_attr = self.attr(value[0])
            hint = {
                "attribute-id": lookup_attr.id,
                "namespace": lookup_attr.etype,
                "label": lookup_attr.label,
                "value": value[1],
            }
            raise errors.validation_failed("lookup", hint, [{"message": "The entity for the lookup does not exist."}])
        return found

    # -- writing

    def put(self, eid: str, attr: Attr, value: Any) -> None:
        """Set (one) or add (many); a value that is there already is left alone."""
        if eid not in self._loaded:
            self.load([eid])
        value = self._checked(eid, attr, value)
        key = values.key_of(value, attr.checked_data_type)
        facts = self._facts.setdefault((eid, attr.id), {})
        text = values.dumps(value)
        self.touched[eid, attr.id] = None
        if value is not None:
            self.inferred.setdefault(attr.id, set()).add(values.inferred_type(value))
        if key in facts and facts[key].text == text and (len(facts) == 1 or not attr.is_one):
            return
        self._check_unique(eid, attr, key, value)
        if attr.is_one and facts:
            self._replace(eid, attr, facts, key, text)
        else:
            self._insert(eid, attr, facts, key, text)
        if attr.is_ref and isinstance(value, str):
            self.links.append((eid, attr, value, True))

    def add(self, step_eid: Any, attr_id: str, value: Any) -> None:
        attr = self.attr(attr_id)
        eid = self.entity_of(step_eid)
        if (eid, attr.id) in self._created_lookups and attr.label != "id":
            message = (
                "Updates with lookups can only update the lookup attribute if an entity with the unique attribute "
                "value already exists."
            )
            raise errors.validation_failed("lookup", [step_eid], [{"message": message}])
        self.put(eid, attr, self.value_of(attr, value))

    def merge(self, step_eid: Any, attr_id: str, patches: list[Any]) -> None:
        attr = self.attr(attr_id)
        if attr.is_ref:
            raise errors.sql_raise("merge operation is not supported for links")
        eid = self.entity_of(step_eid)
        old = self.values_of(eid, attr.id)
        merged = old[0] if old else None
        for patch in patches:
            merged = values.deep_merge(merged, patch)
        self.put(eid, attr, merged)

    def retract(self, step_eid: Any, attr_id: str, value: Any) -> None:
        attr = self.attr(attr_id)
        eid = step_eid if isinstance(step_eid, str) else self.find_by_lookup(step_eid)
        is_lookup = isinstance(value, list) and len(value) == 2 and values.as_uuid(value[0]) in self.attrs.by_id
        if is_lookup and (attr.is_ref or attr.label == "id"):
            value = self.find_by_lookup(value)
        if eid is None or value is None:
            return
        self.load([eid])
        fact = self._facts.get((eid, attr.id), {}).pop(self._key(attr, _canonical(attr, value)), None)
        if fact is not None:
            self._conn.execute("DELETE FROM triples WHERE rowid = ?", (fact.rowid,))
            self.touched[eid, attr.id] = None
            if attr.is_ref:
                self.links.append((eid, attr, str(value), False))

    def delete_entity(self, eid: str, etype: str | None) -> None:
        """The entity's own facts in this namespace, and the links of others to it."""
        self.load([eid])
        self.new_ids.pop((eid, etype or ""), None)
        for attr in self.attrs.of_etype(etype or ""):
            facts = self._facts.pop((eid, attr.id), {})
            for fact in facts.values():
                self._conn.execute("DELETE FROM triples WHERE rowid = ?", (fact.rowid,))
                self.touched[eid, attr.id] = None
        for attr in self.attrs.reverse_of_etype(etype or ""):
            if attr.is_ref:
                self._delete_links_to(eid, attr)

    def _delete_links_to(self, eid: str, attr: Attr) -> None:
        key = "s" + eid
        sql = "DELETE FROM triples WHERE app_id = ? AND attr_id = ? AND key = ? RETURNING entity_id"
        for (source,) in self._conn.execute(sql, (self._app_id, attr.id, key)).fetchall():
            self.touched[source, attr.id] = None
            self._facts.get((source, attr.id), {}).pop(key, None)

    def fill_indexed_nulls(self) -> None:
        """Each new entity has an explicit null for the indexed attributes that were not given."""
        for eid, etype in self.new_ids:
            for attr in self.attrs.of_etype(etype):
                if attr.is_indexed and not attr.is_ref and not attr.is_system and not self._facts.get((eid, attr.id)):
                    self._insert(eid, attr, self._facts.setdefault((eid, attr.id), {}), None, "null")

    def _replace(self, eid: str, attr: Attr, facts: dict[Key, _Fact], key: Key, text: str) -> None:
        first, *others = facts.values()
        self._conn.execute("UPDATE triples SET key = ?, value = ? WHERE rowid = ?", (key, text, first.rowid))
        for other in others:
            self._conn.execute("DELETE FROM triples WHERE rowid = ?", (other.rowid,))
        if attr.is_ref:
            self.links.extend((eid, attr, json.loads(fact.text), False) for fact in facts.values() if fact.key != key)
        facts.clear()
        facts[key] = _Fact(first.rowid, key, text, first.created_at)

    def _insert(self, eid: str, attr: Attr, facts: dict[Key, _Fact], key: Key, text: str) -> None:
        is_id = attr.label == "id" and not attr.is_ref
        cursor = self._conn.execute(
            "INSERT INTO triples (app_id, entity_id, attr_id, key, value, is_id, created_at) VALUES (?,?,?,?,?,?,?)",
            (self._app_id, eid, attr.id, key, text, is_id, self._now),
        )
        facts[key] = _Fact(cursor.lastrowid or 0, key, text, self._now)
        if is_id:
            self.new_ids[eid, attr.etype] = None

    # -- constraints

    def _checked(self, eid: str, attr: Attr, value: Any) -> Any:
        """``value`` in canonical form, or the platform's error for a value that the attribute does not take."""
        if values.has_null_bytes(value):
            message = "A value in the transaction contains null bytes, which cannot be stored."
            raise errors.PlatformError("validation-failed", message, {"table": "triples"})
        if attr.is_ref:
            target = values.as_uuid(value)
            if target is None:
                raise self._value_error(eid, attr, value, "Linked value must be a valid uuid.")
            return target
        if attr.checked_data_type and not values.is_type(value, attr.checked_data_type):
            message = (
                f"Invalid value type for {attr.etype}.{attr.label}. Value must be a {attr.checked_data_type} "
                f"but the provided value type is {values.json_type(value)}."
            )
            raise self._value_error(eid, attr, value, message)
        if (attr.is_unique or attr.is_indexed) and values.is_too_large(value):
            kind = "a unique" if attr.is_unique else "an indexed"
            message = f"Value is too large for {kind} attribute."
            raise self._value_error(eid, attr, value, message, **{"value-too-large?": True})
        return value

    def _value_error(self, eid: str, attr: Attr, value: Any, message: str, **more: Any) -> errors.PlatformError:
        hint = {
            "namespace": attr.etype,
            "attribute": attr.label,
            "value": value,
            "checked-data-type": attr.checked_data_type,
            "attr-id": attr.id,
            "entity-id": eid,
            **more,
        }
        return errors.PlatformError("validation-failed", message, hint)

    def _check_unique(self, eid: str, attr: Attr, key: Key, value: Any) -> None:
        if not attr.is_unique or key is None or (attr.label == "id" and value == eid):
            return
        sql = "SELECT 1 FROM triples WHERE app_id = ? AND attr_id = ? AND key = ? AND entity_id <> ? LIMIT 1"
        if self._conn.execute(sql, (self._app_id, attr.id, key, eid)).fetchone():
            raise errors.duplicate_value(attr.id, attr.etype, attr.label, value)

    def check_required(self) -> None:
        """Every touched entity that is still there has a value for each required attribute, and its id."""
        missing: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for eid, etype in self.touched_entities():
            own = self.attrs.of_etype(etype)
            if not any(attr.is_required for attr in own):
                continue
            self.load([eid])
            present = {attr.id for attr in own if any(k is not None for k in self._facts.get((eid, attr.id), {}))}
            for attr in own:
                if present and attr.id not in present and (attr.is_required or attr.label == "id"):
                    missing.setdefault((etype, attr.label), []).append(_missing_record(eid, attr))
        if missing:
            raise _required_error(missing)

    def touched_entities(self) -> dict[tuple[str, str], None]:
        """(entity ID, etype) of all that was added, changed or removed, in order."""
        pairs = ((eid, self.attrs.by_id[attr_id].etype) for eid, attr_id in self.touched if attr_id in self.attrs.by_id)
        return dict.fromkeys(pairs)


def _canonical(attr: Attr, value: Any) -> Any:
    return (values.as_uuid(value) or value) if attr.is_ref else value


def _missing_record(eid: str, attr: Attr) -> dict[str, Any]:
    return {
        "entity_id": eid,
        "attr_id": attr.id,
        "etype": attr.etype,
        "label": attr.label,
        "is_required": attr.is_required,
    }


def _required_error(missing: dict[tuple[str, str], list[dict[str, Any]]]) -> errors.PlatformError:
    sentences = []
    for (etype, label), records in missing.items():
        plural = "s" if len(records) > 1 else ""
        ids = ", ".join(record["entity_id"] for record in records)
        sentences.append(f"Missing required attribute{plural} `{etype}/{label}`: {ids}")
    records = [record for group in missing.values() for record in group]
    return errors.PlatformError("validation-failed", ". ".join(sentences), {"records": records})
