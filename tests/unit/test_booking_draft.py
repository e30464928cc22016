"""The dialogue of a booking request: one question at a time, nothing guessed, nothing asked twice."""

from __future__ import annotations

import copy
import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.booking.contact import Contact
from bot.booking.draft import (
    ANY,
    MOST_CHOICES,
    OTHER_DAY,
    Draft,
    Phrase,
    Ready,
    Step,
    apply,
    back,
    missed,
    next_step,
    ready,
    slots_for,
)  # fmt: skip
from bot.booking.replies import misread, prefill, understand
from bot.booking.slots import Busy, Slot
from bot.clinic import Clinic, load_locale
from bot.clinical.answers import load_phrases
from bot.knowledge import read_yaml
from bot.wording import Wording

KNOWLEDGE = Path(__file__).parents[2] / "knowledge"
TREE: dict[str, Any] = read_yaml(KNOWLEDGE / "clinic.yml")
CLINIC = Clinic.load(KNOWLEDGE)
PHRASES = load_phrases(KNOWLEDGE)
WORDING = Wording.load(KNOWLEDGE, CLINIC.tree, load_locale(KNOWLEDGE, CLINIC.clinic.locale))
NOW = datetime.datetime(2026, 11, 20, 16, 0, tzinfo=datetime.UTC)  # Friday, 11 am at the clinic
DONE = Draft(
    service="nmt_60", therapist="anna", day="2026-11-24", start="2026-11-24T15:30:00+00:00",
    name="Sam Lee", contact="+12025550143", given=("service", "therapist", "day", "time", "name", "contact"),
)  # fmt: skip


def clinic_with(**parts: Any) -> Clinic:
    return Clinic.of({**copy.deepcopy(TREE), **parts})


class Talk:
    """A client at the keyboard."""

    def __init__(self, draft: Draft | None = None, clinic: Clinic = CLINIC, busy: Sequence[Busy] = ()) -> None:
        self.draft = draft or Draft()
        self.clinic = clinic
        self.slots = slots_for(clinic, busy, NOW)

    @property
    def step(self) -> Step | None:
        return next_step(self.draft, self.clinic, self.slots, NOW)

    @property
    def asked(self) -> str:
        assert self.step is not None
        return self.step.id

    @property
    def wording(self) -> str:
        assert self.step is not None
        return self.step.wording

    @property
    def shown(self) -> str:
        assert self.step is not None
        return said(self.step)

    @property
    def titles(self) -> list[str]:
        assert self.step is not None
        return [spoken(choice.title) for choice in self.step.choices]

    def means(self, text: str) -> str | None:
        assert self.step is not None
        return understand(self.step, text, self.clinic, NOW, PHRASES)

    def say(self, *texts: str) -> Talk:
        for text in texts:
            value = self.means(text)
            assert value is not None, f"{text!r} is not understood at {self.asked}"
            self.draft = apply(self.draft, self.asked, value, self.clinic)
        return self

    def ready(self) -> Ready | None:
        return ready(self.draft, self.clinic, self.slots)


def spoken(text: str | Phrase) -> str:
    return WORDING.text(text.id) if isinstance(text, Phrase) else text


def said(step: Step) -> str:
    return WORDING.text(step.wording, **{key: spoken(value) for key, value in step.variables.items()})


# ------------------------------------------------------------------ the walk


def test_a_request_from_the_first_question_to_the_last() -> None:
    talk = Talk()
    order = []
    for text in ("1", "anna", "next tuesday after 9", "half past ten", "it's sam lee", "202 555 0143"):
        order.append(talk.asked)
        talk.say(text)
    assert order == ["service", "therapist", "day", "time", "name", "contact"]
    assert talk.shown == (
        "This is your request:\n- NMT session, 60 minutes\n- With: Anna Reyes\n- When: Tuesday 24 November, 10:30 am\n"
        "- Name: Sam Lee\n- Contact: +1 202-555-0143\nShall I send it?"
    )
    assert talk.ready() is None
    talk.say("yes please")
    assert talk.step is None
    start = datetime.datetime(2026, 11, 24, 15, 30, tzinfo=datetime.UTC)
    assert talk.ready() == Ready(
        CLINIC.services[0],
        Slot(start, start + CLINIC.services[0].duration, "anna"),
        "anna",
        False,
        "Sam Lee",
        Contact("+12025550143"),
    )


def test_a_provisional_request_asks_for_no_time() -> None:
    talk = Talk(Draft(provisional=True)).say("2", "ben", "Sam", "sam@example.com")
    assert talk.asked == "summary"
    assert "no time is held yet" in talk.shown
    talk.say("send it")
    found = talk.ready()
    assert found is not None
    assert (found.slot, found.therapist, found.service.id) == (None, "ben", "nmt_90")


def test_what_there_is_only_one_of_is_not_asked() -> None:
    talk = Talk(
        clinic=clinic_with(
            services=TREE["services"][:1], therapists=[{**TREE["therapists"][0], "services": ["nmt_60"]}]
        )
    )
    assert talk.asked == "day"
    assert Talk().say("gentle").asked == "day"  # only Anna gives it


def test_every_text_and_title_can_be_said() -> None:
    talk = Talk()
    for text in (
        "1",
        "anyone",
        "next week",
        "tuesday",
        "more times",
        "2 pm",
        "Sam",
        "sam@example.com",
        "change",
        "change the name",
    ):
        assert talk.shown
        assert 1 <= len(talk.titles) <= MOST_CHOICES or talk.asked in ("name", "contact")
        talk.say(text)
    for wording in ("bad_service", "bad_therapist", "bad_day", "bad_time", "unclear_choice", "any_man", "any_woman"):
        assert WORDING.text(f"booking.{wording}")


def test_any_therapist_is_resolved_by_the_time() -> None:
    talk = Talk().say("2", "i don't mind", "monday at 9", "Sam", "sam@example.com")
    assert "With: Anyone who is free" in talk.shown
    found = talk.say("yes").ready()
    assert found is not None
    assert found.slot is not None
    assert (found.therapist, found.any_therapist, found.slot.therapist) == (None, True, "anna")


def test_for_pregnancy_only_the_trained_are_asked_for() -> None:
    talk = Talk(Draft(prenatal=True)).say("1")
    assert talk.asked == "day"
    talk.say("monday at 9", "Sam", "sam@example.com", "yes")
    found = talk.ready()
    assert found is not None
    assert found.therapist == "anna"


def test_days_come_with_more_days_and_leave_out_closures() -> None:
    talk = Talk().say("1", "anna")
    assert talk.titles == [
        "Saturday 21 November", "Monday 23 November", "Tuesday 24 November", "Wednesday 25 November",
        "Friday 27 November", "Saturday 28 November", "Monday 30 November", "More days",
    ]  # fmt: skip
    talk.say("more days")
    assert talk.titles[0] == "Tuesday 1 December"
    assert talk.say("more days").titles[0] == "Wednesday 9 December"
    assert talk.say("more days").titles[-1] == "Friday 18 December"
    assert talk.say("saturday").titles == ["11 am", "11:30 am", "noon", "Another day"]


def test_times_come_with_more_times() -> None:
    talk = Talk().say("1", "anna", "monday")
    assert talk.titles == ["9 am", "9:30 am", "10 am", "10:30 am", "11 am", "11:30 am", "More times", "Another day"]
    assert talk.say("more times").titles[0] == "1:30 pm"
    assert talk.say("more times").titles == ["4:30 pm", "5 pm", "Another day"]
    assert talk.say("9:30").asked == "name"  # what is on no button can still be typed


def test_a_part_of_the_day_narrows_days_and_times() -> None:
    talk = Talk().say("1", "anna", "after 5")
    assert talk.asked == "day"
    assert "Thursday 3 December" in talk.titles
    assert "Saturday 21 November" not in talk.titles
    assert talk.say("Thursday 3 December").titles == ["5 pm", "5:30 pm", "6 pm", "Another day"]


def test_another_day_opens_the_day_again() -> None:
    talk = Talk().say("1", "anna", "monday", "another day")
    assert talk.asked == "day"
    assert (talk.draft.day, talk.draft.given) == (None, ("service", "therapist"))
    assert talk.say("monday").means("Another day") == OTHER_DAY
    assert talk.say("wednesday instead please".replace(" instead", "")).draft.day == "2026-11-25"


@pytest.mark.parametrize(
    ("text", "wording", "words"),
    [
        ("thursday", "booking.day_closed", "We are closed on Thursday 26 November"),
        ("sunday", "booking.day_closed", "Sunday 22 November"),
        ("yesterday", "booking.day_out_of_range", "24 hours to 28 days"),
        ("today", "booking.day_out_of_range", "24 hours to 28 days"),
        ("2027-01-12", "booking.day_out_of_range", "24 hours to 28 days"),
        ("in two months", "booking.day_out_of_range", "24 hours to 28 days"),
    ],
)
def test_a_day_that_cannot_be_had_is_said_with_its_reason(text: str, wording: str, words: str) -> None:
    talk = Talk().say("1", "anna", text)
    assert (talk.asked, talk.wording) == ("day", wording)
    assert words in talk.shown
    assert len(talk.titles) == MOST_CHOICES


def test_a_day_that_is_full_is_said_with_its_reason() -> None:
    day = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)
    talk = Talk(busy=[Busy("anna", day, day + datetime.timedelta(days=2))]).say("1", "anna", "tuesday")
    assert (talk.asked, talk.wording) == ("day", "booking.no_slots_day")
    assert "Tuesday 24 November" in talk.shown


def test_a_time_that_is_not_free_leads_to_those_that_are() -> None:
    for text in ("tuesday at 1 pm", "tuesday after 7", "tuesday 8pm"):
        talk = Talk().say("1", "anna", text)
        assert (talk.asked, talk.wording) == ("time", "booking.time_not_free")
        assert talk.titles[0] == "9 am"
    assert Talk().say("1", "anna", "tuesday", "1").draft.start == "2026-11-24T14:00:00+00:00"
    assert Talk().say("1", "anna", "tuesday", "12:45").wording == "booking.time_not_free"


def test_when_no_day_has_that_part_the_others_are_shown() -> None:
    talk = Talk().say("1", "anna", "after 8 pm")
    assert (talk.asked, talk.wording, len(talk.titles)) == ("day", "booking.no_slots_then", MOST_CHOICES)


def test_when_nothing_is_free_something_else_can_be_changed() -> None:
    busy = [Busy("anna", NOW, NOW + datetime.timedelta(days=60))]
    talk = Talk(busy=busy).say("1", "anna")
    assert (talk.wording, talk.titles) == ("booking.no_slots", ["Change the session", "Change the therapist"])
    assert talk.say("change the therapist").asked == "therapist"
    assert talk.say("ben").asked == "day"


def test_a_time_that_was_taken_meanwhile_is_asked_again_and_confirmed_again() -> None:
    talk = Talk(apply(DONE, "summary", "send", CLINIC))
    assert talk.step is None
    start = datetime.datetime(2026, 11, 24, 15, 30, tzinfo=datetime.UTC)
    talk = Talk(talk.draft, busy=[Busy("anna", start, start + datetime.timedelta(hours=1))])
    assert talk.ready() is None
    assert (talk.asked, talk.wording) == ("time", "booking.time_not_free")
    talk.say("2 pm")
    assert talk.asked == "summary"


def test_a_clinic_that_offers_nothing_says_so() -> None:
    talk = Talk(clinic=clinic_with(therapists=[{**person, "active": False} for person in TREE["therapists"]]))
    assert (talk.wording, talk.titles) == ("booking.no_slots", [])


# ------------------------------------------------------------------ what replies mean


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "nmt_60"), ("NMT session", "nmt_60"), ("nmt session, 60 min", "nmt_60"), ("nmt sesion 60 min", "nmt_60"),
        ("the second one", "nmt_90"), ("90", "nmt_90"), ("90 minutes please", "nmt_90"),
        ("an hour and a half", "nmt_90"),
        ("long", "nmt_90"), ("the long one", "nmt_90"), ("Long NMT session", "nmt_90"), ("option 2", "nmt_90"),
        ("gentle", "gentle_60"), ("the gentle one, 60 minutes", "gentle_60"), ("gentl masage, 60 min", "gentle_60"),
        ("last one", "gentle_60"), ("60 minutes", None), ("an hour", None), ("not the long one", None),
        ("4", None), ("0", None),
        ("does the gentle one hurt?", None), ("massage", None), ("45 minutes", None), ("hello", None), ("", None),
    ],
)  # fmt: skip
def test_a_session(text: str, value: str | None) -> None:
    assert Talk().means(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("anna", "anna"), ("Anna Reyes", "anna"), ("ana", "anna"), ("i'd like to see ben please", "ben"), ("2", "ben"),
        ("a woman", "anna"), ("female please", "anna"), ("a man", "ben"), ("any", ANY), ("either", ANY),
        ("no preference", ANY),
        ("i don't mind", ANY), ("Anyone who is free", ANY), ("whoever", ANY), ("3", ANY), ("any woman", "anna"),
        ("not ben", None), ("anyone but ben", None), ("anna or ben", None), ("is anna good?", None),
        ("who is ben", None),
        ("zoe", None), ("a man or a woman", None), ("i have been in pain for years", None),
    ],
)  # fmt: skip
def test_a_therapist(text: str, value: str | None) -> None:
    assert Talk().say("1").means(text) == value


def test_any_of_several_women() -> None:
    people = [*TREE["therapists"], {**TREE["therapists"][0], "id": "cleo", "name": "Cleo Hart"}]
    talk = Talk(clinic=clinic_with(therapists=people)).say("1", "a woman", "monday at 9", "Sam", "sam@example.com")
    assert "With: Any woman who is free" in talk.shown
    found = talk.say("yes").ready()
    assert found is not None
    assert found.slot is not None
    assert found.slot.therapist in ("anna", "cleo")
    assert found.any_therapist


def test_a_therapist_who_does_not_give_the_session_is_said_by_name() -> None:
    people = [*TREE["therapists"], {**TREE["therapists"][0], "id": "cleo", "name": "Cleo Hart"}]
    talk = Talk(clinic=clinic_with(therapists=people)).say("gentle", "ben")
    assert (talk.asked, talk.wording) == ("therapist", "booking.therapist_not_for_service")
    assert "Ben Carter" in talk.shown
    assert talk.titles == ["Anna Reyes", "Cleo Hart", "Anyone who is free"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("monday", "2026-11-23"), ("Tuesday 24 November", "2026-11-24"), ("tuesday 24 novmber", "2026-11-24"),
        ("tomorrow afternoon", "2026-11-21@12:00-17:00"), ("the 25th", "2026-11-25"), ("25", "2026-11-25"),
        ("next tuesday after 5", "2026-11-24@17:00-24:00"), ("saturday 10:30", "2026-11-21T15:30:00+00:00"),
        ("tuesday half past ten", "2026-11-24T15:30:00+00:00"), ("monday at 2", "2026-11-23T19:00:00+00:00"),
        ("next week", "after:2026-11-23"), ("next week, mornings", "after:2026-11-23@00:00-12:00"),
        ("any day after 5", "@17:00-24:00"), ("any", "2026-11-21"), ("earliest", "2026-11-21"), ("6", "2026-11-28"),
        ("the second one", "2026-11-23"), ("1", None), ("monday or tuesday", None), ("not monday", None),
        ("9", "2026-12-09"),
        ("my back hurts", None), ("does it hurt", None), ("8", None), ("5", None), ("more", "after:2026-12-01"),
        ("change the session", None),
    ],
)  # fmt: skip
def test_a_day(text: str, value: str | None) -> None:
    # 1 is the first button and the first of December: not guessed; so are 5 and 8
    assert Talk().say("1", "anna").means(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9 am", "14:00"), ("9", "14:00"), ("ten", "15:00"), ("10:30", "15:30"), ("half past ten", "15:30"),
        ("at 2", "19:00"),
        ("14:00", "19:00"), ("2pm", "19:00"), ("the first", "14:00"), ("the last one", "16:30"),
        ("any", "14:00"), ("earliest", "14:00"),
        ("tuesday at 11", "2026-11-24T16:00"), ("monday at 11", "16:00"), ("about three", "20:00"), ("noon", "17:00"),
        ("2", None), ("3", None), ("8", None), ("22", "2026-11-24T03:00"), ("does it hurt", None), ("9 or 10", None),
    ],
)  # fmt: skip
def test_a_time(text: str, value: str | None) -> None:
    # 2 is the second button and 2 pm, 3 the third and 3 pm: not guessed. Day: Monday 23 November.
    wanted = value and f"{value if 'T' in value else f'2026-11-23T{value}'}:00+00:00"
    found = Talk().say("1", "anna", "monday").means(text)
    assert found == (OTHER_DAY if text == "8" else wanted)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "send"), ("ok", "send"), ("send it", "send"), ("Send the request", "send"), ("1", "send"),
        ("no", "change"),
        ("change something", "change"), ("2", "change"), ("change the time", "change:time"),
        ("another therapist", "change:therapist"),
        ("can i change my phone", "change:contact"), ("wrong name", "change:name"), ("maybe", None),
        ("does it hurt", None),
        ("yes but later", None),
    ],
)  # fmt: skip
def test_the_summary(text: str, value: str | None) -> None:
    assert Talk(DONE).means(text) == value


def test_a_clock_time_is_no_name() -> None:
    talk = Talk().say("1", "anna", "monday at 9")
    assert talk.means("half past ten") is None
    assert talk.means("April Monday") == "April Monday"


@pytest.mark.parametrize(
    ("draft", "text", "wording"),
    [
        (Draft(), "hello", "booking.bad_service"),
        (Draft(), "60 minutes", "booking.unclear_choice"),
        (Draft(service="nmt_60"), "zoe", "booking.bad_therapist"),
        (Draft(service="nmt_60", therapist="anna"), "soon", "booking.bad_day"),
        (Draft(service="nmt_60", therapist="anna", day="2026-11-23"), "soonish", "booking.bad_time"),
        (Draft(service="nmt_60", therapist="anna", provisional=True), "?", "booking.bad_name"),
        (Draft(service="nmt_60", therapist="anna", provisional=True, name="Sam"), "555 0143", "booking.bad_phone"),
        (Draft(service="nmt_60", therapist="anna", provisional=True, name="Sam"), "sam@", "booking.bad_email"),
        (DONE, "hm", "booking.unclear_choice"),
    ],
)
def test_what_is_not_understood_is_asked_again_in_fitting_words(draft: Draft, text: str, wording: str) -> None:
    talk = Talk(draft)
    assert talk.means(text) is None
    assert talk.step is not None
    assert misread(talk.step, text, CLINIC) == wording
    assert WORDING.text(wording)


# ------------------------------------------------------------------ changing one's mind


def test_back_goes_to_the_very_first_question() -> None:
    draft: Draft = DONE
    steps = []
    for _ in range(7):
        draft, step = back(draft)
        steps.append(step)
        if step is not None:
            assert Talk(draft).asked == step
    assert steps == ["contact", "name", "time", "day", "therapist", "service", None]


def test_back_after_a_day_typed_with_its_time_opens_the_day() -> None:
    draft, step = back(Talk().say("1", "anna", "monday at 9").draft)
    assert step == "day"
    assert (draft.day, draft.start) == (None, None)


def test_a_changed_line_returns_to_the_summary() -> None:
    talk = Talk(DONE).say("change something")
    assert talk.titles == [
        "Change the session", "Change the therapist", "Change the time", "Change the name", "Change the contact",
    ]  # fmt: skip
    assert back(talk.draft)[1] == "summary"
    assert talk.say("4").asked == "name"
    assert talk.say("Kim").asked == "summary"
    assert "Name: Kim" in talk.shown


def test_a_changed_session_keeps_what_still_fits() -> None:
    talk = Talk(DONE).say("change the session", "90 minutes")
    assert talk.asked == "summary"
    assert "10:30 am" in talk.shown
    talk = Talk(apply(DONE, "time", "2026-11-24T16:30:00+00:00", CLINIC)).say("change the session", "90 minutes")
    assert talk.wording == "booking.time_not_free"  # 90 minutes from 11:30 would run into the break


def test_a_changed_therapist_who_does_not_give_the_session_is_asked_about() -> None:
    draft = apply(Draft(service="gentle_60"), "therapist", "ben", CLINIC)
    assert Talk(draft).wording == "booking.therapist_not_for_service"


def test_misses_are_counted_until_something_is_understood() -> None:
    draft = missed(missed(Draft()))
    assert draft.tries == 2
    assert apply(draft, "service", "nmt_60", CLINIC).tries == 0


def test_an_unknown_step_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a step"):
        apply(Draft(), "mood", "good", CLINIC)


# ------------------------------------------------------------------ what was said before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'd like a gentle massage with anna on friday at 10",
         ("gentle_60", "anna", "2026-11-27", None, "2026-11-27T15:00:00+00:00")),
        ("a 90 min nmt session for tuesday afternoon please", ("nmt_90", None, "2026-11-24", "12:00-17:00", None)),
        ("60 minute session please, any day after 5", (None, None, None, "17:00-24:00", None)),
        ("i want to see anna for a long session", ("nmt_90", "anna", None, None, None)),
        ("is ben free on wednesday", (None, "ben", "2026-11-25", None, None)),
        ("can i come tomorrow at 3", (None, None, "2026-11-21", None, "2026-11-21T20:00:00+00:00")),
        ("book", (None,) * 5), ("i want to book a massage", (None,) * 5), ("not with ben please", (None,) * 5),
        ("my back hurts since monday, can i book", (None,) * 5), ("i have been in pain for a long time", (None,) * 5),
    ],
)  # fmt: skip
def test_what_the_first_message_says_is_not_asked_again(text: str, expected: tuple[str | None, ...]) -> None:
    draft = prefill(Draft(), text, CLINIC, NOW)
    assert (draft.service, draft.therapist, draft.day, draft.window, draft.start) == expected


def test_a_provisional_request_takes_no_time_from_the_first_message() -> None:
    draft = prefill(Draft(provisional=True), "gentle massage on friday at 10", CLINIC, NOW)
    assert (draft.service, draft.day, draft.start) == ("gentle_60", None, None)


# ------------------------------------------------------------------ always


REPLIES = st.sampled_from(
    ["1", "2", "3", "7", "8", "10", "25", "anna", "ben", "any", "long", "gentle", "monday", "next week", "after 5",
     "tomorrow", "10:30", "at 2", "more days", "more times", "another day", "yes", "no", "change the time",
     "change the session", "Sam", "sam@example.com", "202 555 0143", "thursday", "in two months", "christmas", "?"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    replies=st.lists(st.one_of(REPLIES, st.just("<back>"), st.text(max_size=30)), max_size=14),
    provisional=st.booleans(),
)
def test_no_dialogue_breaks_or_loses_its_form(replies: list[str], provisional: bool) -> None:
    talk = Talk(Draft(provisional=provisional))
    for text in replies:
        step = talk.step
        if step is None:
            assert talk.ready() is not None
            break
        assert said(step)
        assert len(step.choices) <= MOST_CHOICES
        assert len({choice.value for choice in step.choices}) == len(step.choices)
        if text == "<back>":
            talk.draft = back(talk.draft)[0]
        elif (value := talk.means(text)) is not None:
            talk.draft = apply(talk.draft, step.id, value, CLINIC)
        else:
            assert said(Step(step.id, misread(step, text, CLINIC)))
        assert Draft.from_json(json.loads(json.dumps(talk.draft.to_json()))) == talk.draft


@settings(max_examples=40, deadline=None)
@given(picks=st.lists(st.integers(0, 7), min_size=4, max_size=20))
def test_every_button_leads_on(picks: list[int]) -> None:
    talk = Talk()
    for pick in picks:
        step = talk.step
        if step is None or not step.choices:
            break
        choice = step.choices[pick % len(step.choices)]
        talk.draft = apply(talk.draft, step.id, choice.value, CLINIC)
        assert talk.wording not in ("booking.bad_service", "booking.bad_therapist", "booking.time_not_free")
