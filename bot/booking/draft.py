"""The dialogue of a booking request: a pure walk from what is known to the next question.

`next_step` says what to ask, `understand` (replies.py) reads a reply, `apply` writes it down, `back` opens the last
answer again.
A draft is a plain value that is kept with the conversation; free times are looked up anew at every step, so a time
that is gone meanwhile is noticed before the request is sent.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from bot.booking.contact import Contact
from bot.booking.slots import Busy, Slot, days_with_slots, free_slots, in_range
from bot.booking.when import say_day, say_time, say_when
from bot.clinic import Clinic, Service, Therapist

MOST_CHOICES = 8
ANY = "any"
"""The therapist of a draft whose client does not mind who; `gender:woman` stands for any woman."""

SEND, CHANGE, OTHER_DAY = "send", "change", "other_day"

GENDERS: Mapping[str, frozenset[str]] = {
    "woman": frozenset({"woman", "women", "female", "lady", "females"}),
    "man": frozenset({"man", "men", "male", "guy", "males"}),
}
GENDER = "gender:"
AFTER = "after:"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text of `knowledge/wording.yml` that stands where a value or a title would."""

    id: str


Text = str | Phrase


@dataclass(frozen=True, slots=True)
class Choice:
    """A button of a step: its title, and what it answers."""

    value: str
    title: Text


@dataclass(frozen=True, slots=True)
class Step:
    """One question of the request.

    Attributes:
        id: service, therapist, day, time, name, contact or summary.
        wording: the id of its text.
        variables: what the text needs.
        choices: the buttons, at most eight.
        options: everything that can be chosen, also what is on no button.
        day: at `time`, the day that is shown (ISO).
        times: at `day`, the free starts of each day that is on a button (ISO days).
    """

    id: str
    wording: str
    variables: Mapping[str, Text] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    options: tuple[Choice, ...] = ()
    day: str | None = None
    times: Mapping[str, tuple[datetime.datetime, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A request that is being put together. JSON-able.

    Attributes:
        day: a day (ISO) that was chosen; `start` (ISO, UTC) once the time is known too.
        window: only this part of the day, `HH:MM-HH:MM`.
        after: days are shown from this one on.
        provisional: no time is chosen; the request waits for a written OK.
        prenatal: only therapists who are trained for pregnancy. It is known from the health answers at each turn, and
            is the one thing here that must not be kept with the conversation.
        changing: "change something" was chosen at the summary.
        moves: the reference of the booking that this one is to replace.
        tries: how often the open question was not understood.
        given: the steps that were answered, in order.
    """

    service: str | None = None
    therapist: str | None = None
    day: str | None = None
    window: str | None = None
    after: str | None = None
    start: str | None = None
    name: str | None = None
    contact: str | None = None
    confirmed: bool = False
    provisional: bool = False
    prenatal: bool = False
    changing: bool = False
    moves: str | None = None
    tries: int = 0
    given: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "given": list(self.given)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Draft:
        """Rebuild what `to_json` gave; keys of another version are left out."""
        known = {f.name for f in fields(Draft)}
        values = {key: value for key, value in data.items() if key in known}
        return Draft(**{**values, "given": tuple(values.get("given", ()))})


@dataclass(frozen=True, slots=True)
class Ready:
    """A confirmed draft in the terms of the store."""

    service: Service
    slot: Slot | None
    therapist: str | None
    any_therapist: bool
    name: str
    contact: Contact


SlotsFn = Callable[[Service, Collection[str], datetime.date | None], Sequence[Slot]]
"""The free times of a service with one of these therapists, on one day or on all."""


def slots_for(clinic: Clinic, busy: Iterable[Busy], now: datetime.datetime) -> SlotsFn:
    """Free times by `free_slots`, for one turn of the dialogue."""
    taken = tuple(busy)

    def find(service: Service, among: Collection[str], day: datetime.date | None) -> Sequence[Slot]:
        return free_slots(clinic, service, None, taken, now, day, among=among)

    return find


# ------------------------------------------------------------------ what to ask


def next_step(draft: Draft, clinic: Clinic, slots: SlotsFn, now: datetime.datetime) -> Step | None:
    """The next question, or None when the client has confirmed the summary."""
    offered = clinic.offered(prenatal=draft.prenatal)
    if not offered:
        return Step("service", "booking.no_slots")
    service = _service(draft, clinic)
    if service is None:
        return service_step(offered, "booking.ask_service" if draft.service is None else "booking.bad_service")
    people = clinic.therapists_for(service.id, prenatal=draft.prenatal)
    among = _among(draft, people)
    if not among:
        return _therapist_step(draft, clinic, people)
    if draft.changing:
        return _change_step(draft, clinic)
    if not draft.provisional:
        step = _day_or_time(draft, clinic, service, among, slots, now)
        if step is not None:
            return step
    if draft.name is None:
        return Step("name", "booking.ask_name")
    if draft.contact is None:
        return Step("contact", "booking.ask_contact")
    return None if draft.confirmed else _summary_step(draft, clinic, service, people)


def ready(draft: Draft, clinic: Clinic, slots: SlotsFn) -> Ready | None:
    """What to ask the store for once nothing is left to ask; None before, and when the time is gone."""
    service = _service(draft, clinic)
    if service is None or draft.name is None or draft.contact is None or not draft.confirmed:
        return None
    people = clinic.therapists_for(service.id, prenatal=draft.prenatal)
    among = _among(draft, people)
    chosen = among[0] if len(among) == 1 else None
    slot = None
    if not draft.provisional:
        start = _moment(draft.start)
        found = slots(service, among, start.astimezone(clinic.zone).date()) if start and among else ()
        slot = next((s for s in found if s.start == start), None)
        if slot is None:
            return None
    return Ready(service, slot, chosen, chosen is None, draft.name, Contact.of(draft.contact))


def _service(draft: Draft, clinic: Clinic) -> Service | None:
    offered = clinic.offered(prenatal=draft.prenatal)
    if draft.service is None:
        return offered[0] if len(offered) == 1 else None
    return next((service for service in offered if service.id == draft.service), None)


def _among(draft: Draft, people: Sequence[Therapist]) -> tuple[str, ...]:
    """The therapists that the draft allows; nobody while that has to be asked."""
    if len(people) == 1 and (draft.therapist is None or not draft.given.count("therapist")):
        return (people[0].id,)
    if draft.therapist is None:
        return ()
    if draft.therapist == ANY:
        return tuple(person.id for person in people)
    if draft.therapist.startswith(GENDER):
        wanted = GENDERS[draft.therapist.removeprefix(GENDER)]
        return tuple(person.id for person in people if (person.gender or "").lower() in wanted)
    return tuple(person.id for person in people if person.id == draft.therapist)


def service_step(offered: Sequence[Service], wording: str) -> Step:
    """The question which session it is to be."""
    options = tuple(Choice(service.id, f"{service.name}, {service.duration_min} min") for service in offered)
    return Step("service", wording, choices=options[:MOST_CHOICES], options=options)


def _therapist_step(draft: Draft, clinic: Clinic, people: Sequence[Therapist]) -> Step:
    options = tuple(Choice(person.id, person.name) for person in people)
    anyone = Choice(ANY, Phrase("booking.any_therapist"))
    choices = (*options[: MOST_CHOICES - 1], anyone)
    if draft.therapist is None:
        return Step("therapist", "booking.ask_therapist", choices=choices, options=(*options, anyone))
    person = clinic.therapist(draft.therapist)
    return Step(
        "therapist",
        "booking.bad_therapist" if person is None else "booking.therapist_not_for_service",
        {} if person is None else {"name": person.name},
        choices,
        (*options, anyone),
    )


def _day_or_time(
    draft: Draft,
    clinic: Clinic,
    service: Service,
    among: Collection[str],
    slots: SlotsFn,
    now: datetime.datetime,
) -> Step | None:
    start = _moment(draft.start)
    day = start.astimezone(clinic.zone).date() if start else _date(draft.day)
    if day is None:
        return _day_step(draft, clinic, slots(service, among, None), now, "booking.ask_day")
    free = slots(service, among, day)
    if start is not None and any(slot.start == start for slot in free):
        return None
    if not free:
        wording, variables = _no_time_on(day, clinic, now)
        return _day_step(draft, clinic, slots(service, among, None), now, wording, variables)
    wanted = [slot for slot in free if _in_window(slot, draft.window, clinic)]
    if start is not None or not wanted:
        return _time_step(day, free, free, clinic, "booking.time_not_free")
    last = draft.window.partition("-")[2] if draft.window else "24:00"
    return _time_step(day, wanted, free, clinic, "booking.ask_time", last)


def _no_time_on(day: datetime.date, clinic: Clinic, now: datetime.datetime) -> tuple[str, Mapping[str, str]]:
    if not in_range(clinic, day, now):
        rules = clinic.booking
        return "booking.day_out_of_range", {
            "day": say_day(day),
            "horizon_days": str(rules.horizon_days),
            "notice_hours": str(rules.minimum_notice_hours),
        }
    return "booking.no_slots_day" if clinic.hours_on(day) else "booking.day_closed", {"day": say_day(day)}


def _day_step(
    draft: Draft,
    clinic: Clinic,
    free: Sequence[Slot],
    now: datetime.datetime,
    wording: str,
    variables: Mapping[str, Text] | None = None,
) -> Step:
    if not free:
        changes = (
            Choice(f"{CHANGE}:service", Phrase("button.change_service")),
            Choice(f"{CHANGE}:therapist", Phrase("button.change_therapist")),
        )
        return Step("day", "booking.no_slots", choices=changes, options=changes)
    wanted = [slot for slot in free if _in_window(slot, draft.window, clinic)]
    if not wanted:
        wanted, wording, variables = list(free), "booking.no_slots_then", {}
    window = f"@{draft.window}" if draft.window and wording != "booking.no_slots_then" else ""
    days = days_with_slots(wanted, clinic.zone)
    first = _date(draft.after)
    shown = [day for day in days if first is None or day >= first]
    if first is not None and not shown:  # "next month"
        shown, (wording, variables) = days, _no_time_on(first, clinic, now)
    options = tuple(Choice(f"{day.isoformat()}{window}", say_day(day)) for day in days)
    buttons = tuple(Choice(f"{day.isoformat()}{window}", say_day(day)) for day in shown)
    if len(shown) > MOST_CHOICES:
        more = Choice(f"{AFTER}{shown[MOST_CHOICES - 1].isoformat()}{window}", Phrase("button.more_days"))
        buttons = (*buttons[: MOST_CHOICES - 1], more)
        shown = shown[: MOST_CHOICES - 1]
    starts = sorted({slot.start for slot in wanted})
    times = {
        day.isoformat(): tuple(start for start in starts if start.astimezone(clinic.zone).date() == day)
        for day in shown[:MOST_CHOICES]
    }
    return Step("day", wording, variables or {}, buttons, options, times=times)


def _time_step(
    day: datetime.date,
    wanted: Sequence[Slot],
    free: Sequence[Slot],
    clinic: Clinic,
    wording: str,
    last: str = "24:00",
) -> Step:
    def choice(slot: Slot) -> Choice:
        return Choice(iso(slot.start), say_time(slot.start.astimezone(clinic.zone).time()))

    other_day = Choice(OTHER_DAY, Phrase("button.other_day"))
    buttons = tuple(choice(slot) for slot in wanted)
    if len(buttons) > MOST_CHOICES - 1:
        later = wanted[MOST_CHOICES - 2].start.astimezone(clinic.zone)
        more = Choice(f"{day.isoformat()}@{later:%H:%M}-{last}", Phrase("button.more_times"))
        buttons = (*buttons[: MOST_CHOICES - 2], more)
    options = tuple(choice(slot) for slot in free)
    return Step("time", wording, {"day": say_day(day)}, (*buttons, other_day), options, day.isoformat())


def _change_step(draft: Draft, clinic: Clinic) -> Step:
    parts = ["name", "contact"] if draft.provisional else ["time", "name", "contact"]
    service = _service(draft, clinic)
    if service is not None and len(clinic.therapists_for(service.id, prenatal=draft.prenatal)) > 1:
        parts.insert(0, "therapist")
    if len(clinic.offered(prenatal=draft.prenatal)) > 1:
        parts.insert(0, "service")
    choices = tuple(Choice(f"{CHANGE}:{part}", Phrase(f"button.change_{part}")) for part in parts)
    return Step("summary", "booking.summary_change", choices=choices, options=choices)


def _summary_step(draft: Draft, clinic: Clinic, service: Service, people: Sequence[Therapist]) -> Step:
    variables: dict[str, Text] = {
        "service": f"{service.name}, {service.duration_min} minutes",
        "therapist": _wish(draft, people),
        "name": draft.name or "",
        "contact": Contact.of(draft.contact or "").shown(),
        "note": "",
    }
    start = _moment(draft.start)
    if not draft.provisional and start is not None:
        variables["when"] = say_when(start, clinic.zone)
    choices = (Choice(SEND, Phrase("button.send")), Choice(CHANGE, Phrase("button.change")))
    wording = "booking.summary_waiting" if draft.provisional else "booking.summary"
    return Step("summary", wording, variables, choices, choices)


def _wish(draft: Draft, people: Sequence[Therapist]) -> Text:
    among = _among(draft, people)
    if len(among) == 1:
        return next(person.name for person in people if person.id == among[0])
    if draft.therapist is not None and draft.therapist.startswith(GENDER):
        return Phrase(f"booking.any_{draft.therapist.removeprefix(GENDER)}")
    return Phrase("booking.any_therapist")


# ------------------------------------------------------------------ writing it down


def apply(draft: Draft, step: str, value: str, clinic: Clinic) -> Draft:
    """The draft with an answer: a value of a choice or of `understand`. A changed answer returns to the summary."""
    draft = replace(draft, tries=0)
    if value.startswith(f"{CHANGE}:"):
        return _reopened(draft, value.removeprefix(f"{CHANGE}:"))
    if step == "summary":
        return replace(draft, confirmed=value == SEND, changing=value == CHANGE)
    given = (*(s for s in draft.given if s != step), step)
    draft = replace(draft, given=given, changing=False, confirmed=False)
    match step:
        case "service":
            return replace(draft, service=value)
        case "therapist":
            return replace(draft, therapist=value)
        case "name":
            return replace(draft, name=value)
        case "contact":
            return replace(draft, contact=value)
        case "day" | "time":
            return _with_time(draft, value, clinic)
    raise ValueError(f"{step!r} is not a step of a booking request")


def missed(draft: Draft) -> Draft:
    """The draft after a reply that was not understood."""
    return replace(draft, tries=draft.tries + 1)


def back(draft: Draft) -> tuple[Draft, str | None]:
    """Open the question that was answered last.

    Returns:
        The draft without that answer, and the step (None at the very first question).
    """
    if draft.changing:
        return replace(draft, changing=False, tries=0), "summary"
    if not draft.given:
        return replace(draft, tries=0), None
    last = draft.given[-1]
    draft = replace(draft, given=draft.given[:-1], confirmed=False, tries=0)
    if last == "time" and draft.day is not None:
        return replace(draft, start=None, window=None), last
    return _without(draft, last), last


def _with_time(draft: Draft, value: str, clinic: Clinic) -> Draft:
    if value == OTHER_DAY:
        return replace(_without(draft, "day"), given=tuple(s for s in draft.given if s not in ("day", "time")))
    if "T" in value:
        start = datetime.datetime.fromisoformat(value)
        day = start.astimezone(clinic.zone).date().isoformat()
        return replace(draft, day=day, start=value, window=None, after=None)
    day, _, window = value.partition("@")
    draft = replace(draft, start=None, window=window or None)
    if not day or day.startswith(AFTER):
        # Days are shown, none is chosen yet: nothing to go back to.
        given = tuple(step for step in draft.given if step not in ("day", "time"))
        return replace(draft, day=None, after=day.removeprefix(AFTER) or None, given=given)
    given = tuple(step for step in draft.given if step not in ("day", "time"))
    return replace(draft, day=day, after=None, given=(*given, "day"))


def _reopened(draft: Draft, part: str) -> Draft:
    draft = replace(draft, changing=False, confirmed=False)
    steps = ("day", "time") if part == "time" else (part,)
    draft = replace(draft, given=tuple(step for step in draft.given if step not in steps))
    return _without(draft, part)


def _without(draft: Draft, step: str) -> Draft:
    match step:
        case "service":
            return replace(draft, service=None)
        case "therapist":
            return replace(draft, therapist=None)
        case "name":
            return replace(draft, name=None)
        case "contact":
            return replace(draft, contact=None)
        case _:
            return replace(draft, day=None, start=None, window=None, after=None)


# ------------------------------------------------------------------ values


def _in_window(slot: Slot, window: str | None, clinic: Clinic) -> bool:
    if window is None:
        return True
    first, _, last = window.partition("-")
    return first <= slot.start.astimezone(clinic.zone).strftime("%H:%M") < last


def iso(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).isoformat()


def _moment(value: str | None) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(value) if value else None


def _date(value: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(value) if value else None
