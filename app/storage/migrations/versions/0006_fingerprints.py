"""Fingerprints of acts that change a schema and are no push."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NAMES = ("before", "after")


def upgrade() -> None:
    for name in _NAMES:
        op.add_column("audit", sa.Column(name, sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    for name in reversed(_NAMES):
        op.drop_column("audit", name)
