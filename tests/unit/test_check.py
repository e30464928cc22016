"""`nmt check`: what is wrong in a knowledge folder is named, with its file, its line and what to do."""

from __future__ import annotations

import datetime
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot import check
from bot.check import Fault, Language
from bot.knowledge import KnowledgeError
from bot.readability import grade, syllables

ROOT = Path(__file__).parents[2]
KNOWLEDGE = ROOT / "knowledge"
TODAY = datetime.date(2026, 11, 20)
LANGUAGE = Language.load(KNOWLEDGE)

Check = Callable[..., list[Fault]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the knowledge to spoil. The reading of messages has its own files and takes seconds: not loaded."""
    monkeypatch.setattr(check, "_load_reader", lambda knowledge: None)
    (tmp_path / "code" / "bot").mkdir(parents=True)
    (tmp_path / "code" / "actions").mkdir()
    return Path(shutil.copytree(KNOWLEDGE, tmp_path / "knowledge"))


def faults(folder: Path, warnings: bool = False) -> list[Fault]:
    found = check.run(folder, code=folder.parent / "code", today=TODAY)
    return [fault for fault in found if fault.warning == warnings]


def spoil(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {file}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(folder: Path, file: str, words: str) -> int:
    lines = (folder / file).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if words in line)


def test_this_repository_is_in_order() -> None:
    """With everything loaded and every program read. What may stay is a person's to do, and is named here."""
    found = check.run(KNOWLEDGE, today=TODAY)
    assert [str(fault) for fault in found if not fault.warning] == []
    assert {fault.key for fault in found} <= {"en-US"}  # nobody has called the numbers yet


def test_a_copy_is_in_order(folder: Path) -> None:
    assert faults(folder) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "what"),
    [
        ("conditions.yml", "unclear_tier: EMERGENCY", "unclear_tier: NONE", "chest_pain", "counts as nothing"),
        ("conditions.yml", "base_tier: EMERGENCY", "base_tier: URGENT", "chest_pain.base_tier", ""),
        ("conditions.yml", "sources: [N-HEART, CMTBC]", "sources: [N-HART]", "chest_pain.sources", "N-HART"),
        ("conditions.yml", "fires: [heart_disease]", "fires: [hart]", "chest_pain.fires", "no row hart"),
        (
            "conditions.yml",
            '    CAUTION: "Thank you for telling us about chest pain',
            '    NONE: "Thank you',
            "chest_pain",
            "CAUTION",
        ),
        (
            "conditions.yml",
            "Please call {emergency_number} now",
            "Please call {number} now",
            "chest_pain.client.EMERGENCY",
            "no slot",
        ),
        ("questions.yml", "rows: [hypertension]", "rows: [anemia]", "T3.5", "no row anemia"),
        ("mimics.yml", "rows: [dvt_pe_signs]}", "rows: [dvt]}", "calf", "no row dvt"),
        ("mimics.yml", "heard: [calf_pain]", "heard: [calves]", "calf", "no group calves"),
        ("combinations.yml", "shown: osteoporosis", "shown: bones", "fragile_bone_back_pain", "no row bones"),
        ("combinations.yml", "shown: osteoporosis", "shown: heart_disease_x", "fragile_bone_back_pain", "no row"),
        ("combinations.yml", '"heard:foot_wound"', '"heard:feet"', "diabetes_foot_wound", "can never hold"),
        (
            "combinations.yml",
            "shown: diabetes",
            "shown: pain_sensitivity",
            "diabetes_foot_wound.shown",
            "no sentence for STOP",
        ),
        ("locales.yml", 'emergency_number: "999"', 'emergency_number: ""', "en-GB.emergency_number", "is empty"),
        ("locales.yml", 'crisis_name: "Lifeline"', "crisis_name: null", "en-AU.crisis_name", "is empty"),
        ("locales.yml", 'crisis_links: ["tel:1737", "sms:1737"]', "crisis_links: []", "en-NZ.crisis_links", "is empty"),
        ("replies.yml", "unsure: [", "unsuree: [", "unsure", "group missing or unknown"),
        ("ruleset.yml", "valid_days: 14", "valid_days: 0", "valid_days", ""),
        ("wording.yml", "goodbye: >-", "goodbye: [", "", "cannot be read as YAML"),
        ("wording.yml", "why.T3.5: >-", "why.T3_5: >-", "T3.5", "nobody can say why"),
        ("language.yml", "client_grade: 8 ", "client_grade: hard ", "limits.client_grade", ""),
        ("language.yml", "'\\bmiracle", "'(\\bmiracle", "claims", "is no pattern"),
        ("glossary.yml", "- automated", "automated: [yes\n- automated", "", "cannot be read"),
        ("care.yml", "{emergency_number} now, or ask", "for help now, or ask", "ambulance.text", "no number"),
        ("topics/back_pain.md", "sources: [COCH-LBP", "sources: [COCH", "sources", "not in sources.yml"),
        ("clinic.yml", "locale: en-US ", "locale: en-XX ", "clinic.locale", "no en-XX"),
        (
            "care.yml",
            'repeat: "Please call {emergency_number}',
            'repeat: "Please call {number}',
            "ambulance.repeat",
            "no slot",
        ),
        (
            "conditions.yml",
            'tier: STOP, says: ["no", "not repaired"',
            'tier: STOP, says: ["no", "no", "not repaired"',
            "aneurysm",
            "two choices",
        ),
    ],
)
def test_a_mistake_is_named(folder: Path, file: str, old: str, new: str, key: str, what: str) -> None:
    spoil(folder, file, old, new)
    found = faults(folder)
    assert any(key in fault.key and what in f"{fault.key} {fault.what}" for fault in found), found
    assert all(fault.remedy for fault in found)


def test_a_phrase_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """With the reading of messages loaded: its own errors are faults of a file too, not a traceback."""
    knowledge = Path(shutil.copytree(KNOWLEDGE, tmp_path / "knowledge"))
    spoil(knowledge, "lexicon.yml", "\n      - ", "\n      - $no_such_class hurts\n      - ")
    found = [fault for fault in check.run(knowledge, code=tmp_path, today=TODAY) if not fault.warning]
    assert [(Path(fault.file).name, fault.line) for fault in found] == [
        ("lexicon.yml", line_of(knowledge, "lexicon.yml", "$no_such_class"))
    ]


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "care.yml").unlink()
    assert [(Path(f.file).name, f.what) for f in faults(folder)] == [("care.yml", "is missing")]


def test_several_mistakes_are_named_at_once(folder: Path) -> None:
    spoil(folder, "locales.yml", 'emergency_number: "999"', 'emergency_number: ""')
    spoil(folder, "wording.yml", "Goodbye, and take care.", "Goodbye, you are fine.")
    spoil(folder, "topics/back_pain.md", "Back pain is one of", "We cure back pain, one of")
    assert {Path(fault.file).name for fault in faults(folder)} == {"locales.yml", "wording.yml", "back_pain.md"}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("conditions.yml", "Chest pain or pressure can need emergency care.", "This is a heart attack."),
        ("conditions.yml", "We always follow your doctor's advice", "You may have a tumour"),
        (
            "conditions.yml",
            "You can book; the therapist will start gently",
            "You are fine; the therapist will start gently",
        ),
        ("care.yml", "What you describe can need emergency care.", "You're having a stroke."),
        ("combinations.yml", "Fever while your immune system is held down needs", "You have an infection, which needs"),
        ("wording.yml", "Goodbye, and take care.", "Goodbye, there is nothing to worry about."),
        ("topics/back_pain.md", "It works best with", "NMT is perfectly safe and works best with"),
        ("topics/back_pain.md", "The largest review", "Massage flushes out poisons. The largest review"),
        ("clinic.yml", "12 Willow Lane, Springfield", "Where we cure pain, Springfield"),
        ("questions.yml", 'High blood pressure"', "A high blood pressure: don't worry\""),
        ("mimics.yml", "Is it new, sudden, or different from your usual?", "You probably have a migraine. Is it new?"),
    ],
)
def test_what_no_sentence_may_say(folder: Path, file: str, old: str, new: str) -> None:
    spoil(folder, file, old, new)
    found = faults(folder)
    assert [Path(fault.file).name for fault in found] == [Path(file).name]
    assert found[0].line == line_of(folder, file, new)


@pytest.mark.parametrize(
    "sentence",
    [
        "You have a blood clot.",
        "This is a DVT.",
        "It sounds like sciatica.",
        "You may have an infection.",
        "You probably have arthritis.",
        "Your symptoms suggest a stroke.",
        "You're having a heart attack.",
        "That could be a fracture.",
        "You are safe.",
        "You're fine for massage.",
        "It is safe for you.",
        "You’re good to go.",
        "There's nothing to worry about.",
        "Don't worry.",
        "You can safely book.",
        "Massage is completely safe.",
        "It has no side effects.",
        "NMT cures sciatica.",
        "It flushes out toxins.",
        "Massage releases lactic acid.",
        "We guarantee relief.",
        "Relief is permanent.",
        "You will live pain-free.",
        "It breaks up scar tissue.",
        "A detox massage.",
        "It eliminates pain.",
        "It speeds up healing.",
    ],
)
def test_a_sentence_that_is_refused(sentence: str) -> None:
    assert len(list(LANGUAGE.objections(sentence))) >= 1


@pytest.mark.parametrize(
    "sentence",
    [
        "Do you have a fever?",
        "If you have a fever, call your doctor.",
        "You have a question about NMT.",
        "I can't say that you are safe.",
        "Nothing you told me stops a booking request.",
        "Is massage safe for you?",
        "NMT doesn't cure sciatica.",
        "Massage does not remove toxins.",
        "Soreness isn't caused by leftover lactic acid.",
        "Nobody can guarantee relief.",
        "Hands can't break up scar tissue.",
        "A newly swollen leg needs a medical check today.",
        "You can stop at any time.",
        "This can be a sign that needs a doctor.",
        "Be careful with anyone who promises a cure or relief that lasts.",
    ],
)
def test_a_sentence_that_is_fine(sentence: str) -> None:
    assert list(LANGUAGE.objections(sentence)) == []


def test_a_listed_sentence_is_allowed_word_for_word_only() -> None:
    allowed = LANGUAGE.model_copy(update={"allowed": ("You have a deal.",)})
    assert list(allowed.objections("You have a deal. Thank you.")) == []
    assert list(allowed.objections("You have a deal, and more.")) != []


def test_an_emergency_message_is_short(folder: Path) -> None:
    spoil(
        folder,
        "conditions.yml",
        "don't drive yourself. I've paused",
        f"don't drive yourself. {'Please wait there. ' * 12}I've paused",
    )
    found = faults(folder)
    assert [fault.key for fault in found] == ["chest_pain.client.EMERGENCY"]
    assert "words, and 60 are the most" in found[0].what
    assert found[0].line == line_of(folder, "conditions.yml", "Please wait there.")


def test_hard_words_are_refused_and_a_glossary_helps(folder: Path) -> None:
    hard = "Contraindications necessitate multidisciplinary consideration by physiotherapists beforehand."
    spoil(folder, "wording.yml", "Goodbye, and take care.", hard)
    line = line_of(folder, "wording.yml", "goodbye:")
    assert [(Path(f.file).name, f.line, f.key) for f in faults(folder)] == [("wording.yml", line, "goodbye")]
    words = "".join(f"- {word}\n" for word in re.findall(r"\w+", hard))
    with (folder / "glossary.yml").open("a", encoding="utf-8") as glossary:
        glossary.write(words)
    assert faults(folder) == []


def test_an_answer_that_is_hard_to_read_is_refused(folder: Path) -> None:
    hard = "Multidisciplinary consideration necessitates individualised contraindication evaluation beforehand. "
    spoil(folder, "topics/benefits.md", "Some clients feel relief", hard + "Some clients feel relief")
    found = faults(folder)
    assert [(fault.key, fault.line) for fault in found] == [("answer", 11)]
    assert "reads at grade" in found[0].what


def test_a_long_answer_is_refused(folder: Path) -> None:
    spoil(folder, "topics/benefits.md", "## More\n\n", "## More\n\n" + "You can ask us. " * 30)
    found = faults(folder)
    assert [(Path(f.file).name, f.key, f.line) for f in found] == [
        ("benefits.md", "More", line_of(folder, "topics/benefits.md", "## More"))
    ]
    assert "words, and 90 are the most" in found[0].what


def test_what_matters_comes_first_and_alone(folder: Path) -> None:
    spoil(folder, "topics/benefits.md", "Some clients", "It may help. It may not. Some clients")
    found = faults(folder)
    assert [(fault.key, fault.line) for fault in found] == [("answer", 11)]
    assert "more than 3 sentences" in found[0].what


def test_half_of_the_answers_are_easy(folder: Path) -> None:
    spoil(folder, "language.yml", "median_grade: 6 ", "median_grade: 2 ")
    assert ["half of the answers" in fault.what for fault in faults(folder)] == [True]


def test_an_answer_that_cannot_be_filled_is_refused(folder: Path) -> None:
    spoil(folder, "topics/benefits.md", "Some clients", "{{ clinic.fone }} Some clients")
    found = faults(folder)
    assert [(Path(fault.file).name, fault.line) for fault in found] == [("benefits.md", 11)]
    assert "cannot be filled" in found[0].what


def test_a_review_that_has_not_come_yet_is_refused(folder: Path) -> None:
    spoil(folder, "topics/back_pain.md", "reviewed_on: 2026-11-20", "reviewed_on: 2027-11-01")
    assert [(fault.key, fault.line) for fault in faults(folder)] == [("reviewed_on", 6)]


def test_a_topic_of_which_nothing_is_asked_is_a_warning(folder: Path) -> None:
    text = (folder / "topics" / "benefits.md").read_text(encoding="utf-8")
    (folder / "topics" / "cupping.md").write_text(text.replace("id: benefits", "id: cupping"), encoding="utf-8")
    assert faults(folder) == []
    found = [fault for fault in faults(folder, warnings=True) if fault.key == "id"]
    assert [(Path(fault.file).name, fault.line) for fault in found] == [("cupping.md", 2)]


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "line", "what"),
    [
        ("topics/back_pain.md", "A US guideline lists massage for recent", "Massage is for recent", "answer", 11, "US"),
        ("topics/benefits.md", "Many feel calmer", "It removes toxins. Many feel calmer", "answer", 11, "must not be"),
        ("must_cover.yml", "benefits:", "benefit:", "benefit", None, "no such topic"),
        ("must_cover.yml", "[calmer,", "[(calmer,", "benefits", None, "holds no pattern"),
        ("must_cover.yml", "[calmer, soreness after exercise may ease]", "calmer", "benefits", None, "not a list"),
        ("must_cover.yml", "benefits:\n  says:", "benefits:\n  facts:", "benefits", None, "does not list"),
    ],
)
def test_what_an_answer_has_to_say_is_held(
    folder: Path, file: str, old: str, new: str, key: str, line: int | None, what: str
) -> None:
    spoil(folder, file, old, new)
    found = [fault for fault in faults(folder) if what in f"{fault.what}"]
    assert [(Path(fault.file).name, fault.key) for fault in found] == [(Path(file).name, key)]
    assert found[0].line == (line or line_of(folder, file, f"{key}:"))
    assert found[0].remedy


def test_an_old_review_is_a_warning(folder: Path) -> None:
    spoil(folder, "topics/back_pain.md", "reviewed_on: 2026-11-20", "reviewed_on: 2025-11-01")
    found = [fault for fault in faults(folder, warnings=True) if fault.key == "reviewed_on"]
    assert [(Path(f.file).name, f.line) for f in found] == [("back_pain.md", 6)]
    assert faults(folder) == []


@pytest.mark.parametrize(
    "claim",
    [
        "NMT is effective for sciatica.",
        "Most doctors recommend it.",
        "It restores blood flow.",
        "It improves your circulation.",
        "We find the root cause.",
        "It corrects your posture.",
        "It prevents future injuries.",
        "It lowers cortisol.",
        "It releases endorphins.",
        "It frees trapped nerves.",
        "It gives lasting relief.",
    ],
)
def test_a_claim_of_the_source_articles_is_refused(claim: str) -> None:
    assert list(LANGUAGE.objections(claim))


def test_numbers_that_nobody_tried_lately_are_a_warning(folder: Path) -> None:
    assert "en-US" in {fault.key for fault in faults(folder, warnings=True)}
    us = line_of(folder, "locales.yml", "en-US:")
    lines = (folder / "locales.yml").read_text(encoding="utf-8").splitlines()
    lines[us - 1] = lines[us - 1].replace("verified_on: null", "verified_on: 2026-11-01")
    (folder / "locales.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert "en-US" not in {fault.key for fault in faults(folder, warnings=True)}
    spoil(folder, "locales.yml", "verified_on: 2026-11-01", "verified_on: 2026-01-01")
    assert "last tried on 2026-01-01" in next(f.what for f in faults(folder, warnings=True) if f.key == "en-US")


def test_a_file_that_nobody_reads_is_a_warning(folder: Path) -> None:
    (folder / "condition.yml").write_text("[]\n")
    assert "condition.yml" in {Path(fault.file).name for fault in faults(folder, warnings=True)}


@pytest.mark.parametrize(
    ("program", "missing"),
    [
        ('desk._say("screening.no_such_text")', ["screening.no_such_text"]),
        ('desk._say(f"screening.nothing_{step}")', ["screening.nothing_..."]),
        ('desk._say("goodbye_again")', ["goodbye_again"]),
        ('context.wording.text("no_text", number=1)', ["no_text"]),
        ('KEY = "button.nothing"', ["button.nothing"]),
        ('desk._say("a" if new else "goodbye")', ["a"]),
        ('desk._say("goodbye"); desk._say(f"screening.section_{step}"); KEY = "button.book"', []),
        ('say("nothing at all")', []),
        ('logger.text("nothing")', []),
    ],
)
def test_a_text_that_the_code_asks_for_exists(folder: Path, program: str, missing: list[str]) -> None:
    (folder.parent / "code" / "bot" / "program.py").write_text(f"# a comment\n{program}\n")
    found = faults(folder)
    assert [fault.key for fault in found] == missing
    assert all(fault.line == 2 for fault in found)


def test_a_fault_reads_well(folder: Path) -> None:
    spoil(folder, "locales.yml", 'emergency_number: "999"', 'emergency_number: ""')
    fault = faults(folder)[0]
    line = line_of(folder, "locales.yml", "en-GB:")
    assert str(fault).endswith(
        f"locales.yml, line {line}: en-GB.emergency_number: is empty. "
        "Fill it in: an emergency answer cannot do without it."
    )
    error = fault.as_error()
    assert isinstance(error, KnowledgeError)
    assert (error.line, error.key) == (line, "en-GB.emergency_number")


# ------------------------------------------------------------------ reading grade


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("call", 1), ("are", 1), ("one", 1), ("pain", 1), ("today", 2), ("massage", 2), ("doctor", 2), ("booking", 2),
        ("before", 2), ("called", 1), ("started", 2), ("needed", 2), ("changes", 2), ("people", 2), ("little", 2),
        ("settled", 2), ("being", 2), ("trying", 2), ("soreness", 2), ("something", 2), ("headache", 2), ("area", 3),
        ("emergency", 4), ("medical", 3), ("therapist", 3), ("911", 1), ("can't", 1), ("isn't", 1), ("idea", 3),
    ],
)  # fmt: skip
def test_syllables(word: str, count: int) -> None:
    assert abs(syllables(word) - count) <= (1 if word in ("idea", "area", "changes", "isn't", "headache") else 0)


def test_the_grade_tells_plain_from_hard() -> None:
    assert grade("You can stop at any time. Tell us how it feels.") < 3
    assert grade("Contraindications necessitate individualised multidisciplinary consideration.") > 15
    assert grade("") == 0.0
    assert grade("A pacemaker needs care.", {"pacemaker"}) < grade("A pacemaker needs care.")
    assert grade("- one\n- two\n- three") < grade("one two three four five six seven eight nine ten eleven twelve")


def test_the_grade_agrees_with_a_library() -> None:
    """On the sentences it is used for, it is about as strict as textstat, on average and one by one."""
    textstat = pytest.importorskip("textstat")
    from bot.clinical.rules import Rules

    texts = [text for row in Rules.load(KNOWLEDGE).conditions.values() for text in row.client.values()]
    apart = [grade(text) - textstat.flesch_kincaid_grade(text) for text in texts]
    assert abs(sum(apart) / len(apart)) < 1
    assert sum(abs(value) < 2.5 for value in apart) / len(apart) > 0.9


def test_a_sentence_of_the_widget_that_lost_its_braces_is_named(folder: Path) -> None:
    spoil(folder, "widget/es.yml", "Paso {index} de {total}", "Paso {index}")
    assert [(Path(fault.file).name, fault.key) for fault in faults(folder)] == [("es.yml", "step.of")]
