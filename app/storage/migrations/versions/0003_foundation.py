"""What is being made for users and tasks, the words of each foundation, and the templates that apps follow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _connection_id(table: str) -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
    return (
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=f"fk_{table}_connection_id_connections",
            ondelete="CASCADE",
        ),
    )


def upgrade() -> None:
    op.create_table(
        "provision_journal",
        sa.Column("id", sa.Text(), nullable=False),
        *_connection_id("provision_journal"),
        sa.Column("foundation_app_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_provision_journal"),
    )
    op.create_index("ix_provision_journal_connection_id", "provision_journal", ["connection_id"])
    op.create_table(
        "foundation_maps",
        *_connection_id("foundation_maps"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", name="pk_foundation_maps"),
    )
    op.create_table(
        "followed_templates",
        *_connection_id("followed_templates"),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "app_id", name="pk_followed_templates"),
    )


def downgrade() -> None:
    for table in ("followed_templates", "foundation_maps", "provision_journal"):
        op.drop_table(table)
