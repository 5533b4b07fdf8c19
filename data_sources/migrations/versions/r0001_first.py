"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "blobs",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("unnamed_since", moment),
        sa.Column("bytes", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "heads",
        sa.Column("series", sa.Text, primary_key=True),
        sa.Column("hash", sa.String(64), sa.ForeignKey("blobs.hash")),
        sa.Column("instrument", sa.JSON),
        sa.Column("source", sa.Text),
        sa.Column("is_sample", sa.Boolean),
        sa.Column("day_end", sa.Text),
        sa.Column("as_of", sa.Date),
        sa.Column("fetched_at", moment),
        sa.Column("last_error", sa.Text),
        sa.Column("failed_at", moment),
        sa.Column("next_try", moment),
        sa.Column("failures", sa.Integer, nullable=False),
    )
    op.create_table(
        "snapshots",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("series", sa.JSON, nullable=False),
        sa.Column("title", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("created_at", moment, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("series", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("until", moment, nullable=False),
    )
    op.create_table(
        "pauses",
        sa.Column("provider", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("is_wish", sa.Boolean, nullable=False),
    )
