"""All services together: what the engine hands to each piece of work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.errors import KnownError
    from app.core.later import Later
    from app.services.activity import ActivityLog
    from app.services.agents import Agents
    from app.services.audit_trail import AuditReader
    from app.services.catalog import Catalog
    from app.services.connections import ConnectionBook
    from app.services.directory import Directory
    from app.services.doctor import Doctor
    from app.services.foundation import Foundation
    from app.services.guards import Guards
    from app.services.hub import ChangeHub
    from app.services.lifecycle import AppLifecycle
    from app.services.local_platform import LocalPlatformSupervisor
    from app.services.provisioning import Provisioning
    from app.services.reconcile import Reconciler
    from app.services.search_index import KnownNames
    from app.services.status import StatusMonitor
    from app.services.store_moving import StoreMoving
    from app.services.stores import Stores
    from app.services.task_databases import TaskDatabases
    from app.services.template_library import TemplateLibrary
    from app.services.templates import TemplateShelf
    from app.services.tokens import TokenKeeper
    from app.services.workshop import SchemaWorkshop

_logger = logging.getLogger(__name__)
_CLOSE_LIMIT_S = 8.0


@dataclass(frozen=True)
class Services:
    """Use cases, each a plain class with its collaborators in the constructor; all live on the engine's loop.

    What only some use is built when it is first asked for (``…_later``): a start pays for none of it.
    ``notices`` tell what was found while they were put together, for the operator.
    ``closers`` are awaited in order by ``aclose``, each with a time limit; one that fails does not keep the
    others from closing.
    """

    hub: ChangeHub
    activity: ActivityLog
    connections: ConnectionBook
    tokens: TokenKeeper
    directory: Directory
    status: StatusMonitor
    catalog: Catalog
    lifecycle: AppLifecycle
    templates: TemplateShelf
    local_platform: LocalPlatformSupervisor
    workshop: SchemaWorkshop
    foundation: Foundation
    provisioning: Provisioning
    reconciler_later: Later[Reconciler]
    template_library: TemplateLibrary
    agents_later: Later[Agents]
    doctor_later: Later[Doctor]
    task_databases: TaskDatabases
    stores: Stores
    store_moving_later: Later[StoreMoving]
    names: KnownNames
    guards: Guards
    audit: AuditReader
    notices: tuple[KnownError, ...] = ()
    closers: tuple[Callable[[], Awaitable[None]], ...] = field(default=(), repr=False)

    @property
    def reconciler(self) -> Reconciler:
        return self.reconciler_later()

    @property
    def agents(self) -> Agents:
        return self.agents_later()

    @property
    def doctor(self) -> Doctor:
        return self.doctor_later()

    @property
    def store_moving(self) -> StoreMoving:
        return self.store_moving_later()

    async def aclose(self) -> None:
        for close in self.closers:
            await _close(close)


async def _close(close: Callable[[], Awaitable[None]]) -> None:
    try:
        await asyncio.wait_for(close(), _CLOSE_LIMIT_S)
    except Exception:
        _logger.exception("A service did not close cleanly")
