"""An approval counts for the result that it was given for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from bot.clinical.rules import Rules
from bot.store import Database, conversations, now, screenings
from bot.store.models import Booking, Conversation, Decision, Screening, StaffUser
from bot.store.screenings import Gate

RULES = Rules.load(Path(__file__).parents[2] / "knowledge")


@pytest.fixture
def approved(database: Database) -> str:
    """A screening with CAUTION that was approved a minute after its result."""
    with database.session() as session:
        row, _ = conversations.create(session, "web", "en-US")
        session.add(StaffUser(id=1, email="o@x.example", role="owner", active=True, created_at=now(), failures=0))
        screening = screenings.begin(session, row.id, RULES, mode="full", origin="")
        result(screening, "CAUTION", minutes_ago=10)
        session.add(
            Booking(
                reference="NMT-22222",
                conversation_id=row.id,
                screening_id=screening.id,
                state="requested",
                service="nmt_60",
                any_therapist=True,
                name="Sam",
                note="",
                created_at=now(),
                changed_at=now(),
            )
        )
        session.flush()
        session.add(
            Decision(
                screening_id=screening.id,
                staff_id=1,
                decision="approve",
                note="",
                message_to_client="",
                ruleset_version=RULES.version,
                at=now() - timedelta(minutes=9),
            )
        )
        return screening.id


def result(screening: Screening, tier: str, minutes_ago: float) -> None:
    screening.state, screening.tier = "new", tier
    screening.finished_at = now() - timedelta(minutes=minutes_ago)
    screening.valid_until = now() + timedelta(days=14)


def gate_of(database: Database, screening_id: str) -> Gate:
    with database.session() as session:
        screening = session.get_one(Screening, screening_id)
        return screenings.gate(session, session.get_one(Conversation, screening.conversation_id))[0]


def confirm(database: Database) -> None:
    with database.session() as session:
        session.get_one(Booking, "NMT-22222").state = "confirmed"


def test_an_approval_opens_the_gate(database: Database, approved: str) -> None:
    assert gate_of(database, approved) is Gate.REQUEST
    confirm(database)


@pytest.mark.parametrize(("tier", "gate"), [("STOP", Gate.NO_BOOKING), ("CLEARANCE", Gate.PROVISIONAL)])
def test_a_later_result_needs_a_decision_of_its_own(database: Database, approved: str, tier: str, gate: Gate) -> None:
    with database.session() as session:
        screening = session.get_one(Screening, approved)
        screenings.reopen(screening)
        result(screening, tier, minutes_ago=1)
    assert gate_of(database, approved) is gate
    with pytest.raises(IntegrityError, match="no approval"):
        confirm(database)


def test_a_screening_that_is_open_again_has_no_approval(database: Database, approved: str) -> None:
    with database.session() as session:
        screenings.reopen(session.get_one(Screening, approved))
    assert gate_of(database, approved) is Gate.SCREEN
    with pytest.raises(IntegrityError, match="no approval"):
        confirm(database)
