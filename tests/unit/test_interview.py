"""What is asked next: the shortest way for the healthy, at once for a warning sign, never twice, always to an end."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clinical.interview import (
    TOTAL_STEPS,
    Kind,
    Question,
    back,
    next_question,
    outcome,
    reopen,
    started,
)
from bot.clinical.model import Care, Tier
from bot.clinical.record import AGREED, CONFIRMED, DECLINED, MINOR, NO, OTHER, SEPARATOR, UNCLEAR, UNSURE, YES, Record
from bot.clinical.rules import Item
from bot.clinical.triage import bring_up, triage
from tests.unit.triage_cases import REASONS, RULES, all_no, answered, consented, everything_which, mention, with_reason

STEPS = {step.id: step for step in RULES.steps}
CRAMPS = "cramps only, no swelling/heat/colour change"
Answering = Callable[[Question], dict[str, str]]


def ask(record: Record) -> Question:
    question = next_question(record, RULES)
    assert question is not None
    return question


def give(record: Record, question: Question, values: dict[str, str], words: str = "") -> Record:
    for key, value in values.items():
        record = record.with_answer(key, value, words)
    return record


def healthy(question: Question) -> dict[str, str]:
    """A client with nothing to report."""
    match question.kind:
        case Kind.CONSENT:
            return {question.id: AGREED}
        case Kind.CHECKLIST:
            return {item.id: NO for item in question.items}
        case Kind.SUMMARY:
            return {question.id: CONFIRMED}
        case Kind.CHANGED:
            return {question.id: NO}
        case _:
            return {question.id: "said"}


def converse(answering: Answering, record: Record | None = None, most: int = 250) -> tuple[Record, list[Question]]:
    """Answer until nothing is asked any more."""
    record, asked = record or Record(), []
    while (question := next_question(record, RULES)) is not None:
        asked.append(question)
        assert len(asked) <= most, "the questions do not end"
        record = give(record, question, answering(question), "words" if question.kind is Kind.OTHER else "")
    return record, asked


def ids(asked: list[Question]) -> list[str]:
    return [question.id for question in asked]


# ------------------------------------------------------------------ the healthy way and the ends


def test_a_healthy_client_has_six_turns_and_a_summary() -> None:
    record, asked = converse(healthy)
    assert ids(asked) == ["T1", "T2", "T3", "T4", "T5", "T6", "summary"]
    assert [question.index for question in asked] == [1, 2, 3, 4, 5, 6, 6]
    assert TOTAL_STEPS == 6
    result = outcome(record, RULES)
    assert result is not None
    assert (result.tier, result.findings) == (Tier.NONE, ())


def test_nothing_is_decided_before_the_end() -> None:
    record = Record()
    while (question := next_question(record, RULES)) is not None:
        assert outcome(record, RULES) is None
        record = give(record, question, healthy(question))
    assert outcome(record, RULES) is not None


def test_without_consent_nothing_is_asked() -> None:
    declined = Record().with_answer("T1", DECLINED)
    assert next_question(declined, RULES) is None
    assert outcome(declined, RULES) is None
    assert not started(declined)
    assert ask(Record().with_answer("T1", UNCLEAR)).kind is Kind.CONSENT
    assert started(consented())


@pytest.mark.parametrize("item", RULES.items.values(), ids=lambda item: item.id)
@pytest.mark.parametrize("value", [YES, UNSURE])
def test_a_line_that_is_not_no_is_followed_up_before_the_next_list(item: Item, value: str) -> None:
    name, rows = item.id, item.rows
    step = name.split(".")[0]
    record = consented()
    for other in STEPS:
        for line in STEPS[other].items:
            record = record.with_answer(line.id, value if line.id == name else NO)
        if other == step:
            break
    question = ask(record)
    assert question.step == step
    if len(rows) == 1:
        assert (question.kind, question.id) == (Kind.CHOICE, f"{rows[0]}/1")
    else:
        assert (question.kind, question.id) == (Kind.WHICH, f"{name}/which")
        assert question.values == (*rows, OTHER, UNSURE)
        assert len(question.choices) == len(question.values)


def test_something_else_is_asked_about_in_words() -> None:
    question = ask(everything_which("T3.4", OTHER))
    assert (question.kind, question.id) == (Kind.OTHER, "T3.4/other")


def test_a_warning_sign_comes_before_everything_else() -> None:
    """The emergency row's own question is asked before other rows, other choices and other ages."""
    record = consented(**{f"T2_{n}": NO for n in range(1, 9)})
    record = record.with_answer("T2.6", YES).with_answer("T2.2", YES).with_answer("T2.7", YES)
    question = ask(record)
    assert question.id == "stroke_signs/1"
    assert question.warns
    told = consented().with_said(mention("chest_pain"), mention("minor"))
    assert ask(told).id == "chest_pain/1"


def test_a_warning_sign_told_inside_a_list_is_asked_at_once() -> None:
    record = consented(T2_1=NO).with_said(mention("cauda_equina"))
    question = ask(record)
    assert (question.id, question.step) == ("cauda_equina/1", "T2")


def test_an_emergency_ends_everything() -> None:
    record = consented(T2_2=YES).with_answer("stroke_signs/1", "now or last 7 days, even if gone")
    assert next_question(record, RULES) is None
    result = outcome(record, RULES)
    assert result is not None
    assert (result.tier, result.care) == (Tier.EMERGENCY, Care.AMBULANCE)


def test_an_unclear_answer_to_a_warning_sign_ends_everything_too() -> None:
    record = consented(T2_2=UNSURE).with_answer("stroke_signs/1", UNCLEAR)
    result = outcome(record, RULES)
    assert result is not None
    assert result.tier is Tier.EMERGENCY


def test_not_sure_which_warning_sign_ends_everything() -> None:
    record = all_no().with_answer("T2.1", YES).with_answer("T2.3", YES).with_answer("T2.1/which", UNSURE)
    assert next_question(record, RULES) is None
    assert triage(record, RULES).tier is Tier.EMERGENCY


def test_a_combination_waits_for_its_rows_and_asks_them_first() -> None:
    record = consented().with_said(mention("fever_infection", "a fever and my back hurts"))
    assert ask(record).id == "fever_infection/1"
    ruled_out = record.with_answer("fever_infection/1", "no").with_answer(
        "fever_infection/2", "hay fever or old cough only"
    )
    assert ask(ruled_out).id == "T2"
    certain = record.with_answer("fever_infection/1", "no").with_answer("fever_infection/2", "yes")
    result = outcome(certain, RULES)
    assert result is not None
    assert (result.tier, result.care) == (Tier.EMERGENCY, Care.SAME_DAY)


def test_a_stop_finishes_its_list_and_leaves_the_later_ones_out() -> None:
    record = consented(**{line.id.replace(".", "_"): NO for step in ("T2", "T3") for line in STEPS[step].items})
    for line in STEPS["T3"].items:
        record = record.with_answer(line.id, YES if line.id in ("T3.4", "T3.5") else NO)
    record = record.with_answer("T3.4/which", "aneurysm")
    record = record.with_answer("aneurysm/1", "no").with_answer("aneurysm/2", "no, being watched")
    assert ask(record).id == "hypertension/1"
    record = record.with_answer("hypertension/1", "below 160/100, or treated and my doctor is happy with it")
    assert next_question(record, RULES) is None
    result = outcome(record, RULES)
    assert result is not None
    assert result.tier is Tier.STOP
    assert {f.condition for f in result.findings} == {"aneurysm", "hypertension"}
    going_on = record.with_flag("continue_after_stop")
    assert ask(going_on).id == "T4"
    assert outcome(going_on, RULES) is None
    for line in (*STEPS["T4"].items, *STEPS["T5"].items):
        going_on = going_on.with_answer(line.id, NO)
    going_on = with_reason(going_on, "relaxation")
    assert ask(going_on).kind is Kind.SUMMARY
    emergency = going_on.with_said(mention("stroke_signs"))
    assert ask(emergency).id == "stroke_signs/1"
    assert next_question(emergency.with_answer("stroke_signs/1", UNCLEAR), RULES) is None


def test_a_stop_told_early_still_lets_the_warning_signs_be_asked() -> None:
    record = answered(consented(), aneurysm=("no", "no, being watched"))
    assert ask(record).id == "T2"
    for line in STEPS["T2"].items:
        record = record.with_answer(line.id, NO)
    assert next_question(record, RULES) is None


def test_a_client_who_is_drunk_is_asked_at_once_and_then_nothing_more() -> None:
    record = consented(T2_1=NO).with_said(mention("intoxication"), mention("epilepsy"))
    assert ask(record).id == "intoxication/1"
    record = record.with_answer("intoxication/1", "no")
    assert ask(record).id == "intoxication/2"
    assert next_question(record.with_answer("intoxication/2", "now"), RULES) is None
    assert ask(record.with_answer("intoxication/2", "hungover")).id == "T2"


def test_a_stop_in_the_last_step_ends_without_a_summary() -> None:
    record = with_reason(all_no(), "pain").with_said(mention("aneurysm"), mention("diabetes"))
    record = record.with_answer("aneurysm/1", "no").with_answer("aneurysm/2", "no, being watched")
    assert ask(record).id == "diabetes/1"
    record = record.with_answer("diabetes/1", "no").with_answer("diabetes/2", "well controlled, none of these")
    assert next_question(record, RULES) is None


def test_a_list_that_was_begun_is_finished_before_a_stop_ends_the_questions() -> None:
    record = consented(**{line.id.replace(".", "_"): NO for line in STEPS["T2"].items}, T3_1=NO)
    record = answered(record, aneurysm=("no", "no, being watched"))
    question = ask(record)
    assert (question.id, question.items[0].id) == ("T3", "T3.2")
    for line in STEPS["T3"].items:
        record = record.with_answer(line.id, NO)
    assert next_question(record, RULES) is None


def test_a_stop_in_the_last_list_leaves_the_reason_out() -> None:
    record = all_no().with_answer("T5.4", YES).with_answer("inflammatory_arthritis/1", "no")
    record = record.with_answer("inflammatory_arthritis/2", "flare now: joints warm or swollen")
    assert next_question(record, RULES) is None
    assert ask(record.with_flag("continue_after_stop")).id == "T6"


def test_a_list_is_finished_line_by_line() -> None:
    question = ask(consented(T2_1=NO, T2_3=NO))
    assert (question.kind, question.id) == (Kind.CHECKLIST, "T2")
    assert [item.id for item in question.items] == ["T2.2", "T2.4", "T2.5", "T2.6", "T2.7", "T2.8"]


# ------------------------------------------------------------------ age


def test_under_18_has_its_own_short_way() -> None:
    record = Record().with_answer("T1", MINOR)
    assert ask(record).id == "minor/1"
    for value, tier in (
        ("no, and I am under 18", Tier.STOP),
        ("no, and I am the parent or guardian", Tier.CLEARANCE),
        (UNCLEAR, Tier.STOP),
        (UNSURE, Tier.STOP),
    ):
        ended = record.with_answer("minor/1", value)
        assert next_question(ended, RULES) is None
        result = outcome(ended, RULES)
        assert result is not None
        assert (result.tier, result.minor) == (tier, True)


def test_of_age_after_all_asks_for_consent_again_and_never_ends_without_questions() -> None:
    record = Record().with_answer("T1", MINOR).with_answer("minor/1", YES)
    assert ask(record).kind is Kind.CONSENT
    assert outcome(record, RULES) is None
    assert ask(record.with_answer("T1", AGREED)).id == "T2"
    result = outcome(record.with_answer("T1", MINOR), RULES)
    assert result is not None
    assert result.tier is Tier.STOP


def test_a_minor_who_says_so_later_is_asked_no_health_questions() -> None:
    record = consented(T2_1=NO).with_said(mention("minor", "im 16"))
    assert ask(record).id == "minor/1"
    ended = record.with_answer("minor/1", "no, and I am under 18")
    assert next_question(ended, RULES) is None
    assert ask(record.with_answer("minor/1", YES)).id == "T2"


# ------------------------------------------------------------------ returning clients


def test_the_short_form_asks_what_changed_and_the_warning_signs() -> None:
    record, asked = converse(healthy, Record(mode="short"))
    assert ids(asked) == ["T1", "changed", "T2", "summary"]
    result = outcome(record, RULES)
    assert result is not None
    assert result.tier is Tier.NONE


@pytest.mark.parametrize("changed", [YES, UNSURE, UNCLEAR])
def test_a_change_asks_everything(changed: str) -> None:
    def answering(question: Question) -> dict[str, str]:
        return {question.id: changed} if question.kind is Kind.CHANGED else healthy(question)

    _, asked = converse(answering, Record(mode="short"))
    assert ids(asked) == ["T1", "changed", "T2", "T3", "T4", "T5", "T6", "summary"]


def test_the_short_form_follows_up_what_is_told() -> None:
    record = Record(mode="short").with_answer("T1", AGREED).with_answer("changed", NO)
    for line in STEPS["T2"].items:
        record = record.with_answer(line.id, NO)
    question = ask(record.with_said(mention("epilepsy")))
    assert (question.id, question.step) == ("epilepsy/1", "T6")


# ------------------------------------------------------------------ the reason for the visit


@pytest.mark.parametrize("name", REASONS)
def test_the_reason_calls_for_its_one_question(name: str) -> None:
    mimic = next(m for m in RULES.mimics.questions if m.id == name)
    record = with_reason(all_no(), REASONS[name])
    question = ask(record)
    if mimic.question is None:
        assert question.id == f"{mimic.rows[0]}/1"
        return
    assert (question.id, question.kind, question.text) == (f"mimic/{name}", Kind.YES_NO, mimic.question)
    assert ask(record.with_answer(question.id, NO)).kind is Kind.SUMMARY
    followed = next_question(record.with_answer(question.id, YES), RULES)
    assert followed is None if mimic.tier else followed is not None and followed.condition in mimic.rows


def test_a_row_that_is_up_already_needs_no_question_of_the_reason() -> None:
    up = answered(with_reason(all_no(), "a sore calf"), dvt_pe_signs=("no", CRAMPS))
    assert ask(up).kind is Kind.SUMMARY


def test_answers_of_a_row_that_was_taken_back_do_not_stand_in_for_the_question() -> None:
    """Ticked, answered, then changed to no: the reason's question is asked all the same."""
    record = with_reason(all_no(), "a sore calf")
    record = record.with_answer("dvt_pe_signs/1", "no").with_answer("dvt_pe_signs/2", CRAMPS)
    assert ask(record).id == "mimic/calf"


def test_a_cold_limb_is_asked_about_before_the_row_that_its_words_name() -> None:
    record = with_reason(all_no(), "a cold leg, maybe a clot").with_said(mention("dvt_pe_signs"))
    assert ask(record).id == "mimic/cold_limb"
    assert ask(record.with_answer("mimic/cold_limb", NO)).id == "dvt_pe_signs/1"
    assert next_question(record.with_answer("mimic/cold_limb", YES), RULES) is None


def test_a_cold_limb_is_asked_about_even_when_its_row_is_up() -> None:
    record = answered(with_reason(all_no(), "ischemia"), dvt_pe_signs=("no", CRAMPS))
    assert ask(record).id == "mimic/cold_limb"


# ------------------------------------------------------------------ any client at all


def some_answer(question: Question, draw: Callable[[st.SearchStrategy[str]], str]) -> dict[str, str]:
    """An answer that the question allows, now and then one that it does not."""
    match question.kind:
        case Kind.CHECKLIST:
            return {item.id: draw(st.sampled_from([NO, NO, NO, YES, UNSURE])) for item in question.items}
        case Kind.WHICH:
            first, second = draw(st.sampled_from(question.values)), draw(st.sampled_from(question.values))
            return {question.id: SEPARATOR.join(dict.fromkeys((first, second)))}
        case Kind.CHOICE | Kind.YES_NO | Kind.CHANGED:
            return {question.id: draw(st.sampled_from([*question.values, UNCLEAR]))}
        case Kind.OTHER:
            return {question.id: draw(st.sampled_from(["said", UNCLEAR]))}
        case Kind.CONSENT:
            return {question.id: draw(st.sampled_from([AGREED, AGREED, AGREED, MINOR, DECLINED]))}
        case _:
            return healthy(question)


@settings(max_examples=60, deadline=None)
@given(
    st.data(),
    st.sampled_from(["full", "short"]),
    st.booleans(),
    st.lists(st.sampled_from(list(RULES.conditions)), max_size=3),
    st.sampled_from(["", *REASONS.values()]),
)
def test_every_conversation_ends_and_repeats_no_question(
    data: st.DataObject, mode: str, goes_on: bool, told: list[str], reason: str
) -> None:
    record = Record(mode=mode).with_said(*(mention(row, reason) for row in told if row != "minor"))
    if goes_on:
        record = record.with_flag("continue_after_stop")
    seen: list[str] = []
    while (question := next_question(record, RULES)) is not None:
        assert seen.count(question.id) < (2 if question.id == "T1" else 1)
        seen.append(question.id)
        assert outcome(record, RULES) is None
        assert len(question.choices) in (0, len(question.values))
        assert 1 <= question.index <= TOTAL_STEPS
        before = record
        record = give(record, question, some_answer(question, data.draw), reason if question.kind is Kind.OPEN else "")
        assert list(record.answers.items()) != list(before.answers.items())
    result = outcome(record, RULES)
    if record.answers["T1"] == DECLINED:
        assert result is None
        return
    assert result is not None
    assert result == triage(record, RULES)
    for name, fired in bring_up(record, RULES).items():
        if result.tier < Tier.EMERGENCY and not result.minor and not result.void:
            assert fired.via
            assert f"{name}/1" in record.answers or not fired.plain, f"{name} was never asked about"


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_record_survives_storage_and_back_undoes(data: st.DataObject) -> None:
    record = Record()
    trail: list[Record] = []
    for _ in range(data.draw(st.integers(1, 14))):
        question = next_question(record, RULES)
        if question is None:
            break
        trail.append(record)
        record = give(record, question, some_answer(question, data.draw))
        stored = json.loads(json.dumps(record.to_json()))
        assert Record.from_json(stored) == record
        assert list(Record.from_json(stored).answers) == list(record.answers)
    while record.answers:
        shorter, last = back(record, RULES)
        assert last is not None
        assert len(shorter.answers) < len(record.answers)
        assert last not in shorter.answers
        record = shorter
    assert back(record, RULES) == (record, None)
    assert ask(record).id == "T1"


def test_not_sure_about_everything_still_ends() -> None:
    def unsure(question: Question) -> dict[str, str]:
        if question.kind is Kind.CHECKLIST:
            return {item.id: UNSURE for item in question.items}
        return {question.id: UNSURE} if UNSURE in question.values else healthy(question)

    record, asked = converse(unsure)
    result = outcome(record, RULES)
    assert result is not None
    assert result.tier is Tier.EMERGENCY
    assert len(asked) < 6


# ------------------------------------------------------------------ going back, changing a line


def full_record() -> Record:
    record = all_no().with_answer("T3.5", YES)
    record = record.with_answer("hypertension/1", "below 160/100, or treated and my doctor is happy with it")
    record = record.with_answer("T3.2", YES).with_answer("T3.2/which", "antiplatelets")
    record = record.with_answer("antiplatelets/1", "low-dose aspirin only, no easy bruising")
    record = with_reason(record, "a stiff neck")
    return record.with_answer("mimic/neck", NO)


@pytest.mark.parametrize(
    "line", ["T2", "T3", "T4", "T5", "T6", "T3.5", "T3.2/which", "hypertension/1", "antiplatelets/1", "mimic/neck"]
)
def test_a_changed_line_leads_back_to_the_summary(line: str) -> None:
    record = full_record()
    assert ask(record).kind is Kind.SUMMARY
    opened = reopen(record, RULES, line)
    asked = []
    while (question := ask(opened)).kind is not Kind.SUMMARY:
        asked.append(question.id)
        if question.kind is Kind.CHECKLIST:
            for item in question.items:
                opened = opened.with_answer(item.id, record.answers[item.id])
        elif question.kind is Kind.OPEN:
            opened = with_reason(opened, "a stiff neck")
        else:
            opened = opened.with_answer(question.id, record.answers[question.id])
        assert len(asked) < 10
    assert asked
    assert triage(opened, RULES).tier == triage(record, RULES).tier
    confirmed = opened.with_answer("summary", CONFIRMED)
    assert outcome(confirmed, RULES) is not None
    again = reopen(confirmed, RULES, line)
    assert outcome(again, RULES) is None
    for name, value in record.answers.items():
        if name not in again.answers:
            again = again.with_answer(name, value, record.words.get(name, ""))
    assert ask(again).kind is Kind.SUMMARY, "a changed line is confirmed anew"


def test_a_changed_answer_changes_the_result() -> None:
    record = reopen(full_record(), RULES, "hypertension/1")
    assert ask(record).id == "hypertension/1"
    assert triage(record.with_answer("hypertension/1", "180/110 or more without symptoms"), RULES).tier is Tier.STOP


def test_opening_a_row_opens_its_later_questions() -> None:
    record = answered(all_no(), aneurysm=("no", "repaired over 6 months ago, discharged"))
    opened = reopen(record, RULES, "aneurysm/1")
    assert "aneurysm/2" not in opened.answers
    assert "aneurysm/1" in reopen(record, RULES, "aneurysm/2").answers


def test_back_goes_to_the_very_first_question() -> None:
    record = full_record()
    seen = []
    while record.answers:
        record, last = back(record, RULES)
        seen.append(last)
        question = ask(record)
        assert last is not None
        assert question.id.split("/")[0].split(".")[0] in {last.split("/")[0].split(".")[0], "summary", "T3", "T6"}
    assert seen[-1] == "T1"
    assert back(record, RULES) == (record, None)


def test_tries_and_words_belong_to_their_answer() -> None:
    record = consented().with_try("T2").with_try("T2")
    assert record.tries == {"T2": 2}
    assert record.without_try("T2").tries == {}
    answered_once = record.with_answer("T6", "said", "a sore back").with_answer("T6", "said")
    assert answered_once.words == {}
    assert answered_once.without("T6").answers == {"T1": AGREED}
    told = record.with_said(mention("epilepsy")).with_said(mention("epilepsy"))
    assert len(told.said) == 1
