"""Longer replies by what they say: what is denied, left open or misspelt, and what the file must hold."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.clinical.answers import Phrases, tries_to_answer, understand
from bot.clinical.evidence import Evidence, Said
from bot.clinical.interview import Kind, Question, next_question
from bot.clinical.record import AGREED, DECLINED, MINOR, NO, SEPARATOR, UNSURE, YES, Record
from bot.knowledge import KnowledgeError
from evaluation.safety import answers_report
from tests.unit.triage_cases import KNOWLEDGE, RULES, consented

PHRASES = Phrases.load(KNOWLEDGE)
EVIDENCE = PHRASES.evidence


@pytest.mark.parametrize(
    ("text", "notion", "said"),
    [
        ("my leg is swollen", "swelling", Said.MEANT),
        ("no swelling", "swelling", Said.DENIED),
        ("no redness or swelling", "swelling", Said.DENIED),
        ("no redness, but swelling", "swelling", Said.MEANT),
        ("not red and it is swollen", "swelling", Said.MEANT),
        ("a bit swollen", "swelling", Said.OPEN),
        ("swollen, no, not swollen", "swelling", Said.OPEN),
        ("nobody looked at it", "unseen", Said.MEANT),
        ("no its swollen", "swelling", Said.MEANT),
        ("swolen", "swelling", Said.MEANT),
    ],
)
def test_what_is_meant_and_what_is_denied(text: str, notion: str, said: Said) -> None:
    assert EVIDENCE.told(text, None).notions.get(notion) is said


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        ("yes it is", YES),
        ("no, fine", NO),
        ("no redness", None),
        ("nothing new, no", NO),
        ("well, nope", NO),
        ("not at the moment", NO),
        ("yes and no", None),
        ("swollen", None),
    ],
)
def test_whether_a_reply_begins_with_an_answer(text: str, lead: str | None) -> None:
    assert EVIDENCE.told(text, None).lead == lead


@pytest.mark.parametrize(
    "text", ["nt swollen", "nver checked", "oer 6 months", "noswelling", "ever checked", "nchanged"]
)
def test_a_misspelt_word_that_turns_the_meaning_round_leaves_a_reply_in_doubt(text: str) -> None:
    assert EVIDENCE.told(text, None).doubtful


@pytest.mark.parametrize("text", ["not swollen", "never checked", "over 6 months", "the same as ever", "sore knee now"])
def test_well_written_words_are_in_no_doubt(text: str) -> None:
    assert not EVIDENCE.told(text, None).doubtful


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("i agree, im 43", AGREED),
        ("aye captain, i agree", AGREED),
        ("i am agree, i have 52 years", AGREED),
        ("yes im 43", AGREED),
        ("im 16, i agree", MINOR),
        ("its for my 15 year old daughter", MINOR),
        ("i dont agree", DECLINED),
        ("i agree but not with the data", None),
        ("i agree?", None),
        ("no i agree", None),
        ("whatever", None),
        ("just book it", None),
    ],
)
def test_consent_in_more_words(text: str, value: str | None) -> None:
    question = next_question(Record(), RULES)
    assert question is not None
    answer = understand(question, text, (), RULES, PHRASES)
    assert (answer.values["T1"] if answer else None) == value


def test_a_line_whose_row_was_named_is_not_asked_which_it_is() -> None:
    question = Question("T2", Kind.CHECKLIST, "T2", items=RULES.items_of("T2"))
    answer = understand(question, "covid", ("fever_infection",), RULES, PHRASES)
    assert answer is not None
    assert answer.values == {"T2.6": YES, "T2.6/which": "fever_infection"}
    both = understand(question, "a clot", ("dvt_pe_signs", "blood_clot_current"), RULES, PHRASES)
    assert both is not None
    assert both.values["T2.5/which"] == SEPARATOR.join(("dvt_pe_signs", "blood_clot_current"))


def test_a_list_that_did_not_work_goes_on_line_by_line() -> None:
    record = consented().with_try("T2").with_try("T2")
    for item in RULES.items_of("T2"):
        question = next_question(record, RULES)
        assert question is not None
        assert (question.id, question.kind, question.values) == (item.id, Kind.YES_NO, (YES, NO, UNSURE))
        record = record.with_answer(item.id, NO)
    following = next_question(record, RULES)
    assert following is not None
    assert (following.id, following.kind) == ("T3", Kind.CHECKLIST)


@pytest.mark.parametrize(
    ("text", "tries"),
    [("not really", True), ("a bit", True), ("no, older", True), ("just book me", False), ("hello", False)],
)
def test_what_is_an_answer_although_not_a_plain_one(text: str, tries: bool) -> None:
    question = answers_report.question_of("chest_pain/1", RULES)
    assert tries_to_answer(question, text, PHRASES) is tries


def test_every_question_can_be_answered_in_free_words() -> None:
    asked = {
        f"{row.id}/{number}" for row in RULES.conditions.values() for number, _ in enumerate(row.follow_up, start=1)
    }
    asked |= {f"mimic/{mimic.id}" for mimic in RULES.mimics.questions if mimic.question}
    assert asked - set(EVIDENCE.questions) == {"suicidal_crisis/1"}


def test_the_measured_floors_hold() -> None:
    held_out = answers_report.halves(KNOWLEDGE)["held out"]
    assert held_out.right >= 0.90 * held_out.whole
    assert held_out.wrong <= 0.01 * held_out.whole


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("signs: [chest, breathless, coughing_blood, fainting]", "signs: [chest, nonsense]", "nonsense"),
        ("  chest_pain/1:", "  chest_pain/7:", "chest_pain/7"),
        ("  mimic/calf:", "  mimic/toe:", "mimic/toe"),
        ("general: [now", "general: [nowhere, now", "nowhere"),
        ('  pop: ["pop"', '  pop: ["Pop!"', "Pop!"),
        ("  turning: [", "  turnings: [", "turnings"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    for file in ("answers.yml", "ordinary_words.txt"):
        shutil.copy(KNOWLEDGE / file, tmp_path / file)
    path = tmp_path / "answers.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(KnowledgeError, match=named.replace("!", "")):
        Evidence.load(tmp_path, RULES)
