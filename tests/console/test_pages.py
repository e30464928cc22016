"""What the pages show and do, from the queue to the questions; and that words of clients stay words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select

from bot.console import view
from bot.review import Review
from bot.staff import Role, Staff
from bot.store.database import now
from bot.store.models import Booking, Decision, Outbox
from tests.console import conftest as seed
from tests.console.conftest import XSS, NewBrowser, StaffSide, post, sign_in

pytestmark = pytest.mark.anyio


@pytest.fixture
async def anna(new_browser: NewBrowser, team: dict[Role, Staff]) -> httpx.AsyncClient:
    browser = new_browser()
    await sign_in(browser, Role.THERAPIST)
    return browser


def order_of(page: str) -> list[str]:
    return re.findall(r'href="/console/screenings/([^"]+)"', page)


async def test_the_gravest_and_oldest_come_first(anna: httpx.AsyncClient, context: StaffSide) -> None:
    for name, tier, minutes in [("a", "CAUTION", 90), ("b", "STOP", 5), ("c", "STOP", 60), ("d", "EMERGENCY", 1)]:
        seed.add_screening(context, name, tier=tier, minutes=minutes)
    seed.add_screening(context, "e", tier="NONE")
    assert order_of((await anna.get("/console/queue")).text) == ["d", "c", "b", "a"]
    assert order_of((await anna.get("/console/queue?tier=STOP")).text) == ["c", "b"]
    assert order_of((await anna.get("/console/queue?tier=NONE")).text) == ["e"]


async def test_a_long_queue_has_pages(anna: httpx.AsyncClient, context: StaffSide) -> None:
    for number in range(27):
        seed.add_screening(context, f"s-{number:02}", minutes=100 - number)
    first = (await anna.get("/console/queue")).text
    more = re.search(r'href="([^"]+)" rel="next"', first)
    assert more is not None
    second = (await anna.get(more[1].replace("&amp;", "&"))).text
    assert order_of(first) + order_of(second) == [f"s-{number:02}" for number in range(27)]
    assert 'rel="next"' not in second


async def test_claimed_and_decided_move_to_their_lists(
    anna: httpx.AsyncClient, context: StaffSide, team: dict[Role, Staff]
) -> None:
    for name in ("mine", "theirs", "done"):
        seed.add_screening(context, name)
    assert (await post(anna, "/console/screenings/mine/claim")).status_code == 303
    Review(context).claim("theirs", team[Role.OWNER])
    answer = await post(anna, "/console/screenings/done/decision", decision="approve", version="1")
    assert answer.headers["location"].startswith("/console/screenings/done?said=Approved")
    assert order_of((await anna.get("/console/queue?tab=mine")).text) == ["mine"]
    assert order_of((await anna.get("/console/queue?tab=decided")).text) == ["done"]
    assert order_of((await anna.get("/console/queue")).text) == []
    assert f"{team[Role.OWNER].email} looks after this one." in (await anna.get("/console/screenings/theirs")).text
    assert (await post(anna, "/console/screenings/theirs/claim")).status_code == 409
    assert (await post(anna, "/console/screenings/theirs/claim", take_over="yes")).status_code == 303


async def test_a_screening_shows_what_a_decision_needs(anna: httpx.AsyncClient, context: StaffSide) -> None:
    name = seed.add_screening(
        context,
        words="I have high blood pressure & a stiff neck",
        mark="high blood pressure",
        unclear=["A stroke or mini-stroke (TIA)"],
    )
    seed.add_booking(context, name)
    page = (await anna.get(f"/console/screenings/{name}")).text
    row = context.rules.conditions["hypertension"]
    for words in (
        "Caution",
        row.staff_reason.replace("'", "&#39;"),
        row.follow_up[0].q,
        "I have <mark>high blood pressure</mark> &amp; a stiff neck",
        "says it is so now",
        "A stroke or mini-stroke (TIA)",
        "What the client was told",
        "Rules unsigned.",
        "NMT-7K3QF",
        "Confirm this time",
        context.rules.version,
    ):
        assert words in page, words
    for decision in ("approve", "needs_letter", "decline", "refer"):
        preview = context.wording.text(f"decision.{decision}").replace("'", "&#39;")
        assert f"“{preview}”" in page


async def test_every_question_and_answer_is_readable(anna: httpx.AsyncClient, context: StaffSide) -> None:
    page = (await anna.get(f"/console/screenings/{seed.add_screening(context)}")).text
    row = context.rules.conditions["hypertension"]
    assert "Agreed that health answers are used, 18 or over" in page
    assert f"{row.name}: {row.follow_up[0].q}" in page
    assert context.rules.items["T3.5"].text in page


async def test_words_of_clients_are_never_markup(anna: httpx.AsyncClient, context: StaffSide) -> None:
    name = seed.add_screening(context, words=XSS, mark='alert("x")', client_was_told=XSS, unclear=[XSS])
    seed.add_booking(context, name, name=XSS, note=XSS)
    conversation = "web-s-1"
    seed.add_hand_off(context, conversation)
    seed.add_question(context, conversation, XSS, XSS)
    await post(anna, f"/console/screenings/{name}/decision", decision="decline", note=XSS, version="1")
    for path in (
        "queue", "queue?tab=decided", f"screenings/{name}", f"conversations/{conversation}", "bookings", "waiting",
        "questions",
    ):  # fmt: skip
        page = await anna.get(f"/console/{path}")
        assert page.status_code == 200, path
        assert "<script>" not in page.text, path
        assert "<img" not in page.text, path
    assert "&lt;script&gt;<mark>alert(&#34;x&#34;)</mark>" in (await anna.get(f"/console/screenings/{name}")).text


async def test_a_decision_without_its_note_keeps_what_was_typed(anna: httpx.AsyncClient, context: StaffSide) -> None:
    name = seed.add_screening(context)
    answer = await post(
        anna,
        f"/console/screenings/{name}/decision",
        decision="decline",
        message_to_client="Come back in spring.",
        version="1",
    )
    assert answer.status_code == 422
    assert "Add a note, so that everybody knows why." in answer.text
    assert "Come back in spring." in answer.text
    assert re.search(r'value="decline"[^>]* checked', answer.text)
    with context.database.session() as session:
        assert session.scalars(select(Decision)).all() == []


async def test_the_second_to_decide_sees_the_first_and_keeps_the_words(
    anna: httpx.AsyncClient, context: StaffSide, team: dict[Role, Staff]
) -> None:
    name = seed.add_screening(context)
    Review(context).decide(name, team[Role.OWNER], "decline", note="too soon", version=1)
    answer = await post(
        anna, f"/console/screenings/{name}/decision", decision="approve", note="looks fine", version="1"
    )
    assert answer.status_code == 409
    for words in ("Somebody was first", "Declined", team[Role.OWNER].email, "too soon", "looks fine"):
        assert words in answer.text


async def test_the_transcript_withholds_the_words_of_a_crisis(anna: httpx.AsyncClient, context: StaffSide) -> None:
    conversation = seed.add_conversation(context)
    seed.add_message(context, conversation, "hello there")
    seed.add_message(context, conversation, "words of a crisis", withheld=True)
    page = (await anna.get(f"/console/conversations/{conversation}")).text
    assert "hello there" in page
    assert "words of a crisis" not in page
    assert "Words withheld" in page


async def test_writing_taking_over_and_handing_back(anna: httpx.AsyncClient, context: StaffSide) -> None:
    conversation = seed.add_conversation(context)
    path = f"/console/conversations/{conversation}"
    assert (await post(anna, f"{path}/write", text=" ")).status_code == 422
    assert (await post(anna, f"{path}/write", text="Please call us.")).status_code == 303
    await post(anna, f"{path}/join")
    assert "Hand the chat back" in (await anna.get(path)).text
    assert "The bot is quiet here" in (await anna.get("/console/waiting")).text
    await post(anna, f"{path}/leave")
    assert "Take the chat over" in (await anna.get(path)).text
    with context.database.session() as session:
        assert len(session.scalars(select(Outbox)).all()) == 3


async def test_acts_on_bookings_from_the_pages(anna: httpx.AsyncClient, context: StaffSide) -> None:
    seed.add_booking(context, seed.add_screening(context), note="x")
    zone = context.clinic.zone
    start = (now() + timedelta(days=12)).astimezone(zone).replace(hour=10, minute=30)
    fields = {"start": f"{start:%Y-%m-%dT%H:%M}", "therapist": "ben", "version": "1"}
    answer = await post(anna, "/console/bookings/NMT-7K3QF/propose", **fields)
    assert answer.status_code == 303
    with context.database.session() as session:
        booked = session.get_one(Booking, "NMT-7K3QF").start
    assert booked is not None
    assert booked.astimezone(zone).strftime("%Y-%m-%dT%H:%M") == fields["start"]
    assert (await post(anna, "/console/bookings/NMT-7K3QF/cancel", version="1")).status_code == 409
    assert (await post(anna, "/console/bookings/NMT-7K3QF/propose", start="soon", therapist="ben")).status_code == 422
    assert (await post(anna, "/console/bookings/NMT-7K3QF/erase")).status_code == 404
    answer = await post(anna, "/console/bookings/NMT-7K3QF/confirm", **{"from": "screening"})
    assert answer.headers["location"].startswith("/console/screenings/s-1?said=")
    assert "Confirmed" in (await anna.get("/console/bookings?state=confirmed")).text


async def test_people_who_wait_and_holds(anna: httpx.AsyncClient, context: StaffSide) -> None:
    conversation = seed.add_conversation(context)
    number, incident = seed.add_hand_off(context, conversation), seed.add_incident(context, conversation)
    page = (await anna.get("/console/waiting")).text
    for words in ("Asked for a person", "Chest pain or pressure", "Chat on hold"):
        assert words in page
    await post(anna, f"/console/waiting/{number}/done")
    assert (await post(anna, f"/console/incidents/{incident}/release", note="")).status_code == 422
    await post(anna, f"/console/incidents/{incident}/release", note="spoke on the phone")
    page = (await anna.get("/console/waiting")).text
    assert "Nobody is waiting." in page
    assert "hold lifted by therapist@clinic.example" in page


async def test_questions_are_settled(anna: httpx.AsyncClient, context: StaffSide) -> None:
    conversation = seed.add_conversation(context)
    ids = [seed.add_question(context, conversation, text) for text in ("do you do cupping?", "Do you do cupping")]
    assert "2 times" in (await anna.get("/console/questions")).text
    answer = await post(anna, "/console/questions/settle", id=[str(number) for number in ids], outcome="not for us")
    assert "2%20taken" in answer.headers["location"]
    assert "Every question found an answer" in (await anna.get("/console/questions")).text


async def test_a_failure_shows_a_reference_and_no_words_of_anybody(
    anna: httpx.AsyncClient, context: StaffSide, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("words of a client")

    monkeypatch.setattr(Review, "bookings", broken)
    answer = await anna.get("/console/bookings")
    assert answer.status_code == 500
    reference = re.search(r"name ([0-9a-f]{8}) ", answer.text)
    assert reference is not None
    assert reference[1] in caplog.text
    assert "words of a client" not in caplog.text + answer.text


# ------------------------------------------------------------------ small parts of the view


def test_times_are_the_clinics() -> None:
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("America/New_York")
    assert view.when("2026-11-24T15:30:00Z", zone) == "Tuesday 24 November, 10:30 am"
    assert view.when(datetime(2026, 7, 1, 16, 0, tzinfo=UTC), zone) == "Wednesday 1 July, noon"
    assert view.when(None, zone) == ""


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0, "just now"), (-5, "just now"), (59, "59 min ago"), (60, "1 h ago"), (125, "2 h 5 min ago"),
     (1440, "1 day ago"), (3000, "2 days 2 h ago")],
)  # fmt: skip
def test_ages_are_told_in_two_units(minutes: int, said: str) -> None:
    moment = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    assert view.age(moment - timedelta(minutes=minutes), moment) == said


@pytest.mark.parametrize(
    ("text", "start", "end", "message", "parts"),
    [
        ("a clot", 7, 13, "I have a clot now", ("I have ", "a clot", " now")),
        ("I have a clot now", 7, 13, None, ("I have ", "a clot", " now")),
        ("a clot", 7, 13, None, ("", "a clot", "")),
        ("a clot", 7, 13, "changed since then", ("", "a clot", "")),
        ("", 0, 0, None, None),
    ],
)
def test_the_words_that_led_to_a_finding_are_marked(
    text: str, start: int, end: int, message: str | None, parts: tuple[str, str, str] | None
) -> None:
    found = view.marked({"text": text, "start": start, "end": end}, message)
    assert (None if found is None else (found.before, found.mark, found.after)) == parts
