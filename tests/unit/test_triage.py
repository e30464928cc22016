"""The decision of a screening: pure, total, and never milder for knowing more that is not a plain no."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clinical.model import Care, Status, Tier
from bot.clinical.record import (
    AGREED,
    BRINGS_UP,
    MINOR,
    NO,
    OTHER,
    SEPARATOR,
    UNCLEAR,
    UNSURE,
    YES,
    Record,
    Said,
)
from bot.clinical.rules import ANSWERS_FOR_ANOTHER, TAKEN_BACK, UNKNOWN_MEDICINE, Item
from bot.clinical.triage import FOR_ANOTHER, UNPLACED_ROW, bring_up, mimics_heard, row_state, triage
from tests.unit.triage_cases import (
    COMBINATIONS,
    REASONS,
    RULES,
    all_no,
    answered,
    combined,
    consented,
    everything_which,
    mention,
    mimicked,
    outcome_of,
    with_reason,
)

ITEMS = list(RULES.items.values())
ROWS = list(RULES.conditions)
CHECKED = settings(max_examples=80, deadline=None)

# ------------------------------------------------------------------ any record at all

marks = st.sampled_from([YES, NO, UNSURE, UNCLEAR])
rows = st.sampled_from(ROWS)
letters_on_file = st.frozensets(rows, max_size=5)


def follow_up_answers() -> st.SearchStrategy[dict[str, str]]:
    """Answers to follow-ups: any choice of the row, unclear, or words that no rule knows."""
    possible: list[tuple[str, list[str]]] = []
    for name, row in RULES.conditions.items():
        for number, follow_up in enumerate(row.follow_up, start=1):
            possible.append((f"{name}/{number}", [*follow_up.choices, UNCLEAR, UNSURE, "an answer of last year"]))
            for answer in follow_up.answers:
                if answer.ask is not None:
                    possible.append((f"{name}/{number}/ask", [*answer.ask.choices, UNCLEAR]))
    pairs = st.sampled_from(possible).flatmap(lambda p: st.tuples(st.just(p[0]), st.sampled_from(p[1])))
    return st.lists(pairs, max_size=25).map(dict)


def which_answers() -> st.SearchStrategy[dict[str, str]]:
    shared = [item for item in ITEMS if len(item.rows) > 1]

    def one(item_at: int) -> st.SearchStrategy[tuple[str, str]]:
        item = shared[item_at]
        choice = st.sampled_from([*item.rows, OTHER, UNSURE, UNCLEAR, "a_row_that_is_gone", ""])
        picked = st.lists(choice, max_size=3, unique=True).map(SEPARATOR.join)
        return st.tuples(st.just(f"{item.id}/which"), picked)

    return st.lists(st.integers(0, len(shared) - 1).flatmap(one), max_size=6).map(dict)


def records() -> st.SearchStrategy[Record]:
    """Any state a record can be in, and many it should never be in."""
    statuses = st.sampled_from(list(Status))
    texts = st.sampled_from(
        ["", *REASONS.values(), "back pain and one leg", "I took a fall", "on chemo", "a cut on my foot"]
    )
    said = st.builds(
        lambda row, text, status, n: Said(row, f"m{n}", text, 0, len(text), status),
        st.one_of(rows, st.just("a_row_that_is_gone")),
        texts,
        statuses,
        st.integers(1, 3),
    )

    def build(
        consent: str | None,
        items: Mapping[str, str],
        which: Mapping[str, str],
        others: Mapping[str, str],
        follow_ups: Mapping[str, str],
        mimics: Mapping[str, str],
        reason: str,
        told: list[Said],
        flags: frozenset[str],
        mode: str,
    ) -> Record:
        record = Record(mode=mode, said=tuple(told), flags=flags)
        if consent is not None:
            record = record.with_answer("T1", consent)
        for question, value in {**items, **which, **others, **follow_ups, **mimics}.items():
            record = record.with_answer(question, value)
        return with_reason(record, reason) if reason else record

    item_ids = st.sampled_from([item.id for item in ITEMS])
    return st.builds(
        build,
        st.sampled_from([AGREED, AGREED, AGREED, MINOR, "declined", None]),
        st.dictionaries(item_ids, marks, max_size=30),
        which_answers(),
        st.dictionaries(item_ids.map(lambda i: f"{i}/other"), st.sampled_from(["said", UNCLEAR]), max_size=2),
        follow_up_answers(),
        st.dictionaries(st.sampled_from([f"mimic/{m}" for m in REASONS]), marks, max_size=4),
        texts,
        st.lists(said, max_size=4),
        st.frozensets(
            st.sampled_from(
                ["for_another_adult", "unknown_medicine", "unplaced_red_flag", "continue_after_stop", TAKEN_BACK]
            )
        ),
        st.sampled_from(["full", "short"]),
    )


@CHECKED
@given(records(), letters_on_file)
def test_it_always_decides_and_always_the_same(record: Record, letters: frozenset[str]) -> None:
    result = triage(record, RULES, letters)
    assert result == triage(Record.from_json(record.to_json()), RULES, letters)
    assert result.ruleset_version == RULES.ruleset.version
    assert result.tier == max((f.tier for f in result.findings), default=Tier.NONE)
    assert (result.care is not None) == (result.tier is Tier.EMERGENCY)
    assert all(f.tier is not Tier.NONE for f in result.findings)
    assert (result.decisive is None) == (result.tier is Tier.NONE)


@CHECKED
@given(records(), st.sampled_from(ITEMS), st.sampled_from([YES, UNSURE, UNCLEAR]))
def test_taking_back_a_no_never_lowers(record: Record, item: Item, value: str) -> None:
    name = item.id
    before = triage(record.with_answer(name, NO), RULES).tier
    assert triage(record.with_answer(name, value), RULES).tier >= before


@CHECKED
@given(records(), st.sampled_from(ITEMS), st.sampled_from([YES, UNSURE, UNCLEAR]))
def test_a_further_yes_never_lowers(record: Record, item: Item, value: str) -> None:
    name = item.id
    if name not in record.answers:
        assert triage(record.with_answer(name, value), RULES).tier >= triage(record, RULES).tier


@CHECKED
@given(
    records(), rows, st.sampled_from(sorted(BRINGS_UP)), st.sampled_from(["", "it hurts", "one leg", "I took a fall"])
)
def test_words_that_name_a_row_never_lower(record: Record, row: str, status: Status, text: str) -> None:
    before = triage(record, RULES).tier
    after = triage(record.with_said(mention(row, text, status, "later")), RULES)
    assert after.tier >= before


@CHECKED
@given(records(), rows, st.sampled_from(sorted(set(Status) - BRINGS_UP)))
def test_a_plain_negation_raises_nothing_and_answers_nothing(record: Record, row: str, status: Status) -> None:
    assert triage(record.with_said(mention(row, "", status, "later")), RULES) == triage(record, RULES)


@CHECKED
@given(records(), st.sampled_from(list(REASONS)))
def test_an_answer_to_a_mimic_that_is_not_no_never_lowers(record: Record, name: str) -> None:
    record = with_reason(record, REASONS[name])
    before = triage(record.with_answer(f"mimic/{name}", NO), RULES).tier
    for value in (YES, UNSURE, UNCLEAR):
        assert triage(record.with_answer(f"mimic/{name}", value), RULES).tier >= before


@CHECKED
@given(records(), letters_on_file, rows)
def test_a_letter_never_raises_and_never_lowers_below_its_answer(
    record: Record, letters: frozenset[str], row: str
) -> None:
    before = triage(record, RULES, letters)
    after = triage(record, RULES, letters | {row})
    assert after.tier <= before.tier
    lowered = {f.condition: f.tier for f in before.findings}
    for finding in after.findings:
        if finding.tier < lowered.get(finding.condition, Tier.NONE):
            assert finding.tier >= Tier.CAUTION
    assert {f.condition for f in before.findings} == {f.condition for f in after.findings}


@CHECKED
@given(records())
def test_a_combination_only_raises(record: Record) -> None:
    without = RULES.model_copy(update={"combinations": ()})
    alone = triage(record, without)
    together = triage(record, RULES)
    assert together.tier >= alone.tier
    assert [f for f in together.findings if not f.condition.startswith("combination:")] == list(alone.findings)


@CHECKED
@given(records())
def test_each_row_that_came_up_counts(record: Record) -> None:
    """The highest tier wins, and no row that was brought up is forgotten."""
    result = triage(record, RULES)
    for name, fired in bring_up(record, RULES).items():
        state = row_state(RULES.conditions[name], record, frozenset(), fired)
        assert result.tier >= state.tier
        if state.unclear:
            assert state.tier > Tier.NONE


# ------------------------------------------------------------------ items


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
@pytest.mark.parametrize("answer", [YES, UNSURE])
def test_one_line_alone(item: Item, answer: str) -> None:
    """A client who says yes (or not sure) to one line only is held at least at what its rows count before an answer."""
    name, named = item.id, item.rows
    record = all_no().with_answer(name, answer)
    result = triage(record, RULES)
    if len(named) == 1:
        assert [f.condition for f in result.findings] == list(named)
        assert result.tier is RULES.conditions[named[0]].base_tier
        return
    unplaced = max(max(RULES.conditions[row].base_tier, RULES.conditions[row].unclear_tier) for row in named)
    assert result.tier is unplaced
    for row in named:
        chosen = triage(record.with_answer(f"{name}/which", row), RULES)
        assert row in {f.condition for f in chosen.findings}
        assert chosen.tier >= RULES.conditions[row].base_tier
    both = triage(record.with_answer(f"{name}/which", SEPARATOR.join(named)), RULES)
    assert {f.condition for f in both.findings if ":" not in f.condition} >= set(named)
    unsure = triage(record.with_answer(f"{name}/which", UNSURE), RULES)
    assert unsure.tier is max(RULES.conditions[row].unclear_tier for row in named)
    assert all(f.unclear for f in unsure.findings)


@pytest.mark.parametrize("item", [item for item in ITEMS if len(item.rows) > 1], ids=lambda item: item.id)
def test_something_else_is_held_until_it_is_placed(item: Item) -> None:
    name = item.id
    record = everything_which(name, OTHER)
    assert triage(record, RULES).tier > Tier.NONE
    unplaced = triage(record.with_answer(f"{name}/other", UNCLEAR, "a thing"), RULES)
    assert UNPLACED_ROW in {f.condition for f in unplaced.findings}
    claimed = triage(record.with_answer(f"{name}/other", "said", "a thing"), RULES)
    assert UNPLACED_ROW in {f.condition for f in claimed.findings}, "nothing was placed in fact"
    placed = record.with_answer(f"{name}/other", "said", "gout").with_said(mention("inflammatory_arthritis"))
    assert {f.condition for f in triage(placed, RULES).findings} == {"inflammatory_arthritis"}


def test_nothing_but_no_is_nothing() -> None:
    result = triage(all_no(), RULES)
    assert result.tier is Tier.NONE
    assert result.findings == ()
    assert result.unclear == ()
    assert not result.complex_case


# ------------------------------------------------------------------ combinations and mimics


def test_every_combination_and_every_mimic_has_its_scene() -> None:
    assert list(COMBINATIONS) == [c.id for c in RULES.combinations]
    assert list(REASONS) == [m.id for m in RULES.mimics.questions]
    assert len(COMBINATIONS) == 9
    assert len(REASONS) == 12


@pytest.mark.parametrize("name", COMBINATIONS)
def test_a_combination(name: str) -> None:
    scene = COMBINATIONS[name]
    assert combined(name) == [scene.tier, scene.care]
    result = triage(scene.holds, RULES)
    assert result.tier >= Tier[scene.tier]
    finding = next(f for f in result.findings if f.condition == f"combination:{name}")
    assert finding.shown in RULES.conditions
    assert finding.sources
    assert f"combination:{name}" not in {f.condition for f in triage(scene.lacks, RULES).findings}


def test_the_more_urgent_care_is_shown() -> None:
    result = triage(with_reason(COMBINATIONS["bleeding_risk_head_injury"].holds, "I fell from a ladder"), RULES)
    assert {f.care for f in result.findings if f.tier is Tier.EMERGENCY} == {Care.AMBULANCE, Care.SAME_DAY}
    assert result.care is Care.AMBULANCE
    assert result.decisive is not None
    assert result.decisive.shown == "head_neck_trauma"


def test_a_combination_waits_for_the_rows_that_can_still_rule_it_out() -> None:
    record = with_reason(consented(), "my back hurts").with_said(mention("fever_infection"))
    finding = next(f for f in triage(record, RULES).findings if f.condition == "combination:fever_back_pain")
    assert finding.tier is Tier.EMERGENCY
    assert not finding.complete
    assert finding.waits_for == ("fever_infection",)
    known = answered(record, fever_infection=("no", "yes"))
    finding = next(f for f in triage(known, RULES).findings if f.condition == "combination:fever_back_pain")
    assert finding.complete
    assert finding.waits_for == ()


def test_an_unclear_answer_may_be_any_of_its_choices_in_a_combination() -> None:
    record = answered(
        with_reason(consented(), "a sore calf").with_answer("mimic/calf", YES),
        recent_surgery=("no", UNCLEAR),
        dvt_pe_signs=("no", "cramps only, no swelling/heat/colour change"),
    )
    assert "combination:clot_risk_calf" in {f.condition for f in triage(record, RULES).findings}


def test_two_letters_make_a_complex_case_and_change_no_tier() -> None:
    one = answered(all_no(), stroke_tia_history=("no", "3 months or more"))
    two = answered(one, epilepsy=("no", "within 6 months, or medicine changing"))
    assert (triage(one, RULES).tier, triage(one, RULES).complex_case) == (Tier.CLEARANCE, False)
    assert (triage(two, RULES).tier, triage(two, RULES).complex_case) == (Tier.CLEARANCE, True)


@pytest.mark.parametrize("name", REASONS)
def test_a_reason_that_can_hide_something_else(name: str) -> None:
    mimic = next(m for m in RULES.mimics.questions if m.id == name)
    heard = mimics_heard(with_reason(consented(), REASONS[name]), RULES)
    assert [m.id for m in heard] == [name]
    if mimic.question is None:
        assert {f.condition for f in mimicked(name, NO).findings} == set(mimic.rows)
        return
    assert mimicked(name, NO).tier is Tier.NONE
    for answer in (YES, UNSURE, UNCLEAR):
        result = mimicked(name, answer)
        assert {f.condition for f in result.findings if ":" not in f.condition} == set(mimic.rows)
        assert result.tier is max(mimic.tier or Tier.NONE, *(RULES.conditions[row].base_tier for row in mimic.rows))
        if answer != YES:
            assert mimic.question in result.unclear


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("both calves cramp at night", ["calf"]),
        ("Neck and shoulders from desk work", ["upper_body", "neck"]),
        ("headaches, tight jaw", ["headache", "upper_body"]),
        ("Low back and hip", ["low_back", "joint"]),
        ("I was rear-ended last year", ["whiplash"]),
        ("a pinched nerve in my arm", ["upper_body", "nerve"]),
        ("pulled something at the gym", ["sprain"]),
        ("knees hurt, arthritis", ["joint", "arthritis"]),
        ("relaxation", []),
        ("bad bak", ["low_back"]),
        ("Back.", ["low_back"]),
        ("my sholders and nek", ["upper_body", "neck"]),
        ("I want to come back and forth", []),
        ("my charm bracelet", []),
        ("I’m sore since the massage", ["after_session"]),
    ],
)
def test_what_a_reason_names(words: str, names: list[str]) -> None:
    assert [m.id for m in mimics_heard(with_reason(consented(), words), RULES)] == names


def test_her_pain_is_nobody_s_business_unless_the_answers_are_hers() -> None:
    told = with_reason(consented(), "her shoulders are stiff, my husband's knees too")
    assert mimics_heard(told, RULES) == ()
    assert [m.id for m in mimics_heard(told.with_flag(FOR_ANOTHER), RULES)] == ["upper_body", "joint"]
    denied = with_reason(consented(), "no pain in her shoulders").with_flag(FOR_ANOTHER)
    assert mimics_heard(denied, RULES) == ()


def test_what_nobody_told_is_known_to_be_only_open() -> None:
    open_only = answered(consented(), heart_disease=(UNSURE, "over 6 months, stable"))
    (finding,) = triage(open_only, RULES).findings
    assert (finding.tier, finding.unclear, finding.left_open) == (Tier.STOP, True, True)
    told = answered(consented(), heart_disease=(UNSURE, "within 6 weeks, or swollen legs/weight gain getting worse"))
    (finding,) = triage(told, RULES).findings
    assert (finding.tier, finding.unclear, finding.left_open) == (Tier.STOP, True, False)


# ------------------------------------------------------------------ findings that are not rows


def test_answers_given_anew_right_after_a_stricter_result_are_for_a_person_to_compare() -> None:
    result = triage(all_no().with_flag(TAKEN_BACK), RULES)
    assert (result.tier, [f.condition for f in result.findings]) == (Tier.CLEARANCE, [TAKEN_BACK])


def test_answers_for_another_adult_and_an_unknown_medicine_are_noted() -> None:
    record = all_no().with_flag("for_another_adult").with_flag("unknown_medicine")
    result = triage(record, RULES)
    assert {f.condition for f in result.findings} == {ANSWERS_FOR_ANOTHER, UNKNOWN_MEDICINE}
    assert result.tier is Tier.CAUTION


def test_an_unplaced_warning_asks_about_it() -> None:
    result = triage(all_no().with_flag("unplaced_red_flag"), RULES)
    assert [f.condition for f in result.findings] == [UNPLACED_ROW]


def test_under_18_is_never_less_than_a_guardian() -> None:
    record = Record().with_answer("T1", MINOR)
    assert triage(record, RULES).tier is Tier.STOP
    assert triage(record.with_answer("minor/1", "no, and I am the parent or guardian"), RULES).tier is Tier.CLEARANCE
    assert triage(record.with_answer("minor/1", UNCLEAR), RULES).tier is Tier.STOP
    assert triage(record, RULES).minor
    assert not triage(all_no(), RULES).minor


def test_a_crisis_has_no_question() -> None:
    result = triage(all_no().with_said(mention("suicidal_crisis")), RULES)
    assert (result.tier, result.care) == (Tier.EMERGENCY, Care.CRISIS)
    assert result.certain_emergency


def test_a_row_named_twice_is_asked_and_held_at_the_graver_of_both() -> None:
    """ "Not sure which" holds a row as unclear; naming it in words as well must not make it milder."""
    doubtful = everything_which("T3.2", UNSURE)
    named = doubtful.with_said(mention("antiplatelets"))
    for record in (doubtful, named):
        finding = next(f for f in triage(record, RULES).findings if f.condition == "antiplatelets")
        assert finding.tier is Tier.CLEARANCE
    plain = named.with_answer("antiplatelets/1", "low-dose aspirin only, no easy bruising")
    finding = next(f for f in triage(plain, RULES).findings if f.condition == "antiplatelets")
    assert finding.tier is Tier.CAUTION


def test_the_findings_carry_what_led_to_them() -> None:
    record = all_no().with_answer("T3.5", YES).with_answer("hypertension/1", UNSURE, "no idea")
    finding = triage(record, RULES).findings[0]
    assert [(given.answer, given.words) for given in finding.given] == [(YES, ""), (UNSURE, "no idea")]
    assert finding.unclear
    assert finding.sources == RULES.conditions["hypertension"].sources
    assert outcome_of(RULES.conditions["hypertension"], (("hypertension/1", "(unclear)"),)) == ["STOP"]
