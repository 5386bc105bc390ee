"""The registry against the platform, both ways: what does not fit, and what mends it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from app.core.apps import AppKind, AppState, AppSummary
from app.core.refs import AppRef
from app.core.text import plain
from app.schema.drift import Difference, summary
from app.services.reconcile_words import FindingKind, Mend, RegistryFinding
from app.services.registry import Claim, Registry

_NAME_LIMIT = 60
_MOST_CHOICES = 12
_MOST_DIFFERENCES = 5
_NO_WAY_BACK = "This cannot be undone."


@dataclass(frozen=True)
class Facts:
    """All that findings follow from. ``apps`` are the directory's rows, with those that are missing.

    ``dead_tokens`` has the records whose admin token was tried in vain ("" where there is none at all);
    ``no_rotation`` says why tokens cannot be replaced here, "" where they can. ``drifts`` by app ID.
    """

    registry: Registry
    apps: tuple[AppSummary, ...]
    drifts: Mapping[str, tuple[Difference, ...]] = field(default_factory=dict)
    dead_tokens: Mapping[str, str] = field(default_factory=dict)
    no_rotation: str = ""

    @cached_property
    def listed(self) -> Mapping[str, AppSummary]:
        """Apps that the platform has, by ID."""
        return {each.app_id: each for each in self.apps if each.state != AppState.MISSING.value}

    @cached_property
    def by_record(self) -> Mapping[str, Claim]:
        return {each.record_id: each for each in self.registry.claims}

    def ref(self, app_id: str) -> AppRef:
        return AppRef(self.registry.connection_id, app_id)

    def name(self, app_id: str) -> str:
        app = self.listed.get(app_id)
        claims = self.registry.by_app.get(app_id, ())
        title = (app.title if app is not None else "") or next((each.name for each in claims if each.name), "")
        return _name(title or app_id)


def findings(facts: Facts) -> tuple[RegistryFinding, ...]:
    """In the order of ``reconcile_words.KINDS``; of one kind, in the order of the registry or the list."""
    return (
        *_missing(facts),
        *_duplicates(facts),
        *_several(facts),
        *_unlinked(facts),
        *_unowned(facts),
        *_dead_tokens(facts),
        *_drifted(facts),
    )


def _missing(facts: Facts) -> Iterator[RegistryFinding]:
    for app_id, claims in facts.registry.by_app.items():
        if app_id in facts.listed or app_id == facts.registry.foundation_app_id:
            continue
        entries = "its entry" if len(claims) == 1 else f"its {len(claims)} entries"
        remove = Mend(
            "remove",
            "Remove from the registry",
            f"Removes {entries} for {facts.name(app_id)} from the registry, after making sure that the app is gone. "
            f"{_NO_WAY_BACK}",
            is_destructive=True,
        )
        yield _finding(
            facts,
            "missing-app",
            app_id,
            f"The registry names {facts.name(app_id)}{_whose(claims)}, but it is not on the platform.",
            (app_id,),
            (remove,),
            f"App ID: {_name(app_id)}",
        )


def _duplicates(facts: Facts) -> Iterator[RegistryFinding]:
    for app_id, claims in facts.registry.by_app.items():
        if len(claims) < 2 or app_id not in facts.listed:
            continue
        ranked = sorted(claims, key=lambda each: (not each.owners, each.kind is not AppKind.TASK, each.record_id))
        yield _finding(
            facts,
            "duplicate-entry",
            app_id,
            f"{facts.name(app_id)} has {len(claims)} entries in the registry; an app can have one owner only.",
            (app_id,),
            tuple(_keep_entry(facts, each, len(claims) - 1) for each in ranked[:_MOST_CHOICES]),
            "; ".join(f"{_entity(each)} {_name(each.record_id)}: {_owner(each) or 'no owner'}" for each in ranked),
        )


def _keep_entry(facts: Facts, claim: Claim, others: int) -> Mend:
    owner = f"of {_owner(claim)}" if claim.owners else "without an owner"
    rest = "the other one" if others == 1 else f"the {others} others"
    return Mend(
        f"keep:{claim.record_id}",
        f"Keep the entry {owner} ({_name(claim.record_id)[:8]})",
        f"Keeps the entry {owner} for {facts.name(claim.app_id)} and removes {rest} from the registry; the app itself "
        f"stays as it is. {_NO_WAY_BACK}",
        is_destructive=True,
    )


def _several(facts: Facts) -> Iterator[RegistryFinding]:
    for user_id, (label, app_ids) in _apps_of_users(facts.registry).items():
        if len(app_ids) < 2:
            continue
        # The app to propose is one that is there, the newest first.
        ranked = sorted(app_ids, key=lambda each: (each not in facts.listed, -_created(facts, each), each))
        yield _finding(
            facts,
            "several-apps",
            user_id,
            f"{_name(label)} has {len(app_ids)} apps, although each user is meant to have one; the link allows many.",
            tuple(ranked),
            tuple(_keep_app(facts, label, each, len(app_ids) - 1) for each in ranked[:_MOST_CHOICES]),
            ", ".join(_with_state(facts, each) for each in ranked),
        )


def _keep_app(facts: Facts, label: str, app_id: str, others: int) -> Mend:
    rest = "the other app" if others == 1 else f"the {others} other apps"
    return Mend(
        f"keep:{app_id}",
        f"Keep {facts.name(app_id)}",
        f"Unlinks {rest} from {_name(label)} and keeps {_with_state(facts, app_id)}. What is unlinked stays on the "
        "platform and in the registry, without an owner.",
    )


def _unlinked(facts: Facts) -> Iterator[RegistryFinding]:
    for app_id, claims in facts.registry.by_app.items():
        if len(claims) != 1 or app_id not in facts.listed or app_id in facts.registry.others:
            continue
        claim = claims[0]
        if claim.owners or claim.iteration_id:
            continue
        is_task = claim.kind is AppKind.TASK
        owner = "task" if is_task else "user"
        loses = "The admin token that is written there goes with it. " if is_task else ""
        yield _finding(
            facts,
            "unlinked-entry",
            app_id,
            f"The registry has an entry for {facts.name(app_id)} that is linked to no {owner}.",
            (app_id,),
            (
                Mend(
                    "link", f"Link to a {owner}…", f"Links {facts.name(app_id)} to", asks="task" if is_task else "user"
                ),
                _mark_as_other(facts, app_id),
                Mend(
                    "remove",
                    "Remove from the registry",
                    f"Removes the entry for {facts.name(app_id)} from the registry; the app itself stays as it is. "
                    f"{loses}{_NO_WAY_BACK}",
                    is_destructive=True,
                ),
            ),
            f"{_entity(claim)} {_name(claim.record_id)}",
        )


def _unowned(facts: Facts) -> Iterator[RegistryFinding]:
    registry = facts.registry
    if not registry.is_complete:
        return
    for app_id, app in facts.listed.items():
        is_known = app_id in registry.by_app or app_id in registry.others or app_id == registry.foundation_app_id
        # An organisation owns its apps itself.
        if is_known or app.org:
            continue
        link = f"Makes an entry for {facts.name(app_id)} in the registry and links it to"
        yield _finding(
            facts,
            "unowned-app",
            app_id,
            f"{facts.name(app_id)} is on the platform, but nobody in the registry owns it.",
            (app_id,),
            (Mend("link", "Link to a user…", link, asks="user"), _mark_as_other(facts, app_id)),
            f"App ID: {_name(app_id)}",
        )


def _mark_as_other(facts: Facts, app_id: str) -> Mend:
    return Mend(
        "other",
        "Mark as belonging to nobody",
        f"Remembers on this machine that {facts.name(app_id)} belongs to nobody on purpose; nothing is sent.",
    )


def _dead_tokens(facts: Facts) -> Iterator[RegistryFinding]:
    for record_id, why in facts.dead_tokens.items():
        claim = facts.by_record.get(record_id)
        if claim is None or claim.app_id not in facts.listed:
            continue
        name = facts.name(claim.app_id)
        rotate = Mend(
            "rotate",
            "Replace the admin token",
            f"Gives {name} a new admin token and writes it into the registry. Any other admin token of the app stops "
            f"working. {_NO_WAY_BACK}",
            is_destructive=True,
            refusal=facts.no_rotation,
        )
        sentence = f"The registry has no admin token for {name}."
        if why:
            sentence = f"The admin token that the registry has for {name} is not accepted any more."
        yield _finding(facts, "dead-token", record_id, sentence, (claim.app_id,), (rotate,), plain(why))


def _drifted(facts: Facts) -> Iterator[RegistryFinding]:
    for app_id, differences in facts.drifts.items():
        app = facts.listed.get(app_id)
        if app is None or not differences:
            continue
        words = summary(differences).removeprefix("drift: ")
        shown = [plain(each.sentence) for each in differences[:_MOST_DIFFERENCES]]
        shown += [f"And {rest} more."] if (rest := len(differences) - len(shown)) else []
        bring_up = Mend(
            "plan",
            "Plan the way back…",
            f"Prepares a plan that brings {facts.name(app_id)} back to its template, for review; nothing is sent.",
            is_offer=True,
        )
        yield _finding(
            facts,
            "drifted",
            app_id,
            f"{facts.name(app_id)} differs from the template {_name(app.template)}: {words}.",
            (app_id,),
            (bring_up,),
            " ".join(shown),
        )


def _finding(
    facts: Facts,
    kind: FindingKind,
    subject: str,
    sentence: str,
    app_ids: tuple[str, ...],
    mends: tuple[Mend, ...],
    detail: str,
) -> RegistryFinding:
    refs = tuple(facts.ref(each) for each in app_ids)
    return RegistryFinding(kind, f"{kind}:{subject}", sentence, refs, mends, detail)


def _apps_of_users(registry: Registry) -> dict[str, tuple[str, list[str]]]:
    """By user ID: the e-mail address (or ID) and the app IDs, each once."""
    found: dict[str, tuple[str, list[str]]] = {}
    for claim in registry.claims:
        if claim.kind is not AppKind.TENANT:
            continue
        for label, user_id in zip(claim.owners, claim.owner_ids, strict=True):
            app_ids = found.setdefault(user_id, (label, []))[1]
            if claim.app_id not in app_ids:
                app_ids.append(claim.app_id)
    return found


def _created(facts: Facts, app_id: str) -> int:
    app = facts.listed.get(app_id)
    return app.created_at if app is not None else 0


def _with_state(facts: Facts, app_id: str) -> str:
    return facts.name(app_id) if app_id in facts.listed else f"{facts.name(app_id)} (not on the platform)"


def _whose(claims: tuple[Claim, ...]) -> str:
    claim = next((each for each in claims if each.owners), None)
    if claim is None:
        return ""
    return f", the {'database' if claim.kind is AppKind.TASK else 'app'} of {_owner(claim)}"


def _owner(claim: Claim) -> str:
    """In a sentence; "" for nobody."""
    owners = _name(", ".join(claim.owners))
    return f"the task {owners}" if owners and claim.kind is AppKind.TASK else owners


def _entity(claim: Claim) -> str:
    return "database" if claim.kind is AppKind.TASK else "app"


def _name(text: str) -> str:
    return plain(text, _NAME_LIMIT)
