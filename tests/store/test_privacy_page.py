"""docs/privacy.md says what the program does: its tables, its times, its roles."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.clinic import Clinic
from bot.clinical.rules import Rules
from bot.store import Database, conversations, now
from bot.store.exporting import export
from bot.store.models import Base, Conversation, Incident, Unanswered

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
TABLES = dict(re.findall(r"^\| `([a-z_]+)` \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE))
FLAT = " ".join(PAGE.split())


def cascades(table: str) -> bool:
    """Whether the rows of a table are deleted with the conversation that they, or what they hang on, belong to."""
    return any(
        key.ondelete == "CASCADE" and (key.column.table.name == "conversation" or cascades(key.column.table.name))
        for key in Base.metadata.tables[table].foreign_keys
    )


def test_every_table_is_named() -> None:
    assert set(TABLES) == set(Base.metadata.tables)


@pytest.mark.parametrize("table", sorted(set(Base.metadata.tables) - {"conversation"}))
def test_what_goes_with_the_conversation_does(table: str) -> None:
    assert (TABLES[table] == "goes with it") == cascades(table)


def test_the_times_are_those_of_the_settings() -> None:
    knowledge = ROOT / "knowledge"
    hours = Rules.load(knowledge).ruleset.resume_hours
    days = Clinic.load(knowledge).privacy.keep_days_without_booking
    assert f"are deleted after {hours} hours (`resume_hours`" in FLAT
    assert f"is deleted {days} days after its last word" in FLAT
    assert f"{Clinic.load(knowledge).privacy.key_days} days after it was made (`privacy.key_days`" in FLAT
    engine = (ROOT / "bot" / "engine" / "tracker_store.py").read_text(encoding="utf-8")
    found = re.search(r"^FORGET_AFTER = (\d+) \* 24 \* 60 \* 60$", engine, re.MULTILINE)
    assert found is not None
    assert f"| {found[1]} days after the last turn |" in PAGE


def test_the_answer_about_privacy_promises_the_same() -> None:
    answer = (ROOT / "knowledge" / "topics" / "privacy_and_data.md").read_text(encoding="utf-8")
    hours = Rules.load(ROOT / "knowledge").ruleset.resume_hours
    assert f"deleted within {hours} hours" in " ".join(answer.split())


def test_the_download_holds_what_the_page_lists(database: Database) -> None:
    with database.session() as session:
        row, _ = conversations.create(session, "web", "en-US")
        parts = set(export(session, row.id))
    assert parts == {"conversation", "consents", "messages", "screenings", "bookings", "feedback", "telegram"}
    assert "holds the conversation, consents, messages, screenings with answers and decisions, bookings and" in FLAT


def test_an_incident_stays_without_its_link_and_a_question_goes(database: Database) -> None:
    with database.session() as session:
        row, _ = conversations.create(session, "web", "en-US")
        session.add(Unanswered(conversation_id=row.id, text="do you do cupping", suggestions=[], at=now()))
        session.add(
            Incident(
                conversation_id=row.id, condition="chest_pain", care="ambulance", locked=True, channel="web", at=now()
            )
        )
        name = row.id
    with database.session() as session:
        conversations.erase(session, name)
    with database.session() as session:
        assert session.query(Conversation).count() == 0
        assert session.query(Unanswered).count() == 0
        assert [incident.conversation_id for incident in session.query(Incident)] == [None]
