"""Lengths of time in words: "two months ago" in days, and the range of days that a choice such as "6-12 weeks" covers.

There is no clock here, so dates are not lengths of time; and a length that may fall on either side of a limit
("last year", "about six weeks") is a span, not a number.
"""

from __future__ import annotations

import re

FOREVER = 1e9
_EDGE = 0.01  # days by which "over six weeks" and "under six weeks" keep off the six weeks themselves
_MONTH, _YEAR = 30.4, 365.0
_UNITS = {
    "h": 1 / 24,
    "hour": 1 / 24,
    "hr": 1 / 24,
    "day": 1.0,
    "d": 1.0,
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
}
_WORDS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "half a": 0.5,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
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
}
_SPELT = "|".join(sorted({*_WORDS, *_VAGUE}, key=len, reverse=True))
_UNIT = r"(hours?|hrs?|h|days?|d|weeks?|wks?|w|months?|mths?|mo|years?|yrs?|y|fortnights?)\b"
_AMOUNT = re.compile(rf"\b(?:(\d+(?:\.\d+)?)\s*-?\s*|({_SPELT})[\s-]\s*){_UNIT}")
_FIXED = {
    "today": (0.0, 1.0),
    "this morning": (0.0, 1.0),
    "just now": (0.0, 0.1),
    "yesterday": (1.0, 2.0),
    "last night": (0.2, 1.0),
    "the other day": (1.0, 7.0),
    "this week": (0.0, 7.0),
    "last week": (2.0, 14.0),
    "this month": (0.0, 31.0),
    "last month": (1.0, 62.0),
    "this year": (0.0, 366.0),
    "last year": (1.0, 731.0),
    "years ago": (2 * _YEAR, FOREVER),
    "for years": (2 * _YEAR, FOREVER),
    "decades ago": (20 * _YEAR, FOREVER),
}
_FIXED_WORDS = re.compile(r"\b(?:" + "|".join(_FIXED) + r")\b")
_LESS = re.compile(
    r"\b(?:(?:just )?under|less than|within(?: the last)?|up to|in the (?:last|past)|not even|below|almost|nearly)\s+$"
)
_MORE = re.compile(r"\b(?:over|more than|longer than|at least|well over|just over)\s+$")
_ROUGHLY = re.compile(r"\b(?:about|around|roughly|approximately|approx|like|maybe|or so)\b")
_ROUGH = 0.15  # "about six weeks" may be this share less or more
_RANGE = re.compile(rf"(\d+)\s*(?:-|–|to)\s*(\d+)\s*{_UNIT}")
_MIXED = re.compile(rf"(\d+)\s*{_UNIT}\s+to\s+(\d+)\s*{_UNIT}")
_BELOW = re.compile(rf"(?:under|less than|within|up to|in the last)\s+(?:the last\s+)?(\d+|three|a)\s*{_UNIT}")
_ABOVE = re.compile(rf"(?:over|more than|after)\s+(\d+|three|a)\s*{_UNIT}")
_OR_MORE = re.compile(rf"(\d+)\s*{_UNIT}\s+or more")
_RANGES = (_MIXED, _RANGE, _OR_MORE, _BELOW, _ABOVE)


def span_in(text: str) -> tuple[tuple[float, float], str] | None:
    """The one length of time that a text names, as days [from, to], and the text without it.

    None if it names none, or several.
    """
    lowered = " ".join(text.lower().replace("’", "'").split())
    amounts = list(_AMOUNT.finditer(lowered))
    fixed = [] if amounts else list(_FIXED_WORDS.finditer(lowered))
    if amounts and [m for m in _FIXED_WORDS.finditer(lowered) if m[0] not in ("years ago", "for years", "decades ago")]:
        return None
    if len(amounts) + len(fixed) != 1:
        return None
    if fixed:
        low, high = _FIXED[fixed[0][0]]
        return (low, high), lowered[: fixed[0].start()] + " " + lowered[fixed[0].end() :]
    match = amounts[0]
    before, after = lowered[: match.start()], lowered[match.end() :]
    unit = _unit(match[3])
    number = match[1] or match[2]
    low, high = _VAGUE.get(number) or (_count(number), _count(number))
    low, high = low * unit, min(high * unit, FOREVER)
    if less := _LESS.search(before):
        low, high, before = 0.0, high - _EDGE, before[: less.start()]
    elif more := _MORE.search(before):
        low, high, before = low + _EDGE, FOREVER, before[: more.start()]
    elif _ROUGHLY.search(before) or _ROUGHLY.search(after):
        low, high = low * (1 - _ROUGH), high * (1 + _ROUGH)
        before, after = _ROUGHLY.sub(" ", before), _ROUGHLY.sub(" ", after)
    if re.match(r"\s*(?:or more|plus|\+)", after):
        high, after = FOREVER, re.sub(r"^\s*(?:or more|plus|\+)", " ", after)
    return (low, high), f"{before} {after}"


def days_in(text: str) -> float | None:
    """The one length of time that a text names, in days; None if it names none, several, or only a span."""
    found = span_in(text)
    return found[0][0] if found is not None and found[0][0] == found[0][1] else None


def range_of(choice: str) -> tuple[float, float] | None:
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
    return float(_WORDS[word]) if word in _WORDS else float(word)
