"""Questions without an answer: where they come from, and what staff say that they mean."""

import sqlalchemy as sa
from alembic import op

from bot.store.models import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ADDED = ("kind", "message_uid", "label", "exported_at")


def upgrade() -> None:
    with op.batch_alter_table("unanswered") as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=12), nullable=False, server_default="missed"))
        batch_op.add_column(sa.Column("message_uid", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("label", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("exported_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("unanswered") as batch_op:
        for name in ADDED:
            batch_op.drop_column(name)
