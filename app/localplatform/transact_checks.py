"""What is wrong with a transaction before anything is written."""

from __future__ import annotations

from typing import Any

from app.localplatform import catalog, errors, values
from app.localplatform.attr_set import Attr, AttrSet
from app.localplatform.transact_steps import TRIPLE_ACTIONS, Step, eid_text
from app.localplatform.transact_triples import TripleWriter


def check_system_writes(steps: list[Step], attrs: AttrSet, *, is_admin: bool) -> None:
    for step in steps:
        if step[0] in TRIPLE_ACTIONS:
            attr = attrs.by_id.get(step[2])
            if attr is not None and attr.is_system:
                _check_system_triple(step, attr, is_admin)
        elif step[0] == "delete-entity" and not is_admin and step[2] in catalog.SYSTEM_ETYPES - {"$files"}:
            message = f"{step[2]} is a system entity. You aren't allowed to delete this directly."
            raise errors.validation_failed("tx-step", step, [{"message": message}])


def _check_system_triple(step: Step, attr: Attr, is_admin: bool) -> None:
    is_fixed = attr.etype in ("$files", "$streams")
    if not catalog.is_writable(attr.etype, attr.label) and (is_fixed or not is_admin):
        message = f"{attr.etype}.{attr.label} is a system column. You aren't allowed to change this directly."
        raise errors.validation_failed("tx-step", step, [{"message": message}])
    is_stream_path = (attr.etype, attr.label) == ("$files", "path") and str(step[3]).startswith("$stream/")
    if is_stream_path:
        message = "The path for stream files can't be edited."
        raise errors.validation_failed("tx-step", step, [{"message": message}])


def check_references(steps: list[Step], attrs: AttrSet) -> None:
    for step in steps:
        if step[0] not in TRIPLE_ACTIONS:
            continue
        attr = attrs.by_id.get(step[2])
        if attr is None:
            continue
        if isinstance(step[1], list):
            _check_lookup(attrs, step, step[1], attr.etype)
        value = step[3]
        if attr.is_ref and isinstance(value, list) and len(value) == 2:
            _check_lookup(attrs, step, value, attr.reverse_etype)
        elif attr.is_ref and values.as_uuid(value) is None:
            error = {"message": "Expected link value to be a uuid.", "hint": {"tx-step": step}}
            raise errors.validation_failed("eid", value, [error])


def _check_lookup(attrs: AttrSet, step: Step, lookup: list[Any], etype: str | None) -> None:
    lookup_attr = attrs.by_id.get(lookup[0])
    if lookup_attr is None:
        message = "Invalid lookup. Could not determine namespace from lookup attribute."
        raise errors.validation_failed("lookup", lookup, [{"message": message, "tx-step": step}])
    if lookup_attr.etype != etype:
        message = (
            "Invalid transaction. The namespace in the lookup attribute is different from the namespace of the "
            "attribute that is being set"
        )
        raise errors.validation_failed("tx-step", step, [{"message": message}])


def check_modes(steps: list[Step], attrs: AttrSet, writer: TripleWriter) -> None:
    moded = [s for s in steps if s[0] in ("add-triple", "deep-merge-triple") and s[4].get("mode")]
    existing = [s[1] for s in moded if s[4]["mode"] == "create" and _exists(attrs, writer, s)]
    if existing:
        message = f"Creating entities that exist: {', '.join(map(eid_text, existing))}"
        raise errors.validation_failed("tx-step", existing, [{"message": message}])
    missing = [s[1] for s in moded if s[4]["mode"] == "update" and not _exists(attrs, writer, s)]
    if missing:
        message = f"Updating entities that don't exist: {', '.join(map(eid_text, missing))}"
        raise errors.validation_failed("tx-step", missing, [{"message": message}])


def _exists(attrs: AttrSet, writer: TripleWriter, step: Step) -> bool:
    eid = step[1]
    if isinstance(eid, list):
        return writer.find_by_lookup(eid) is not None
    attr = attrs.by_id.get(step[2])
    own = attrs.of_etype(attr.etype) if attr else ()
    return any(writer.values_of(eid, other.id) for other in own)
