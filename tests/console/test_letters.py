"""A doctor's letter: who saw it, that it counts, for whom, how long, and that it can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from bot.clinical.record import AGREED, CONFIRMED, NO, YES, Record
from bot.clinical.triage import triage
from bot.review import Invalid, NotAllowed, Review
from bot.staff import Role, Staff
from bot.store import screenings
from bot.store.database import now
from bot.store.models import Audit, Letter, Outbox, Screening
from tests.console import conftest as seed
from tests.console.conftest import StaffSide
from tests.databases import STORES

Team = dict[Role, Staff]
ON_FILE = "written OK on file, stable"


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    """These tests run on every kind of database that is there."""
    return str(request.param)


@pytest.fixture
def anna(team: Team) -> Staff:
    return team[Role.THERAPIST]


def heart(context: StaffSide, name: str = "s-1", conversation: str | None = None, answer: str = ON_FILE) -> str:
    """A finished screening of a client with a heart condition who says that the letter is on file."""
    lines = dict.fromkeys(context.rules.items, NO) | {"T3.4": YES}
    answers = {"T1": AGREED, **lines, "T3.4/which": "heart_disease", "heart_disease/1": "no", "heart_disease/2": answer}
    record = Record(answers={**answers, "T6": "said", "summary": CONFIRMED}, words={"T6": "my shoulders"})
    result = triage(record, context.rules)
    return seed.add_screening(
        context,
        name,
        conversation=conversation,
        tier=result.tier.name,
        condition="heart_disease",
        record=record.to_json(),
    )


def tier(context: StaffSide, name: str = "s-1") -> str | None:
    with context.database.session() as session:
        return session.get_one(Screening, name).tier


def test_the_word_of_the_client_alone_changes_nothing(context: StaffSide, review: Review, anna: Staff) -> None:
    heart(context)
    assert review.screening("s-1", anna)["letters"] == []
    assert tier(context) == "CLEARANCE"


def test_a_letter_that_was_seen_is_weighed_at_once(context: StaffSide, review: Review, anna: Staff) -> None:
    heart(context)
    before = review.screening("s-1", anna)
    after = review.letter("s-1", anna, "heart_disease")
    assert [(one["condition"], one["by"]) for one in after["letters"]] == [("heart_disease", anna.email)]
    assert after["tier"] == "CAUTION"
    assert [(f["condition"], f["tier"]) for f in after["findings"]] == [("heart_disease", "CAUTION")]
    assert after["version"] > before["version"], "a decision about what was read before must be refused"
    assert after["finished_at"] == before["finished_at"]
    with context.database.session() as session:
        assert session.scalars(select(Outbox)).first() is None, "the client hears of decisions, not of letters"
        assert [row.what for row in session.scalars(select(Audit))].count("letter.seen") == 1


def test_it_is_noted_once(context: StaffSide, review: Review, anna: Staff) -> None:
    heart(context)
    review.letter("s-1", anna, "heart_disease")
    review.letter("s-1", anna, "heart_disease")
    with context.database.session() as session:
        assert len(list(session.scalars(select(Letter)))) == 1


def test_it_can_be_taken_back(context: StaffSide, review: Review, anna: Staff) -> None:
    heart(context)
    review.letter("s-1", anna, "heart_disease")
    after = review.letter("s-1", anna, "heart_disease", seen=False)
    assert after["letters"] == []
    assert after["tier"] == "CLEARANCE"
    assert review.letter("s-1", anna, "heart_disease", seen=False)["tier"] == "CLEARANCE"


def test_a_letter_for_one_row_says_nothing_of_another(context: StaffSide, review: Review, anna: Staff) -> None:
    heart(context)
    assert review.letter("s-1", anna, "anticoagulants")["tier"] == "CLEARANCE"


def test_a_client_who_does_not_speak_of_a_letter_is_still_a_person_s_to_decide(
    context: StaffSide, review: Review, anna: Staff
) -> None:
    heart(context, answer="over 6 months, stable")
    assert review.letter("s-1", anna, "heart_disease")["tier"] == "CLEARANCE"


def test_what_is_decided_stays_as_it_was_decided(context: StaffSide, review: Review, anna: Staff) -> None:
    heart(context)
    review.decide("s-1", anna, "needs_letter", note="please bring it")
    assert review.letter("s-1", anna, "heart_disease")["tier"] == "CLEARANCE"


def test_it_counts_for_this_client_s_next_screening_and_nobody_else_s(
    context: StaffSide, review: Review, anna: Staff
) -> None:
    heart(context)
    review.letter("s-1", anna, "heart_disease")
    heart(context, "s-2", conversation="web-s-1")
    heart(context, "s-3")
    assert [one["condition"] for one in review.screening("s-2", anna)["letters"]] == ["heart_disease"]
    assert review.screening("s-3", anna)["letters"] == []
    with context.database.session() as session:
        assert screenings.rows_with_letter(session, "web-s-1", context.rules) == {"heart_disease"}
        assert screenings.rows_with_letter(session, "web-s-3", context.rules) == frozenset()


def test_an_old_letter_no_longer_counts(context: StaffSide, review: Review, anna: Staff) -> None:
    heart(context)
    review.letter("s-1", anna, "heart_disease")
    with context.database.session() as session:
        session.execute(update(Letter).values(at=now() - timedelta(days=400)))
    assert review.screening("s-1", anna)["letters"] == []


@pytest.mark.parametrize("condition", ["", "suicidal_crisis", "nothing", "combination:fever_back_pain"])
def test_only_rows_have_letters(context: StaffSide, review: Review, anna: Staff, condition: str) -> None:
    heart(context)
    with pytest.raises(Invalid):
        review.letter("s-1", anna, condition)


def test_the_front_desk_neither_notes_nor_sees_them(context: StaffSide, review: Review, team: Team) -> None:
    heart(context)
    review.letter("s-1", team[Role.THERAPIST], "heart_disease")
    with pytest.raises(NotAllowed):
        review.letter("s-1", team[Role.RECEPTION], "heart_disease")
    assert review.screening("s-1", team[Role.RECEPTION])["letters"] == []


@pytest.mark.anyio
async def test_in_the_console(context: StaffSide, team: Team, new_browser: Callable[[], httpx.AsyncClient]) -> None:
    heart(context)
    browser = new_browser()
    await seed.sign_in(browser, Role.THERAPIST)
    page = (await browser.get("/console/screenings/s-1")).text
    assert "I have seen the doctor" in page
    done = await seed.post(browser, "/console/screenings/s-1/letters", condition="heart_disease")
    assert done.status_code == 303
    page = (await browser.get("/console/screenings/s-1")).text
    assert f"letter seen by {seed.EMAILS[Role.THERAPIST]}" in page
    await seed.post(browser, "/console/screenings/s-1/letters", condition="heart_disease", seen="no")
    assert tier(context) == "CLEARANCE"
