"""What provisioning is asked for, what it makes of it, and what it needs of a client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from app.core.errors import Conflict
from app.core.text import plain
from app.services.foundation_writer import FoundationClient, Owner

if TYPE_CHECKING:
    from app.core.secret import Secret
    from app.platforms.contract import RemoteApp
    from app.schema.model import Schema
    from app.services.provision_journal import JournalEntry
    from app.services.registry import Claim
    from app.services.templates import Template
    from app.storage.foundation_stores import KeptEntry

NAME_LIMIT = 80


class ProvisionClient(FoundationClient, Protocol):
    """What is needed of ``app.platforms.instant.client.InstantClient``."""

    async def get_app(self, app_id: str) -> RemoteApp: ...

    async def create_app(
        self,
        title: str,
        *,
        app_id: str,
        schema: Schema | None = None,
        rules: dict[str, Any] | None = None,
        org_id: str | None = None,
    ) -> RemoteApp: ...

    async def delete_app(self, app_id: str) -> None: ...

    async def rotate_admin_token(self, app_id: str) -> Secret: ...

    def admin_token_of(self, app_id: str) -> Secret | None: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: ``kind`` is ``user`` or ``task``; ``title`` "" leaves it to the owner's name."""

    kind: str
    owner_id: str
    template: Template | None = None
    title: str = ""

    @property
    def template_name(self) -> str:
        return self.template.name if self.template else ""


@dataclass(frozen=True, slots=True)
class Made:
    """An app that is linked to its owner; ``entry`` is what remains to be closed."""

    entry: KeptEntry
    remote: RemoteApp
    claim: Claim
    template: Template | None


@dataclass(slots=True)
class Attempt:
    """One attempt for one owner. ``may_have_made``: from here on there may be an app."""

    was_begun: bool
    entry: KeptEntry | None = None
    may_have_made: bool = False


def what_goes(entry: JournalEntry) -> tuple[str, ...]:
    """What taking it back does, in sentences. A lost answer may have left more behind than the journal's step says."""
    app = f"“{plain(entry.title, NAME_LIMIT) or 'untitled'}” ({plain(entry.app_id, NAME_LIMIT)})"
    is_sure = entry.step != "begun"
    has_record = entry.step in ("recorded", "linked")
    return (
        f"The app {app} is deleted with everything in it{'' if is_sure else ', if it was made already'}.",
        f"Its record goes from the registry{'' if has_record else ', where there is one'}.",
        f"The {entry.kind} goes on without it, and can be given another.",
        f"If it is linked to its {entry.kind} by now, nothing of this is done.",
    )


def no_id() -> Conflict:
    return Conflict(
        "All app IDs that were set aside for this owner are taken.", remedy="Create an app, and link it to the owner."
    )


def template_values(template: Template | None) -> dict[str, Any]:
    return {"template": template.name if template else "", "template_version": template.version if template else 0}


def title_of(template: Template | None, owner: Owner) -> str:
    what = plain(template.title, NAME_LIMIT) if template and template.entity_names else "App"
    return f"{what} of {plain(owner.name, NAME_LIMIT)}"
