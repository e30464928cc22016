"""When something was, in words: "two months ago", "in March", "on the 3rd" as days before today, and the range of days
that a choice such as "6-12 weeks" covers.

What may fall on either side of a limit ("last year", "about six weeks", "in March") is a span, not a number. Dates need
to know today; without it only lengths of time are read.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

FOREVER = 1e9
_EDGE = 0.01  # days by which "over six weeks" and "under six weeks" keep off the six weeks themselves
_MONTH, _YEAR = 30.4, 365.0
_UNITS = {
    "minute": 1 / 1440,
    "min": 1 / 1440,
    "h": 1 / 24,
    "hour": 1 / 24,
    "hr": 1 / 24,
    "day": 1.0,
    "d": 1.0,
    "night": 1.0,
    "week": 7.0,
    "wk": 7.0,
    "w": 7.0,
    "month": _MONTH,
    "mo": _MONTH,
    "mth": _MONTH,
    "year": _YEAR,
    "yr": _YEAR,
    "y": _YEAR,
    "fortnight": 14.0,
    "decade": 10 * _YEAR,
}
_SMALL = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = dict(zip(("twenty", "thirty", "forty", "fifty", "sixty"), range(20, 70, 10), strict=True))
_WORDS: dict[str, float] = {
    "a": 1,
    "an": 1,
    **{word: number for number, word in enumerate(_SMALL, start=1)},
    **_TENS,
    "half a": 0.5,
    "half an": 0.5,
    "half": 0.5,
    "a dozen": 12,
    "a hundred": 100,
}
# How many of a unit a vague word may stand for.
_VAGUE = {
    "a couple of": (1.5, 3),
    "a couple": (1.5, 3),
    "couple of": (1.5, 3),
    "couple": (1.5, 3),
    "a few": (2, 6),
    "few": (2, 6),
    "several": (3, 12),
    "many": (3, FOREVER),
    "some": (2, 12),
}
_SPELT = "|".join(sorted({*_WORDS, *_VAGUE}, key=len, reverse=True))
_COMPOUND = rf"(?:{'|'.join(_TENS)})[\s-](?:{'|'.join(_SMALL[:9])})"
_SHORT_UNITS = r"minutes?|mins?|hours?|hrs?|h|d|wks?|w|mths?|mo|yrs?|y"
_UNIT = rf"({_SHORT_UNITS}|days?|nights?|weeks?|months?|years?|fortnights?|decades?)\b"
_NUMBER = rf"(?:\d+(?:\.\d+)?(?:\s*(?:1/2|½))?\s*-?\s*|½\s*|{_COMPOUND}[\s-]+|(?:{_SPELT})[\s-]+)"
_HALF = r"(?:\s+and\s+a\s+half)"
_AMOUNT = re.compile(
    rf"(?<![\w/.])(?:({_NUMBER})(?:and\s+a\s+half\s+)?(?:(?:-|–|to|or)\s*({_NUMBER}))?{_UNIT}({_HALF})?"
    rf"(?:\s*(?:,|and)?\s*({_NUMBER}){_UNIT})?)"
)
_AND_A_HALF_BEFORE = re.compile(r"and\s+a\s+half\s+$")
_UNIT_OR_TWO = re.compile(rf"\b(?:a|an|one)\s+{_UNIT}\s+or\s+(two|so)\b")
_FIXED = {
    "today": (0.0, 1.0),
    "tonight": (0.0, 0.6),
    "this morning": (0.0, 1.0),
    "this afternoon": (0.0, 0.8),
    "this evening": (0.0, 0.6),
    "just now": (0.0, 0.1),
    "yesterday": (1.0, 2.0),
    "the day before yesterday": (1.5, 2.99),
    "day before yesterday": (1.5, 2.99),
    "last night": (0.2, 1.0),
    "the other day": (1.0, 7.0),
    "the other week": (4.0, 28.0),
    "the other month": (14.0, 92.0),
    "this week": (0.0, 7.0),
    "last week": (2.0, 14.0),
    "the week before last": (7.5, 21.0),
    "week before last": (7.5, 21.0),
    "this month": (0.0, 31.0),
    "last month": (1.0, 62.0),
    "the month before last": (31.0, 92.0),
    "this year": (0.0, 366.0),
    "last year": (1.0, 731.0),
    "the year before last": (366.0, 1096.0),
    "the last day": (0.0, 1.0),
    "the last week": (0.0, 7.0),
    "the past week": (0.0, 7.0),
    "the past few weeks": (0.0, 42.0),
    "the last month": (0.0, 31.0),
    "the past month": (0.0, 31.0),
    "the last year": (0.0, 366.0),
    "the past year": (0.0, 366.0),
    "days ago": (2.0, 14.0),
    "for days": (2.0, 14.0),
    "weeks ago": (14.0, 90.0),
    "for weeks": (14.0, 90.0),
    "months ago": (45.0, 2 * _YEAR),
    "for months": (45.0, 2 * _YEAR),
    "years ago": (2 * _YEAR, FOREVER),
    "for years": (2 * _YEAR, FOREVER),
    "years back": (2 * _YEAR, FOREVER),
    "years": (2 * _YEAR, FOREVER),
    "ages ago": (_YEAR / 2, FOREVER),
    "for ages": (_YEAR / 2, FOREVER),
    "ages": (_YEAR / 2, FOREVER),
    "a long time ago": (_YEAR / 2, FOREVER),
    "long time ago": (_YEAR / 2, FOREVER),
    "long ago": (_YEAR / 2, FOREVER),
    "decades": (20 * _YEAR, FOREVER),
    "decades ago": (20 * _YEAR, FOREVER),
    "for decades": (20 * _YEAR, FOREVER),
    "as long as i can remember": (10 * _YEAR, FOREVER),
    "all my life": (10 * _YEAR, FOREVER),
    "my whole life": (10 * _YEAR, FOREVER),
    "since birth": (10 * _YEAR, FOREVER),
    "forever": (2 * _YEAR, FOREVER),
}
_CHILDHOOD = (
    r"(?:since|when)\s+i\s+was\s+(?:a\s+|very\s+|just\s+a\s+)?(?:kid|child|baby|boy|girl|little|small|young|born)\b"
)
_FIXED_WORDS = re.compile(r"\b(?:" + "|".join(sorted(_FIXED, key=len, reverse=True)) + rf"|{_CHILDHOOD})\b")
# These may only say again what an amount has said ("3 years ago", "for years, since 2015" still is two).
_ECHO = frozenset(
    {f"{unit} {word}" for unit in ("days", "weeks", "months", "years", "decades") for word in ("ago", "back")}
)
_LESS = re.compile(
    r"\b(?:(?:just )?under|less than|within(?: the (?:last|past))?|up to|(?:in|over|during) the (?:last|past)|not even"
    r"|below|almost|nearly|the (?:last|past))\s+$"
)
_MORE = re.compile(
    r"\b(?:over|more than|longer than|at least|well over|just over|older than|upwards of)\s+(?:a good\s+)?$"
)
_ABOUT = r"(?:about|around|roughly|approximately|approx|like|maybe|circa|say)"
_ROUGHLY_BEFORE = re.compile(rf"\b{_ABOUT}\s+(?:\w+\s+)?$")
_ROUGHLY_AFTER = re.compile(rf"^\s*(?:ago\s+)?(?:or so|ish|{_ABOUT})\b")
_ROUGH = 0.15  # "about six weeks" may be this share less or more
_OFTEN = re.compile(r"(?:\d|\b(?:mg|ml|once|twice|times|pills?|tablets?|drinks?|doses?|units))\s+$")
_LASTED = re.compile(r"\b(?:for|lasted|lasting|took)\s+(?:about\s+|around\s+|only\s+|just\s+|maybe\s+)?$")
_LEAD = re.compile(r"\b(?:before|from|past|its been|its|makes)\s+$")
_TRAIL = re.compile(r"^\s*(?:before|back|earlier|already|in the past)\b")

_RANGE = re.compile(rf"(\d+)\s*(?:-|–|to)\s*(\d+)\s*{_UNIT}")
_MIXED = re.compile(rf"(\d+)\s*{_UNIT}\s+to\s+(\d+)\s*{_UNIT}")
_BELOW = re.compile(rf"(?:under|less than|within|up to|in the last)\s+(?:the last\s+)?(\d+|three|a)\s*{_UNIT}")
_ABOVE = re.compile(rf"(?:over|more than|after)\s+(\d+|three|a)\s*{_UNIT}")
_OR_MORE = re.compile(rf"(\d+)\s*{_UNIT}\s+or more")
_RANGES = (_MIXED, _RANGE, _OR_MORE, _BELOW, _ABOVE)

# ------------------------------------------------------------------ dates

_MONTH_NAMES = {name.lower(): number for number, name in enumerate(calendar.month_name) if name} | {
    name.lower(): number for number, name in enumerate(calendar.month_abbr) if name
}
_MONTH_NAMES["sept"] = 9
_MONTHS = "|".join(sorted(_MONTH_NAMES, key=len, reverse=True))
_DAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)} | {
    "mon": 0, "tue": 1, "tues": 1, "wed": 2, "weds": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4,
}  # fmt: skip
_WEEKDAYS = "|".join(sorted(_DAYS, key=len, reverse=True))
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}  # first month, in the north
_NTH = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR_OF = r"((?:19|20)\d\d)"
_NOT_TIMES = r"(?!\s*(?:weeks|months|days|years))"
_WHEN = r"(in|since|last|this|from|during|back in|of|around|until|till)"
_DAY_PART = r"(?:\s+(?:morning|afternoon|evening|night))?"
_PART = r"(?:(early|beginning of|start of|mid|middle of|late|end of)[\s-]+)?"
_DATES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("iso", rf"\b{_YEAR_OF}-(\d{{1,2}})-(\d{{1,2}})\b"),
        ("numeric", r"\b(\d{1,2})[/.-](\d{1,2})[/.-]((?:19|20)?\d\d)\b"),
        ("month_year_number", rf"\b(\d{{1,2}})/{_YEAR_OF}\b"),
        ("day_month", rf"\b(?:the\s+)?{_NTH}(?:\s+of)?\s+({_MONTHS})\b\.?(?:,?\s+{_YEAR_OF}\b)?"),
        ("month_day", rf"\b({_MONTHS})\.?\s+(?:the\s+)?{_NTH}\b{_NOT_TIMES}(?:,?\s+{_YEAR_OF}\b)?"),
        ("month_year", rf"\b{_PART}({_MONTHS})\.?(?:\s+of)?,?\s+{_YEAR_OF}\b"),
        ("month", rf"\b{_WHEN}\s+{_PART}(?:last\s+)?({_MONTHS})\b"),
        ("day_of_month", r"\b(?:on|since|from)\s+the\s+(\d{1,2})(?:st|nd|rd|th)\b"),
        ("weekday", rf"\b(last|this|on|since|from|this past)\s+({_WEEKDAYS}){_DAY_PART}\b"),
        ("weekend", r"\b(?:the|last|this|over the)\s+weekend\b"),
        ("season_year", rf"\b(spring|summer|autumn|fall|winter)(?:\s+of)?\s+{_YEAR_OF}\b"),
        ("season", r"\b(last|this|in the|over the|since|since last|past)\s+(spring|summer|autumn|fall|winter)\b"),
        ("holiday", r"\b(?:at|since|over|last|around|after)?\s*(christmas|xmas|new years?(?: eve| day)?)\b"),
        ("year", rf"(?<![\d/.-])\b{_PART}(?:the year\s+)?{_YEAR_OF}\b(?!\s*(?:mg|ml|units|iu|steps|calories))"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Today:
    """The day on which a text is read, and on which half of the globe."""

    day: datetime.date
    southern: bool = False


Span = tuple[float, float]


def span_in(text: str, today: Today | None = None) -> tuple[Span, str] | None:
    """The one time that a text names, as days before now [from, to], and the text without it.

    None if it names none, or several that do not say the same.
    """
    lowered = " ".join(text.lower().replace("’", "'").split())
    found = _spans(lowered, today)
    if len(found) > 1:  # "last night for ten minutes": when it was, not how long it lasted
        found = [one for one in found if not _LASTED.search(lowered[: one[0]])]
    if len(found) != 1:
        return None
    start, end, (low, high) = found[0]
    before, after = lowered[:start], lowered[end:]
    if less := _LESS.search(before):
        low, high, before = 0.0, high - _EDGE, before[: less.start()]
    elif more := _MORE.search(before):
        low, high, before = low + _EDGE, FOREVER, before[: more.start()]
    elif _ROUGHLY_BEFORE.search(before) or _ROUGHLY_AFTER.search(after):
        low, high = low * (1 - _ROUGH), high * (1 + _ROUGH)
        before, after = _ROUGHLY_BEFORE.sub(" ", before), _ROUGHLY_AFTER.sub(" ", after)
    if re.match(r"\s*(?:or more|or longer|plus|\+)", after):
        high, after = FOREVER, re.sub(r"^\s*(?:or more|or longer|plus|\+)", " ", after)
    elif re.match(r"\s*or less\b", after):
        low, after = 0.0, re.sub(r"^\s*or less", " ", after)
    before, after = _LEAD.sub(" ", before), _TRAIL.sub(" ", after)
    return (low, min(high, FOREVER)), f"{before} {after}"


def days_in(text: str) -> float | None:
    """The one length of time that a text names, in days; None if it names none, several, or only a span."""
    found = span_in(text)
    return found[0][0] if found is not None and found[0][0] == found[0][1] else None


def _spans(text: str, today: Today | None) -> list[tuple[int, int, Span]]:
    """Every time that a text names, without overlaps: the longer reading of the same words counts."""
    amounts = [(m.start(), m.end(), _amount(m)) for m in _AMOUNT.finditer(text) if not _is_rate(m, text)]
    amounts += [(m.start(), m.end(), _unit_or_two(m)) for m in _UNIT_OR_TWO.finditer(text)]
    dates = list(_dates_in(text, today)) if today is not None else []
    fixed = [(m.start(), m.end(), _FIXED.get(m[0], (10 * _YEAR, FOREVER))) for m in _FIXED_WORDS.finditer(text)]
    if amounts:
        fixed = [f for f in fixed if text[f[0] : f[1]] not in _ECHO | {"years"} or not _touches(f, amounts)]
    kept: list[tuple[int, int, Span]] = []
    for one in sorted((*amounts, *dates, *fixed), key=lambda s: (s[0] - s[1], s[0])):
        if not _touches(one, kept):
            kept.append(one)
    return sorted(kept)


def _touches(one: tuple[int, int, Span], others: list[tuple[int, int, Span]]) -> bool:
    return any(one[0] < other[1] and other[0] < one[1] for other in others)


def _is_rate(match: re.Match[str], text: str) -> bool:
    """True for "twice a day", "10 mg a week": how often, not when."""
    return match[1].strip() in ("a", "an") and _OFTEN.search(text[: match.start()]) is not None


def _amount(match: re.Match[str]) -> Span:
    unit = _unit(match[3])
    low, high = _how_many(match[1])
    if re.match(rf"{re.escape(match[1])}and\s+a\s+half\s", match[0]):
        low, high = low + 0.5, high + 0.5
    if match[2]:
        high = _how_many(match[2])[1]
    if match[4]:
        low, high = low + 0.5, high + 0.5
    low, high = low * unit, high * unit
    if match[5]:
        more, at_most = _how_many(match[5])
        low, high = low + more * _unit(match[6]), high + at_most * _unit(match[6])
    return low, min(high, FOREVER)


def _unit_or_two(match: re.Match[str]) -> Span:
    unit = _unit(match[1])
    return (unit, 2 * unit) if match[2] == "two" else (unit * (1 - _ROUGH), unit * (1 + _ROUGH))


def _how_many(words: str) -> Span:
    said = " ".join(words.replace("-", " ").split())
    if said in _VAGUE:
        return _VAGUE[said]
    if said in _WORDS:
        return (_WORDS[said],) * 2
    if said.endswith(("1/2", "½")):
        whole = said.removesuffix("1/2").removesuffix("½").strip()
        return ((float(whole) if whole else 0.0) + 0.5,) * 2
    if said[0].isdigit():
        return (float(said),) * 2
    tens, ones = said.split()
    return (_WORDS[tens] + _WORDS[ones],) * 2


def _dates_in(text: str, today: Today) -> Iterator[tuple[int, int, Span]]:
    for name, pattern in _DATES:
        for match in pattern.finditer(text):
            span = _READERS[name](match, today)
            if span is not None:
                yield match.start(), match.end(), span


def _between(first: datetime.date, last: datetime.date, today: Today) -> Span | None:
    """The days since something that was between two dates; None if both are to come."""
    if first > today.day:
        return None
    newest = max(0, (today.day - last).days)
    return max(0.0, newest - 1.0), (today.day - first).days + 1.0 - _EDGE


def _day(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


def _latest(month: int, day: int, today: Today) -> datetime.date | None:
    """The last time that this day of the year was."""
    for year in (today.day.year, today.day.year - 1):
        date = _day(year, month, day)
        if date is not None and date <= today.day:
            return date
    return None


def _on(date: datetime.date | None, today: Today) -> Span | None:
    return None if date is None else _between(date, date, today)


def _month_span(year: int, month: int, part: str | None, today: Today, months: int = 1) -> Span | None:
    first = datetime.date(year, month, 1)
    end_month = month + months - 1
    year_end, end_month = year + (end_month - 1) // 12, (end_month - 1) % 12 + 1
    last = datetime.date(year_end, end_month, calendar.monthrange(year_end, end_month)[1])
    third = (last - first) // 3
    if part is not None:
        if part.startswith(("early", "beginning", "start")):
            last = first + third
        elif part.startswith(("late", "end")):
            first = last - third
        else:
            first, last = first + third, last - third
    return _between(first, last, today)


def _numeric(match: re.Match[str], today: Today) -> Span | None:
    """Day and month in either order: where both can be meant, both are."""
    year = int(match[3]) if len(match[3]) == 4 else 2000 + int(match[3])
    if year > today.day.year:
        year -= 100
    either = (_day(year, int(match[2]), int(match[1])), _day(year, int(match[1]), int(match[2])))
    dates = [date for date in either if date is not None and date <= today.day]
    return _between(min(dates), max(dates), today) if dates else None


def _month(match: re.Match[str], today: Today) -> Span | None:
    month, part = _MONTH_NAMES[match[3]], match[2]
    year = today.day.year if month <= today.day.month else today.day.year - 1
    newest = _month_span(year, month, part, today)
    if match[1] != "last" and "last" not in match[0]:
        return newest
    older = _month_span(year - 1, month, part, today)
    if newest is None or older is None:
        return older
    if year != today.day.year or month == today.day.month:
        return older if year == today.day.year else newest
    return newest[0], older[1]  # "last January", said in March, may be this year's or the one before


def _weekday(match: re.Match[str], today: Today) -> Span | None:
    ago = (today.day.weekday() - _DAYS[match[2]]) % 7
    newest = today.day - datetime.timedelta(days=ago)
    # Today's own name, or "last ...", may mean a week earlier.
    oldest = newest - datetime.timedelta(days=7) if match[1] == "last" or ago == 0 else newest
    return _between(oldest, newest, today)


def _weekend(match: re.Match[str], today: Today) -> Span | None:
    sunday = today.day - datetime.timedelta(days=(today.day.weekday() + 1) % 7)
    saturday = today.day if today.day.weekday() == 5 else sunday - datetime.timedelta(days=1)
    return _between(min(saturday, sunday), max(saturday, sunday), today)


def _season(name: str, year: int, today: Today) -> Span | None:
    month = _SEASONS[name]
    if today.southern:
        month = (month + 5) % 12 + 1
    return _month_span(year, month, None, today, months=3)


def _season_alone(match: re.Match[str], today: Today) -> Span | None:
    past = [
        span
        for year in range(today.day.year, today.day.year - 3, -1)
        if (span := _season(match[2], year, today)) is not None
    ]
    ongoing = past[0][0] == 0.0
    return past[1] if ongoing and "last" in match[1] else past[0]


def _holiday(match: re.Match[str], today: Today) -> Span | None:
    year = today.day.year if today.day.month == 12 and today.day.day >= 20 else today.day.year - 1
    first = datetime.date(year, 12, 20 if "mas" in match[1] else 30)
    return _between(first, datetime.date(year + 1, 1, 4), today)


def _year_alone(match: re.Match[str], today: Today) -> Span | None:
    return _month_span(int(match[2]), 1, match[1], today, months=12)


_READERS: dict[str, Callable[[re.Match[str], Today], Span | None]] = {
    "iso": lambda m, today: _on(_day(int(m[1]), int(m[2]), int(m[3])), today),
    "numeric": _numeric,
    "month_year_number": lambda m, today: (
        _month_span(int(m[2]), int(m[1]), None, today) if 1 <= int(m[1]) <= 12 else None
    ),
    "day_month": lambda m, today: _on(
        _day(int(m[3]), _MONTH_NAMES[m[2]], int(m[1])) if m[3] else _latest(_MONTH_NAMES[m[2]], int(m[1]), today), today
    ),
    "month_day": lambda m, today: _on(
        _day(int(m[3]), _MONTH_NAMES[m[1]], int(m[2])) if m[3] else _latest(_MONTH_NAMES[m[1]], int(m[2]), today), today
    ),
    "month_year": lambda m, today: _month_span(int(m[3]), _MONTH_NAMES[m[2]], m[1], today),
    "month": _month,
    "day_of_month": lambda m, today: _on(_latest_day(int(m[1]), today), today),
    "weekday": _weekday,
    "weekend": _weekend,
    "season_year": lambda m, today: _season(m[1], int(m[2]), today),
    "season": _season_alone,
    "holiday": _holiday,
    "year": _year_alone,
}


def _latest_day(day: int, today: Today) -> datetime.date | None:
    """The last time that the month had this day."""
    first = today.day.replace(day=1)
    for _ in range(3):
        date = _day(first.year, first.month, day)
        if date is not None and date <= today.day:
            return date
        first = (first - datetime.timedelta(days=1)).replace(day=1)
    return None


# ------------------------------------------------------------------ choices


def range_of(choice: str) -> Span | None:
    """The days that a choice covers, as [from, to); None if it names no length of time."""
    lowered = choice.lower()
    if match := _MIXED.search(lowered):
        return float(match[1]) * _unit(match[2]), float(match[3]) * _unit(match[4]) + _EDGE
    if match := _RANGE.search(lowered):
        return float(match[1]) * _unit(match[3]), float(match[2]) * _unit(match[3]) + _EDGE
    if match := _OR_MORE.search(lowered):
        return float(match[1]) * _unit(match[2]), FOREVER + 1
    if match := _BELOW.search(lowered):
        return 0.0, _count(match[1]) * _unit(match[2])
    if match := _ABOVE.search(lowered):
        return _count(match[1]) * _unit(match[2]) + _EDGE, FOREVER + 1
    return None


def beside_range(choice: str) -> str | None:
    """What a choice says beside its length of time: "stable" of "over 6 months, stable". None if it names none."""
    lowered = choice.lower()
    for pattern in _RANGES:
        if match := pattern.search(lowered):
            return f"{lowered[: match.start()]} {lowered[match.end() :]}".strip(" ,:")
    return None


def is_only_a_range(choice: str) -> bool:
    """True where a choice says nothing beside a length of time, or only offers more by "or"."""
    lowered = choice.lower()
    for pattern in _RANGES:
        if match := pattern.search(lowered):
            before, after = lowered[: match.start()].strip(), lowered[match.end() :].strip(" ,").removeprefix("ago")
            return not before and (not after.strip(" ,") or after.strip(" ,").startswith("or "))
    return False


def _unit(word: str) -> float:
    return _UNITS.get(word) or _UNITS[word.rstrip("s")]


def _count(word: str) -> float:
    return _WORDS[word] if word in _WORDS else float(word)
