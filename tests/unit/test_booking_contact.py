"""Names, phone numbers and e-mail addresses out of what people type."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.booking.contact import Contact, ContactError, read_contact, read_name
from bot.clinic import Clinic, load_locale
from bot.wording import Wording

KNOWLEDGE = Path(__file__).parents[2] / "knowledge"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Sam Lee", "Sam Lee"), ("sam lee", "Sam Lee"), ("it's sam lee", "Sam Lee"), ("My name is Sam Lee.", "Sam Lee"),
        ("I'm Sam", "Sam"), ("im sam, thanks", "Sam"), ("put it under O'Brien please", "O'Brien"), ("Zoë", "Zoë"),
        ("jean-luc d'arc", "Jean-Luc D'Arc"), ("José María López", "José María López"), ("J. R. Smith", "J. R. Smith"),
        ("hi, this is Ana", "Ana"), ("李雷", "李雷"), ("McDonald", "McDonald"), ("  sam   lee  ", "Sam Lee"),
        ("name: Sam", "Sam"),
    ],
)  # fmt: skip
def test_a_name(text: str, name: str) -> None:
    assert read_name(text) == name


@pytest.mark.parametrize(
    "text",
    ["", "   ", "?", "why do you need my name?", "12345", "sam@example.com", "no", "skip", "i don't want to say",
     "what is your cancellation policy", "<b>Sam</b>", "x" * 81, "👍", "https://example.com"],
)  # fmt: skip
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ContactError) as caught:
        read_name(text)
    assert caught.value.wording == "booking.bad_name"


@pytest.mark.parametrize(
    ("text", "region", "contact"),
    [
        ("202 555 0143", "US", Contact("+12025550143")),
        ("it's 202 555 0143", "US", Contact("+12025550143")),
        ("call me at (202) 555-0143 please", "US", Contact("+12025550143")),
        ("202.555.0143", "US", Contact("+12025550143")),
        ("2025550143", "US", Contact("+12025550143")),
        ("202-5550-143", "US", Contact("+12025550143")),
        ("+44 20 7946 0018", "US", Contact("+442079460018")),
        ("020 7946 0018", "GB", Contact("+442079460018")),
        ("sam@example.com", "US", Contact(email="sam@example.com")),
        ("my email is Sam.Lee@Example.COM.", "US", Contact(email="Sam.Lee@example.com")),
        ("sam+nmt1234567@example.com", "US", Contact(email="sam+nmt1234567@example.com")),
        ("202 555 0143 or sam@example.com", "US", Contact("+12025550143", "sam@example.com")),
    ],
)
def test_a_contact(text: str, region: str, contact: Contact) -> None:
    assert read_contact(text, region) == contact
    assert Contact.of(contact.value) == contact


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("555 0143", "booking.bad_phone"), ("202 555 01434", "booking.bad_phone"),
        ("12345678901234567890", "booking.bad_phone"),
        ("sam@", "booking.bad_email"), ("sam@gmail", "booking.bad_email"), ("@", "booking.bad_email"),
        ("a b@c d", "booking.bad_email"), ("", "booking.bad_contact"), ("why?", "booking.bad_contact"),
        ("you can reach me", "booking.bad_contact"), ("911", "booking.bad_contact"),
    ],
)  # fmt: skip
def test_what_cannot_be_reached_is_refused_for_its_reason(text: str, wording: str) -> None:
    with pytest.raises(ContactError) as caught:
        read_contact(text, "US")
    assert caught.value.wording == wording


def test_a_contact_is_shown_in_full() -> None:
    assert Contact("+12025550143", "sam@example.com").shown() == "+1 202-555-0143 or sam@example.com"


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(text: str) -> None:
    for read in (read_name, lambda words: read_contact(words, "US").value):
        with suppress(ContactError):
            assert read(text).strip()


def test_every_refusal_has_its_words() -> None:
    clinic = Clinic.load(KNOWLEDGE)
    wording = Wording.load(KNOWLEDGE, clinic.tree, load_locale(KNOWLEDGE, clinic.clinic.locale))
    for key in ("booking.bad_name", "booking.bad_contact", "booking.bad_phone", "booking.bad_email"):
        assert wording.text(key).endswith("?")
