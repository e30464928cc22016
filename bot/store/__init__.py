"""The SQL store: models, migrations and the queries of each capability."""

from bot.store.database import Database, migrate, now

__all__ = ["Database", "migrate", "now"]
