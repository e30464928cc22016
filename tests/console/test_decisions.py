"""Deciding: who is first, what is written, what the client is told, what happens to the booking and to a hold."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.booking.states import Action
from bot.review import Conflict, Invalid, NotAllowed, NotFound, Review, VersionConflict
from bot.staff import Role, Staff
from bot.store.database import now
from bot.store.models import Audit, Booking, BookingCell, Conversation, Decision, Incident, Outbox, Screening
from tests.console import conftest as seed
from tests.console.conftest import StaffSide
from tests.databases import STORES

Team = dict[Role, Staff]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    """These tests run on every kind of database that is there."""
    return str(request.param)


@pytest.fixture
def anna(team: Team) -> Staff:
    return team[Role.THERAPIST]


def outbox(context: StaffSide) -> list[Outbox]:
    """What was said at once; reminders wait for their day (tests/store/test_reminders.py)."""
    with context.database.session() as session:
        rows = select(Outbox).where(Outbox.key.not_like("reminder:%")).order_by(Outbox.id)
        return list(session.scalars(rows))


def audited(context: StaffSide) -> list[str]:
    with context.database.session() as session:
        return list(session.scalars(select(Audit.what).order_by(Audit.id)))


def booking(context: StaffSide, reference: str = "NMT-7K3QF") -> tuple[str, int]:
    """The state of a booking, and how many quarters of an hour it takes."""
    with context.database.session() as session:
        state = session.get_one(Booking, reference).state
        return state, session.scalar(select(func.count()).where(BookingCell.reference == reference)) or 0


def lock(context: StaffSide, conversation: str) -> str | None:
    with context.database.session() as session:
        return session.get_one(Conversation, conversation).lock


# ------------------------------------------------------------------ the decision itself


def test_a_decision_is_written_told_and_audited(context: StaffSide, review: Review, anna: Staff) -> None:
    name = seed.add_screening(context)
    row = review.decide(name, anna, "approve", version=1)
    assert (row["state"], row["decision"]["decision"], row["decision"]["by"]) == ("decided", "approve", anna.email)
    assert row["decision"]["ruleset_version"] == context.rules.version
    (told,) = outbox(context)
    with context.database.session() as session:
        made = session.scalars(select(Decision)).one()
    assert told.key == f"decision:{made.id}"
    assert (told.author, told.conversation_id) == ("staff", "web-s-1")
    assert told.reply["text"] == context.wording.text("decision.approve") == made.message_to_client
    assert told.delivered_at is None
    assert audited(context)[-1] == "screening.approve"


@pytest.mark.parametrize("decision", ["needs_letter", "decline", "refer"])
def test_everything_but_a_yes_needs_a_note(context: StaffSide, review: Review, anna: Staff, decision: str) -> None:
    name = seed.add_screening(context)
    with pytest.raises(Invalid, match="note"):
        review.decide(name, anna, decision, note="  ")
    assert outbox(context) == []
    review.decide(name, anna, decision, note="because")
    assert outbox(context)[0].reply["text"] == context.wording.text(f"decision.{decision}")


def test_own_words_are_sent_exactly(context: StaffSide, review: Review, anna: Staff) -> None:
    name = seed.add_screening(context)
    words = f"Please bring the form.\n{seed.XSS}"
    row = review.decide(name, anna, "needs_letter", note="x", message_to_client=words)
    assert outbox(context)[0].reply["text"] == words == row["decision"]["message_to_client"]


@pytest.mark.parametrize(
    ("decision", "note", "message"), [("maybe", "x", ""), ("decline", "x" * 2001, ""), ("decline", "x", "y" * 2001)]
)
def test_what_is_no_decision_is_refused(
    context: StaffSide, review: Review, anna: Staff, decision: str, note: str, message: str
) -> None:
    name = seed.add_screening(context)
    with pytest.raises(Invalid):
        review.decide(name, anna, decision, note=note, message_to_client=message)


def test_the_second_to_decide_reads_the_first(context: StaffSide, review: Review, team: Team) -> None:
    name = seed.add_screening(context)
    review.decide(name, team[Role.THERAPIST], "decline", note="too soon after it", version=1)
    with pytest.raises(VersionConflict) as second:
        review.decide(name, team[Role.OWNER], "approve", version=1)
    assert second.value.first is not None
    assert (second.value.first["decision"], second.value.first["by"]) == ("decline", team[Role.THERAPIST].email)
    with pytest.raises(VersionConflict):
        review.decide(name, team[Role.OWNER], "approve")
    assert len(outbox(context)) == 1


def test_of_many_at_once_one_decides(context: StaffSide, review: Review, anna: Staff) -> None:
    name = seed.add_screening(context)

    def attempt(_number: int) -> str:
        try:
            review.decide(name, anna, "approve", version=1)
        except VersionConflict as error:
            return "second" if error.first is not None else "unknown"
        return "first"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, range(8))) == ["first"] + ["second"] * 7
    assert len(outbox(context)) == 1


def test_a_decision_can_follow_a_decision(context: StaffSide, review: Review, anna: Staff) -> None:
    name = seed.add_screening(context, tier="CLEARANCE", condition="anticoagulants")
    first = review.decide(name, anna, "needs_letter", note="ask the doctor", version=1)
    second = review.decide(name, anna, "approve", note="letter of 20 November seen", version=first["version"])
    assert second["decision"]["decision"] == "approve"
    assert [one["decision"] for one in review.history(name, anna)] == ["needs_letter", "approve"]
    assert len({row.key for row in outbox(context)}) == 2
    with pytest.raises(VersionConflict):
        review.decide(name, anna, "refer", note="an old page", version=first["version"])


def test_a_decision_about_an_earlier_result_does_not_stand(context: StaffSide, review: Review, anna: Staff) -> None:
    name = seed.add_screening(context)
    review.decide(name, anna, "approve", version=1)
    with context.database.session() as session:  # the client has told something new, and has a new result
        row = session.get_one(Screening, name)
        row.state, row.tier, row.finished_at = "new", "STOP", now() + timedelta(seconds=1)
    row_json = review.screening(name, anna)
    assert (row_json["tier"], row_json["decision"]) == ("STOP", None)
    with pytest.raises(VersionConflict, match="something new"):
        review.decide(name, anna, "approve", version=2)
    assert [one["decision"] for one in review.history(name, anna)] == ["approve"]
    seed.add_booking(context, name)
    for action in (Action.CONFIRM, Action.PROPOSE):
        with pytest.raises(Conflict, match="approval"):
            review.act("NMT-7K3QF", action, anna, start=now() + timedelta(days=12))


def test_reception_cannot_decide_past_the_pages(context: StaffSide, review: Review, team: Team) -> None:
    name, reception = seed.add_screening(context), team[Role.RECEPTION]
    refused: list[Callable[[], object]] = [
        lambda: review.decide(name, reception, "approve"),
        lambda: review.claim(name, reception),
        lambda: review.transcript("web-s-1", reception),
        lambda: review.answers(name, reception),
        lambda: review.history(name, reception),
        lambda: review.told("web-s-1", reception),
        lambda: review.write("web-s-1", reception, "x"),
        lambda: review.join("web-s-1", reception),
        lambda: review.release(1, reception, "x"),
        lambda: review.questions(reception),
        lambda: review.settle([1], reception, "x"),
        lambda: review.audit_log(team[Role.THERAPIST]),
    ]
    for act in refused:
        with pytest.raises(NotAllowed):
            act()


# ------------------------------------------------------------------ claiming


def test_claiming_is_soft(context: StaffSide, review: Review, team: Team) -> None:
    name = seed.add_screening(context)
    anna, owner = team[Role.THERAPIST], team[Role.OWNER]
    mine = review.claim(name, anna)
    assert (mine["state"], mine["claimed_by"], mine["version"]) == ("claimed", anna.email, 1)
    assert review.claim(name, anna)["claimed_by"] == anna.email
    with pytest.raises(Conflict, match=anna.email):
        review.claim(name, owner)
    assert review.claim(name, owner, take_over=True)["claimed_by"] == owner.email
    # who read it before the claim still decides about the same thing
    assert review.decide(name, anna, "approve", version=1)["state"] == "decided"
    with pytest.raises(VersionConflict):
        review.claim(name, owner)


# ------------------------------------------------------------------ bookings and holds


@pytest.mark.parametrize(
    ("state", "decision", "after"),
    [
        ("requested", "approve", ("requested", 5)),
        ("requested", "needs_letter", ("provisional", 0)),
        ("requested", "decline", ("declined", 0)),
        ("requested", "refer", ("declined", 0)),
        ("proposed", "needs_letter", ("provisional", 0)),
        ("provisional", "approve", ("provisional", 0)),
        ("provisional", "needs_letter", ("provisional", 0)),
        ("provisional", "decline", ("declined", 0)),
    ],
)
def test_the_booking_follows_the_decision(
    context: StaffSide, review: Review, anna: Staff, state: str, decision: str, after: tuple[str, int]
) -> None:
    name = seed.add_screening(context)
    seed.add_booking(context, name, state=state)
    row = review.decide(name, anna, decision, note="because")
    assert booking(context) == after
    assert row["booking"]["state"] == after[0]
    assert outbox(context)[0].reply["meta"]["booking"]["state"] == after[0]


@pytest.mark.parametrize(
    ("decision", "after"),
    [("decline", ("cancelled_by_clinic", 0)), ("needs_letter", ("provisional", 0)), ("approve", ("confirmed", 5))],
)
def test_a_confirmed_booking_follows_too(
    context: StaffSide, review: Review, anna: Staff, decision: str, after: tuple[str, int]
) -> None:
    name = seed.add_screening(context)
    seed.add_booking(context, name)
    confirmed = review.act("NMT-7K3QF", Action.CONFIRM, anna)
    assert confirmed["state"] == "confirmed"
    version = review.screening(name, anna)["version"]
    review.decide(name, anna, decision, note="new letter", version=version)
    assert booking(context) == after


def test_a_yes_without_a_time_offers_one(context: StaffSide, review: Review, anna: Staff) -> None:
    name = seed.add_screening(context, tier="CLEARANCE", condition="anticoagulants")
    seed.add_booking(context, name, state="provisional")
    review.decide(name, anna, "approve")
    assert outbox(context)[0].reply["buttons"] == [
        {"title": context.wording.text("button.book"), "do": {"do": "intent", "intent": "book"}}
    ]


def test_a_yes_with_a_time_offers_none(context: StaffSide, review: Review, anna: Staff) -> None:
    name = seed.add_screening(context)
    seed.add_booking(context, name)
    review.decide(name, anna, "approve")
    assert outbox(context)[0].reply["buttons"] == []


@pytest.mark.parametrize("tier", ["STOP", "EMERGENCY"])
def test_only_a_yes_lifts_a_hold(context: StaffSide, review: Review, anna: Staff, tier: str) -> None:
    name = seed.add_screening(context, tier=tier, condition="chest_pain")
    seed.add_incident(context, "web-s-1")
    row = review.decide(name, anna, "refer", note="call the doctor first")
    assert lock(context, "web-s-1") == "locked"
    review.decide(name, anna, "approve", note="seen by a doctor", version=row["version"])
    assert lock(context, "web-s-1") is None
    with context.database.session() as session:
        incident = session.scalars(select(Incident)).one()
    assert (incident.released_by, incident.released_at is not None) == (anna.id, True)


def test_a_yes_to_less_does_not_lift_a_later_emergency(context: StaffSide, review: Review, anna: Staff) -> None:
    name = seed.add_screening(context, tier="CAUTION")
    number = seed.add_incident(context, "web-s-1")
    seed.add_booking(context, name)
    review.decide(name, anna, "approve")
    assert lock(context, "web-s-1") == "locked"
    with pytest.raises(Conflict, match="on hold"):
        review.act("NMT-7K3QF", Action.CONFIRM, anna)
    with pytest.raises(Invalid):
        review.release(number, anna, " ")
    review.release(number, anna, "spoke on the phone")
    assert lock(context, "web-s-1") is None
    assert review.act("NMT-7K3QF", Action.CONFIRM, anna)["state"] == "confirmed"
    with pytest.raises(NotFound):
        review.release(99, anna, "x")


# ------------------------------------------------------------------ acts on bookings


def test_confirming_tells_the_time_in_the_clinics_zone(context: StaffSide, review: Review, anna: Staff) -> None:
    seed.add_booking(context, seed.add_screening(context))
    review.act("NMT-7K3QF", Action.CONFIRM, anna)
    (told,) = outbox(context)
    with context.database.session() as session:
        start = session.get_one(Booking, "NMT-7K3QF").start
    assert start is not None
    there = start.astimezone(context.clinic.zone)
    assert f"{there:%A} {there.day} {there:%B}, noon" in told.reply["text"]
    assert (told.reply["kind"], told.reply["meta"]["booking"]["state"]) == ("booking", "confirmed")
    card = told.reply["meta"]["booking"]
    assert card["slot"]["therapist"] == "anna"
    assert card["names"]["therapist"] == "Anna Reyes"
    assert card["names"]["when"] in told.reply["text"]  # the card and the words say the same time


def test_confirming_a_caution_is_the_human_decision(context: StaffSide, review: Review, anna: Staff) -> None:
    name = seed.add_screening(context)
    seed.add_booking(context, name)
    review.act("NMT-7K3QF", Action.CONFIRM, anna)
    assert review.screening(name, anna)["decision"]["decision"] == "approve"


@pytest.mark.parametrize("tier", ["CLEARANCE", "STOP", "EMERGENCY"])
def test_nothing_graver_is_confirmed_without_a_yes(context: StaffSide, review: Review, anna: Staff, tier: str) -> None:
    name = seed.add_screening(context, tier=tier, condition="anticoagulants")
    seed.add_booking(context, name)
    with pytest.raises(Conflict, match="approval"):
        review.act("NMT-7K3QF", Action.CONFIRM, anna)
    assert booking(context)[0] == "requested"
    assert outbox(context) == []
    review.decide(name, anna, "approve", note="letter seen")
    assert review.act("NMT-7K3QF", Action.CONFIRM, anna)["state"] == "confirmed"


def test_declining_frees_the_time_and_tells(context: StaffSide, review: Review, anna: Staff) -> None:
    seed.add_booking(context, seed.add_screening(context))
    review.act("NMT-7K3QF", Action.DECLINE, anna, message_to_client="Not that week, sorry.")
    assert booking(context) == ("declined", 0)
    assert outbox(context)[0].reply["text"] == "Not that week, sorry."
    with pytest.raises(Conflict, match="declined"):
        review.act("NMT-7K3QF", Action.CONFIRM, anna)


def test_a_request_without_a_time_is_declined_without_one(context: StaffSide, review: Review, anna: Staff) -> None:
    seed.add_booking(context, seed.add_screening(context), state="provisional")
    review.act("NMT-7K3QF", Action.DECLINE, anna)
    expected = context.wording.text("booking.status_declined", when="", reference="NMT-7K3QF")
    assert outbox(context)[0].reply["text"] == expected


def test_proposing_holds_the_other_time_and_asks(context: StaffSide, review: Review, anna: Staff) -> None:
    seed.add_booking(context, seed.add_screening(context))
    start = (now() + timedelta(days=12)).replace(hour=15, minute=0, second=0, microsecond=0)
    row = review.act("NMT-7K3QF", Action.PROPOSE, anna, start=start, therapist="ben")
    assert (row["state"], row["therapist"], booking(context)) == ("proposed", "ben", ("proposed", 5))
    (told,) = outbox(context)
    assert [button["do"]["proposal"] for button in told.reply["buttons"]] == [True, False]
    assert told.reply["meta"]["booking"]["slot"]["start"] == start.isoformat().replace("+00:00", "Z")


def test_a_proposal_must_be_possible(context: StaffSide, review: Review, anna: Staff) -> None:
    seed.add_booking(context, seed.add_screening(context, "s-1"), "NMT-22222")
    seed.add_booking(context, seed.add_screening(context, "s-2"), "NMT-33333", days=11)
    with context.database.session() as session:
        taken = session.get_one(Booking, "NMT-33333").start
    with pytest.raises(Conflict, match="not free"):
        review.act("NMT-22222", Action.PROPOSE, anna, start=taken)
    with pytest.raises(Invalid, match="therapist"):
        review.act("NMT-22222", Action.PROPOSE, anna, start=taken, therapist="nobody")
    with pytest.raises(Invalid, match="time"):
        review.act("NMT-22222", Action.PROPOSE, anna)
    with pytest.raises(Conflict, match="cannot be done now"):
        review.act("NMT-22222", Action.PROPOSE, anna, start=now() - timedelta(days=1))
    assert booking(context, "NMT-22222") == ("requested", 5)
    assert outbox(context) == []


def test_a_stale_page_does_not_act_on_a_booking(context: StaffSide, review: Review, anna: Staff) -> None:
    seed.add_booking(context, seed.add_screening(context))
    review.act("NMT-7K3QF", Action.CONFIRM, anna, version=1)
    with pytest.raises(Conflict, match="has changed"):
        review.act("NMT-7K3QF", Action.CANCEL_CLINIC, anna, version=1)
    with pytest.raises(NotFound):
        review.act("NMT-22222", Action.CONFIRM, anna)


def test_how_a_visit_went_is_noted_without_a_message(context: StaffSide, review: Review, anna: Staff) -> None:
    seed.add_booking(context, seed.add_screening(context))
    with pytest.raises(Conflict):
        review.act("NMT-7K3QF", Action.NO_SHOW, anna)
    review.act("NMT-7K3QF", Action.CONFIRM, anna)
    with pytest.raises(Conflict, match="begun"):
        review.act("NMT-7K3QF", Action.COMPLETE, anna)
    with context.database.session() as session:
        row = session.get_one(Booking, "NMT-7K3QF")
        row.start, row.end = now() - timedelta(hours=2), now() - timedelta(hours=1)
    assert review.act("NMT-7K3QF", Action.COMPLETE, anna)["state"] == "completed"
    assert len(outbox(context)) == 1


# ------------------------------------------------------------------ people and questions


def test_a_client_is_taken_from_the_list(context: StaffSide, review: Review, anna: Staff) -> None:
    conversation = seed.add_conversation(context, state="waiting")
    seed.add_message(context, conversation, "can I talk to somebody")
    seed.add_message(context, conversation, "", withheld=True)
    number = seed.add_hand_off(context, conversation)
    (one,) = review.hand_offs(anna)
    assert (one["kind"], one["last_words"]) == ("person", ["can I talk to somebody"])
    review.write(conversation, anna, "I call you at three.")
    review.hand_off_done(number, anna)
    review.hand_off_done(number, anna)
    assert review.hand_offs(anna) == []
    assert review.conversation(conversation)["state"] == "bot"
    assert [row.reply["text"] for row in outbox(context)] == ["I call you at three."]
    assert audited(context).count("hand_off.done") == 1


def test_taking_a_chat_over_and_handing_it_back_is_told(context: StaffSide, review: Review, anna: Staff) -> None:
    conversation = seed.add_conversation(context)
    review.join(conversation, anna)
    review.join(conversation, anna)
    assert [row["id"] for row in review.joined(anna)] == [conversation]
    review.leave(conversation, anna)
    assert review.joined(anna) == []
    texts = [context.wording.text(key) for key in ("staff_joined", "staff_left")]
    assert [row.reply["text"] for row in outbox(context)] == texts


def test_incidents_never_hold_words_and_held_ones_come_first(context: StaffSide, review: Review, anna: Staff) -> None:
    first, second = seed.add_conversation(context, "web-1"), seed.add_conversation(context, "web-2")
    held = seed.add_incident(context, first)
    released = seed.add_incident(context, second, "suicidal_crisis", "crisis")
    review.release(released, anna, "spoke on the phone")
    rows = review.incidents()
    assert [(row["id"], row["held"]) for row in rows] == [(held, True), (released, False)]
    assert rows[1]["released_by"] == anna.email
    assert all("text" not in row for row in rows)


def test_like_questions_are_one(context: StaffSide, review: Review, anna: Staff) -> None:
    conversation = seed.add_conversation(context)
    for text in ("do you do cupping?", "Is there parking for a van", "Do you do cupping", "cupping, do you do it"):
        seed.add_question(context, conversation, text, "price")
    groups = review.questions(anna)
    assert [(group["count"], group["text"]) for group in groups[:1]] == [(3, "cupping, do you do it")]
    assert groups[0]["suggestions"] == ["price"]
    assert review.settle(groups[0]["ids"], anna, "added to the knowledge") == 3
    assert [group["text"] for group in review.questions(anna)] == ["Is there parking for a van"]
    with pytest.raises(Invalid):
        review.settle(groups[0]["ids"], anna, " ")
