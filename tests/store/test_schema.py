"""The migrations make exactly the tables that the models describe, and the database keeps its own rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import IntegrityError

from bot.store import Database, conversations, migrate, now
from bot.store.models import Audit, Base, Message
from tests import databases
from tests.databases import STORES


@pytest.fixture(params=STORES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with databases.empty(request.param, tmp_path) as url:
        migrate(url)
        migrate(url)  # a second time changes nothing
        database = Database(url)
        yield database
        database.close()


def test_models_and_migrations_agree(database: Database) -> None:
    assert database.is_current()
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_an_empty_database_is_not_current(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    assert not database.is_current()
    database.close()


def test_rows_of_the_audit_are_never_changed(database: Database) -> None:
    with database.session() as session:
        session.add(Audit(at=now(), who="a@b.example", what="test", subject="x", detail={}))
    with pytest.raises(IntegrityError), database.session() as session:
        session.query(Audit).update({"who": "someone else"})


def test_nothing_is_stored_as_nothing(database: Database) -> None:
    with database.session() as session:
        row, _ = conversations.create(session, "web", "en-US")
        conversations.add_client_message(session, row.id, "hello", None, None)
    with database.session() as session:
        assert session.query(Message).filter(Message.payload.is_(None)).count() == 1


def test_the_same_client_message_is_stored_once(database: Database) -> None:
    with database.session() as session:
        row, _ = conversations.create(session, "web", "en-US")
        conversations.add_client_message(session, row.id, "hello", "one", None)
    with pytest.raises(IntegrityError), database.session() as session:
        conversations.add_client_message(session, row.id, "hello again", "one", None)
