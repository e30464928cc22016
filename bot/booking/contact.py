"""Who asks, and one way to reach them: names, phone numbers and e-mail addresses out of what somebody typed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers
from email_validator import EmailNotValidError, validate_email

LONGEST_NAME = 80
MOST_NAME_WORDS = 6

_ADDRESS = re.compile(r"[^\s,;:<>()\"]+@[^\s,;:<>()\"]+|\S*@\S*")
_DIGITS = re.compile(r"\d(?:[\s().+\-/]*\d){4,}")
_LEAD = re.compile(
    r"^(?:(?:hi|hello|hey|ok|okay|yes|sure)\b[\s,!.]*)?"
    r"(?:(?:you can |please |just )*(?:my (?:full )?name(?:'s| is)?|name(?:'s| is)?|it'?s|it is|this is|"
    r"i am|i'm|im|call me|put(?: it)?(?: down)?(?: under| as)?|under|for|write|use)\b[\s:,]*)+",
    re.IGNORECASE,
)
_TAIL = re.compile(r"[\s,]*(?:please|pls|thanks|thank you|thx)?[\s.!,]*$", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ '.\-])*")
# What people say when they do not give a name; a name with one of these words can still be typed with a capital.
_NOT_NAMES = frozenset({
    "what", "why", "who", "how", "when", "where", "which", "yes", "no", "nope", "maybe", "none", "skip", "pass",
    "idk", "dunno", "anonymous", "nobody", "not", "later", "same", "before", "don't", "dont", "cannot", "can't",
    "won't", "need", "want", "have", "book", "booking", "pain", "massage", "appointment", "back", "stop",
    "help", "menu", "the", "a", "my", "you", "your", "is", "are", "do", "does", "should", "would", "could",
    "question", "know",
})  # fmt: skip


class ContactError(ValueError):
    """What was typed cannot be used; `wording` is the id of the sentence that says so."""

    def __init__(self, wording: str) -> None:
        self.wording = wording
        super().__init__(wording)


@dataclass(frozen=True, slots=True)
class Contact:
    """At least one of the two."""

    phone: str | None = None  # E.164
    email: str | None = None

    @property
    def value(self) -> str:
        """Both as one text, for a draft; `Contact.of` reads it again."""
        return " ".join(part for part in (self.phone, self.email) if part)

    @staticmethod
    def of(value: str) -> Contact:
        """Read what `value` gave."""
        parts = value.split()
        return Contact(
            phone=next((part for part in parts if "@" not in part), None),
            email=next((part for part in parts if "@" in part), None),
        )

    def shown(self) -> str:
        """As the client is shown it: the phone number spaced out."""
        phone = self.phone and phonenumbers.format_number(
            phonenumbers.parse(self.phone), phonenumbers.PhoneNumberFormat.INTERNATIONAL
        )
        return " or ".join(part for part in (phone, self.email) if part)


def read_name(text: str) -> str:
    """The name in a reply such as "it's sam lee".

    Raises:
        ContactError: there is none.
    """
    plain = unicodedata.normalize("NFKC", text).replace("’", "'")
    plain = " ".join("".join(char for char in plain if char.isprintable() or char.isspace()).split())
    name = _TAIL.sub("", _LEAD.sub("", plain)).strip(" \"'.,-")
    words = name.split()
    if (
        not name
        or "?" in plain
        or len(name) > LONGEST_NAME
        or len(words) > MOST_NAME_WORDS
        or not _NAME.fullmatch(name)
        or any(word in _NOT_NAMES for word in words)
        or (len(words) == 1 and words[0].lower() in _NOT_NAMES)
    ):
        raise ContactError("booking.bad_name")
    if name == name.lower():
        return re.sub(r"(?<![^\W\d_'])[^\W\d_]", lambda letter: letter[0].upper(), name)
    return name


def read_contact(text: str, region: str) -> Contact:
    """The phone number or e-mail address (or both) in a reply such as "it's 202 555 0143".

    Args:
        text: what was typed.
        region: the country for numbers without a country code.

    Raises:
        ContactError: nothing that can be used.
    """
    plain = unicodedata.normalize("NFKC", text)
    address = _ADDRESS.search(plain)
    email = _email(address[0]) if address else None
    rest = _ADDRESS.sub(" ", plain)
    phone = _phone(rest, region)
    if phone is None and email is None:
        if address:
            raise ContactError("booking.bad_email")
        raise ContactError("booking.bad_phone" if _DIGITS.search(rest) else "booking.bad_contact")
    return Contact(phone=phone, email=email)


def _email(text: str) -> str | None:
    try:
        # Whether mail arrives there shows when it is sent; a chat must not wait for a name server.
        return validate_email(text.strip(".!?'"), check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def _phone(text: str, region: str) -> str | None:
    found = next(iter(phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID)), None)
    if found is not None:
        return phonenumbers.format_number(found.number, phonenumbers.PhoneNumberFormat.E164)
    digits = _DIGITS.search(text)  # "202-5550-143" is written oddly, but it is a number
    if digits is None:
        return None
    plus = "+" if text[: digits.start()].rstrip(" (").endswith("+") else ""
    try:
        number = phonenumbers.parse(plus + digits[0], region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
