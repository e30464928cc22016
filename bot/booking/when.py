"""Days and times in words, both ways: what a client typed, and how a visit is said.

Calendar dates are left to dateparser. Days of the week, parts of the day and limits such as "after 5" are read here,
because "next Tuesday after 5" is how people ask and dateparser gives nothing for it. What can be read in two ways is
not guessed.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import dateparser  # type: ignore[import-untyped]
from rapidfuzz import fuzz, process

from bot.clinic import WEEKDAYS
from bot.education import human_time

Window = tuple[str, str]
"""From and to as HH:MM, the end not included; "24:00" is the end of the day."""

_LIKENESS = 80.0
"""rapidfuzz ratio (0-100) from which a misspelt weekday or month counts as that word."""

_NUMBERS = {
    word: number
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=1
    )
}
_MINUTES = {"five": 5, "ten": 10, "quarter": 15, "a quarter": 15, "twenty": 20, "twenty five": 25, "half": 30}
_AFTER_THE_HOUR = {"fifteen": 15, "thirty": 30, "forty five": 45}
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_SHORT_DAYS = {"mon": 0, "tue": 1, "tues": 1, "wed": 2, "weds": 2, "thu": 3, "thur": 3, "thurs": 3}
_SHORT_DAYS |= {"fri": 4, "sat": 5, "sun": 6}
_TOMORROW = frozenset({"tomorrow", "tmrw", "tmr", "tmw", "tomo", "2moro", "2morrow"})
_PARTS: tuple[tuple[str, Window], ...] = (
    (r"early (?:in the )?afternoon", ("12:00", "15:00")),
    (r"late (?:in the )?afternoon", ("15:00", "18:00")),
    (r"lunch ?(?:time|hour|break)?", ("12:00", "14:00")),
    (r"after work", ("17:00", "24:00")),
    (r"(?:early |late )?mornings?|first thing|before lunch", ("00:00", "12:00")),
    (r"(?:late |early )?evenings?|nights?", ("17:00", "24:00")),
    (r"afternoons?|after lunch", ("12:00", "17:00")),
)
_ANY = re.compile(
    r"\b(?:any ?(?:day|time|one|thing|of (?:them|these))?|when ?ever|whatever|either"
    r"|earliest(?: (?:one|day|time|possible))?"
    r"|(?:the )?first (?:available|free|possible)(?: (?:one|day|time|slot))?|(?:the )?(?:soonest|next available)|asap"
    r"|as soon as (?:possible|you can)|as early as possible|(?:i )?do(?:n'?t| not) (?:mind|care)|no preference"
    r"|does(?:n'?t| not) matter|(?:i'?m |i am )?flexible|you (?:choose|pick|decide)|all (?:fine|good))\b"
)
_FILLERS = frozenset(
    [
        "a", "an", "the", "i", "i'd", "id", "i'll", "would", "like", "want", "prefer", "ideally", "preferably", "can",
        "could", "may", "we", "me", "my", "you", "your", "us", "come", "in", "on", "at", "for", "of", "to", "by", "be",
        "do", "is", "are", "it", "it's", "its", "that", "that's", "this", "there", "then", "have", "got", "anything",
        "something", "some", "sometime", "around", "about", "roughly", "maybe", "perhaps", "please", "pls", "thanks",
        "thank", "how", "what", "let's", "lets", "make", "book", "good", "great", "fine", "ok", "okay", "yes", "sure",
        "works", "work", "best", "suits", "suit", "better", "well", "time", "times", "day", "date", "slot", "one",
        "free", "available", "appointment", "session", "visit", "if", "possible", "just", "only", "go", "with", "take",
        "hi", "hello", "so", "um", "hmm", "really", "also", "still", "will", "should", "s",
    ]
)  # fmt: skip

_HOUR = r"(?:\d{1,2}|" + "|".join(_NUMBERS) + r")"
_HALF_DAY = r"(?:\s*(?P<half>[ap])\.?\s?m\b\.?|\s*o'?\s?clock\b)"
_BARE_HALF_DAY = _HALF_DAY.replace("(?P<half>[ap])", "[ap]")
_CLOCK_TEXT = (
    r"(?:noon|midday|midnight"
    rf"|(?:{'|'.join(sorted(_MINUTES, key=len, reverse=True))})\s+(?:past|after|to|before)\s+{_HOUR}{_BARE_HALF_DAY}?"
    rf"|half\s+{_HOUR}{_BARE_HALF_DAY}?"
    rf"|{_HOUR}\s+(?:{'|'.join(_AFTER_THE_HOUR)}){_BARE_HALF_DAY}?"
    rf"|\d{{1,2}}[:.h][0-5]\d(?!\d|[./]\d){_BARE_HALF_DAY}?"
    rf"|{_HOUR}{_BARE_HALF_DAY})"
)
_LOOSE_CLOCK = rf"(?:{_CLOCK_TEXT}|{_HOUR}(?![\d./:-]|\s*(?:days?|weeks?|months?|st|nd|rd|th)\b))"


@dataclass(frozen=True, slots=True)
class When:
    """What a text says about time. Everything empty: nothing.

    Attributes:
        day: a day of the calendar.
        first: "next week", "the weekend": from this day on.
        window: a part of the day.
        clocks: a time of day; two readings where morning or afternoon was not said.
        any: "any day", "whenever".
    """

    day: datetime.date | None = None
    first: datetime.date | None = None
    window: Window | None = None
    clocks: tuple[str, ...] = ()
    any: bool = False


class _Unclear(Exception):
    """The text can be read in several ways, or is about something else."""


@dataclass(slots=True)
class _Reading:
    """A text on its way through the grammar: what was understood is cut out of `rest`."""

    rest: str
    found: When = field(default_factory=When)

    def cut(self, pattern: str) -> list[re.Match[str]]:
        matches = list(re.finditer(pattern, self.rest))
        if matches:
            self.rest = re.sub(pattern, " ", self.rest)
        return matches


def read_when(text: str, today: datetime.date, *, month_first: bool, strict: bool = True) -> When | None:
    """What a text says about a day or a time.

    Args:
        text: what was typed.
        today: the present day at the clinic.
        month_first: 3/4 is the fourth of March.
        strict: every word has to be understood; otherwise other words are passed over.

    Returns:
        None if it says nothing, can be read in several ways, or (strict) says something else.
    """
    reading = _Reading(_plain(text))
    if re.search(r"\b(?:not|no|never|except|but|can'?t|cannot|won'?t|unless)\b", reading.rest) and not _ANY.search(
        reading.rest
    ):
        return None
    try:
        _any(reading)
        _windows(reading)
        _days(reading, today, month_first)
        _clocks(reading, bare=strict)
    except _Unclear:
        return None
    words = re.findall(r"[\w'&]+", reading.rest)
    if strict and any(word not in _FILLERS for word in words):
        return None
    found = _narrowed(reading.found)
    return None if found is None or found == When() else found


def says_any(text: str) -> tuple[bool, str]:
    """Whether a text says "anything will do", and what else it says."""
    said = _plain(text)
    return bool(_ANY.search(said)), _ANY.sub(" ", said)


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'").replace("–", "-").replace("—", "-")
    text = re.sub(r"[!?;\"()|]|(?<!\d),|,(?!\d)|\.(?!\d|m)", " ", text)
    return " ".join(text.split())


def _any(reading: _Reading) -> None:
    if _ANY.search(reading.rest):
        reading.rest = _ANY.sub(" ", reading.rest)
        reading.found = replace(reading.found, any=True)


# ------------------------------------------------------------------ times of day


def _windows(reading: _Reading) -> None:
    windows: list[Window] = []
    both = rf"(?P<a>{_LOOSE_CLOCK})\s*(?:-|to|and|until|till)\s*(?P<b>{_LOOSE_CLOCK})"
    for match in reading.cut(rf"\b(?:between|from)\s+{both}"):
        windows.append(_between(match["a"], match["b"]))
    for match in reading.cut(rf"\b(?P<a>{_HOUR})\s*(?:-|to)\s*(?P<b>{_HOUR}\s*[ap]\.?m\.?)"):
        windows.append(_between(match["a"], match["b"]))
    tonight = bool(reading.cut(r"\btonight\b"))
    if tonight:
        windows.append(("17:00", "24:00"))
        reading.rest += " today"
    for pattern, window in _PARTS:
        if reading.cut(rf"\b(?:in the )?(?:{pattern})\b"):
            windows.append(window)
    after = rf"\b(?:any ?time )?(?:after|from|later than|not before|starting(?: at)?)\s+(?P<a>{_LOOSE_CLOCK})"
    for match in reading.cut(rf"{after}(?:\s+(?:on|onwards?|or later))?"):
        windows.append((_from(match["a"]), "24:00"))
    for match in reading.cut(rf"\b(?P<a>{_LOOSE_CLOCK})\s+(?:or later|onwards?)\b"):
        windows.append((_from(match["a"]), "24:00"))
    for match in reading.cut(rf"\b(?:before|by|until|till|up to|no later than|earlier than)\s+(?P<a>{_LOOSE_CLOCK})"):
        windows.append(("00:00", likely(_readings(match["a"]))))
    if windows:
        first, last = max(window[0] for window in windows), min(window[1] for window in windows)
        if first >= last:
            raise _Unclear  # "morning or afternoon"
        reading.found = replace(reading.found, window=(first, last))


def _clocks(reading: _Reading, *, bare: bool) -> None:
    times = {_readings(match[0]) for match in reading.cut(rf"\b{_CLOCK_TEXT}")}
    times |= {_readings(match["a"]) for match in reading.cut(rf"\b(?:at|around|about)\s+(?P<a>{_HOUR})(?![\w:./])")}
    # After a day, a bare number is a time: "tomorrow 5". Alone it may be the place in a list, so it is left alone.
    if bare and not times and reading.found.day is not None:
        times = {_readings(match[0]) for match in reading.cut(rf"\b{_HOUR}(?![\w:./-])")}
    if len(times) > 1:
        raise _Unclear
    for readings in times:
        reading.found = replace(reading.found, clocks=readings)


def _readings(text: str) -> tuple[str, ...]:
    """The times of day that a clock time can be: one, or morning and afternoon."""
    text = text.strip()
    if text in ("noon", "midday"):
        return ("12:00",)
    if text == "midnight":
        return ("00:00",)
    half = re.search(r"(?<![a-z])([ap])\.?\s?m\b|\d([ap])\.?m\b", text)
    halved = (half[1] or half[2]) if half else None
    text = re.sub(r"\s*(?:[ap]\.?\s?m\b\.?|o'?\s?clock)\s*$", "", text).strip()
    hour, minute = _hour_and_minute(text)
    if not 0 <= hour <= 23:
        raise _Unclear
    if halved is not None:
        if not 1 <= hour <= 12:
            raise _Unclear
        hour = hour % 12 + (12 if halved == "p" else 0)
        return (f"{hour:02}:{minute:02}",)
    if hour >= 13 or hour == 0 or re.match(r"0\d", text):
        return (f"{hour:02}:{minute:02}",)
    return tuple(sorted((f"{hour % 12:02}:{minute:02}", f"{hour % 12 + 12:02}:{minute:02}")))


def _hour_and_minute(text: str) -> tuple[int, int]:
    if match := re.fullmatch(r"(\d{1,2})[:.h](\d\d)", text):
        return int(match[1]), int(match[2])
    if match := re.fullmatch(rf"(.+?)\s+(past|after|to|before)\s+({_HOUR})", text):
        minutes, hour = _MINUTES[match[1]], _number(match[3])
        return (hour, minutes) if match[2] in ("past", "after") else ((hour - 1) or 12, 60 - minutes)
    if match := re.fullmatch(rf"half\s+({_HOUR})", text):
        return _number(match[1]), 30
    if match := re.fullmatch(rf"({_HOUR})\s+(.+)", text):
        return _number(match[1]), _AFTER_THE_HOUR[match[2]]
    return _number(text), 0


def _number(text: str) -> int:
    return _NUMBERS[text] if text in _NUMBERS else int(text)


def likely(readings: tuple[str, ...], *, first: str = "07:00", last: str = "19:00") -> str:
    """Of two readings of a time, the one within a usual working day."""
    return next((time for time in readings if first <= time < last), readings[0])


def _from(text: str) -> str:
    """A time from which on somebody is free: "after 7" is the evening, since 7 in the morning limits nothing."""
    return likely(_readings(text), first="08:00", last="20:00")


def _between(first: str, last: str) -> Window:
    """Two limits; the half of the day that only the second names counts for the first as well: "2 to 4 pm"."""
    ends = _readings(last)
    end = likely(ends)
    starts = [time for time in _readings(first) if time < end]
    if not starts:
        raise _Unclear
    return max(starts) if len(ends) == 1 and re.search(r"[ap]\.?m", last) else likely(tuple(starts)), end


def _narrowed(found: When) -> When | None:
    """A time and a part of the day have to agree: "friday morning at 10"."""
    if not found.clocks or found.window is None:
        return found
    first, last = found.window
    within = tuple(time for time in found.clocks if first <= time < last)
    return replace(found, clocks=within, window=None) if within else None


# ------------------------------------------------------------------ days


def _days(reading: _Reading, today: datetime.date, month_first: bool) -> None:
    reading.rest = " ".join(_spelt(word) for word in reading.rest.split())
    monday = today - datetime.timedelta(days=today.weekday())
    days: set[datetime.date] = set()
    weekday = _weekday(reading, today, monday)
    first = _first(reading, today, monday)
    if reading.cut(r"\b(?:the )?day after tomorrow\b"):
        days.add(today + datetime.timedelta(days=2))
    for word, shift in (("today", 0), ("tomorrow", 1), ("yesterday", -1)):
        if reading.cut(rf"\b{word}\b"):
            days.add(today + datetime.timedelta(days=shift))
    days |= _dates(reading, today, month_first)
    if weekday is not None:
        named, exact = weekday
        if days:
            # "Monday the 23rd": both have to be the same day.
            if any(day != named if exact else day.weekday() != named.weekday() for day in days):
                raise _Unclear
        else:
            days.add(named)
    if len(days) > 1 or (days and first is not None):
        raise _Unclear
    reading.found = replace(reading.found, day=next(iter(days), None), first=first)


def _spelt(word: str) -> str:
    """A misspelt weekday, month or "tomorrow" put right."""
    if word in _TOMORROW:
        return "tomorrow"
    if not word.isalpha() or len(word) < 5 or word in _FILLERS or word in _AFTER_THE_HOUR:
        return word
    known = [*WEEKDAYS, *(f"{day}s" for day in WEEKDAYS), *_MONTHS, "tomorrow", "yesterday", "weekend", "today"]
    match = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=_LIKENESS)
    return match[0] if match else word


def _weekday(reading: _Reading, today: datetime.date, monday: datetime.date) -> tuple[datetime.date, bool] | None:
    """The day that a weekday means, and whether its week was named."""
    names = "|".join([*(f"{day}s?" for day in WEEKDAYS), *_SHORT_DAYS])
    matches = reading.cut(
        r"\b(?P<lead>(?:this coming|next week on|next week|a week on|next|this|coming|following)\s+)?"
        rf"(?P<day>{names})\b\.?"
        r"(?P<tail>\s+(?:next week|after next|week|this week))?(?!\w)"
    )
    if not matches:
        return None
    if len({match["day"] for match in matches}) > 1:
        raise _Unclear
    match = matches[0]
    number = _SHORT_DAYS.get(match["day"])
    if number is None:
        number = WEEKDAYS.index(match["day"].removesuffix("s") if match["day"] not in WEEKDAYS else match["day"])
    lead, tail = (match["lead"] or "").strip(), (match["tail"] or "").strip()
    coming = today + datetime.timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    if lead in ("next", "next week on", "next week") or tail == "next week":
        day = monday + datetime.timedelta(days=7 + number)
        return (day + datetime.timedelta(days=7) if tail in ("week", "after next") else day), True
    if lead == "a week on" or tail in ("week", "after next"):
        return coming + datetime.timedelta(days=7), True
    if (lead == "this" or tail == "this week") and number == today.weekday():
        return today, True
    return coming, False


def _first(reading: _Reading, today: datetime.date, monday: datetime.date) -> datetime.date | None:
    saturday = monday + datetime.timedelta(days=5)
    for pattern, day in (
        (r"(?:the )?week after next", monday + datetime.timedelta(days=14)),
        (r"next weekend", saturday + datetime.timedelta(days=7)),
        (r"(?:this |the |at the |on the )?weekends?", max(saturday, today)),
        (r"(?:some ?time )?next week", monday + datetime.timedelta(days=7)),
        (r"(?:later )?this week", today),
    ):
        if reading.cut(rf"\b{pattern}\b"):
            return day
    return None


_MONTH = r"(?:" + "|".join([*_MONTHS, *(f"{m[:3]}" for m in _MONTHS), "sept"]) + r")\.?"
_ORDINAL = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = (
    rf"\b(?:the )?{_ORDINAL}(?: of)? {_MONTH}(?:,? 20\d\d)?(?![\w:])"
    rf"|\b{_MONTH} (?:the )?{_ORDINAL}(?:,? 20\d\d)?(?![\w:])"
    r"|\b20\d\d-\d{1,2}-\d{1,2}\b"
    r"|\b\d{1,2}[/.-]\d{1,2}(?:[/.-](?:20)?\d\d)?\b\.?(?!\s*[ap]\.?m|\d)"
    r"|\bin (?:a|an|\d{1,2}|one|two|three|four|five|six|seven|eight|ten) (?:days?|weeks?|months?)\b"
    r"|\b(?:a|\d{1,2}|one|two|three|four|five|six) (?:days?|weeks?|months?) from (?:now|today)\b"
)


def _dates(reading: _Reading, today: datetime.date, month_first: bool) -> set[datetime.date]:
    """Dates of the calendar, by dateparser, and days of the month."""
    days: set[datetime.date] = set()
    for match in reading.cut(_DATE):
        if re.fullmatch(r"\d{1,2}\.[0-5]\d", match[0]) and not 1 <= int(match[0].split(".")[1]) <= 12:
            reading.rest += f" {match[0]}"  # "10.30" is a time
            continue
        parsed: datetime.datetime | None = dateparser.parse(
            re.sub(r"^the ", "", match[0]),
            languages=["en"],
            settings={
                "PREFER_DATES_FROM": "future",
                "RELATIVE_BASE": datetime.datetime.combine(today, datetime.time()),
                "REQUIRE_PARTS": ["day"],
                "DATE_ORDER": "MDY" if month_first else "DMY",
            },
        )
        if parsed is None:
            raise _Unclear
        days.add(parsed.date())
    for match in reading.cut(r"\b(?:the (?P<a>\d{1,2})(?:st|nd|rd|th)?|(?P<b>\d{1,2})(?:st|nd|rd|th))(?![\w:./])"):
        days.add(_day_of_month(int(match["a"] or match["b"]), today))
    if not days and re.fullmatch(r"\s*(?:on )?\d{1,2}\s*", reading.rest):
        number = int(re.findall(r"\d+", reading.rest)[0])
        if number > 12:  # smaller ones may be a time or the place in a list
            reading.rest = ""
            days.add(_day_of_month(number, today))
    return days


def _day_of_month(number: int, today: datetime.date) -> datetime.date:
    """The next day with this number, today included."""
    day = today
    for _ in range(62):
        if day.day == number:
            return day
        day += datetime.timedelta(days=1)
    raise _Unclear


# ------------------------------------------------------------------ saying it


def say_day(day: datetime.date) -> str:
    """A day as clients are shown it: `Tuesday 24 November`."""
    return f"{day:%A} {day.day} {day:%B}"


def say_time(clock: datetime.time) -> str:
    """A time of day as clients are shown it: `10:30 am`."""
    return human_time(clock)


def say_when(moment: datetime.datetime, zone: ZoneInfo) -> str:
    """A visit in the clinic's zone: `Tuesday 24 November, 10:30 am`."""
    local = moment.astimezone(zone)
    return f"{say_day(local.date())}, {say_time(local.time())}"
