"""What an operator should know of a connection, worked out from what is known. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from app.core.apps import AppKind, AppState, AppSummary
from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.status import Finding, FindingAction, FindingKind, Health, Severity
from app.core.text import plain
from app.schema.drift import Difference
from app.services.registry import Registry

# Announced 2026-08-19: Instant's cloud apps stop on this day, backups can be downloaded for a year more.
CLOUD_HOST = "api.instantdb.com"
CLOUD_CLOSES = date(2027, 8, 31)
_CLOSING_SOON_DAYS = 90
_MOST_OF_A_KIND = 50
_SHOWN_DIFFERENCES = 5
_NAME_LIMIT = 60

_APP_ACTIONS = (FindingAction.SHOW_APP, FindingAction.COPY_APP_ID)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that findings follow from; ``now`` is seconds since the epoch."""

    connection: Connection
    health: Health
    has_token: bool
    apps: tuple[AppSummary, ...]
    registry: Registry | None
    registry_error: KnownError | None
    drifts: Mapping[str, tuple[Difference, ...]]
    vault_sentence: str
    vault_remedy: str
    now: float


def findings(facts: Facts) -> tuple[Finding, ...]:
    """Errors first, then warnings, then information; at most 50 of a kind, and one that counts the rest."""
    found = [
        *_access(facts),
        *_closing(facts),
        *_registry(facts),
        *_limited(facts, _gone(facts), "apps that the registry names are gone"),
        *_limited(facts, _claimed_twice(facts), "apps are claimed more than once"),
        *_limited(facts, _several(facts), "users have several apps"),
        *_limited(facts, _drifted(facts), "apps drifted"),
        *_limited(facts, _unowned(facts), "apps have no owner in the registry"),
        *_limited(facts, _without_database(facts), "tasks have no database"),
    ]
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
    return tuple(sorted(found, key=lambda each: order[each.severity]))


def _access(facts: Facts) -> Iterator[Finding]:
    edit = (FindingAction.EDIT_CONNECTION,)
    if not facts.has_token:
        title = f"No token is stored for {facts.connection.label}."
        yield _about(facts, FindingKind.TOKEN_MISSING, Severity.ERROR, title, "Enter a platform token.", actions=edit)
    elif facts.health is Health.UNAUTHORISED:
        title = f"{facts.connection.label} does not accept the stored token."
        detail = "It was revoked, has expired, or belongs to another platform."
        yield _about(facts, FindingKind.TOKEN_REJECTED, Severity.ERROR, title, detail, actions=edit)
    if facts.health is Health.READ_ONLY:
        title = f"{facts.connection.label} takes no writes at the moment."
        retry = (FindingAction.RETRY,)
        yield _about(facts, FindingKind.PLATFORM_READ_ONLY, Severity.WARNING, title, actions=retry)
    # The built-in connection's token is made anew at each start; it never belongs into a keyring.
    if facts.vault_sentence and facts.has_token and not facts.connection.is_builtin:
        yield _about(facts, FindingKind.VAULT_UNAVAILABLE, Severity.WARNING, facts.vault_sentence, facts.vault_remedy)


def _closing(facts: Facts) -> Iterator[Finding]:
    if urlsplit(facts.connection.base_url).hostname != CLOUD_HOST:
        return
    days = (CLOUD_CLOSES - datetime.fromtimestamp(facts.now, UTC).date()).days
    when = f"closes in {days} days" if days > 1 else "closes tomorrow" if days == 1 else "closes today"
    title = f"Instant Cloud {when} ({CLOUD_CLOSES.isoformat()})."
    if days < 0:
        title = f"Instant Cloud closed on {CLOUD_CLOSES.isoformat()}."
    severity = Severity.ERROR if days <= _CLOSING_SOON_DAYS else Severity.WARNING
    detail = "Its apps stop on that day. Move them to a self-hosted Instant before."
    yield _about(facts, FindingKind.PLATFORM_CLOSING, severity, title, detail)


def _registry(facts: Facts) -> Iterator[Finding]:
    if facts.registry_error is not None:
        error = facts.registry_error
        actions = (FindingAction.RETRY, FindingAction.EDIT_CONNECTION)
        title = f"The registry of {facts.connection.label} cannot be read."
        detail = f"{error.sentence} {error.remedy}".strip()
        yield _about(facts, FindingKind.REGISTRY_UNREADABLE, Severity.ERROR, title, detail, actions=actions)
    elif facts.registry is not None and not facts.registry.is_complete:
        title = f"The registry of {facts.connection.label} is too large to be read to its end."
        detail = "Owners may be missing, and apps without an owner are not pointed out."
        yield _about(facts, FindingKind.REGISTRY_UNREADABLE, Severity.WARNING, title, detail)


def _gone(facts: Facts) -> Iterator[Finding]:
    missing = [each for each in facts.apps if each.state == AppState.MISSING.value]
    claimed = len(facts.registry.by_app) if facts.registry else 0
    counts = f"{claimed} apps are claimed, {claimed - len(missing)} of them were found." if claimed else ""
    for app in missing:
        owner = f" of {_name(app.owner)}" if app.owner else ""
        title = f"The app{owner} is in the registry, but not on the platform: {_name(app.app_id)}."
        yield _of_app(facts, FindingKind.APP_GONE, Severity.ERROR, app, title, counts)


def _unowned(facts: Facts) -> Iterator[Finding]:
    # From the note, because a drifted or read-only app can be without an owner as well.
    for app in facts.apps:
        if app.state == AppState.UNOWNED.value or "no owner in registry" in app.note.split("; "):
            title = f"Nobody in the registry owns {_name(app.title or app.app_id)}."
            yield _of_app(facts, FindingKind.APP_UNOWNED, Severity.WARNING, app, title)


def _drifted(facts: Facts) -> Iterator[Finding]:
    for app in facts.apps:
        if app.state == AppState.MISSING.value or "drift: " not in app.note:
            continue
        words = next((each for each in app.note.split("; ") if each.startswith("drift: ")), "")
        if not words:
            continue
        title = f"{_name(app.title or app.app_id)} differs from the template {app.template}: {words[7:]}."
        yield _of_app(facts, FindingKind.SCHEMA_DRIFT, Severity.WARNING, app, title, _detail_of_drift(facts, app))


def _detail_of_drift(facts: Facts, app: AppSummary) -> str:
    found = facts.drifts.get(app.app_id, ())
    sentences = [plain(each.sentence) for each in found[:_SHOWN_DIFFERENCES]]
    if len(found) > _SHOWN_DIFFERENCES:
        sentences.append(f"And {len(found) - _SHOWN_DIFFERENCES} more.")
    return " ".join(sentences)


def _several(facts: Facts) -> Iterator[Finding]:
    for user, app_ids in (facts.registry.apps_of_users if facts.registry else {}).items():
        title = f"{_name(user)} has {len(app_ids)} apps; the registry means one for each user."
        yield Finding(
            key=_key(facts, FindingKind.SEVERAL_APPS, user),
            kind=FindingKind.SEVERAL_APPS,
            severity=Severity.WARNING,
            connection_id=facts.connection.id,
            title=title,
            detail=", ".join(plain(each, _NAME_LIMIT) for each in app_ids),
            app_id=app_ids[0],
            actions=_APP_ACTIONS,
        )


def _claimed_twice(facts: Facts) -> Iterator[Finding]:
    if facts.registry is None:
        return
    titles = {each.app_id: each.title for each in facts.apps}
    for app_id, claims in facts.registry.by_app.items():
        if len(claims) > 1:
            records = "; ".join(f"{_entity(each.kind)} {each.record_id}: {_name(each.owner or '—')}" for each in claims)
            title = f"{len(claims)} registry records name the same app: {_name(titles.get(app_id) or app_id)}."
            yield Finding(
                key=_key(facts, FindingKind.APP_CLAIMED_TWICE, app_id),
                kind=FindingKind.APP_CLAIMED_TWICE,
                severity=Severity.ERROR,
                connection_id=facts.connection.id,
                title=title,
                detail=records,
                app_id=app_id,
                actions=_APP_ACTIONS,
            )


def _without_database(facts: Facts) -> Iterator[Finding]:
    for task in facts.registry.tasks_without_database if facts.registry else ():
        yield Finding(
            key=_key(facts, FindingKind.TASK_WITHOUT_DATABASE, task),
            kind=FindingKind.TASK_WITHOUT_DATABASE,
            severity=Severity.INFO,
            connection_id=facts.connection.id,
            title=f"The task {_name(task)} has no database yet.",
            detail="It is still being created, or its creation failed.",
        )


def _entity(kind: AppKind) -> str:
    return "databases" if kind is AppKind.TASK else "app"


def _limited(facts: Facts, found: Iterable[Finding], words: str) -> Iterator[Finding]:
    """A thousand findings help nobody: the first ones, and how many there are in all."""
    items = list(found)
    yield from items[:_MOST_OF_A_KIND]
    if len(items) > _MOST_OF_A_KIND:
        first = items[0]
        yield Finding(
            key=_key(facts, first.kind, "more"),
            kind=first.kind,
            severity=first.severity,
            connection_id=facts.connection.id,
            title=f"{len(items) - _MOST_OF_A_KIND} more: {len(items)} {words} in all.",
        )


def _about(
    facts: Facts,
    kind: FindingKind,
    severity: Severity,
    title: str,
    detail: str = "",
    *,
    actions: tuple[FindingAction, ...] = (),
) -> Finding:
    """A finding about the whole connection."""
    return Finding(_key(facts, kind, ""), kind, severity, facts.connection.id, title, detail, None, actions)


def _of_app(
    facts: Facts, kind: FindingKind, severity: Severity, app: AppSummary, title: str, detail: str = ""
) -> Finding:
    key = _key(facts, kind, app.app_id)
    return Finding(key, kind, severity, facts.connection.id, title, detail, app.app_id, _APP_ACTIONS)


def _key(facts: Facts, kind: FindingKind, what: str) -> str:
    return f"{facts.connection.id}:{kind.value}:{plain(what)}"


def _name(text: str) -> str:
    return plain(text, _NAME_LIMIT)
