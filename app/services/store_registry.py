"""Pointers to stores as a registry: who owns which app. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.apps import AppKind
from app.platforms.postgres.dsn import Dsn
from app.services.registry import Claim, Registry

if TYPE_CHECKING:
    from app.services.store_words import MainOverview, StoreRow, Workspace


def registry_of(overview: MainOverview, own: Dsn) -> Registry:
    """One claim of each workspace on its store; the server's own databases belong to nobody, on purpose."""
    return Registry(
        connection_id=overview.connection_id,
        foundation_app_id=overview.app_id,
        claims=tuple(
            _claim(each, each.store) for each in overview.workspaces if each.store is not None and each.store.app_id
        ),
        read_at=overview.read_at,
        others=frozenset({own.database, "postgres"} if not own.is_sqlite else {own.database}),
    )


def _claim(workspace: Workspace, store: StoreRow) -> Claim:
    name = workspace.name or workspace.id
    return Claim(
        record_id=store.record_id or workspace.id,
        app_id=store.app_id,
        kind=AppKind.TENANT,
        owners=(name,),
        name=Dsn.parse(store.dsn_text)[0].database,
        created_at=workspace.created_at,
        owner_ids=(workspace.id,),
    )
