"""Main databases, workspaces and their resource stores (document 002)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from app.core.errors import Unsupported
from app.core.secret import Secret
from app.services.directory import Progress
from app.services.main_map import MainMap, Mode, SecretPlace
from app.services.store_words import MainOverview, Route, StoreChange, StoreCheck, StoreRow, Workspace

if TYPE_CHECKING:
    from app.platforms.postgres.dsn import Place
    from app.services.registry import Registry
    from app.services.store_findings import StoreFinding

Places = Callable[[str], Awaitable["Place | None"]]


class Stores:
    """Everything Tenantry itself reads of a main database goes through ``for_table``.

    Raises NotFound for a connection without a main database, Unsupported where the mode or the names do not allow
    what was asked, and the client's errors.
    """

    async def overview(self, connection_id: str, *, is_fresh: bool = True) -> MainOverview:
        """Read the main database now; with ``is_fresh=False`` what was last read in this session is good enough."""
        raise Unsupported("Not yet.")

    async def set_mode(self, connection_id: str, mode: Mode | None) -> None:
        """None: as the environment, ``.env`` or the tables say."""
        raise Unsupported("Not yet.")

    async def set_env_folder(self, connection_id: str, folder: str) -> None:
        """The folder whose ``.env`` says APP_MODE; "" for none."""
        raise Unsupported("Not yet.")

    async def set_map(self, connection_id: str, names: MainMap) -> None:
        """Raises Invalid with fields, also for names that the main database does not have."""
        raise Unsupported("Not yet.")

    async def workspaces(self, connection_id: str) -> tuple[Workspace, ...]:
        """Read now."""
        raise Unsupported("Not yet.")

    async def check(
        self,
        connection_id: str,
        app_ids: Iterable[str] | None = None,
        on_check: Callable[[StoreCheck], None] | None = None,
        concurrency: int = 20,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> tuple[StoreCheck, ...]:
        """Ask each store (None: every readable one, each once) how it is; a failing one is in the answer."""
        raise Unsupported("Not yet.")

    def last_checks(self, connection_id: str) -> dict[str, StoreCheck]:
        """The latest check of each store in this session, by app ID."""
        raise Unsupported("Not yet.")

    async def describe_store_change(
        self, connection_id: str, workspace_id: str, dsn_text: str | None, password: Secret | None, place: SecretPlace
    ) -> StoreChange:
        """What ``set_store`` (``dsn_text`` None: ``clear_store``) would do; writes nothing."""
        raise Unsupported("Not yet.")

    async def set_store(
        self, connection_id: str, workspace_id: str, dsn_text: str, password: Secret | None, place: SecretPlace
    ) -> StoreRow:
        """``place`` says where the password goes; a password of None leaves the one that is there."""
        raise Unsupported("Not yet.")

    async def clear_store(self, connection_id: str, workspace_id: str) -> None:
        """The workspace has no store from now on; the store itself is not touched."""
        raise Unsupported("Not yet.")

    async def for_table(self, connection_id: str, workspace_id: str, table: str) -> Route:
        """Where this table of this workspace is; ``table`` as the document or the database calls it.

        Raises Unsupported (a system table asked of a store…) or NotFound (no store…), each with its reason.
        """
        raise Unsupported("Not yet.")

    def places(self, connection_id: str) -> Places:
        """Where the apps are that are not databases of the connection's own server; for the client."""
        raise Unsupported("Not yet.")

    async def registry(self, connection_id: str) -> Registry:
        """The pointers as claims (TENANT; owner is the workspace), so that the directory shows owners."""
        raise Unsupported("Not yet.")

    async def findings(
        self, connection_id: str, *, deep: bool = False, on_progress: Callable[[Progress], None] | None = None
    ) -> tuple[StoreFinding, ...]:
        """What is wrong between the main database and its stores; ``deep`` also scans rows and reads schemas."""
        raise Unsupported("Not yet.")
