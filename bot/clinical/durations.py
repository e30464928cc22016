"""Lengths of time in words: "two months ago" in days, and the range of days that a choice such as "6-12 weeks" covers."""

from __future__ import annotations

import re

_UNITS = {
    "h": 1 / 24,
    "hour": 1 / 24,
    "hr": 1 / 24,
    "day": 1.0,
    "d": 1.0,
    "week": 7.0,
    "wk": 7.0,
    "w": 7.0,
    "month": 30.4,
    "mo": 30.4,
    "mth": 30.4,
    "year": 365.0,
    "yr": 365.0,
    "y": 365.0,
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
    "couple": 2,
    "couple of": 2,
    "a couple of": 2,
    "a couple": 2,
    "few": 3,
    "a few": 3,
    "several": 4,
    "half a": 0.5,
    "last": 1,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
}
_NUMBER = r"(\d+(?:\.\d+)?|" + "|".join(sorted(_WORDS, key=len, reverse=True)) + r")"
_UNIT = r"(hours?|hrs?|h|days?|d|weeks?|wks?|w|months?|mths?|mo|years?|yrs?|y)"
_AMOUNT = re.compile(rf"\b{_NUMBER}\s*{_UNIT}\b")
_FIXED = {
    "today": 0.0,
    "this morning": 0.2,
    "just now": 0.0,
    "yesterday": 1.0,
    "last night": 0.5,
    "last week": 7.0,
    "last month": 30.4,
    "last year": 365.0,
    "this week": 3.0,
    "this month": 14.0,
}
_RANGE = re.compile(rf"(\d+)\s*(?:-|–|to)\s*(\d+)\s*{_UNIT}")
_MIXED = re.compile(rf"(\d+)\s*{_UNIT}\s+to\s+(\d+)\s*{_UNIT}")
_BELOW = re.compile(rf"(?:under|less than|within|up to|in the last)\s+(?:the last\s+)?(\d+|three)\s*{_UNIT}")
_ABOVE = re.compile(rf"(?:over|more than|after)\s+(\d+|three)\s*{_UNIT}")
_OR_MORE = re.compile(rf"(\d+)\s*{_UNIT}\s+or more")
FOREVER = 1e9


def _unit(word: str) -> float:
    return _UNITS.get(word) or _UNITS[word.rstrip("s")]


def days_in(text: str) -> float | None:
    """The one length of time that a text names, in days; None if it names none or several different ones."""
    lowered = text.lower().replace("’", "'")
    found = {days for words, days in _FIXED.items() if re.search(rf"\b{words}\b", lowered)}
    if not found:
        found = {(_WORDS[n] if n in _WORDS else float(n)) * _unit(unit) for n, unit in _AMOUNT.findall(lowered)}
        if re.search(r"\byears ago\b|\bfor years\b|\blong ago\b|\bages ago\b", lowered) and not found:
            found = {3 * 365.0}
    return found.pop() if len(found) == 1 else None


def range_of(choice: str) -> tuple[float, float] | None:
    """The days that a choice covers, as [from, to); None if it names no length of time."""
    lowered = choice.lower()
    if match := _MIXED.search(lowered):
        return float(match[1]) * _unit(match[2]), float(match[3]) * _unit(match[4])
    if match := _RANGE.search(lowered):
        return float(match[1]) * _unit(match[3]), (float(match[2]) + 0.001) * _unit(match[3])
    if match := _OR_MORE.search(lowered):
        return float(match[1]) * _unit(match[2]), FOREVER
    if match := _BELOW.search(lowered):
        return 0.0, (3.0 if match[1] == "three" else float(match[1])) * _unit(match[2])
    if match := _ABOVE.search(lowered):
        return (3.0 if match[1] == "three" else float(match[1])) * _unit(match[2]), FOREVER
    return None


def is_only_a_range(choice: str) -> bool:
    """True where a choice says nothing beside a length of time, or offers more by "or": "under 72 hours, or not examined"."""
    lowered = choice.lower()
    for pattern in (_MIXED, _RANGE, _OR_MORE, _BELOW, _ABOVE):
        if match := pattern.search(lowered):
            before, after = lowered[: match.start()].strip(), lowered[match.end() :].strip(" ,")
            return not before and (not after or after.startswith("or "))
    return False
