"""What grids of links have in common, however a platform describes a link: by labels or over columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from app.schema.draft import Draft
from app.schema.model import Link, link_key

from .schema_grid_model import GridRow, SchemaGridModel


@dataclass(frozen=True, slots=True)
class LinkedRow(GridRow):
    link: Link


L = TypeVar("L", bound=LinkedRow)


class LinkedRowsModel(SchemaGridModel[L]):
    """Rows of links; the first column names them, and a link whose name is locked is not removed."""

    name_column = 0

    def remove_or_restore(self, rows: Sequence[int]) -> bool:
        """Remove what is there; where all of it is removed already, bring it back. One undo step."""
        free = [self.row(at) for at in rows if self.row(at).is_removed or not self.lock(at, self.name_column)]
        standing = [link_key(each.link) for each in free if not each.is_removed]
        keys = list(dict.fromkeys(standing or [link_key(each.link) for each in free]))
        if not keys:
            return False

        def make(draft: Draft) -> Draft:
            for key in keys:
                act = draft.drop_link if standing else draft.restore_link
                draft = act(key)
            return draft

        return self.document.edit(f"{'Remove' if standing else 'Restore'} {self._named(rows)}", make)

    def _add_links(self, rows: Sequence[int], made: Sequence[Link]) -> bool:
        """Add copies of these rows, one undo step."""

        def make(draft: Draft) -> Draft:
            for each in made:
                draft = draft.add_link(each)
            return draft

        return bool(made) and self.document.edit(f"Duplicate {self._named(rows)}", make)

    def _named(self, rows: Sequence[int]) -> str:
        """What these rows are, for the title of an undo step."""
        raise NotImplementedError
