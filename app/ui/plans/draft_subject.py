"""What a plan is made of: the document on screen, or a draft that stands for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from app.core.errors import Invalid
from app.core.refs import AppRef

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.schema.renames import RenameSuggestion
    from app.services.catalog import SchemaSnapshot


class DraftSubject(Protocol):
    """What ``PlanDialog`` needs of a ``SchemaDocument``."""

    ref: AppRef

    @property
    def draft(self) -> Draft: ...

    @property
    def rejected(self) -> frozenset[tuple[str, str, str]]:
        """Kind, old and new of the renames that are not to be offered again."""

    def edit(self, title: str, make: Callable[[Draft], Draft]) -> bool: ...

    def reject(self, suggestion: RenameSuggestion) -> None: ...

    def select(self, entity: str, part: str | None = None) -> None: ...

    def take_pushed(self, live: SchemaSnapshot, remaining: Draft | None) -> None: ...

    def take_live(self, snapshot: SchemaSnapshot) -> None: ...

    def take_merged(self, draft: Draft) -> None: ...


class LooseDraft:
    """A draft without an editor: the reverse of a push."""

    def __init__(self, ref: AppRef, draft: Draft) -> None:
        self.ref = ref
        self._draft = draft
        self.rejected: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def draft(self) -> Draft:
        return self._draft

    def edit(self, title: str, make: Callable[[Draft], Draft]) -> bool:
        try:
            self._draft = make(self._draft)
        except Invalid:
            return False
        return True

    def reject(self, suggestion: RenameSuggestion) -> None:
        self.rejected |= {(suggestion.kind, suggestion.old, suggestion.new)}

    def select(self, entity: str, part: str | None = None) -> None:
        """There is no grid to select in."""

    def take_pushed(self, live: SchemaSnapshot, remaining: Draft | None) -> None:
        if remaining is not None:
            self._draft = remaining

    def take_live(self, snapshot: SchemaSnapshot) -> None:
        """The next review finds out."""

    def take_merged(self, draft: Draft) -> None:
        self._draft = draft
