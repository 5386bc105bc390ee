"""Connections whose writes need unlocking; where each act of the audit trail was done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_PLACE = ("connection_label", "environment", "app_title")


def upgrade() -> None:
    op.add_column("connections", sa.Column("is_guarded", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE connections SET is_guarded = 1 WHERE environment = 'production'")
    for name in _PLACE:
        op.add_column("audit", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.execute(
        "UPDATE audit SET "
        "connection_label = coalesce((SELECT c.label FROM connections c WHERE c.id = audit.connection_id), ''), "
        "environment = coalesce((SELECT c.environment FROM connections c WHERE c.id = audit.connection_id), ''), "
        "app_title = coalesce((SELECT a.title FROM apps a "
        "WHERE a.connection_id = audit.connection_id AND a.app_id = audit.app_id), '')"
    )
    op.create_index("ix_audit_connection_id", "audit", ["connection_id"])
    op.create_index("ix_audit_action", "audit", ["action"])


def downgrade() -> None:
    for name in ("ix_audit_action", "ix_audit_connection_id"):
        op.drop_index(name, "audit")
    for name in reversed(_PLACE):
        op.drop_column("audit", name)
    op.drop_column("connections", "is_guarded")
