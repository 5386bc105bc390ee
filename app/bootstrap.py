"""The one place that builds everything and hands it over. Imports nothing heavy by itself."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.errors import KnownError
    from app.services.agents import Agents
    from app.services.audit import AuditTrail
    from app.services.catalog import Catalog
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.directory import Directory
    from app.services.doctor import Doctor
    from app.services.foundation import Foundation
    from app.services.foundation_map import FoundationMaps
    from app.services.hub import ChangeHub
    from app.services.lifecycle import AppLifecycle
    from app.services.provisioning import Provisioning
    from app.services.reconcile import Reconciler
    from app.services.store_moving import StoreMoving
    from app.services.suite import Services
    from app.services.task_databases import TaskDatabases
    from app.services.templates import TemplateShelf
    from app.services.tokens import TokenKeeper
    from app.services.versions import SchemaVersions
    from app.services.workshop import SchemaWorkshop
    from app.storage.database import Database
    from app.storage.foundation_stores import JournalStore
    from app.storage.instance import Handover
    from app.storage.last_known import LastKnown, LastKnownReader
    from app.storage.log import Redactor
    from app.storage.paths import Profile
    from app.storage.stores import AuditStore
    from app.storage.vault import Vault


def run_window(profile: Profile, asked: Handover | None = None) -> int:
    """Open the window and run until it is closed; the answer is the exit code.

    Where the profile has a window already, that one comes to the front and opens what was ``asked``. Raises Conflict
    where it does not answer.

    The window starts both after its first paint: the reading of the last-known state, in a thread of its own, and
    then the engine.
    """
    from app.storage.instance import Handover, enter

    asked = asked or Handover()
    profile.make()
    instance = enter(profile.data_dir, asked)
    if instance is None:
        return 0

    from app.storage.last_known import LastKnownReader
    from app.storage.log import Redactor, open_log

    last_known = LastKnownReader(profile.database_path)
    redactor = Redactor()
    close_log = open_log(profile.log_path, redactor)

    from app.services.engine import Engine
    from app.ui.program.application import run
    from app.ui.program.entry import Entry

    build = functools.partial(build_services, profile, redactor=redactor, last_known=last_known)
    try:
        return run(profile, last_known, Engine(build), Entry(instance, asked, redactor.clean))
    finally:
        close_log()
        instance.release()


async def build_services(
    profile: Profile,
    hub: ChangeHub | None = None,
    redactor: Redactor | None = None,
    last_known: LastKnownReader | None = None,
    opens: bool = True,
) -> Services:
    """Everything behind the window, on the running loop; ``Services.aclose`` ends it.

    ``last_known`` is a reading that the window has started: its rows are shared instead of read and held twice.

    Returns as soon as the local database is open. The local platform starts behind that, and so do the first check
    and refresh of each connection; what needs the local platform waits for it, or is told why it cannot start.
    Without ``opens`` nothing begins by itself: for a command that asks one thing.
    """
    import asyncio

    from app.services.hub import ChangeHub
    from app.storage.database import Database
    from app.storage.last_known import LastKnown
    from app.storage.log import Redactor

    profile.make()
    database = await asyncio.to_thread(Database.open, profile.database_path)
    try:
        known = await asyncio.to_thread(last_known.result) if last_known else LastKnown()
        return await _composed(profile, hub or ChangeHub(), redactor or Redactor(), database, known, opens)
    except BaseException:
        await asyncio.to_thread(database.close)
        raise


async def _composed(
    profile: Profile, hub: ChangeHub, redactor: Redactor, database: Database, known: LastKnown, opens: bool
) -> Services:
    import asyncio

    from app.core.later import Later
    from app.platforms.redaction import scrub
    from app.services.activity import ActivityLog
    from app.services.audit import AuditTrail
    from app.services.audit_trail import AuditReader
    from app.services.catalog import Catalog
    from app.services.clients import ClientPool, make_platform_client
    from app.services.connections import ConnectionBook
    from app.services.directory import Directory
    from app.services.following import Following
    from app.services.foundation import Foundation
    from app.services.foundation_map import FoundationMaps
    from app.services.guards import Guards
    from app.services.lifecycle import AppLifecycle
    from app.services.local_platform import LocalPlatformSupervisor
    from app.services.main_map import MainSettingsBook
    from app.services.opening import LocalOpening, Opening
    from app.services.provisioning import Provisioning
    from app.services.search_index import KnownNames
    from app.services.status import StatusMonitor
    from app.services.store_keeping import StoreKeeper
    from app.services.stores import Stores
    from app.services.suite import Services
    from app.services.template_library import TemplateLibrary
    from app.services.templates import TemplateShelf
    from app.services.tokens import TokenKeeper
    from app.services.versions import SchemaVersions
    from app.storage.audit_store import AuditBook
    from app.storage.foundation_stores import FollowedStore, JournalStore, MapStore
    from app.storage.name_store import NameStore
    from app.storage.paths import resources_dir
    from app.storage.stores import AuditStore, ConnectionStore, InventoryStore, StatusStore
    from app.storage.template_files import TemplateFiles
    from app.storage.vault import Vault
    from app.storage.workshop_stores import VersionStore

    activity, inventory, statuses = ActivityLog(), InventoryStore(database), StatusStore(database)
    vault = Vault(on_secret=redactor.add)
    tokens = TokenKeeper(vault, hub)
    templates = await asyncio.to_thread(TemplateShelf.load, resources_dir() / "templates")
    audit = AuditStore(database)
    connections = ConnectionBook(ConnectionStore(database), tokens, hub)
    guards = Guards(connections.find, hub, audit)
    guards.listen()
    connections.show_as(guards.shown)
    local = LocalOpening(
        connections,
        lambda: clients,
        tokens,
        templates,
        samples=resources_dir() / "sample",
        marker=profile.local_platform_dir / "sample-data.json",
        on_secret=redactor.add,
    )
    supervisor = LocalPlatformSupervisor(
        profile.local_platform_dir, profile.log_dir / "local-platform.log", on_ready=local.ready
    )
    clients = ClientPool(
        connections.find,
        tokens,
        activity.record,
        make=functools.partial(make_platform_client, gates=guards.gate_of),
        before=supervisor.start,
        places=lambda connection_id: stores.places(connection_id),
    )
    connections.use(clients)
    await connections.load()
    await local.prepare()
    # What was read for the first paint is empty where the database was of an older version until now.
    known_apps = known.apps or await asyncio.to_thread(inventory.all)
    known_statuses = known.statuses or await asyncio.to_thread(statuses.all)
    maps = FoundationMaps(MapStore(database))
    following = Following(FollowedStore(database))
    await following.load([each.id for each in connections.all()])
    directory = Directory(
        connections, clients, templates, inventory, hub, following=following, last_known=known_apps, maps=maps
    )
    status = StatusMonitor(connections, clients, directory, tokens, statuses, hub, last_known=known_statuses)
    known_schemas = await asyncio.to_thread(inventory.fingerprints)
    versions = SchemaVersions(VersionStore(database))
    names = KnownNames(NameStore(database), lambda: known_schemas, inventory.get_schema)
    catalog = Catalog(clients, directory, inventory, hub, versions=versions, known=known_schemas, names=names)
    directory.on_schema(catalog.saw)
    trail, journal = AuditTrail(audit), JournalStore(database)
    connections.record_in(trail)
    stores = Stores(
        connections,
        clients,
        StoreKeeper(MainSettingsBook(MapStore(database)), vault, on_secret=redactor.add),
        hub,
        trail,
    )
    directory.use_main_databases(stores.registry)
    stores.on_change(directory.reread_registry)
    connections.on_remove(stores.forget)

    def moving() -> StoreMoving:
        from app.services.store_moving import StoreMoving

        return StoreMoving(connections, clients, stores, vault, journal, hub, trail)

    store_moving = Later(moving)
    connections.on_remove(lambda connection_id: store_moving().connection_removed(connection_id))
    foundation = Foundation(connections, clients, catalog, directory, maps, journal, trail)
    provisioning = Provisioning(connections, clients, templates, directory, maps, following, hub, journal, audit)
    workshop = _workshop(database, hub, audit, connections, clients, directory, catalog, templates, versions)
    library = TemplateLibrary(
        templates, TemplateFiles(profile.templates_dir), following, workshop, catalog, directory, hub
    )
    await library.load()
    opening = Opening(connections, tokens, directory, status)
    lifecycle = AppLifecycle(connections, clients, templates, directory, catalog, trail)
    task_databases = _task_databases(
        hub,
        connections,
        clients,
        directory,
        maps,
        foundation,
        provisioning,
        lifecycle,
        journal,
        trail,
        tokens,
        vault,
        redactor,
    )
    if opens:
        opening.start(hub)
        task_databases.start()

    def reconciling() -> Reconciler:
        from app.services.reconcile import Reconciler

        return Reconciler(connections, clients, directory, foundation, library, task_databases, trail)

    def doctor() -> Doctor:
        from app.services.doctor import Colleagues, Doctor, Surroundings

        around = Surroundings(profile.database_path, database.set_aside)
        colleagues = Colleagues(connections, clients, tokens, directory, maps, reconciler(), provisioning, stores)
        return Doctor(colleagues, status, supervisor, around, on_call=activity.record)

    def agents() -> Agents:
        from app.services.agents import Agents

        return Agents(workshop, clients, library)

    async def close_moving() -> None:
        if store_moving.made is not None:
            await store_moving.made.aclose()

    reconciler = Later(reconciling)
    return Services(
        hub=hub,
        activity=activity,
        connections=connections,
        tokens=tokens,
        directory=directory,
        status=status,
        catalog=catalog,
        lifecycle=lifecycle,
        templates=templates,
        local_platform=supervisor,
        workshop=workshop,
        foundation=foundation,
        provisioning=provisioning,
        reconciler_later=reconciler,
        template_library=library,
        agents_later=Later(agents),
        doctor_later=Later(doctor),
        task_databases=task_databases,
        stores=stores,
        store_moving_later=store_moving,
        names=names,
        guards=guards,
        audit=AuditReader(AuditBook(database), mask=scrub),
        notices=(*_notices(database), *library.notices()),
        closers=(
            opening.stop,
            workshop.aclose,
            task_databases.aclose,
            close_moving,
            provisioning.aclose,
            directory.aclose,
            following.aclose,
            catalog.aclose,
            names.aclose,
            clients.aclose,
            guards.aclose,
            supervisor.stop,
            vault.aclose,
            functools.partial(asyncio.to_thread, database.close),
        ),
    )


def _task_databases(
    hub: ChangeHub,
    connections: ConnectionBook,
    clients: ClientPool,
    directory: Directory,
    maps: FoundationMaps,
    foundation: Foundation,
    provisioning: Provisioning,
    lifecycle: AppLifecycle,
    journal: JournalStore,
    trail: AuditTrail,
    tokens: TokenKeeper,
    vault: Vault,
    redactor: Redactor,
) -> TaskDatabases:
    from app.services.admin_tokens import AdminTokens
    from app.services.cloning import Cloning
    from app.services.task_cleanup import TaskCleanup
    from app.services.task_databases import TaskDatabases

    return TaskDatabases(
        connections,
        clients,
        directory,
        foundation,
        provisioning,
        journal,
        hub,
        TaskCleanup(connections, clients, tokens, directory, foundation, lifecycle, journal, trail),
        AdminTokens(connections, clients, maps, vault, journal, trail, on_secret=redactor.add),
        Cloning(connections, clients, directory, foundation, trail),
    )


def _workshop(
    database: Database,
    hub: ChangeHub,
    audit: AuditStore,
    connections: ConnectionBook,
    clients: ClientPool,
    directory: Directory,
    catalog: Catalog,
    templates: TemplateShelf,
    versions: SchemaVersions,
) -> SchemaWorkshop:
    from app.services.comparing import Cohorts, Comparing
    from app.services.drafts import DraftShelf
    from app.services.platform_side import PlatformSide
    from app.services.push_history import PushHistory
    from app.services.pushing import Pusher
    from app.services.undoing import Undoing
    from app.services.workshop import SchemaWorkshop
    from app.storage.workshop_stores import DraftStore, PushStore

    platforms = PlatformSide(connections, clients, directory, catalog)
    drafts = DraftShelf(DraftStore(database), hub)
    history = PushHistory(PushStore(database), audit, hub)
    return SchemaWorkshop(
        platforms,
        catalog,
        drafts,
        Pusher(platforms, drafts, history),
        history,
        versions,
        Undoing(platforms, history, versions, drafts),
        Comparing(platforms, catalog, templates, versions),
        Cohorts(connections, clients, directory),
    )


def _notices(database: Database) -> tuple[KnownError, ...]:
    from app.core.errors import KnownError

    damaged = database.set_aside
    if damaged is None:
        return ()
    return (KnownError(damaged.sentence, remedy=damaged.remedy, details=str(damaged.kept_at)),)
