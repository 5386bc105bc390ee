"""Steps of the admin API (``["update", etype, id, {…}]``) translated into those of the realtime protocol.

The low-level steps are ``["add-triple", eid, attr_id, value, opts?]``, ``deep-merge-triple``, ``retract-triple``,
``["delete-entity", eid, etype]``, ``["rule-params", eid, etype, params]`` and the four attribute steps. An ``eid`` is
a UUID or a lookup ``[attr_id, value]``. Follows ``admin/model.clj`` of the reference server, its messages included.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from app.localplatform import errors, values
from app.localplatform.attr_set import Attr, AttrSet
from app.localplatform.attr_wire import from_wire

Step = list[Any]
Pair = tuple[str, Any]

ADMIN_ACTIONS: Final = frozenset({"create", "update", "merge", "link", "unlink", "delete", "ruleParams"})
TRIPLE_ACTIONS: Final = frozenset({"add-triple", "deep-merge-triple", "retract-triple"})
LOW_ACTIONS: Final = TRIPLE_ACTIONS | {"delete-entity", "rule-params"}
ATTR_ACTIONS: Final = frozenset({"add-attr", "update-attr", "delete-attr", "restore-attr"})
_OBJECT_ACTIONS: Final = frozenset({"create", "update", "merge", "link", "unlink"})
_LINK_ACTIONS: Final = frozenset({"link", "unlink"})


class Names:
    """The attributes of an app plus those that this transaction is about to create."""

    def __init__(self, attrs: AttrSet) -> None:
        self._attrs = attrs
        self._forward: dict[tuple[str, str], Attr] = {}
        self._reverse: dict[tuple[str, str], Attr] = {}
        self.created: list[dict[str, Any]] = []

    def find(self, etype: str, label: str) -> Attr | None:
        return self._forward.get((etype, label)) or self._attrs.find(etype, label)

    def find_reverse(self, etype: str, label: str) -> Attr | None:
        return self._reverse.get((etype, label)) or self._attrs.find_reverse(etype, label)

    def add(self, wire: dict[str, Any]) -> None:
        """A complete wire attribute, from a step."""
        attr = from_wire(wire)
        self._forward[attr.etype, attr.label] = attr
        if attr.reverse_identity:
            self._reverse[attr.reverse_identity.etype, attr.reverse_identity.label] = attr

    def create(self, etype: str, label: str, **more: Any) -> None:
        wire = {
            "id": str(uuid.uuid4()),
            "forward-identity": [str(uuid.uuid4()), etype, label],
            "value-type": "blob",
            "cardinality": "one",
            "unique?": False,
            "index?": False,
            **more,
        }
        self.created.append(wire)
        self.add(wire)

    def create_link(self, etype: str, label: str, **more: Any) -> None:
        reverse = [str(uuid.uuid4()), label, etype]
        link = {"value-type": "ref", "cardinality": "many", "reverse-identity": reverse, **more}
        self.create(etype, label, **link)


def to_low_steps(attrs: AttrSet, steps: list[Step], *, throw_on_missing_attrs: bool) -> list[Step]:
    """``steps`` must have passed :func:`check_admin_steps`; those that are low-level already pass unchanged."""
    names = Names(attrs)
    for step in steps:
        _create_for_lookups(names, step)
    for step in steps:
        _create_for_object(names, step)
    if throw_on_missing_attrs and names.created:
        missing = [".".join(wire["forward-identity"][1:]) for wire in names.created]
        error = {"message": "Attributes are missing in your schema", "hint": {"attributes": missing}}
        raise errors.validation_failed("steps", steps, [error])
    low: list[Step] = [["add-attr", wire] for wire in names.created]
    for step in steps:
        low.extend(_expand(names, step))
    return low


# ---- shape


def check_admin_steps(steps: Any) -> None:
    """Shape errors, with the position of the first."""
    if not isinstance(steps, list):
        raise errors.validation_failed("steps", steps, [{"expected": "coll?", "in": []}])
    for index, step in enumerate(steps):
        _check_eid(steps, index, step)
    for index, step in enumerate(steps):
        _check_shape(steps, index, step)


def _check_eid(steps: list[Any], index: int, step: Any) -> None:
    if not isinstance(step, list) or len(step) < 3 or not isinstance(step[0], str) or step[0] not in ADMIN_ACTIONS:
        return
    eid = step[2]
    if not (values.as_uuid(eid) or _is_encoded_lookup(eid) or isinstance(eid, list | dict)):
        message = f"Invalid entity ID '{eid}'. Entity IDs must be UUIDs or lookup references."
        raise errors.validation_failed("steps", steps, [{"message": message, "in": [index, 2]}])


def _check_shape(steps: list[Any], index: int, step: Any) -> None:
    def refuse(expected: str, *path: int) -> None:
        raise errors.validation_failed("steps", steps, [{"expected": expected, "in": [index, *path]}])

    if not isinstance(step, list) or not step or not isinstance(step[0], str):
        refuse("coll?")
    action = step[0]
    if action in ADMIN_ACTIONS:
        _check_admin_shape(action, step, refuse)
    elif action in ("add-attr", "update-attr"):
        if len(step) != 2 or not isinstance(step[1], dict):
            refuse("map?", 1)
    elif action == "delete-attr":
        if len(step) != 2 or values.as_uuid(step[1]) is None:
            refuse("coercible-uuid?", 1)
    else:
        error = {"message": f"Unsupported action {action}", "hint": {"value": action}}
        raise errors.validation_failed("action", action, [error])


def _check_admin_shape(action: str, step: Step, refuse: Callable[..., None]) -> None:
    if len(step) < 3 or not isinstance(step[1], str):
        refuse("string?", 1)
    if isinstance(step[2], list) and (len(step[2]) != 2 or not isinstance(step[2][0], str)):
        refuse("lookup-ref", 2)
    if action == "delete":
        return
    if len(step) < 4 or not isinstance(step[3], dict):
        refuse("map?", 3)
    if action in _LINK_ACTIONS and not all(_is_target(t) for value in step[3].values() for t in _targets(value)):
        refuse("link-value", 3)
    if len(step) > 5 or (len(step) == 5 and (action not in ("update", "merge") or not _are_options(step[4]))):
        refuse("options", 4)


def _is_target(target: Any) -> bool:
    is_pair = isinstance(target, list | tuple) and len(target) == 2 and isinstance(target[0], str)
    # A bare string gets its own error later, with the step that it stands in.
    return is_pair or isinstance(target, str | dict)


def _are_options(options: Any) -> bool:
    return options is None or (isinstance(options, dict) and isinstance(options.get("upsert"), bool | None))


# ---- lookups


def _is_encoded_lookup(eid: Any) -> bool:
    return isinstance(eid, str) and eid.startswith("lookup__")


def _lookup_pair(eid: Any) -> Pair | None:
    """``[label, value]`` of any of the three spellings; None where ``eid`` is a plain ID."""
    if isinstance(eid, str):
        return _decode_lookup(eid) if _is_encoded_lookup(eid) else None
    if isinstance(eid, tuple | list):
        return str(eid[0]), eid[1]
    if isinstance(eid, dict) and len(eid) == 1:
        return next(iter(eid.items()))
    message = "lookup must be an object with a single unique attr and value."
    raise errors.validation_failed("lookup", eid, [{"message": message}])


def _decode_lookup(eid: str) -> Pair:
    _, _, rest = eid.partition("__")
    label, _, text = rest.partition("__")
    try:
        return label, json.loads(text)
    except json.JSONDecodeError:
        error = {"message": "lookup value is invalid", "hint": {"attribute": label, "value": text}}
        raise errors.validation_failed("lookup", eid, [error]) from None


def _is_ref_lookup(names: Names, etype: str, pair: Pair) -> bool:
    # A name may hold a dot itself.
    return "." in pair[0] and names.find(etype, pair[0]) is None


def _ref_lookup_label(pair: Pair) -> str:
    label, _, rest = pair[0].partition(".")
    if rest != "id":
        raise errors.validation_failed(
            "lookup", list(pair), [{"message": f"{pair[0]} is not a valid lookup attribute."}]
        )
    return label


def _resolve_lookup(names: Names, etype: str, eid: Any) -> Any:
    """A plain ID unchanged, or ``[attr_id, value]``."""
    pair = _lookup_pair(eid)
    if pair is None:
        return eid
    label = _ref_lookup_label(pair) if _is_ref_lookup(names, etype, pair) else pair[0]
    attr = names.find(etype, label)
    if attr is None or not attr.is_unique:
        message = f"{pair[0]} is not a unique attribute on {etype}"
        raise errors.validation_failed("lookup", eid, [{"message": message}])
    return [attr.id, pair[1]]


def _targets(value: Any) -> Iterator[Any]:
    """The entities of a link: one, a list, or an object that is one lookup per entry."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from value
    else:
        yield value


# ---- attributes that are missing


def _create_for_lookups(names: Names, step: Step) -> None:
    action = step[0]
    if action not in _OBJECT_ACTIONS and action != "delete":
        return
    etype = step[1]
    pair = _lookup_pair(step[2])
    if pair is not None:
        _create_for_lookup(names, etype, pair)
    if action == "link":
        for label, value in step[3].items():
            for target in _targets(value):
                link_pair = _lookup_pair(target)
                if link_pair is not None:
                    _create_unique_link(names, etype, label)
                    _create_for_lookup(names, _link_etype(names, etype, label) or label, link_pair)


def _create_for_lookup(names: Names, etype: str, pair: Pair) -> None:
    if _is_ref_lookup(names, etype, pair):
        _create_unique_link(names, etype, _ref_lookup_label(pair))
    elif names.find(etype, pair[0]) is None:
        names.create(etype, pair[0], **{"unique?": True, "index?": True})


def _create_unique_link(names: Names, etype: str, label: str) -> None:
    if names.find(etype, label) is None and names.find_reverse(etype, label) is None:
        names.create_link(etype, label, **{"unique?": True, "index?": True, "cardinality": "one"})


def _link_etype(names: Names, etype: str, label: str) -> str | None:
    forward = names.find(etype, label)
    if forward is not None and forward.reverse_identity is not None:
        return forward.reverse_identity.etype
    reverse = names.find_reverse(etype, label)
    return reverse.etype if reverse is not None else None


def _create_for_object(names: Names, step: Step) -> None:
    action = step[0]
    if action not in _OBJECT_ACTIONS:
        return
    etype = step[1]
    if names.find(etype, "id") is None:
        names.create(etype, "id", **{"unique?": True})
    for label in step[3]:
        if names.find(etype, label) is not None:
            continue
        if action not in _LINK_ACTIONS:
            names.create(etype, label)
        elif names.find_reverse(etype, label) is None:
            names.create_link(etype, label)


# ---- expanding


def _expand(names: Names, step: Step) -> Iterable[Step]:
    action = step[0]
    if action in ("create", "update", "merge"):
        return _expand_object(names, action, step)
    if action in _LINK_ACTIONS:
        return _expand_links(names, action, step)
    if action == "delete":
        return [["delete-entity", _resolve_lookup(names, step[1], step[2]), step[1]]]
    if action == "ruleParams":
        return [["rule-params", _resolve_lookup(names, step[1], step[2]), step[1], step[3]]]
    if action == "update-attr":
        error = {"message": f"Unsupported action {action}", "hint": {"value": action}}
        raise errors.validation_failed("action", action, [error])
    return [step]


def _options(action: str, step: Step) -> dict[str, str] | None:
    if action == "create":
        return {"mode": "create"}
    upsert = (step[4] or {}).get("upsert") if len(step) > 4 else None
    if upsert is None:
        return None
    return {"mode": "upsert" if upsert else "update"}


def _expand_object(names: Names, action: str, step: Step) -> Iterator[Step]:
    etype, fields = step[1], step[3]
    eid = _resolve_lookup(names, etype, step[2])
    options = _options(action, step)
    tail = [options] if options else []
    id_attr = names.find(etype, "id")
    assert id_attr is not None
    # The id comes first, so that a lookup finds its entity before the looked-up attribute changes.
    yield ["add-triple", eid, id_attr.id, eid, *tail]
    operation = "deep-merge-triple" if action == "merge" else "add-triple"
    for label, value in fields.items():
        attr = names.find(etype, label)
        if label != "id" and attr is not None:
            yield [operation, eid, attr.id, value, *tail]


def _expand_links(names: Names, action: str, step: Step) -> Iterator[Step]:
    etype = step[1]
    source = _resolve_lookup(names, etype, step[2])
    operation = "add-triple" if action == "link" else "retract-triple"
    id_attr = names.find(etype, "id")
    if isinstance(source, list) and id_attr is not None:
        yield ["add-triple", source, id_attr.id, source]
    for label, value in step[3].items():
        if label == "id":
            continue
        for target in _targets(value):
            yield _link_step(names, operation, etype, source, label, target)


def _link_step(names: Names, operation: str, etype: str, source: Any, label: str, target: Any) -> Step:
    forward = names.find(etype, label)
    if forward is not None:
        other = forward.reverse_identity.etype if forward.reverse_identity else etype
        return [operation, source, forward.id, _resolve_lookup(names, other, target)]
    reverse = names.find_reverse(etype, label)
    assert reverse is not None
    return [operation, _resolve_lookup(names, reverse.etype, target), reverse.id, source]


def eid_text(eid: Any) -> str:
    return eid if isinstance(eid, str) else values.dumps(eid)
