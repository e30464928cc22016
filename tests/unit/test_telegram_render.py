"""Replies as messages of Telegram: escaped, whole, and without what is shown in a form of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.telegram.render import PartKind, closed, parts
from bot.channels.telegram.split import LIMIT, length
from bot.clinic import Clinic, load_locale
from bot.wording import Wording
from tests.telegram.bot_api import formatting

KNOWLEDGE = Path(__file__).parents[2] / "knowledge"
say = Wording.load(KNOWLEDGE, Clinic.load(KNOWLEDGE).tree, load_locale(KNOWLEDGE, "en-US")).text
TAGS = re.compile(r"</?(?:b|i)>|<a href=\"[^\"]*\">|</a>")


def reply(text: str, *titles: str, kind: str = "answer", **more: Any) -> dict[str, Any]:
    meta = {"kind": kind, **more.pop("meta", {})}
    buttons = [{"title": title, "payload": f"p{place}"} for place, title in enumerate(titles)]
    return {"event_id": 1, "text": text, "links": [], "buttons": buttons, "checklist": None, "meta": meta, **more}


def shown(markup: str) -> str:
    """What Telegram shows of a text with markup, read by the rules of its server."""
    text, _ = formatting.parse(markup, "HTML")
    return str(text)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="<>&\"'ab c\n;/🙂é", max_size=200), st.sampled_from(["answer", "emergency", "notice"]))
def test_whatever_a_text_holds_telegram_shows_it_as_it_is(text: str, kind: str) -> None:
    for part in parts(reply(text, kind=kind), "bot", say):
        assert shown(part.html) == part.plain


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(alphabet="<&ab 🙂.", min_size=1, max_size=3000), min_size=3, max_size=8))
def test_long_replies_are_cut_and_their_markup_is_whole(paragraphs: list[str]) -> None:
    long = reply("\n\n".join(paragraphs), "Yes", kind="emergency")
    found = parts(long, "bot", say)
    assert all(length(part.plain) <= LIMIT for part in found)
    assert all(shown(part.html) == part.plain for part in found)
    assert "".join("".join(part.plain for part in found).split()) == "".join(long["text"].split())
    assert [bool(part.keyboard) for part in found] == [False] * (len(found) - 1) + [True] * bool(found)


def test_choices_that_are_buttons_are_not_listed_twice() -> None:
    (part,) = parts(reply("Which day?\n\n1. Monday\n2. Tuesday", "Monday", "Tuesday", kind="question"), "bot", say)
    assert part.plain == "Which day?"
    (kept,) = parts(reply("1. Monday\n2. Tuesday", "Monday", "Tuesday", kind="question"), "bot", say)
    assert kept.plain == "1. Monday\n2. Tuesday"


def test_a_table_is_shown_as_lines_and_once() -> None:
    table = {
        "columns": ["", "NMT", "Deep tissue"],
        "rows": [["Touch", "still <firm>", "slow"], ["Start", "a check", ""]],
    }
    (part,) = parts(reply("They differ.\n\n- Touch: still <firm>, slow", table=table), "bot", say)
    assert part.plain == "They differ.\n\nTouch\nNMT: still <firm>\nDeep tissue: slow\n\nStart\nNMT: a check"
    assert "<b>Touch</b>\nNMT: still &lt;firm&gt;" in part.html


def test_the_number_to_call_is_plain_to_see_and_web_addresses_have_a_title() -> None:
    links = [
        {"title": "Call 911", "url": "tel:911"},
        {"title": "The clinic", "url": "tel:+12025550143"},
        {"title": "Write", "url": "mailto:hello@willowlane.example"},
        {"title": "Read <more>", "url": 'https://example.org/?a=1&b="2"'},
    ]
    (part,) = parts(reply("Do this now.", kind="emergency", links=links), "bot", say)
    lines = shown(part.html).splitlines()
    assert lines[2:] == ["Call 911", "The clinic: +12025550143", "Write: hello@willowlane.example", "Read <more>"]
    assert '<a href="https://example.org/?a=1&amp;b=&quot;2&quot;">Read &lt;more&gt;</a>' in part.html
    assert part.html.startswith("<b>Do this now.</b>")


def test_sources_are_named_and_linked() -> None:
    sources = [{"title": "A & B", "ref": "https://example.org/a"}, {"title": "C", "ref": "book"}]
    (part,) = parts(reply("So it is.", meta={"sources": sources}), "bot", say)
    assert part.plain.endswith("Sources: A & B; C")
    assert '<a href="https://example.org/a">A &amp; B</a>; C</i>' in part.html


def test_words_of_the_team_say_whose_they_are() -> None:
    (part,) = parts(reply("Come at three.", kind="notice"), "staff", say)
    assert part.html == "<b>From the team:</b>\n\nCome at three."


def test_the_contact_question_brings_the_phone_button_up() -> None:
    (part,) = parts(reply("How can we reach you?", kind="question", meta={"booking_step": "contact"}), "bot", say)
    assert part.contact
    assert not part.keyboard


@pytest.mark.parametrize("meta", [{"screening": {"step": "summary"}}, {"result": {"outcome": "request"}}])
def test_health_answers_cannot_be_passed_on(meta: dict[str, Any]) -> None:
    assert parts(reply("You said", kind="confirm", meta=meta), "bot", say)[0].protect
    assert not parts(reply("Hello"), "bot", say)[0].protect


def test_a_confirmed_visit_comes_with_its_calendar_file_and_the_way() -> None:
    booking = {"reference": "NMT-7K3QF", "state": "confirmed", "slot": {"start": "x"}}
    confirmed = reply("Confirmed.", kind="booking", meta={"booking": booking})
    assert [p.kind for p in parts(confirmed, "staff", say, has_place=True)] == ["text", "calendar", "place"]
    assert [p.kind for p in parts(confirmed, "staff", say)] == ["text", "calendar"]
    assert [p.kind for p in parts(confirmed, "bot", say, has_place=True)] == ["text"]  # asked how it stands
    declined = reply("No.", kind="booking", meta={"booking": {**booking, "state": "declined"}})
    assert [p.kind for p in parts(declined, "staff", say)] == ["text"]


def test_the_data_that_is_kept_comes_as_a_file() -> None:
    text, file = parts(reply("Use the menu at the top.", meta={"export": True}), "bot", say)
    assert "menu at the top" not in text.plain
    assert file.kind is PartKind.EXPORT


def test_what_was_chosen_stands_below_the_question() -> None:
    asked = reply("Is that <right>?", "Yes", kind="confirm")
    markup, plain = closed(asked, "bot", say, "Yes & more")
    assert plain == "Is that <right>?\n\nYou chose: Yes & more"
    assert markup == "Is that &lt;right&gt;?\n\n<i>You chose: Yes &amp; more</i>"
    full, _ = closed(reply("x" * LIMIT, "Yes"), "bot", say, "Yes")
    assert length(full) == LIMIT
