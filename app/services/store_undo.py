"""Putting a workspace's pointer back as it was before it was changed here, in this session."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.core.errors import Conflict, NotFound
from app.core.secret import Secret
from app.core.text import plain
from app.services.store_words import StoreChange, StoreRow, Workspace

if TYPE_CHECKING:
    from app.services.store_changes import Intent, Present
    from app.services.stores import Stores

_KEPT = 8


@dataclass(frozen=True, slots=True)
class Former:
    """What a pointer said ``before``, None for nothing, and what was written ``after`` it. The password is in memory
    only, and goes where it came from."""

    before: StoreRow | None
    after: StoreRow | None
    password: Secret | None = field(default=None, repr=False)


class StoreUndo:
    """Knows the last few changes, the last one of each workspace; nothing of it outlives the program."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._former: OrderedDict[tuple[str, str], Former] = OrderedDict()

    def remember(self, present: Present, intent: Intent) -> None:
        """This was just written; what cannot be put back as it was takes the place of what could."""
        key = (present.connection.id, present.workspace.id)
        self._former.pop(key, None)
        if _is_exact(present, intent):
            self._former[key] = Former(present.workspace.store, intent.change.after, _password(present))
        while len(self._former) > _KEPT:
            self._former.popitem(last=False)

    def forget(self, connection_id: str) -> None:
        for key in [each for each in self._former if each[0] == connection_id]:
            del self._former[key]

    def is_possible(self, connection_id: str, workspace_id: str) -> bool:
        return (connection_id, workspace_id) in self._former

    async def describe(self, connection_id: str, workspace_id: str) -> StoreChange:
        """What ``put_back`` would do; raises as it does, and writes nothing."""
        former = await self._still(connection_id, workspace_id)
        dsn_text = former.before.dsn_text if former.before is not None else None
        place = former.before.secret_place if former.before is not None else "none"
        return await self._stores.describe_store_change(connection_id, workspace_id, dsn_text, former.password, place)

    async def put_back(self, connection_id: str, workspace_id: str) -> StoreRow | None:
        """Where the store is now, None for none. It is written as any pointer is, and refused as any is.

        Raises NotFound where nothing is known of a change, and Conflict where the pointer is another one by now.
        """
        former = await self._still(connection_id, workspace_id)
        before = former.before
        if before is None:
            await self._stores.clear_store(connection_id, workspace_id)
            return None
        return await self._stores.set_store(
            connection_id, workspace_id, before.dsn_text, former.password, before.secret_place
        )

    async def _still(self, connection_id: str, workspace_id: str) -> Former:
        former = self._former.get((connection_id, workspace_id))
        if former is None:
            raise NotFound(
                "What this workspace pointed to before is not known any more.", remedy="Set its store by hand."
            )
        found = next(
            (each for each in await self._stores.workspaces(connection_id) if each.id == workspace_id),
            Workspace(workspace_id, ""),
        )
        if _said(found.store) != _said(former.after):
            raise Conflict(
                f"{plain(found.name, 60) or workspace_id} points elsewhere by now: nothing was put back.",
                remedy="Look at the workspace again.",
            )
        return former


def _said(store: StoreRow | None) -> tuple[str, str, str] | None:
    """None also for what cannot be read: below a store that was set here, the row may be of another time."""
    if store is None or not store.is_readable:
        return None
    return store.app_id, store.dsn_text, store.secret_place


def _password(present: Present) -> Secret | None:
    store = present.workspace.store
    return present.password if store is not None and store.secret_place != "none" else None


def _is_exact(present: Present, intent: Intent) -> bool:
    """Whether writing the former pointer again leaves everything as it was before."""
    before, after, row = present.workspace.store, intent.change.after, intent.row
    if present.workspace.pointers > 1 or (row is not None and row.losses):
        return False
    if before is None:
        # A row that was there and said nothing would be deleted.
        return row is None or row.is_new
    if not before.is_readable or before.problem or (after is not None and after.is_own != before.is_own):
        return False
    return before.secret_place == "none" or present.password is not None
