"""Empty databases for tests: a file, or a schema of its own where NMT_TEST_POSTGRES_URL names a PostgreSQL server."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

POSTGRES = os.environ.get("NMT_TEST_POSTGRES_URL", "")
# For `params`: a test that works on the store holds on every kind of database that there is.
STORES = ["sqlite", *([pytest.param("postgres", marks=pytest.mark.postgres)] if POSTGRES else [])]


@contextmanager
def empty(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database. A schema is gone afterwards: whatever else the server holds stays as it is."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'n.sqlite3'}"
        return
    name = f"nmt_test_{secrets.token_hex(6)}"
    server = create_engine(POSTGRES)
    with server.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    try:
        yield f"{POSTGRES}?options=-csearch_path%3D{name}"
    finally:
        with server.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        server.dispose()
