"""An empty store of one's own; modules that test on PostgreSQL too bring their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store import Database, migrate


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    migrate(url)
    database = Database(url)
    yield database
    database.close()
