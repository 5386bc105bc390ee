"""What an operator should know of a connection, worked out from what is known. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar
from urllib.parse import urlsplit

from app.core.apps import AppKind, AppState, AppSummary
from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.status import Finding, FindingAction, FindingKind, Health, Severity
from app.core.text import plain
from app.platforms.traits import registry_refusal, traits_of
from app.schema.drift import Difference
from app.services.registry import Claim, Registry

T = TypeVar("T")

# Announced 2026-08-19: Instant's cloud apps stop on this day, backups can be downloaded for a year more.
CLOUD_HOST = "api.instantdb.com"
CLOUD_CLOSES = date(2027, 8, 31)
_CLOSING_SOON_DAYS = 90
_MOST_OF_A_KIND = 50
_SHOWN_DIFFERENCES = 5
_NAME_LIMIT = 60

_APP_ACTIONS = (FindingAction.SHOW_APP, FindingAction.COPY_APP_ID)
_RECONCILE = (FindingAction.RECONCILE,)


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
        *_gone(facts),
        *_claimed_twice(facts),
        *_several(facts),
        *_drifted(facts),
        *_unowned(facts),
        *_without_database(facts),
    ]
    return in_order(found)


def in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
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
        if traits_of(facts.connection).has_sql:
            title = f"{facts.connection.label} does not accept the user or the password."
            detail = "The password was changed, or none is stored; or the user may not connect from here."
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
        title = f"The {_registry_word(facts)} of {facts.connection.label} cannot be read."
        detail = f"{error.sentence} {error.remedy}".strip()
        yield _about(facts, FindingKind.REGISTRY_UNREADABLE, Severity.ERROR, title, detail, actions=actions)
    elif facts.registry is not None and not facts.registry.is_complete:
        title = f"The {_registry_word(facts)} of {facts.connection.label} is too large to be read to its end."
        detail = "Owners may be missing, and apps without an owner are not pointed out."
        yield _about(facts, FindingKind.REGISTRY_UNREADABLE, Severity.WARNING, title, detail)


def _gone(facts: Facts) -> Iterator[Finding]:
    missing = [each for each in facts.apps if each.state == AppState.MISSING.value]
    claimed = len(facts.registry.by_app) if facts.registry else 0
    counts = f" {claimed} apps are claimed, {claimed - len(missing)} of them were found." if claimed else ""

    def finding(app: AppSummary) -> Finding:
        is_store = traits_of(facts.connection).has_sql
        whose = f" ({'store' if is_store else 'app'} of {_name(app.owner)})" if app.owner else ""
        title = f"{_name(app.app_id)} is not on the {'server' if is_store else 'platform'}{whose}."
        detail = "The main database points to it." if is_store else f"It is in the registry.{counts}"
        return _of_app(facts, FindingKind.APP_GONE, Severity.ERROR, app, title, detail)

    return _limited(facts, missing, finding, "apps that the registry names are gone")


def _unowned(facts: Facts) -> Iterator[Finding]:
    # From the note, because a drifted or read-only app can be without an owner as well.
    unowned = [each for each in facts.apps if each.note.endswith("no owner in registry")]

    def finding(app: AppSummary) -> Finding:
        title = f"{_name(app.title or app.app_id)} has no owner in the registry."
        return _of_app(facts, FindingKind.APP_UNOWNED, Severity.WARNING, app, title)

    return _limited(facts, unowned, finding, "apps have no owner in the registry")


def _drifted(facts: Facts) -> Iterator[Finding]:
    drifted = [
        each for each in facts.apps if "drift: " in each.note and each.template and each.state != AppState.MISSING.value
    ]

    def finding(app: AppSummary) -> Finding:
        words = next((each for each in app.note.split("; ") if each.startswith("drift: ")), "drift: ")
        title = f"{_name(app.title or app.app_id)} differs from the template {app.template}: {words[7:]}."
        return _of_app(facts, FindingKind.SCHEMA_DRIFT, Severity.WARNING, app, title, _detail_of_drift(facts, app))

    return _limited(facts, drifted, finding, "apps drifted")


def _detail_of_drift(facts: Facts, app: AppSummary) -> str:
    found = facts.drifts.get(app.app_id, ())
    sentences = [plain(each.sentence) for each in found[:_SHOWN_DIFFERENCES]]
    if len(found) > _SHOWN_DIFFERENCES:
        sentences.append(f"And {len(found) - _SHOWN_DIFFERENCES} more.")
    return " ".join(sentences)


def _several(facts: Facts) -> Iterator[Finding]:
    users = list(facts.registry.apps_of_users.items()) if facts.registry else []

    def finding(item: tuple[str, tuple[str, ...]]) -> Finding:
        user, app_ids = item
        return Finding(
            key=_key(facts, FindingKind.SEVERAL_APPS, user),
            kind=FindingKind.SEVERAL_APPS,
            severity=Severity.WARNING,
            connection_id=facts.connection.id,
            title=f"{_name(user)} has {len(app_ids)} apps; the registry means one for each user.",
            detail=", ".join(plain(each, _NAME_LIMIT) for each in app_ids),
            app_id=app_ids[0],
            actions=_actions_of_app(facts),
        )

    return _limited(facts, users, finding, "users have several apps")


def _claimed_twice(facts: Facts) -> Iterator[Finding]:
    by_app = facts.registry.by_app if facts.registry else {}
    several = [claims for claims in by_app.values() if len(claims) > 1]
    titles = {each.app_id: each.title for each in facts.apps} if several else {}

    def finding(claims: tuple[Claim, ...]) -> Finding:
        app_id = claims[0].app_id
        name = _name(titles.get(app_id) or app_id)
        records = (_record(facts, each) for each in claims)
        is_store = traits_of(facts.connection).has_sql
        return Finding(
            key=_key(facts, FindingKind.APP_CLAIMED_TWICE, app_id),
            kind=FindingKind.APP_CLAIMED_TWICE,
            severity=Severity.ERROR,
            connection_id=facts.connection.id,
            title=(
                f"{name} is the store of {len(claims)} workspaces; each should have its own."
                if is_store
                else f"{name} is named by {len(claims)} registry records, an app can have one owner only."
            ),
            detail="; ".join(records),
            app_id=app_id,
            actions=_actions_of_app(facts),
        )

    return _limited(facts, several, finding, "apps are claimed more than once")


def _record(facts: Facts, claim: Claim) -> str:
    if traits_of(facts.connection).has_sql:
        return _name(claim.owner or claim.record_id)
    return f"{_entity(claim.kind)} {claim.record_id}: {_name(claim.owner or '—')}"


def _without_database(facts: Facts) -> Iterator[Finding]:
    tasks = facts.registry.tasks_without_database if facts.registry else ()

    def finding(task: str) -> Finding:
        return Finding(
            key=_key(facts, FindingKind.TASK_WITHOUT_DATABASE, task),
            kind=FindingKind.TASK_WITHOUT_DATABASE,
            severity=Severity.INFO,
            connection_id=facts.connection.id,
            title=f"{_name(task)}: this task has no database yet.",
            detail="It is still being created, or its creation failed.",
        )

    return _limited(facts, tasks, finding, "tasks have no database")


def _registry_word(facts: Facts) -> str:
    return "main database" if traits_of(facts.connection).has_sql else "registry"


def _entity(kind: AppKind) -> str:
    return "databases" if kind is AppKind.TASK else "app"


def _limited(facts: Facts, items: Sequence[T], finding: Callable[[T], Finding], words: str) -> Iterator[Finding]:
    """A thousand findings help nobody, and cost time: the first ones, and how many there are in all."""
    shown = [finding(each) for each in items[:_MOST_OF_A_KIND]]
    yield from shown
    if len(items) > len(shown):
        first = shown[0]
        yield Finding(
            key=_key(facts, first.kind, "more"),
            kind=first.kind,
            severity=first.severity,
            connection_id=facts.connection.id,
            title=f"{len(items) - len(shown)} more: {len(items)} {words} in all.",
            actions=tuple(each for each in first.actions if each in _RECONCILE),
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
    return Finding(key, kind, severity, facts.connection.id, title, detail, app.app_id, _actions_of_app(facts))


def _actions_of_app(facts: Facts) -> tuple[FindingAction, ...]:
    """What a foundation and its platform do not agree on, and apps that drifted, are mended where the two are
    compared."""
    has_foundation = facts.connection.foundation_app_id is not None and not registry_refusal(facts.connection)
    return (*(_RECONCILE if has_foundation else ()), *_APP_ACTIONS)


def _key(facts: Facts, kind: FindingKind, what: str) -> str:
    return f"{facts.connection.id}:{kind.value}:{plain(what)}"


def _name(text: str) -> str:
    return plain(text, _NAME_LIMIT)
