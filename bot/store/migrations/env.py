"""How Alembic reaches the database: the address is handed over by bot.store.database."""

from alembic import context

from bot.store.database import _engine
from bot.store.models import Base

config = context.config
engine = _engine(config.attributes["url"])
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
