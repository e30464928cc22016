"""What is kept long enough goes; what a booking depends on stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bot.clinical.rules import Rules
from bot.store import Database, conversations, now, screenings
from bot.store.models import Booking, Conversation, Message, Screening

RULES = Rules.load(Path(__file__).parents[2] / "knowledge")


def conversation(database: Database, idle_days: float, booked: bool = False) -> str:
    with database.session() as session:
        row, _ = conversations.create(session, "web", "en-US")
        row.last_at = now() - timedelta(days=idle_days)
        conversations.add_client_message(session, row.id, "hello", None, None)
        if booked:
            screening = screenings.begin(session, row.id, RULES, mode="full", origin="")
            moment = now()
            session.add(
                Booking(
                    reference=f"NMT-{row.id[-5:]}",
                    conversation_id=row.id,
                    screening_id=screening.id,
                    state="provisional",
                    service="nmt_60",
                    any_therapist=True,
                    name="Sam",
                    note="",
                    created_at=moment,
                    changed_at=moment,
                )
            )
        return row.id


def test_idle_chats_go_unless_they_hold_a_booking(database: Database) -> None:
    old, fresh, booked = conversation(database, 31), conversation(database, 29), conversation(database, 90, booked=True)
    with database.session() as session:
        assert conversations.erase_idle(session, now() - timedelta(days=30)) == 1
    with database.session() as session:
        left = {row.id for row in session.query(Conversation)}
        assert left == {fresh, booked}
        assert {row.conversation_id for row in session.query(Message)} == {fresh, booked}
    assert old not in left


def test_unfinished_answers_go_after_a_day_but_not_those_of_a_reopened_result(database: Database) -> None:
    first, second = conversation(database, 0), conversation(database, 0)
    long_ago = now() - timedelta(hours=RULES.ruleset.resume_hours + 1)
    with database.session() as session:
        unfinished = screenings.begin(session, first, RULES, mode="full", origin="")
        unfinished.started_at = long_ago
        reopened = screenings.begin(session, second, RULES, mode="full", origin="")
        reopened.started_at = reopened.finished_at = long_ago
    with database.session() as session:
        assert list(screenings.expire(session, RULES, now())) == [first]
    with database.session() as session:
        assert [row.conversation_id for row in session.query(Screening)] == [second]
