"""What a frozen link needs besides its hashes: where the data came from, and its own end."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add to the snapshots."""
    moment = sa.DateTime(timezone=True)
    for column in (
        sa.Column("page", sa.Text, nullable=False, server_default="/"),
        sa.Column("about", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("expires_at", moment),
        sa.Column("secret", sa.String(64)),
        sa.Column("event", sa.Text),
    ):
        op.add_column("snapshots", column)
    op.create_index("ix_snapshots_event", "snapshots", ["event"], unique=True)
