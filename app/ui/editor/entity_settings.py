"""Comment, checks and row-level security of a table as edits of a draft; no Qt in here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from app.schema.draft_names import wanted_entity, with_entity
from app.ui.schema.extras import extra_of, with_extra

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.schema.model import Extra

_CHECK = "check "


def checks_of(extra: Extra) -> list[tuple[str, str]]:
    """Name and expression of each, in order of name."""
    found = sorted(name for name, _ in extra if name.startswith(_CHECK))
    return [(name.removeprefix(_CHECK), str(extra_of(extra, name, ""))) for name in found]


def with_checks(extra: Extra, checks: Iterable[tuple[str, str]]) -> Extra:
    """These instead of those that there are."""
    kept: Extra = tuple(each for each in extra if not each[0].startswith(_CHECK))
    for name, expression in checks:
        kept = with_extra(kept, f"{_CHECK}{name}", expression)
    return kept


def set_settings(draft: Draft, entity: str, extra: Extra) -> Draft:
    """Raises Invalid where the entity is not there."""
    found = wanted_entity(draft, entity)
    if found.extra == extra:
        return draft
    return replace(draft, wanted=with_entity(draft.wanted, entity, replace(found, extra=extra)))


def settings_words(extra: Extra) -> str:
    """What the header says of a table: "2 checks · row-level security", "" for nothing."""
    count = len(checks_of(extra))
    parts = [f"{count} check{'' if count == 1 else 's'}" if count else ""]
    if extra_of(extra, "row_security") is True:
        parts.append("row-level security")
    if extra_of(extra, "partition_by"):
        parts.append("partitioned")
    return " · ".join(filter(None, parts))
