"""What a reply means to the open step of a booking request. What could mean two things is not taken."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping

from rapidfuzz import fuzz, process

from bot.booking.contact import ContactError, read_contact, read_name
from bot.booking.draft import (
    AFTER,
    ANY,
    CHANGE,
    GENDER,
    GENDERS,
    MOST_CHOICES,
    OTHER_DAY,
    SEND,
    Draft,
    Step,
    apply,
    iso,
    service_step,
)
from bot.booking.slots import to_utc
from bot.booking.when import When, Window, likely, read_when, says_any
from bot.clinic import Clinic
from bot.clinical.answers import Phrases, plain

_LIKENESS = 85.0
"""rapidfuzz ratio (0-100) from which a typed label or name counts as that one."""

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_PARTS: Mapping[str, tuple[str, ...]] = {
    "service": ("session", "service", "massage", "length"),
    "therapist": ("therapist", "person", "who"),
    "time": ("time", "day", "date", "when", "hour"),
    "name": ("name",),
    "contact": ("contact", "phone", "number", "email", "e mail", "mail"),
}
_COMMON = frozenset({"massage", "session", "nmt", "min", "minutes", "treatment", "visit", "appointment", "the"})
"""Words of a label that tell no service from another."""
_WHICH = "|".join(("session", "massage", "one", "visit", "appointment", "treatment", "nmt"))
_ASKS = re.compile(r"^(?:who|what|why|how|is|are|does|do|did|was|were|tell)\b|\?\s*$")
_PAST = re.compile(r"\b(?:since|last|ago|was|were|had|hurt|started|began|yesterday)\b")
_LENGTH = re.compile(r"\b(\d{2,3})\s*(?:m|min|mins|minutes?|minute)?\b")
_HOURS = {"hour and a half": 90, "one and a half hour": 90, "1.5 hour": 90, "two hour": 120, "2 hour": 120}
_HOURS |= {"half hour": 30, "half an hour": 30, "one hour": 60, "an hour": 60, "1 hour": 60}


def understand(step: Step, text: str, clinic: Clinic, now: datetime.datetime, phrases: Phrases) -> str | None:
    """What a reply answers to a step, as a value for `apply`; None if it is no answer or could mean two things.

    Args:
        step: the question that is open.
        text: what the client typed.
        clinic: the clinic's settings.
        now: the present moment.
        phrases: short replies such as "yes" (`knowledge/replies.yml`).
    """
    if step.id == "name":
        when = _when(text, clinic, now)
        if when is not None and (when.clocks or when.window):
            return None  # "half past ten" is about the question before
        try:
            return read_name(text)
        except ContactError:
            return None
    if step.id == "contact":
        try:
            return read_contact(text, clinic.clinic.country).value
        except ContactError:
            return None
    exact = _exact(step, text)
    if exact is not None:
        return exact
    match step.id:
        case "service":
            return _numbered(step, text) or _length(step, text, clinic) or _labelled(step, text)
        case "therapist":
            return _numbered(step, text) or _person(step, text, clinic)
        case "day":
            return _day(step, text, clinic, now)
        case "time":
            return _time(step, text, clinic, now)
        case _:
            return _summary(step, text, phrases)


def misread(step: Step, text: str, clinic: Clinic) -> str:
    """The id of the text that asks once more after a reply that was not understood."""
    if step.id == "name":
        return "booking.bad_name"
    if step.id == "contact":
        try:
            read_contact(text, clinic.clinic.country)
        except ContactError as error:
            return error.wording
    if step.id == "service" and re.search(r"\d", text):
        return "booking.unclear_choice"  # "60 minutes", and two services last that long
    return {
        "service": "booking.bad_service",
        "therapist": "booking.bad_therapist",
        "day": "booking.bad_day",
        "time": "booking.bad_time",
    }.get(step.id, "booking.unclear_choice")


def _exact(step: Step, text: str) -> str | None:
    """A label typed as it stands, or the part before its comma if no other label begins so."""
    said = plain(text)
    titles = {c.value: c.title for c in (*step.options, *step.choices) if isinstance(c.title, str)}
    for short in (False, True):
        fitting = [value for value, title in titles.items() if said == plain(title.split(",")[0] if short else title)]
        if len(fitting) == 1:
            return fitting[0]
    return None


def _numbered(step: Step, text: str) -> str | None:
    """ "2", "number 2", "the second one", "the last": a place among the buttons."""
    said = plain(text)
    found = re.fullmatch(
        r"(?:number |no |option |the |take |nr )*(?:(\d{1,2})(?:st|nd|rd|th)?|(\w+))(?: one| option)?", said
    )
    if found is None:
        return None
    word = found[1] or found[2]
    if word == "last":
        values = [choice.value for choice in step.choices if isinstance(choice.title, str)]
        return values[-1] if values else None
    place = int(word) if word.isdigit() else _ORDINALS.index(word) + 1 if word in _ORDINALS else 0
    return step.choices[place - 1].value if 1 <= place <= len(step.choices) else None


def _labelled(step: Step, text: str) -> str | None:
    """A label with a typing error, or the words that only one label has."""
    titles = {choice.value: plain(choice.title) for choice in step.options if isinstance(choice.title, str)}
    said = plain(text)
    scored = process.extract(said, titles, scorer=fuzz.ratio, score_cutoff=_LIKENESS, limit=2)
    if len(scored) == 1 or (len(scored) == 2 and scored[0][1] > scored[1][1]):
        return str(scored[0][2])
    return None if _negated(said) or _ASKS.search(text.strip().lower()) else _telling(said, titles)


def _telling(said: str, titles: Mapping[str, str], pattern: str = "{}") -> str | None:
    """The one label that owns a word of the text: "the gentle one"."""
    words = {value: set(title.split()) - _COMMON for value, title in titles.items()}
    named = {
        value
        for value, own in words.items()
        for word in own
        if len(word) > 2
        and sum(word in others for others in words.values()) == 1
        and re.search(rf"\b{pattern.format(re.escape(word))}\b", said)
    }
    return named.pop() if len(named) == 1 else None


def _length(step: Step, text: str, clinic: Clinic) -> str | None:
    """The one service of a length: "90 minutes", "an hour and a half"."""
    said = " ".join(text.lower().split())
    lengths = {minutes for words, minutes in _HOURS.items() if words in said}
    if 90 in lengths:
        lengths = {90}
    lengths = lengths or {int(number) for number in _LENGTH.findall(said)}
    if len(lengths) != 1 or _negated(plain(text)):
        return None
    length = lengths.pop()
    services = (clinic.service(choice.value) for choice in step.options)
    fitting = [service.id for service in services if service is not None and service.duration_min == length]
    if len(fitting) > 1:
        # "the gentle one, 60 minutes"
        named = _labelled(step, re.sub(r"\d+|\b(?:min\w*|hours?|an?|half|and)\b", " ", text))
        return named if named in fitting else None
    return fitting[0] if fitting else None


def _person(step: Step, text: str, clinic: Clinic) -> str | None:
    anyone, rest = says_any(text)
    words = plain(rest).split()
    if _negated(plain(rest)) or _ASKS.search(text.strip().lower()):
        return None
    named = _named(words, clinic)
    if named:
        return named[0] if len(named) == 1 else None
    wanted = [gender for gender, names in GENDERS.items() if names & set(words)]
    if not wanted:
        return ANY if anyone or {"anybody", "whoever", "someone", "somebody"} & set(words) else None
    offered = [person for choice in step.options if (person := clinic.therapist(choice.value)) is not None]
    fitting = [person.id for person in offered if (person.gender or "").lower() in GENDERS[wanted[0]]]
    if len(wanted) > 1 or not fitting:
        return None
    return fitting[0] if len(fitting) == 1 else f"{GENDER}{wanted[0]}"


def _named(words: Iterable[str], clinic: Clinic) -> list[str]:
    """The therapists whom a text names: by the whole name, else by the first name, else by one with a typing error."""
    said = set(words)
    names = {person.id: plain(person.name).split() for person in clinic.therapists if person.active}
    whole = [name for name, parts in names.items() if set(parts) <= said]
    first = [name for name, parts in names.items() if parts[0] in said]
    # In a longer sentence "been" is no Ben.
    close = [
        name
        for name, parts in names.items()
        if len(said) <= 3 and any(fuzz.ratio(parts[0], w) >= _LIKENESS for w in said)
    ]
    return whole or first or close


def _day(step: Step, text: str, clinic: Clinic, now: datetime.datetime) -> str | None:
    if changed := _part_to_change(text):
        return f"{CHANGE}:{changed}" if any(c.value == f"{CHANGE}:{changed}" for c in step.choices) else None
    said = plain(text)
    if said in ("more", "more days", "other days", "later", "show more", "another day"):
        return next((c.value for c in step.choices if c.value.startswith(AFTER)), None)
    if said.isdigit() and len(said) <= 2:
        number = int(said)
        chosen = _day_by_number(step, number)
        if chosen is not None or number <= MOST_CHOICES:
            return chosen
    when = _when(text, clinic, now)
    if when is not None:
        return _day_value(step, when, clinic)
    return _numbered(step, text)


def _day_by_number(step: Step, number: int) -> str | None:
    """A bare number: a place among the buttons or a day of the month, if only one of them fits."""
    placed = step.choices[number - 1].value if 1 <= number <= len(step.choices) else None
    of_month = [choice.value for choice in step.options if _day_part(choice.value).endswith(f"-{number:02}")]
    fitting = {*([placed] if placed else []), *of_month[:1]}
    return fitting.pop() if len(fitting) == 1 else None


def _day_value(step: Step, when: When, clinic: Clinic) -> str | None:
    if when.day is not None:
        return _start_value(when, when.day, clinic) if when.clocks else _value(when.day.isoformat(), when.window)
    window = when.window
    if when.clocks:
        clock = likely(when.clocks)
        window = (clock, _next_minute(clock))
    if when.first is not None:
        return _value(AFTER + when.first.isoformat(), window)
    if window is not None:
        return _value("", window)
    days = [choice.value for choice in step.options if not choice.value.startswith(CHANGE)]
    return days[0] if when.any and days else None


def _start_value(when: When, day: datetime.date, clinic: Clinic) -> str | None:
    """The one time of a day that is meant; a reading within the hours of that day comes first."""
    clocks = [
        clock
        for clock in when.clocks
        if any(f"{h.opens:%H:%M}" <= clock < f"{h.closes:%H:%M}" for h in clinic.hours_on(day))
    ]
    if len(clocks) > 1:
        return None
    start = to_utc(day, datetime.time.fromisoformat((clocks or [likely(when.clocks)])[0]), clinic.zone)
    return iso(start) if start else None


def _time(step: Step, text: str, clinic: Clinic, now: datetime.datetime) -> str | None:
    said = plain(text)
    starts = {_local(choice.value, clinic): choice.value for choice in step.options}
    if said in ("other day", "another day", "a different day", "different day", "other days"):
        return OTHER_DAY
    if said in ("more", "more times", "later", "other times", "another time", "show more"):
        return next((c.value for c in step.choices if "@" in c.value), None)
    if re.fullmatch(r"\d{1,2}", said):
        return _time_by_number(step, int(said), starts, clinic)
    numbered = _numbered(step, text) if not re.search(r"\d|available|free", said) else None
    if numbered is not None:
        return numbered
    when = _when(text, clinic, now)
    if when is None:
        words = _when(f"at {text}", clinic, now)  # "ten", "about five"
        if words is None or not words.clocks:
            return None
        when = words
    day = when.day.isoformat() if when.day else step.day
    if when.first is not None:
        return _value(AFTER + when.first.isoformat(), when.window)
    if day != step.day:
        return _day_value(step, when, clinic)
    if when.clocks:
        fitting = [starts[clock] for clock in when.clocks if clock in starts]
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
        return _start_value(when, datetime.date.fromisoformat(step.day), clinic) if step.day else None
    if when.window is not None:
        return _value(step.day or "", when.window)
    return step.options[0].value if when.any and step.options else None


def _time_by_number(step: Step, number: int, starts: Mapping[str, str], clinic: Clinic) -> str | None:
    """A bare number: a place among the buttons or an hour, if only one of them fits."""
    placed = step.choices[number - 1].value if 1 <= number <= len(step.choices) else None
    hours = {f"{number % 12:02}:00", f"{number % 12 + 12:02}:00"} if number <= 12 else {f"{number:02}:00"}
    fitting = {*([placed] if placed else []), *(starts[hour] for hour in hours if hour in starts)}
    if not fitting and step.day is not None and number <= 23:
        # An hour that is not free: it is taken as what it is, and the next question says so.
        clocks = tuple(sorted(hours)) if 1 <= number <= 12 else (f"{number:02}:00",)
        return _start_value(When(clocks=clocks), datetime.date.fromisoformat(step.day), clinic)
    return fitting.pop() if len(fitting) == 1 else None


def _summary(step: Step, text: str, phrases: Phrases) -> str | None:
    values = {choice.value for choice in step.choices}
    part = _part_to_change(text)
    if part is not None:
        return f"{CHANGE}:{part}"
    if SEND not in values:
        return _numbered(step, text)
    said = plain(text)
    if phrases.means("yes", text) or said in ("send", "send it", "send the request", "yes send it", "please send it"):
        return SEND
    if phrases.means("no", text) or said in ("change", "change something", "edit", "wrong", "not right", "thats wrong"):
        return CHANGE
    return _numbered(step, text)


def _part_to_change(text: str) -> str | None:
    """ "change the time", "another therapist": which line of the summary is meant."""
    found = re.fullmatch(
        r"(?:(?:no|please|can i|i want to|i would like to|id like to|let me)\s+)*"
        r"(?:change|edit|correct|another|different|wrong|other)\s+(?:the |my )?(.+?)(?: please)?",
        plain(text),
    )
    if found is None:
        return None
    parts = [part for part, names in _PARTS.items() if found[1] in names]
    return parts[0] if len(parts) == 1 else None


def _when(text: str, clinic: Clinic, now: datetime.datetime, *, strict: bool = True) -> When | None:
    today = now.astimezone(clinic.zone).date()
    return read_when(text, today, month_first=clinic.clinic.country == "US", strict=strict)


def _negated(said: str) -> bool:
    return bool({"not", "dont", "except", "but", "without", "never", "isnt"} & set(said.split()))


def prefill(draft: Draft, text: str, clinic: Clinic, now: datetime.datetime) -> Draft:
    """What the message that began the request says already: "a long session with Anna on Friday at 10"."""
    offered = clinic.offered(prenatal=draft.prenatal)
    said = plain(text)
    if draft.service is None and len(offered) > 1 and not _negated(said):
        step = service_step(offered, "booking.ask_service")
        length = _length(step, text, clinic) if re.search(r"\d ?min|\bhour", text.lower()) else None
        titles = {service.id: plain(service.name) for service in offered}
        service = length or _telling(said, titles, rf"{{}} (?:\w+ )?(?:{_WHICH})")
        if service is not None:
            draft = apply(draft, "service", service, clinic)
    named = _named(re.findall(r"\b(?:with|see|by|is|can) (\w+)", said), clinic)
    if draft.therapist is None and len(named) == 1 and not _negated(said):
        draft = apply(draft, "therapist", named[0], clinic)
    if _PAST.search(said):
        return draft  # "my back hurts since Monday" asks for no Monday
    when = None if draft.provisional or draft.start else _when(text, clinic, now, strict=False)
    if when is not None and (when.day or when.first or when.window):
        value = _day_value(Step("day", "booking.ask_day"), when, clinic)
        if value is not None:
            draft = apply(draft, "day", value, clinic)
    return draft


def _value(day: str, window: Window | None) -> str:
    return f"{day}@{window[0]}-{window[1]}" if window else day


def _day_part(value: str) -> str:
    return value.partition("@")[0]


def _next_minute(clock: str) -> str:
    hour, minute = divmod(int(clock[:2]) * 60 + int(clock[3:]) + 1, 60)
    return f"{hour:02}:{minute:02}"


def _local(value: str, clinic: Clinic) -> str:
    return datetime.datetime.fromisoformat(value).astimezone(clinic.zone).strftime("%H:%M")
