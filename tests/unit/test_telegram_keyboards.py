"""The buttons under a message: rows, keys, marks, and what each press means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.channels.telegram import keyboards
from bot.channels.telegram.keyboards import Choice, key, read_key, rows
from bot.channels.telegram.render import parts
from bot.clinic import Clinic, load_locale
from bot.screening_replies import _listed
from bot.wording import Wording

KNOWLEDGE = Path(__file__).parents[2] / "knowledge"
_clinic = Clinic.load(KNOWLEDGE)
say = Wording.load(KNOWLEDGE, _clinic.tree, load_locale(KNOWLEDGE, "en-US")).text


def reply(*titles: str, kind: str = "question", **meta: Any) -> dict[str, Any]:
    buttons = [{"title": title, "payload": f"p{place}"} for place, title in enumerate(titles)]
    return {"event_id": 1, "text": "?", "links": [], "buttons": buttons, "meta": {"kind": kind, **meta}}


def checklist(count: int = 3, **more: Any) -> dict[str, Any]:
    items = [{"id": f"T2.{n}", "text": f"line number {n}"} for n in range(1, count + 1)]
    lines = {"id": "T2", "prompt": "?", "items": items, "choices": ["yes", "no", "unsure"]}
    return {**reply("Why do you ask?", screening={"step": "T2"}), "checklist": lines, **more}


def labels(keyboard: keyboards.Rows) -> list[list[str]]:
    return [[choice.label for choice in row] for row in keyboard]


def test_long_labels_have_a_row_to_themselves() -> None:
    found = labels(rows(reply("Yes", "No", "A label of more than eighteen", "Not sure", kind="menu"), say))
    assert found == [["Yes", "No"], ["A label of more than eighteen"], ["Not sure"]]


def test_times_of_day_stand_three_in_a_row() -> None:
    found = labels(rows(reply("9 am", "9:30 am", "10 am", "10:30 am", booking_step="time"), say))
    assert found == [["9 am", "9:30 am", "10 am"], ["10:30 am"], ["Back", "Stop"]]


def test_no_more_than_eight_choices_are_shown_at_once_and_none_is_lost() -> None:
    many = reply(*(f"choice {n}" for n in range(20)), kind="menu")
    seen: list[str] = []
    page = 0
    for _ in range(3):
        shown = [choice for row in rows(many, say, {"page": page}) for choice in row]
        assert len(shown) <= keyboards.MOST
        assert shown[-1].page is not None
        seen += [choice.label for choice in shown[:-1]]
        page = shown[-1].page
    assert seen == [f"choice {n}" for n in range(20)]
    assert page == 0


def test_a_place_means_the_same_on_every_page() -> None:
    many = reply(*(f"choice {n}" for n in range(20)), kind="menu")
    for marks in ({}, {"page": 1}, {"page": 2}, {"hidden": [3]}):
        found = keyboards.find(many, say, marks, 12)
        assert found is not None
        assert found.payload == "p12"
    turned = keyboards.find(many, say, {}, 222)
    assert turned is not None
    assert turned.page == 2
    assert keyboards.find(many, say, {}, 77) is None


def test_hidden_buttons_are_gone_and_the_others_keep_their_places() -> None:
    (row,) = rows(reply("More", "Good", "Bad", kind="answer"), say, {"hidden": [1, 2]})
    assert [(choice.label, choice.place) for choice in row] == [("More", 0)]


@pytest.mark.parametrize(
    ("meta", "last"),
    [
        ({"screening": {"step": "T1"}}, ["Yes"]),
        ({"screening": {"step": "T3", "follow_up": {"number": 1}}}, ["Back", "Skip", "Stop"]),
        ({"screening": {"step": "T6"}}, ["Back", "Skip", "Stop"]),
        ({"screening": {"step": "T4"}}, ["Back", "Stop"]),
        ({"booking_step": "day"}, ["Back", "Stop"]),
        ({"booking_step": "summary"}, ["Stop"]),
        ({}, ["Yes"]),
    ],
)
def test_the_last_row_leads_back_and_out(meta: dict[str, Any], last: list[str]) -> None:
    assert labels(rows(reply("Yes", **meta), say))[-1] == last


def test_every_key_fits_and_is_read_back_whatever_the_language_of_the_label() -> None:
    token = "aZ09-_aZ09-_"
    wide = reply(*("Я не уверена, спросите позже 🙂" * 3 for _ in range(20)))
    for place in [choice.place for row in rows(wide, say) for choice in row] + [299]:
        carried = key(token, place)
        assert 1 <= len(carried.encode()) <= keyboards.KEY_LIMIT
        assert read_key(carried) == (token, place)


@pytest.mark.parametrize("strange", ["", "q:short:1", "q:aZ09-_aZ09-_:", "q:aZ09-_aZ09-_:1234", "x" * 64, "/yes"])
def test_a_key_of_no_keyboard_of_ours_is_nothing(strange: str) -> None:
    assert read_key(strange) is None


def test_a_line_turns_from_free_to_yes_to_not_sure_and_back() -> None:
    lines = checklist()
    marks: dict[str, Any] = {}
    seen = []
    for _ in range(3):
        marks = keyboards.turned(lines, marks, 1)
        seen.append(marks.get("1"))
    assert seen == ["yes", "unsure", None]
    assert marks == {}


def test_marks_show_on_the_lines_and_on_done() -> None:
    free = labels(rows(checklist(), say))
    assert free[0] == ["▫️ 1. line number 1"]
    assert free[3] == ["None of these"]
    assert free[4:] == [["Why do you ask?"], ["Back", "Stop"]]
    marked = labels(rows(checklist(), say, {"0": "yes", "2": "unsure"}))
    assert marked[0] == ["✅ Yes: 1. line number 1"]
    assert marked[2] == ["❔ Not sure: 3. line number 3"]
    assert marked[3] == ["Done: 2 marked, no to the rest"]


def test_only_done_makes_a_no_of_a_line_and_not_sure_stays_not_sure() -> None:
    assert keyboards.answers(checklist(), {"0": "yes", "2": "unsure"}) == {
        "T2.1": "yes",
        "T2.2": "no",
        "T2.3": "unsure",
    }


def test_to_be_sure_of_no_to_all_is_a_question_with_two_buttons() -> None:
    sure = checklist()
    sure = {**sure, **reply("Yes", "No", kind="confirm", screening={"step": "T2"}), "checklist": sure["checklist"]}
    assert labels(rows(sure, say)) == [["Yes", "No"], ["Back", "Stop"]]


def test_which_of_these_takes_several() -> None:
    which = reply("heart disease", "pacemaker", screening={"step": "T3", "follow_up": {"multiple": True}})
    keyboard = labels(rows(which, say, keyboards.turned(which, {}, 1)))
    assert keyboard == [
        ["▫️ 1. heart disease"],
        ["✅ Yes: 2. pacemaker"],
        ["Done: 1 marked"],
        ["Back", "Skip", "Stop"],
    ]
    assert keyboards.turned(which, {"1": "yes"}, 1) == {}
    assert keyboards.marked({"1": "yes", "page": 3, "hidden": [0]}) == [(1, "yes")]


def test_very_long_labels_are_cut_after_a_word() -> None:
    long = "word " * 40
    (row,) = rows(reply(long, kind="menu"), say)
    assert row == (Choice(("word " * 12).rstrip() + "…", 0, long, payload="p0"),)
    (row,) = rows(reply("x" * 90, kind="menu"), say)
    assert row[0].label == "x" * 59 + "…"


PHONE = 30
"""Characters of a label that a phone shows, in a row of its own."""

FOLLOW_UPS = [
    (row["id"], follow_up["q"], [answer["answer"] for answer in follow_up["answers"]])
    for row in yaml.safe_load((KNOWLEDGE / "conditions.yml").read_text(encoding="utf-8"))
    for follow_up in row.get("follow_up") or ()
]


@pytest.mark.parametrize(("row", "question", "choices"), FOLLOW_UPS)
@pytest.mark.parametrize("multiple", [False, True])
def test_every_choice_can_be_read_in_full_on_a_phone(
    row: str, question: str, choices: list[str], multiple: bool
) -> None:
    """A phone cuts labels off: what does not fit on its button stands in the text, under the number on the button."""
    meta: dict[str, Any] = {"screening": {"step": "T3", "follow_up": {"choices": choices, "multiple": multiple}}}
    asked = {
        **reply(*(choice[:1].upper() + choice[1:] for choice in choices), **meta),
        "text": _listed(question, tuple(choices)),
    }
    (part,) = parts(asked, "bot", say)
    buttons = [choice for line in part.keyboard for choice in line if choice.place < 100 or choice.mark is not None]
    assert len(buttons) == len(choices)
    for number, (button, choice) in enumerate(zip(buttons, choices, strict=True), start=1):
        assert len(button.label) <= PHONE, button.label
        listed = f"\n{number}. {choice[:1].upper()}{choice[1:]}" in part.plain
        assert listed or button.label.lower().endswith(choice.lower()), (row, button.label, part.plain)
        assert not listed or f"{number}. " in button.label
        assert multiple or button.title.lower() == choice.lower()


def test_choices_that_fit_have_no_numbers() -> None:
    asked = {**reply("Yes", "No", "Not sure"), "text": _listed("Is it so?", ("Yes", "No", "Not sure"))}
    assert labels(rows(asked, say)) == [["Yes", "No"], ["Not sure"]]
    assert parts(asked, "bot", say)[0].plain == "Is it so?"


def test_choices_that_do_not_fit_are_numbered_and_stay_in_the_text() -> None:
    choices = ("older, checked, heart cause found", "older, checked, told it was a muscle/rib strain", "not sure")
    asked = {**reply(*(choice.capitalize() for choice in choices)), "text": _listed("When?", choices)}
    assert labels(rows(asked, say)) == [["1. Older, checked, heart…"], ["2. Older, checked, told it…"], ["3. Not sure"]]
    (part,) = parts(asked, "bot", say)
    listed = [f"{number}. {choice.capitalize()}" for number, choice in enumerate(choices, start=1)]
    assert part.plain.splitlines() == ["When?", "", *listed]
    assert [choice.title for row in part.keyboard for choice in row] == [c.capitalize() for c in choices]
