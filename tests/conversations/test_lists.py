"""Lists of lines: left out, marked several at once, answered in any order, one page for all."""

from __future__ import annotations

import httpx

from tests.conversations.scenes import RULES, answer_lists, begin, condition, follow_up, outcome, step
from tests.stack import Client


def lines(client: Client) -> list[str]:
    """The lines that are asked about."""
    checklist = client.last["checklist"]
    return [item["id"] for item in checklist["items"]] if checklist else []


def test_only_the_lines_that_were_left_out_are_asked_again(client: Client) -> None:
    begin(client)
    client.send(answers={"T2.1": "no", "T2.2": "no", "T2.5": "no", "T2.6": "no", "T2.7": "no"})
    assert lines(client) == ["T2.3", "T2.4", "T2.8"]
    client.say("1 no, 3 no")
    assert follow_up(client)["item"] == "T2.4", "the last line is a question of its own"
    client.say("no")
    assert lines(client) == [item.id for item in RULES.items_of("T3")]


def test_lists_may_come_in_any_order(client: Client) -> None:
    begin(client)
    client.send(answers={item.id: "no" for item in RULES.items_of("T5")})
    assert lines(client) == [item.id for item in RULES.items_of("T2")]
    client.send(answers={item.id: "no" for name in ("T4", "T2") for item in reversed(RULES.items_of(name))})
    assert lines(client) == [item.id for item in RULES.items_of("T3")]
    client.send(answers={item.id: "no" for item in RULES.items_of("T3")})
    assert step(client) == "T6"


def test_lines_may_be_named_in_any_order(client: Client) -> None:
    begin(client)
    client.answer("T2")
    client.answer("T3")
    client.answer("T4")
    client.say("8 and 4, the rest no")
    assert condition(client) == "inflammatory_arthritis"
    client.say("no")
    client.say("osteoarthritis (wear and tear)")
    assert condition(client) == "pain_sensitivity"


def test_which_of_these_takes_several_and_asks_about_each(client: Client, staff: httpx.Client) -> None:
    begin(client)
    answer_lists(client, T3_4="yes")
    which = follow_up(client)
    assert (which["condition"], which["item"], which["multiple"]) == (None, "T3.4", True)
    assert len(which["choices"]) == 5  # three rows, something else, not sure
    client.say(f"{which['choices'][1]}, {which['choices'][0]}")
    asked = []
    while step(client) == "T3":
        asked.append(condition(client))
        client.say("no" if follow_up(client)["number"] == 1 else follow_up(client)["choices"][2])
    assert asked == ["heart_disease", "heart_disease", "pacemaker_icd", "pacemaker_icd"]
    client.say("I would like to relax")
    client.press("Yes, that's right")
    screening = staff.get(f"/screenings/{client.found('result')['screening_id']}").json()
    assert {f["condition"] for f in screening["findings"]} == {"heart_disease", "pacemaker_icd"}


def test_a_line_named_by_one_of_its_parts_says_which_it_is(client: Client) -> None:
    begin(client)
    client.answer("T2")
    client.say("blood thinner")
    assert condition(client) == "anticoagulants"
    client.say("no")
    client.say("other reason, no letter yet")
    assert "T3.2" not in lines(client)
    client.answer("T3")
    assert step(client) == "T4", "which of the line's rows it is was said at once"


def test_not_sure_which_counts_for_each_of_them(client: Client, staff: httpx.Client) -> None:
    begin(client)
    client.answer("T2")
    client.answer("T3", T3_4="unsure")
    client.say("not sure")
    assert outcome(client) == "no_booking"
    screening = staff.get(f"/screenings/{client.found('result')['screening_id']}").json()
    assert {f["condition"] for f in screening["findings"]} == {"heart_disease", "pacemaker_icd", "aneurysm"}


def test_something_else_that_nobody_can_place_is_for_the_staff(client: Client, staff: httpx.Client) -> None:
    begin(client)
    answer_lists(client, T5_5="yes")
    client.say("something else")
    assert "own words" in client.last["text"]
    client.say("my doctor has a long word for it")
    assert condition(client) == "undiagnosed_or_advised_against"
    client.say("no")
    client.say("waiting for a routine scan of a long-standing ache")
    client.say("I would like to relax")
    client.press("Yes, that's right")
    screening = staff.get(f"/screenings/{client.found('result')['screening_id']}").json()
    assert screening["tier"] == "CLEARANCE"


def test_a_list_that_comes_again_replaces_the_answers(client: Client) -> None:
    begin(client)
    answer_lists(client, T3_5="yes")
    assert condition(client) == "hypertension"
    answer_lists(client, T5_6="yes")
    assert condition(client) == "epilepsy"


def test_a_no_that_is_not_meant_for_every_line_ends_in_one_line_at_a_time(client: Client) -> None:
    """Never round in circles: the whole list comes once more, then line by line."""
    begin(client)
    client.say("no")
    assert "none of these 8 lines" in client.text
    client.say("no")
    assert "numbers of the lines that fit" in client.text
    assert len(lines(client)) == 8
    client.say("no")
    client.say("no")
    assert "one line at a time" in client.text
    for place, item in enumerate(RULES.items_of("T2"), start=1):
        assert follow_up(client)["item"] == item.id
        assert client.last["text"].startswith(f"{place} of 8: ")
        client.say("no")
    assert lines(client) == [item.id for item in RULES.items_of("T3")]


def test_the_lines_that_are_left_are_said_to_be_the_others(client: Client) -> None:
    begin(client)
    client.answer("T2")
    client.say("i have high blood pressure")
    client.say("128/80, my doctor is happy")
    assert "T3.5" not in lines(client)
    assert "Now the other lines." in client.text


def test_none_of_these_about_a_line_that_was_marked_asks_about_the_line_once_more(client: Client) -> None:
    """A slip of the thumb on "chest pain" is no emergency, and no "no" either."""
    begin(client)
    client.say("number 1")
    assert follow_up(client)["multiple"]
    client.say("actually no")
    assert client.found("emergency") is None
    assert (follow_up(client)["item"], follow_up(client)["multiple"]) == ("T2.1", False)
    client.say("no")
    assert lines(client) == [item.id for item in RULES.items_of("T3")]


def test_yes_and_then_none_of_these_twice_is_unclear(client: Client) -> None:
    begin(client)
    client.answer("T2")
    client.answer("T3", T3_4="yes")
    client.say("no")
    client.say("yes")
    client.say("no")
    assert outcome(client) == "no_booking"


def test_a_line_that_was_skipped_can_be_a_no_after_all(client: Client, staff: httpx.Client) -> None:
    begin(client)
    client.answer("T2")
    client.answer("T3")
    client.answer("T4", T4_2="unsure")
    assert "You left this open" in client.text
    client.say("no")
    assert lines(client) == [item.id for item in RULES.items_of("T5")]
    client.answer("T5")
    client.say("I would like to relax")
    client.press("Yes, that's right")
    screening = staff.get(f"/screenings/{client.found('result')['screening_id']}").json()
    assert (screening["tier"], screening["findings"]) == ("NONE", [])


def test_ok_is_no_answer_to_a_line(client: Client) -> None:
    begin(client)
    client.answer("T2")
    client.say("I'd rather not say")
    assert follow_up(client)["item"] == "T3.1"
    client.say("ok")
    assert follow_up(client)["item"] == "T3.1"
    client.say("no")
    assert follow_up(client)["item"] == "T3.2"
