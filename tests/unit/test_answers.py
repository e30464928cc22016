"""Replies in people's own words: what counts as which answer, and what counts as none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clinical.answers import Phrases, choice_value, plain, understand
from bot.clinical.interview import Kind, Question, next_question
from bot.clinical.model import Tier
from bot.clinical.record import (
    AGREED,
    CONFIRMED,
    DECLINED,
    MINOR,
    NO,
    OTHER,
    SEPARATOR,
    UNCLEAR,
    UNSURE,
    YES,
    Record,
)
from bot.clinical.rules import FollowUp
from bot.clinical.triage import open_questions
from bot.knowledge import KnowledgeError
from tests.unit.triage_cases import (
    KNOWLEDGE,
    RULES,
    all_no,
    answered,
    consented,
    everything_which,
    mention,
    with_reason,
)

PHRASES = Phrases.load(KNOWLEDGE)


def follow_up(row: str, number: int) -> Question:
    """The question of a row as it is asked: the earlier ones were answered by whatever leads on."""
    record = consented().with_said(mention(row))
    while True:
        question = next(q for q in _asked(row, record) if q.id not in record.answers)
        if question.number == number:
            return question
        record = record.with_answer(question.id, "no")


def _asked(row: str, record: Record) -> list[Question]:
    return [
        Question(
            question,
            Kind.CHOICE,
            "T3",
            asked.q,
            choices=(*asked.choices, "not sure"),
            values=(*asked.choices, UNSURE),
            condition=row,
            number=place,
        )
        for place, (question, asked) in enumerate(open_questions(RULES.conditions[row], record), start=1)
    ]


def read(row: str, number: int, text: str) -> str | None:
    return choice_value(follow_up(row, number), text, RULES, PHRASES)


# What people write -> the beginning of the choice it stands for; "-" is: not an answer, "?" is: not sure.
TOLD: dict[tuple[str, int], dict[str, str]] = {
    ("chest_pain", 1): {
        "yes": "yes, now",
        "Yes it is happening now": "yes, now",
        "right now": "yes, now",
        "this morning": "yes, now",
        "it was yesterday": "yes, now",
        "1": "yes, now",
        "doctor said it was muscular": "older, checked, told",
        "they found a heart problem": "older, checked, heart",
        "no": "-",
        "it was just a muscle thing": "-",
        "yes but years ago": "-",
        "not really": "-",
        "no idea": "?",
    },
    ("breathing_difficulty", 1): {
        "yes": "yes, new",
        "worse than usual": "yes, new",
        "coughing up blood": "yes, new",
        "stable asthma": "-",
        "no, stable asthma under a doctor": "long-standing and stable",
        "home oxygen": "long-standing but on",
        "a bit": "-",
    },
    ("stroke_signs", 1): {
        "yes": "now or last",
        "yesterday": "now or last",
        "last week never checked": "-",
        "over a week ago, never checked": "more than 7 days",
        "checked by a doctor": "in the past",
        "years ago": "-",
    },
    ("thunderclap_headache", 1): {
        "yes": "yes to any",
        "yes, with fever": "yes to any",
        "no": "-",
        "just my usual migraine": "-",
        "usual migraine, checked before": "no: my usual",
        "new and getting worse": "no: but it is a new",
    },
    ("cervical_artery_dissection", 1): {
        "yes": "yes to any",
        "yes, dizziness": "yes to any",
        "no": "-",
        "None of those": "none of these",
        "none of thees": "none of these",
        "dizziness is old": "-",
        "dizziness already assessed": "dizziness is old",
    },
    ("cauda_equina", 1): {
        "yes": "new or changed",
        "it's new": "new or changed",
        "worse lately": "new or changed",
        "no": "-",
        "since childbirth": "-",
    },
    ("dvt_pe_signs", 1): {"no": "no", "Nope": "no", "yes": "yes", "no not at all": "no", "no, but it hurts": "-"},
    ("dvt_pe_signs", 2): {
        "one leg": "one leg or arm",
        "just the left": "one leg or arm",
        "my right leg": "one leg or arm",
        "both legs": "-",
        "both legs, it's new": "both legs, new",
        "night cramps, no swelling": "cramps only",
        "cramps": "-",
    },
    ("pregnancy_danger_signs", 1): {
        "bleeding": "yes: bad",
        "yes": "yes: bad",
        "heavy bleeding": "with a fit",
        "in a past pregnancy only": "in a past",
        "being monitored": "diagnosed in this",
        "no": "-",
    },
    ("rhabdomyolysis_signs", 1): {
        "yes": "yes",
        "brown urine": "yes",
        "my pee is brown": "yes",
        "no": "-",
        "just sore": "-",
        "no but it's getting worse": "no: but soreness",
    },
    ("blood_clot_current", 1): {"no": "no", "none of that": "no", "yes": "yes", "yes new swelling": "yes"},
    ("blood_clot_current", 2): {
        "2 months ago": "less than 3 months",
        "six weeks ago": "less than 3 months",
        "still being treated": "less than 3 months",
        "a year ago": "-",
        "over 3 months ago": "-",
        "over 3 months ago, treatment finished": "over 3 months",
        "last year": "-",
        "last week": "less than 3 months",
    },
    ("blood_clot_past", 1): {
        "6 months ago": "3-12 months",
        "still on blood thinners": "3-12 months",
        "5 weeks": "under 3 months",
        "over 12 months": "over 12 months",
        "10 years ago": "-",
        "you have my letter": "doctor's written OK",
    },
    ("anticoagulants", 1): {
        "no": "no",
        "nope, never": "no",
        "yes": "yes",
        "yes black stools": "yes",
        "no but I fell": "-",
        "used to": "-",
    },
    ("anticoagulants", 2): {
        "afib": "other reason",
        "for atrial fibrillation": "other reason",
        "no letter yet": "other reason",
        "a recent clot": "clot in the last",
        "letter on file": "written OK",
        "finished": "-",
        "told I no longer need it": "course finished",
    },
    ("antiplatelets", 1): {
        "plavix": "clopidogrel",
        "clopidogrel": "clopidogrel",
        "aspirin": "-",
        "baby aspirin, no bruising": "low-dose",
        "I bruise easily": "bruise or bleed",
        "low-dose aspirin only": "-",
    },
    ("bleeding_disorder", 1): {
        "it's mild": "mild or controlled",
        "under control": "mild or controlled",
        "mild or controled": "mild or controlled",
        "never checked": "easy bruising",
        "severe hemophilia": "severe haemophilia",
        "new big bruises": "new large",
    },
    ("heart_disease", 1): {"no": "no", "no never": "no", "yes": "yes", "I fainted": "yes", "sometimes": "-"},
    ("heart_disease", 2): {
        "3 weeks ago": "within 6 weeks",
        "4 months ago": "6 weeks to 6 months",
        "my stent was 4 months ago": "6 weeks to 6 months",
        "2 years ago": "-",
        "2 years ago, stable": "over 6 months",
        "over 6 months": "over 6 months",
        "my legs are swollen": "within 6 weeks",
    },
    ("hypertension", 1): {
        "120/80": "below 160/100",
        "150/95": "below 160/100",
        "it was 150 over 95": "below 160/100",
        "my latest reading is 135/85": "below 160/100",
        "165/95": "160/100 to",
        "150/104": "160/100 to",
        "160/100": "160/100 to",
        "179 / 109": "160/100 to",
        "190/115": "!",
        "150/112": "!",
        "185/100 no symptoms": "180/110",
        "190/115 and I feel fine": "180/110",
        "190/125 with a headache": "180/120",
        "190/125 no headache": "!",
        "185/121 and blurry vision": "180/120",
        "150/95 with chest pain": "!",
        "my doctor is happy with it": "below 160/100",
        "stopped my tablets": "160/100 to",
        "150/95 but i stopped my tablets": "-",
        "300/20": "-",
        "12/8": "-",
        "it's fine": "-",
        "no": "-",
        "no idea": "?",
        "I don't know": "?",
    },
    ("pacemaker_icd", 1): {"no": "no", "yes": "yes", "I fainted": "yes"},
    ("pacemaker_icd", 2): {
        "3 weeks ago": "under 6 weeks",
        "under 6 weeks": "under 6 weeks",
        "3 months": "6 weeks to 6 months",
        "a year ago": "-",
        "over 6 months": "-",
        "over 6 months, checks normal": "over 6 months",
        "2 years ago, checks normal": "over 6 months",
    },
    ("stroke_tia_history", 2): {
        "2 months ago": "under 3 months",
        "4 months ago": "3 months or more",
        "years ago": "3 months or more",
        "my stroke was 5 years ago": "3 months or more",
        "more than a year ago": "3 months or more",
        "last year": "-",
        "about 3 months ago": "-",
    },
    ("aneurysm", 2): {
        "no": "no, being watched",
        "they are watching it": "no, being watched",
        "yes": "-",
        "repaired over 6 months ago": "-",
        "repaired last month": "repaired under",
        "2 years ago": "-",
    },
    ("varicose_veins", 2): {
        "yes": "yes",
        "no": "-",
        "just spider veins": "no: fine",
        "only spider veins": "no: fine",
        "spider veins": "-",
        "bulging": "no: bulging",
    },
    ("lymphedema_nodes", 2): {
        "swelling": "swelling or",
        "yes, swelling": "swelling or",
        "nodes removed, no swelling": "nodes removed",
        "no": "-",
    },
    ("longterm_steroids", 1): {
        "just an inhaler": "inhaler",
        "an inhaler": "-",
        "prednisone every day": "tablets for 3",
        "5 day course": "short course",
        "short corse": "short course",
        "tablets": "-",
        "sudden back pain": "any, with",
    },
    ("pain_masking_meds", 1): {
        "tramadol": "opioid",
        "codeine every day": "opioid",
        "ibuprofen now and then": "only paracetamol",
        "ibuprofen": "-",
        "undiagnosed pain": "need strong",
    },
    ("recent_surgery", 1): {"no": "no", "yes": "yes", "it's oozing": "yes", "none of those": "no", "a little red": "-"},
    ("recent_surgery", 2): {
        "2 weeks ago": "under 6 weeks",
        "Under 6 weeks": "under 6 weeks",
        "under 8 weeks": "-",
        "two months ago": "6-12 weeks",
        "my operation was 8 weeks ago": "6-12 weeks",
        "last month": "-",
        "last week": "under 6 weeks",
        "6 weeks": "6-12 weeks",
        "about 6 weeks ago": "-",
        "5 months ago": "-",
        "5 months ago, healed, no complications": "3-12 months",
        "2 years ago": "-",
        "2 years ago and healed": "over 12 months",
        "over 12 months": "-",
        "over 12 months, heald": "over 12 months",
        "ovr 12 months, healed": "-",
        "6-12 wekes": "6-12 weeks",
        "wisdom tooth, healed": "minor skin",
        "in March": "-",
    },
    ("suspected_fracture", 2): {
        "no": "not X-rayed",
        "no xray": "not X-rayed",
        "yes": "-",
        "3 weeks ago": "confirmed",
        "still in a cast": "confirmed",
        "healed": "-",
        "healed years ago": "healed over",
        "2 years ago": "-",
        "healed 2 years ago": "healed over",
    },
    ("torn_muscle_tendon", 2): {
        "3 weeks": "tear, under",
        "3 months ago": "6 weeks to 6 months",
        "seeing a physio": "6 weeks to 6 months",
        "all better": "fully recovered",
        "2 years ago": "-",
    },
    ("acute_injury", 1): {"no": "no", "big swelling": "yes", "yes it's numb": "yes", "not really": "-"},
    ("acute_injury", 2): {
        "yesterday": "under 72 hours",
        "2 days ago": "under 72 hours",
        "this morning": "under 72 hours",
        "5 days ago": "-",
        "5 days ago, improving": "3-14 days and",
        "10 days, not improving": "3-14 days, not",
        "3-14 days, not improvng": "3-14 days, not",
        "3-14 days and improvng": "3-14 days and",
        "3 weeks ago": "over 14 days",
        "a month ago": "over 14 days",
        "a couple of weeks ago": "-",
        "2 days or 3 weeks": "-",
    },
    ("head_neck_trauma", 2): {
        "yesterday": "under 72 hours",
        "not examined": "under 72 hours",
        "I didn't see a doctor": "under 72 hours",
        "2 weeks ago": "-",
        "2 weeks ago, examined, no fracture": "3 days to 6",
        "a year ago": "-",
        "still dizzy": "concussion",
        "months ago, no symptoms": "over 6 weeks",
    },
    ("implants_hardware", 2): {
        "2 weeks ago": "any, under",
        "insulin pump": "shunt",
        "a port": "shunt",
        "hip": "-",
        "knee replacement years ago, no problems": "joint, plate",
    },
    ("fever_infection", 2): {
        "38.5": "yes",
        "39": "yes",
        "101 F": "yes",
        "100.4": "yes",
        "38 degrees": "yes",
        "temp is 39.2 C": "yes",
        "37": "-",
        "98.6": "-",
        "38.5 but that was last week": "-",
        "yes still contagious": "yes",
        "no": "-",
        "just hay fever": "hay fever",
        "no fever for 48 hours": "recovering",
        "1": "yes",
    },
    ("contagious_skin", 2): {
        "shingles": "scabies",
        "a rash": "scabies",
        "cold sore": "small covered",
        "athlete's foot": "small covered",
        "eczema": "-",
        "eczema, not broken": "eczema",
    },
    ("open_wounds_burns", 1): {
        "no": "-",
        "small and clean": "small and clean",
        "a paper cut": "small and clean",
        "infected": "infected",
        "it won't heal": "infected",
        "bad burn": "bleeding",
        "sunburned": "widespread",
    },
    ("recent_injections", 1): {
        "botox last week": "Botox/filler under",
        "filler a month ago": "Botox/filler elsewhere",
        "flu shot yesterday, feeling fine": "vaccine under 48 h, feeling",
        "flu shot yesterday and I feel feverish": "vaccine under 48 h and",
        "flu shot": "-",
        "cortisone shot last week": "steroid",
        "2 days ago": "-",
    },
    ("cancer_active", 2): {
        "on chemo": "newly diagnosed",
        "in treatment": "newly diagnosed",
        "in my bones": "bone",
        "fine": "-",
    },
    ("cancer_history", 2): {
        "no": "no",
        "tamoxifen": "hormone",
        "yes": "-",
        "yes, lymph nodes removed": "nodes removed",
    },
    ("pregnancy", 2): {
        "8 weeks pregnant": "up to 13",
        "12 weeks": "up to 13",
        "12": "up to 13",
        "first trimester": "up to 13",
        "20 weeks": "-",
        "im 20 weeks along": "-",
        "20": "-",
        "5": "-",
        "2": "14-36 weeks",
        "20 weeks, uncomplicated": "14-36 weeks",
        "im 20 weeks along, uncomplicated": "14-36 weeks",
        "38 weeks": "37 weeks",
        "39": "37 weeks",
        "twins": "high-risk",
        "bed rest": "told to rest",
        "3 weeks postpartum": "birth in the last",
        "gave birth 3 weeks ago": "birth in the last",
        "9 weeks postpartum": "-",
        "8 weeks postpartum and recovered": "birth 6-12",
    },
    ("osteoporosis", 1): {
        "no": "no",
        "yes": "yes",
        "yes and my legs are numb": "yes, with numbness",
        "no, nothing": "no",
    },
    ("osteoporosis", 2): {
        "just osteopenia": "osteopenia",
        "osteopenia": "osteopenia",
        "had a fracture": "osteoporosis with",
        "no fractures": "osteoporosis, no",
    },
    ("inflammatory_arthritis", 2): {
        "flaring now": "flare",
        "it's osteoarthritis": "osteoarthritis",
        "osteoarthritis": "osteoarthritis",
        "wear and tear": "osteoarthritis",
        "ostoarthritis (wear and tear)": "osteoarthritis",
        "rheumatoid, no flare": "inflammatory",
        "rheumatoid": "-",
        "ra in my neck": "rheumatoid/AS",
        "no idea which kind": "don't know",
    },
    ("pain_sensitivity", 2): {
        "never had one": "fine",
        "fine": "fine",
        "sore for a week": "worse",
        "felt worse": "worse",
    },
    ("diabetes", 2): {
        "none of these": "well controlled",
        "no": "well controlled",
        "well controlled": "-",
        "numb feet": "numb feet",
        "a foot ulcer": "foot ulcer",
    },
    ("epilepsy", 1): {"no": "no", "yes": "yes, or", "it was my first": "yes, or"},
    ("epilepsy", 2): {
        "2 months ago": "within 6 months",
        "my last seizure was 2 months ago": "within 6 months",
        "2 years ago": "-",
        "2 years ago, stable": "over 6 months",
        "over 6 months": "-",
        "last year": "-",
    },
    ("kidney_liver", 2): {
        "dialysis": "dialysis",
        "cirrhosis": "dialysis",
        "mild": "-",
        "stone now": "acute",
        "one past stone": "mild and",
    },
    ("nerve_symptoms", 2): {
        "yes": "-",
        "yes, over weeks": "yes, over weeks",
        "gradually": "yes, over weeks",
        "since yesterday": "yes, over hours",
        "no": "no",
        "no, never": "no",
    },
    ("nerve_symptoms", 3): {"not assessed": "new", "no doctor yet": "new", "2 years": "-", "new": "new"},
    ("night_pain_weight_loss", 2): {
        "no": "no",
        "not yet": "no",
        "yes": "-",
        "yes, it's harmless": "yes, harmless",
    },
    ("hypermobility_ctd", 1): {
        "marfan": "vascular",
        "hypermobile": "hypermobile",
        "heds": "hypermobile",
        "no idea which type": "not sure which",
    },
    ("undiagnosed_or_advised_against", 2): {
        "waiting for results": "unexplained",
        "routine scan": "waiting for a routine",
        "ordinary ache": "-",
    },
    ("allergies", 2): {"epipen": "anaphylaxis", "just a rash": "skin rash", "just hay fever": "food", "food": "-"},
    ("intoxication", 2): {"im drunk now": "now", "hungover": "hungover", "just a question": "asking"},
    ("minor", 1): {
        "yes": "yes",
        "I'm over 18": "yes",
        "no": "-",
        "im 16": "no, and I am under",
        "I'm the parent": "no, and I am the parent",
        "it's for my son": "no, and I am the parent",
    },
}
CASES = [(row, number, text, meant) for (row, number), told in TOLD.items() for text, meant in told.items()]


def test_there_are_enough_phrasings() -> None:
    assert len(CASES) >= 250
    assert len({row for row, *_ in CASES}) == 49  # all but the crisis, which asks nothing


@pytest.mark.parametrize(("row", "number", "text", "meant"), CASES)
def test_a_reply_in_own_words(row: str, number: int, text: str, meant: str) -> None:
    value = read(row, number, text)
    match meant:
        case "-":
            assert value is None
        case "?":
            assert value == UNSURE
        case "!":
            assert value == UNCLEAR
        case _:
            assert value is not None
            assert value.startswith(meant)


# ------------------------------------------------------------------ what holds for every question


def questions() -> list[tuple[str, FollowUp, Question]]:
    found = []
    for row in RULES.conditions.values():
        if row.never_asked:
            continue
        for number, asked in enumerate(row.follow_up, start=1):
            inner = [(a.ask, f"{row.id}/{number}/ask") for a in asked.answers if a.ask is not None]
            for one, name in [(asked, f"{row.id}/{number}"), *inner]:
                choices = (*one.choices, "not sure")
                values = (*one.choices, UNSURE)
                question = Question(name, Kind.CHOICE, "T3", one.q, choices=choices, values=values, condition=row.id)
                found.append((name, one, question))
    return found


QUESTIONS = questions()
each_question = pytest.mark.parametrize(("name", "asked", "question"), QUESTIONS, ids=[name for name, *_ in QUESTIONS])


@each_question
def test_a_choice_as_written_is_that_choice(name: str, asked: FollowUp, question: Question) -> None:
    for choice in asked.choices:
        for text in (choice, choice.upper(), f" {choice}! ", choice.replace("'", "’")):
            assert choice_value(question, text, RULES, PHRASES) == choice
    assert choice_value(question, "not sure", RULES, PHRASES) == UNSURE


@each_question
def test_a_choice_by_its_place(name: str, asked: FollowUp, question: Question) -> None:
    last = 3 if "how many weeks" in asked.q.lower() else len(question.values)
    for place, value in enumerate(question.values[:last], start=1):
        assert choice_value(question, str(place), RULES, PHRASES) == value


@each_question
def test_a_misspelt_choice_is_that_choice_or_none(name: str, asked: FollowUp, question: Question) -> None:
    for choice in asked.choices:
        for at in (at for at in range(1, len(choice) - 1) if choice[at].isalpha() or choice[at] == " "):
            text = choice[:at] + choice[at + 1 :]
            assert choice_value(question, text, RULES, PHRASES) in (choice, None, UNCLEAR) or len(choice) < 6


@each_question
def test_a_synonym_is_its_choice_alone(name: str, asked: FollowUp, question: Question) -> None:
    for answer in asked.answers:
        for say in answer.says:
            assert say == plain(say), "write it as it is compared: lower case, no punctuation"
            assert choice_value(question, say, RULES, PHRASES) == answer.answer


@each_question
@pytest.mark.parametrize(
    "text",
    [
        "no, but it comes and goes",
        "no but yes",
        "used to",
        "I used to",
        "not any more",
        "yes and no",
        "yes but only when I run",
        "no?",
        "what do you mean",
        "why",
        "just book me",
        "whatever",
        "",
        "...",
        "yes no",
        "it depends",
    ],
)
def test_what_is_not_plain_is_no_answer(name: str, asked: FollowUp, question: Question, text: str) -> None:
    assert choice_value(question, text, RULES, PHRASES) in (None, UNSURE)


@each_question
def test_time_alone_never_says_more_than_time(name: str, asked: FollowUp, question: Question) -> None:
    """ "2 years ago" is not "stable", "healed" or "discharged"."""
    row = RULES.conditions[question.condition or ""]
    for text in (
        f"{n} {unit} ago" for n in (1, 2, 3, 5, 7, 8, 11, 13, 20, 30) for unit in ("days", "weeks", "months", "years")
    ):
        value = choice_value(question, text, RULES, PHRASES)
        if value is None or value == UNCLEAR:
            continue
        answer = asked.choice(value)
        assert answer is not None
        for word in ("stable", "healed", "normal", "discharged", "recovered", "improving", "uncomplicated", "examined"):
            assert word not in value or "not examined" in value
        assert answer.tier in (Tier.STOP, Tier.EMERGENCY, Tier.CLEARANCE) or value == "over 14 days", row.id


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40), st.sampled_from(range(len(QUESTIONS))))
def test_no_text_breaks_it(text: str, at: int) -> None:
    _, _, question = QUESTIONS[at]
    value = choice_value(question, text, RULES, PHRASES)
    assert value is None or value in (*question.values, UNCLEAR)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["no", "nope", "never", "none"]),
    st.sampled_from(["but", "except", "only", "not really", "sometimes"]),
    st.text("abc ", max_size=8),
)
def test_no_but_is_never_a_no(no: str, but: str, rest: str) -> None:
    assert read("aneurysm", 1, f"{no} {but} {rest}") is None


# ------------------------------------------------------------------ yes, no, not sure


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", YES),
        ("Yes please", YES),
        ("yes it is", YES),
        ("yep, sometimes it is hot", None),
        ("yes it is swollen and warm", YES),
        ("yeah a new one", YES),
        ("yes, for 3 weeks", None),
        ("no", NO),
        ("no not at all", NO),
        ("nope never", NO),
        ("no, sorry", NO),
        ("none of those", NO),
        ("no but a bit", None),
        ("not sure", UNSURE),
        ("hmm, not sure", UNSURE),
        ("i think so", None),
        ("I don't think so", None),
        ("a bit", None),
        ("1", YES),
        ("2", NO),
        ("3", UNSURE),
        ("what?", None),
        ("👍", YES),
        ("Noooo", NO),
        ("yesss", YES),
    ],
)
def test_a_yes_or_no_question(text: str, value: str | None) -> None:
    question = next_question(with_reason(all_no(), "a stiff neck"), RULES)
    assert question is not None
    assert question.kind is Kind.YES_NO
    answer = understand(question, text, (), RULES, PHRASES)
    assert (answer.values[question.id] if answer else None) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("I agree, I'm 18 or over", AGREED),
        ("ok I agree", AGREED),
        ("yes", AGREED),
        ("1", AGREED),
        ("2", MINOR),
        ("3", DECLINED),
        ("Under 18", MINOR),
        ("it's for my child", MINOR),
        ("no thanks, call me instead", DECLINED),
        ("no", DECLINED),
        ("yes but my son is 15", None),
        ("what data?", None),
        ("maybe", None),
    ],
)
def test_consent(text: str, value: str | None) -> None:
    question = next_question(Record(), RULES)
    assert question is not None
    answer = understand(question, text, (), RULES, PHRASES)
    assert (answer.values["T1"] if answer else None) == value


@pytest.mark.parametrize(("text", "value"), [("yes, that's right", CONFIRMED), ("looks good", CONFIRMED), ("no", None)])
def test_the_summary(text: str, value: str | None) -> None:
    question = next_question(with_reason(all_no(), "relaxing"), RULES)
    assert question is not None
    assert question.kind is Kind.SUMMARY
    answer = understand(question, text, (), RULES, PHRASES)
    assert (answer.values["summary"] if answer else None) == value


def test_open_questions_take_any_words() -> None:
    question = next_question(all_no(), RULES)
    assert question is not None
    assert understand(question, "my back", (), RULES, PHRASES) is not None
    assert understand(question, "   ", (), RULES, PHRASES) is None


# ------------------------------------------------------------------ lists


def mark(text: str, brought_up: tuple[str, ...] = (), confirming: bool = False) -> str | None:
    """The lines of T3 as y, n, u, "." for open; None: no answer; "confirm": asked once more."""
    items = RULES.items_of("T3")
    question = Question("T3", Kind.CHECKLIST, "T3", items=items, confirming=confirming)
    answer = understand(question, text, brought_up, RULES, PHRASES)
    if answer is None:
        return None
    letters = {YES: "y", NO: "n", UNSURE: "u"}
    return (
        "confirm"
        if answer.confirm_none
        else "".join(letters[answer.values[i.id]] if i.id in answer.values else "." for i in items)
    )


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("none", "nnnnnnn"),
        ("None of the above", "nnnnnnn"),
        ("none of these, thanks", "nnnnnnn"),
        ("no to all", "nnnnnnn"),
        ("NONE!", "nnnnnnn"),
        ("no", "confirm"),
        ("nope", "confirm"),
        ("5", "nnnnynn"),
        ("2 and 5", "nynnynn"),
        ("1-3", "yyynnnn"),
        ("1 to 3", "yyynnnn"),
        ("2, 5, 7", "nynnyny"),
        ("yes to 3", "nnynnnn"),
        ("all no except 4", "nnnynnn"),
        ("no to all but 4", "nnnynnn"),
        ("none except 2 and 3", "nyynnnn"),
        ("everything no apart from 6", "nnnnnyn"),
        ("only the last one", "nnnnnny"),
        ("the last one", "nnnnnny"),
        ("first one", "ynnnnnn"),
        ("the first and the third", "ynynnnn"),
        ("2nd and 4th", "nynynnn"),
        ("two and five", "nynnynn"),
        ("number one", "ynnnnnn"),
        ("3?", "..u...."),
        ("yes to 3, not sure about 4", "nnyunnn"),
        ("maybe 5", "nnnnunn"),
        ("all of them", "yyyyyyy"),
        ("yes to all", "yyyyyyy"),
        ("1 no, 2 yes, 3 not sure", "nyu...."),
        ("1: no 2: no 3: no 4: no 5: yes 6: no 7: no", "nnnnynn"),
        ("high blood pressure", "....y.."),
        ("I have high blood pressure", "....y.."),
        ("just high blood pressure", "nnnnynn"),
        ("only high blood presure", "nnnnynn"),
        ("varicose veins and high blood pressure", "....y.y"),
        ("low platelets", "..y...."),
        ("a mini-stroke", ".....y."),
        ("a stroke", ".....y."),
        ("blood thinners, daily aspirin or similar", ".y....."),
        ("all except 4", None),
        ("everything but 4", None),
        ("all 7", None),
        ("not 4", None),
        ("no to 3", None),
        ("9", None),
        ("0", "nnnnnnn"),
        ("2 and high blood pressure", None),
        ("not high blood pressure", None),
        ("yes", None),
        ("no but my blood pressure is high", None),
        ("some", None),
        ("none?", None),
        ("one", None),
        ("", None),
    ],
)
def test_a_list_in_words(text: str, marks: str | None) -> None:
    assert mark(text) == marks


def test_a_row_that_the_words_name_marks_its_line() -> None:
    assert mark("I'm on warfarin", ("anticoagulants",)) == ".y....."


def test_no_is_asked_about_once() -> None:
    assert mark("no") == "confirm"
    assert mark("yes", confirming=True) == "nnnnnnn"
    assert mark("none", confirming=True) == "nnnnnnn"
    assert mark("no", confirming=True) is None


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1", ("heart_disease",)),
        ("1 and 3", ("heart_disease", "aneurysm")),
        ("a pacemaker", None),
        ("a pacemaker or heart device", ("pacemaker_icd",)),
        ("A heart condition and an aneurysm", ("heart_disease", "aneurysm")),
        ("aneurism", ("aneurysm",)),
        ("all of them", ("heart_disease", "pacemaker_icd", "aneurysm")),
        ("something else", (OTHER,)),
        ("not sure", (UNSURE,)),
        ("no idea", (UNSURE,)),
        ("not an aneurysm, a heart condition", None),
        ("not a heart condition", None),
        ("no aneurysm", None),
        ("no heart condition", None),
        ("it's in my chest", None),
        ("9", None),
    ],
)
def test_which_of_these(text: str, values: tuple[str, ...] | None) -> None:
    question = next_question(everything_which("T3.4"), RULES)
    assert question is not None
    assert question.kind is Kind.WHICH
    answer = understand(question, text, (), RULES, PHRASES)
    assert (answer.values[question.id] if answer else None) == (SEPARATOR.join(values) if values else None)


def test_which_of_these_by_a_row_that_the_words_name() -> None:
    question = next_question(everything_which("T3.4"), RULES)
    assert question is not None
    answer = understand(question, "I have afib", ("heart_disease", "epilepsy"), RULES, PHRASES)
    assert answer is not None
    assert answer.values == {question.id: "heart_disease"}


def test_the_inner_question_of_a_row_is_read_too() -> None:
    record = answered(all_no(), anticoagulants=("no", "course finished, told I no longer need it"))
    question = next_question(record, RULES)
    assert question is not None
    assert question.id == "anticoagulants/2/ask"
    assert choice_value(question, "a dvt", RULES, PHRASES) == "a blood clot"


def test_a_group_that_is_missing_is_named(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "replies.yml").write_text("yes: [yes]\n")
    with pytest.raises(KnowledgeError, match="group missing or unknown"):
        Phrases.load(folder)


def test_a_reply_belongs_to_one_meaning() -> None:
    """Yes, no and not sure share no phrase, and none of them composes another."""
    meanings = ("yes", "no", "unsure")
    for group in meanings:
        for text in PHRASES.groups[group]:
            assert [g for g in meanings if PHRASES.means(g, text)] == [group], text


def test_the_first_words_of_a_choice_with_a_hyphen_are_that_choice() -> None:
    row = RULES.conditions["breathing_difficulty"]
    choices = row.follow_up[0].choices
    assert choices[1].startswith("long-standing and stable (")
    question = Question("breathing_difficulty/1", Kind.CHOICE, "T2", row.follow_up[0].q, (), choices, choices, row.id)
    assert choice_value(question, "long-standing and stable", RULES, PHRASES) == choices[1]


def test_yes_none_confirms_that_no_line_fits() -> None:
    items = RULES.items_of("T3")
    asked = Question("T3", Kind.CHECKLIST, "T3", "", items, confirming=True)
    answer = understand(asked, "yes none", (), RULES, PHRASES)
    assert answer is not None
    assert set(answer.values.values()) == {NO}
    assert understand(asked, "yes, one of them", (), RULES, PHRASES) is None
    plain_list = Question("T3", Kind.CHECKLIST, "T3", "", items)
    assert understand(plain_list, "yes none", (), RULES, PHRASES) is None
