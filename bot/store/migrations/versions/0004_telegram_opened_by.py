"""Which update a greeting on Telegram answered, so that it is not answered twice after a crash."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("telegram_chat") as batch_op:
        batch_op.add_column(sa.Column("opened_by", sa.String(length=40), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("telegram_chat") as batch_op:
        batch_op.drop_column("opened_by")
