"""What the doctor says of a foundation, its registry and the schemas of its apps. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.errors import KnownError, NotFound
from app.core.text import plain
from app.services.doctor_report import Action, Area, Check, CheckState

if TYPE_CHECKING:
    from app.schema.check import Rules
    from app.schema.model import Schema
    from app.services.foundation_map import FoundationMap
    from app.services.foundation_shape import FoundationShape
    from app.services.provision_journal import JournalEntry
    from app.services.reconcile_words import Reconciliation

_NAMED = 3
_NAME_LIMIT = 60
_UNDER_WAY_S = 600.0
_IN_DOUBT = "Open the findings, and mend each there."


def no_foundation(found: Connection) -> Check:
    sentence = "No foundation is named: there is no registry to look after."
    remedy = "Edit the connection and enter the foundation's app ID, where there is one."
    return Check(Area.FOUNDATION, "Named", CheckState.OK, sentence, remedy, connection=found)


def not_looked_at(found: Connection) -> Check:
    sentence = "The foundation was not looked at: the platform does not answer, or refuses the token."
    remedy = "Mend the connection first."
    return Check(Area.FOUNDATION, "Schema", CheckState.UNKNOWN, sentence, remedy, connection=found)


def unreadable_foundation(found: Connection, error: KnownError) -> Check:
    app_id = found.foundation_app_id or ""
    if isinstance(error, NotFound):
        sentence = f"The foundation app {app_id} is not on the platform."
        remedy = "Edit the connection and correct the foundation's app ID."
    else:
        sentence = f"The schema of the foundation cannot be read: {error.sentence}"
        remedy = error.remedy
    return Check(Area.FOUNDATION, "Schema", CheckState.FAILED, sentence, remedy, Action.EDIT_CONNECTION, found, app_id)


def foundation(found: Connection, schema: Schema, shape: FoundationShape, names: FoundationMap) -> Iterator[Check]:
    """A foundation may have one of the two registries; one that is there in part works for nobody."""
    parts = (
        ("Users' apps", shape.has_apps_registry, names.app, f"{plain(names.app, _NAME_LIMIT)}"),
        ("Tasks' databases", shape.has_databases_registry, names.databases, f"{plain(names.databases, _NAME_LIMIT)}"),
    )
    is_none = not shape.has_apps_registry and not shape.has_databases_registry
    begun = any(schema.entity(entity) is not None for _name, has, entity, _shown in parts if not has)
    for name, has, entity, shown in parts:
        if has:
            yield Check(Area.FOUNDATION, name, CheckState.OK, f"The registry {shown} is complete.", connection=found)
        elif not is_none and schema.entity(entity) is None:
            sentence = f"There is no registry {shown}; nothing is wrong where it is not needed."
            yield Check(Area.FOUNDATION, name, CheckState.OK, sentence, connection=found)
    if is_none or begun:
        yield _missing(found, shape, CheckState.FAILED if is_none else CheckState.WARNING)
    elif shape.has_databases_registry and shape.missing:
        relevant = [each for each in shape.missing if plain(names.iterations, _NAME_LIMIT) in each]
        if relevant:
            sentence = f"Iterations are not linked to databases: {' '.join(relevant)}"
            yield Check(Area.FOUNDATION, "Iterations", CheckState.OK, sentence, connection=found)
    for conflict in shape.conflicts:
        sentence = f"A missing part cannot be added: {conflict}"
        remedy = "Rename what stands in the way, or say what the foundation calls that part."
        app_id = found.foundation_app_id or ""
        yield Check(Area.FOUNDATION, "Conflict", CheckState.WARNING, sentence, remedy, Action.NAME_PARTS, found, app_id)


def _missing(found: Connection, shape: FoundationShape, state: CheckState) -> Check:
    can_stage = shape.draft is not None
    remedy = (
        "Stage the missing parts, review the plan, and push it."
        if can_stage
        else "Say what the foundation calls its parts, where that is something else."
    )
    return Check(
        Area.FOUNDATION,
        "Missing parts",
        state,
        " ".join(shape.missing),
        remedy,
        Action.STAGE_MISSING if can_stage else Action.NAME_PARTS,
        found,
        found.foundation_app_id or "",
    )


# Registry

# What each kind of finding is called, and how grave it is; drift is told with the schemas.
_KINDS: dict[str, tuple[str, CheckState]] = {
    "missing-app": ("Apps that are gone", CheckState.FAILED),
    "duplicate-entry": ("Apps named twice", CheckState.FAILED),
    "dead-token": ("Dead admin tokens", CheckState.FAILED),
    "several-apps": ("Users with several apps", CheckState.WARNING),
    "unlinked-entry": ("Entries without an owner", CheckState.WARNING),
    "unowned-app": ("Apps that nobody owns", CheckState.WARNING),
}


def unreadable_registry(found: Connection, error: KnownError) -> Check:
    sentence = f"The registry could not be compared with the platform: {error.sentence}"
    return Check(Area.REGISTRY, "Readable", CheckState.FAILED, sentence, error.remedy, Action.EDIT_CONNECTION, found)


def unlisted(found: Connection, error: KnownError) -> Check:
    """The apps of a platform without a registry could not be listed (to their end)."""
    sentence = f"Not all apps and schemas could be read: {error.sentence}"
    return Check(Area.SCHEMAS, "Apps", CheckState.UNKNOWN, sentence, error.remedy, connection=found)


def registry(found: Connection, compared: Reconciliation) -> Iterator[Check]:
    """A row for each kind of finding; the reconciliation has them one by one."""
    troubles = 0
    for kind, (name, state) in _KINDS.items():
        sentences = [each.sentence for each in compared.findings if each.kind == kind]
        if sentences:
            troubles += 1
            yield _trouble(found, name, state, sentences)
    for note in compared.notes:
        yield Check(Area.REGISTRY, "Whole", CheckState.UNKNOWN, note, connection=found)
    if not troubles and not compared.notes:
        sentence = "The registry is empty."
        if compared.counts.get("entries", 0):
            sentence = f"Every entry has its app and its owner, and every app its entry ({_counted(compared.counts)})."
        yield Check(Area.REGISTRY, "Links", CheckState.OK, sentence, connection=found)


def _trouble(found: Connection, name: str, state: CheckState, sentences: Sequence[str]) -> Check:
    shown = " ".join(sentences[:_NAMED])
    more = f" And {len(sentences) - _NAMED:,} more." if len(sentences) > _NAMED else ""
    remedy = "Reconcile: it offers the mends, and shows what each does before it does it."
    return Check(Area.REGISTRY, name, state, f"{shown}{more}", remedy, Action.RECONCILE, found)


def _counted(counts: Mapping[str, int]) -> str:
    words = (("entries", "1 entry", "entries"), ("tokens", "1 admin token tried", "admin tokens tried"))
    parts = [one if counts[key] == 1 else f"{counts[key]:,} {many}" for key, one, many in words if counts.get(key, 0)]
    return ", ".join(parts)


def tasks(found: Connection, without_database: int) -> Check | None:
    """Document 001 lets a task go on without its database."""
    if not without_database:
        return None
    words = (
        "1 task has no database yet; it"
        if without_database == 1
        else f"{without_database:,} tasks have no database yet; they"
    )
    return Check(Area.REGISTRY, "Tasks", CheckState.OK, f"{words} can be used all the same.", connection=found)


def begun(found: Connection, entries: Sequence[JournalEntry], now: float) -> Check | None:
    """Creations that broke off; one that was begun a moment ago may still be under way."""
    stuck = [each for each in entries if each.error or each.started_at < now - _UNDER_WAY_S]
    if not stuck:
        return None
    first = stuck[0]
    verb = "creation was" if len(stuck) == 1 else "creations were"
    why = f" {first.error}" if first.error else ""
    sentence = (
        f"{len(stuck):,} {verb} begun and not finished: {_listed([each.title or each.app_id for each in stuck])}."
    )
    is_user = first.kind == "user"
    remedy = (
        "Look at the users: it can be finished there, or taken back; it is never made twice."
        if is_user
        else "Try again at the task: what was begun is finished, not made twice."
    )
    action = Action.SHOW_USERS if is_user else Action.NONE
    return Check(Area.REGISTRY, "Begun", CheckState.WARNING, f"{sentence}{why}", remedy, action, found)


# Schemas


def drift(found: Connection, apps: Sequence[AppSummary], drifted: Iterable[str]) -> Check | None:
    """``drifted`` are the IDs of apps that differ from the template that they follow; None where none follows one."""
    ids = set(drifted)
    following = [each for each in apps if each.template]
    if not following:
        return None
    away = [each for each in following if each.app_id in ids]
    if not away:
        words = "The one app" if len(following) == 1 else f"All {len(following):,} apps"
        sentence = f"{words} with a template {'is' if len(following) == 1 else 'are'} as the template says."
        return Check(Area.SCHEMAS, "Templates", CheckState.OK, sentence, connection=found)
    verb = "app differs from its template" if len(away) == 1 else "apps differ from their templates"
    sentence = f"{len(away):,} {verb}: {_listed([each.title or each.app_id for each in away])}."
    is_one = len(away) == 1
    return Check(
        Area.SCHEMAS,
        "Templates",
        CheckState.WARNING,
        sentence,
        "Compare it with its template, and push what is missing." if is_one else _IN_DOUBT,
        Action.OPEN_APP if is_one else Action.SHOW_FINDINGS,
        found,
        away[0].app_id if is_one else "",
    )


def conflicts_in(schema: Schema, rules: Rules) -> tuple[str, ...]:
    """What cannot be right, or can hardly be told apart: sentences."""
    from app.schema.check import check

    names = [each.name for each in schema.entities]
    found = [
        *(each.sentence for each in check(schema, rules) if each.is_error),
        *(f"The entities {words} differ only in capitals." for words in _alike(names)),
    ]
    for entity in schema.entities:
        inside = [each.name for each in entity.attributes]
        inside += [
            end.label for link in schema.links for end in (link.forward, link.reverse) if end.entity == entity.name
        ]
        shown = plain(entity.name, _NAME_LIMIT)
        found += [f"In {shown}, the names {words} differ only in capitals." for words in _alike(inside)]
    return tuple(dict.fromkeys(found))


def _alike(names: Iterable[str]) -> Iterator[str]:
    grouped: dict[str, set[str]] = defaultdict(set)
    for name in names:
        grouped[name.casefold()].add(name)
    for group in grouped.values():
        if len(group) > 1:
            yield " and ".join(plain(each, _NAME_LIMIT) for each in sorted(group))


def conflicts(
    found: Connection, by_app: Mapping[str, tuple[str, ...]], titles: Mapping[str, str], looked_at: int, left: int
) -> Iterator[Check]:
    """``by_app`` holds the sentences of each app that has any; ``left`` counts schemas that were not looked at."""
    for app_id, sentences in list(by_app.items())[:_NAMED]:
        more = f" And {len(sentences) - _NAMED} more." if len(sentences) > _NAMED else ""
        sentence = f"{_name(titles.get(app_id) or app_id)}: {' '.join(sentences[:_NAMED])}{more}"
        remedy = "Open the app and rename one of them."
        yield Check(Area.SCHEMAS, "Conflicts", CheckState.WARNING, sentence, remedy, Action.OPEN_APP, found, app_id)
    if len(by_app) > _NAMED:
        sentence = f"{len(by_app) - _NAMED:,} more apps have names that conflict."
        yield Check(Area.SCHEMAS, "Conflicts", CheckState.WARNING, sentence, connection=found)
    if left:
        sentence = f"{left:,} schemas were not looked at for conflicts."
        yield Check(Area.SCHEMAS, "Conflicts", CheckState.UNKNOWN, sentence, "Run the doctor again.", connection=found)
    if not by_app and not left:
        sentence = f"No names conflict in the schemas of {looked_at:,} {'app' if looked_at == 1 else 'apps'}."
        yield Check(Area.SCHEMAS, "Conflicts", CheckState.OK, sentence, connection=found)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(_name(each) for each in names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED:,} more" if len(names) > _NAMED else shown


def _name(text: str) -> str:
    return plain(text, _NAME_LIMIT)
