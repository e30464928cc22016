"""Personal data in a sentence: found, and put out of sight before the sentence goes anywhere else. Pure.

What a pattern cannot know, a person has to see: whatever is masked here is still read by somebody before it is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE)
_HANDLE = re.compile(r"(?<!\w)@\w{3,}")
_PHONE = re.compile(r"(?<![\w.])\+?(?:\(\d{1,4}\)[ .-]?)?\d(?:[ .()/-]{0,2}\d){6,14}(?!\w)")
_NUMBER = re.compile(r"\b\d{5,}\b")
_BIRTH = re.compile(r"\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b")
_STREET = re.compile(
    r"\b\d{1,5}[a-z]?\s+(?:[A-Z][\w']*\s+){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Way|Court|Ct|Close|Square)"
    r"\b\.?",
    re.IGNORECASE,
)
_INTRODUCED = re.compile(
    r"\b(?P<lead>[Mm]y name(?:['’]?s| is)|[Cc]all me|[Tt]his is|I am|i am|I['’]?m|i['’]?m|[Ii]t['’]s"
    r"|[Mm]rs?\.?|[Mm]s\.?|[Mm]iss|[Dd]r\.?)\s+(?P<name>[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+){0,2})"
)
_NAMED = re.compile(
    r"\b(?P<lead>my name(?:['’]?s| is)|i am called|i['’]?m called)\s+(?P<name>[a-z][\w'’-]+(?:\s+[a-z][\w'’-]+)?)",
    re.IGNORECASE,
)

_KINDS: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("an e-mail address", "<email>", _EMAIL),
    ("a web address", "<link>", _ADDRESS),
    ("an account name", "<name>", _HANDLE),
    ("a street address", "<address>", _STREET),
    ("a date", "<date>", _BIRTH),
    ("a phone number", "<phone>", _PHONE),
    ("a long number", "<number>", _NUMBER),
)


def found(text: str) -> Iterator[str]:
    """The kinds of personal data that a text seems to hold, in words."""
    for kind, _, pattern in _KINDS:
        if pattern.search(text):
            yield kind
    if _NAMED.search(text) or any(_is_name(match) for match in _INTRODUCED.finditer(text)):
        yield "a name"


def masked(text: str) -> str:
    """The text with personal data replaced by what it is: `<phone>`, `<email>`, `<name>`."""
    for _, mask, pattern in _KINDS:
        text = pattern.sub(mask, text)
    text = _NAMED.sub(r"\g<lead> <name>", text)
    return _INTRODUCED.sub(lambda match: f"{match['lead']} <name>" if _is_name(match) else match[0], text)


def _is_name(match: re.Match[str]) -> bool:
    """In "I AM SORE" and "I'm NMT curious" nobody is introduced: a name has small letters, too."""
    return all(any(letter.islower() for letter in part) for part in match["name"].split())


__all__ = ["found", "masked"]
