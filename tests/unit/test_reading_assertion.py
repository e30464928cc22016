"""What is said about a mention: a table of sentences, and the rule that an unclear "no" is not a "no"."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.clinical.model import Status
from bot.clinical.reading import Reader

READER = Reader.load(Path(__file__).parents[2] / "knowledge")

SAID = [
    # plain
    ("I have diabetes", "diabetes", "current"),
    ("diabetic since 2010", "diabetes", "current"),
    ("I've had chest pain for three days", "chest_pain", "current"),
    ("I have epilepsy, last seizure 3 years ago", "epilepsy", "current"),
    ("hip replacement 10 years ago", "implants_hardware", "current"),
    ("I had knee surgery 3 weeks ago", "recent_surgery", "current"),
    ("I take warfarin, is that ok?", "anticoagulants", "current"),
    ("I have varicose veins, is that ok?", "varicose_veins", "current"),
    ("I'm not happy that my leg is swollen", "dvt_pe_signs", "current"),
    ("I don't like that my chest hurts", "chest_pain", "current"),
    ("I don't know why my fingers are numb", "nerve_symptoms", "current"),
    ("no I have sciatica", "nerve_symptoms", "current"),
    ("no, I have a fever", "fever_infection", "current"),
    ("no but I have a rash", "contagious_skin", "current"),
    ("my fibromyalgia is not getting better", "pain_sensitivity", "current"),
    ("the tingling won't go away", "nerve_symptoms", "current"),
    ("no chest pain but my leg is swollen", "dvt_pe_signs", "current"),
    ("no chest pain, my leg is swollen", "dvt_pe_signs", "current"),
    ("I didn't sleep because of sciatica", "nerve_symptoms", "current"),
    ("my husband drives me because of my epilepsy", "epilepsy", "current"),
    # denied
    ("no diabetes", "diabetes", "negated"),
    ("I don't have diabetes or high blood pressure", "hypertension", "negated"),
    ("no cough, rash or fever", "fever_infection", "negated"),
    ("no diabetes, no epilepsy", "epilepsy", "negated"),
    ("I do not take any blood thinners", "anticoagulants", "negated"),
    ("not pregnant", "pregnancy", "negated"),
    ("I am not currently pregnant", "pregnancy", "negated"),
    ("never had a blood clot", "blood_clot_current", "negated"),
    ("she denies any blood clots", "blood_clot_current", "family"),
    ("denies blood clots", "blood_clot_current", "negated"),
    ("the doctor ruled out a fracture", "suspected_fracture", "negated"),
    ("a fracture was ruled out", "suspected_fracture", "negated"),
    ("pregnant: no", "pregnancy", "negated"),
    ("pregnant? no", "pregnancy", "negated"),
    ("without fever", "fever_infection", "negated"),
    ("I haven't got diabetes", "diabetes", "negated"),
    ("neither diabetes nor epilepsy", "epilepsy", "negated"),
    ("no history of heart disease", "heart_disease", "negated"),
    ("my leg is not swollen", "dvt_pe_signs", "negated"),
    ("I'm not pregnant but I have diabetes", "pregnancy", "negated"),
    # past
    ("I had a stroke in 2019", "stroke_tia_history", "past"),
    ("I used to have high blood pressure", "hypertension", "past"),
    ("I had breast cancer 5 years ago", "cancer_history", "past"),
    ("I broke my wrist in 2010", "suspected_fracture", "past"),
    ("chest pain two years ago", "chest_pain", "past"),
    ("I no longer have shingles", "contagious_skin", "past"),
    ("I don't have shingles anymore", "contagious_skin", "past"),
    ("the rash has gone", "contagious_skin", "past"),
    ("I had shingles as a child", "contagious_skin", "past"),
    # of somebody else
    ("my mother has osteoporosis", "osteoporosis", "family"),
    ("my dad had a heart attack", "heart_disease", "family"),
    ("epilepsy runs in the family", "epilepsy", "family"),
    ("family history of diabetes", "diabetes", "family"),
    ("my diabetic dad", "diabetes", "family"),
    # only thought
    ("what if I get a blood clot", "blood_clot_current", "hypothetical"),
    ("I'm scared of getting a blood clot", "blood_clot_current", "hypothetical"),
    ("to lower my risk of osteoporosis", "osteoporosis", "hypothetical"),
    # doubted
    ("might be pregnant", "pregnancy", "uncertain"),
    ("maybe a fracture", "suspected_fracture", "uncertain"),
    ("I don't know if I have osteoporosis", "osteoporosis", "uncertain"),
    ("not sure if I have diabetes", "diabetes", "uncertain"),
    ("not really any numbness", "nerve_symptoms", "uncertain"),
    ("they haven't ruled out a fracture", "suspected_fracture", "uncertain"),
    ("it's not without numbness", "nerve_symptoms", "uncertain"),
    ("I don't have no epilepsy", "epilepsy", "uncertain"),
    # asked
    ("is NMT ok in pregnancy?", "pregnancy", "question"),
    ("can I have massage on blood thinners?", "anticoagulants", "question"),
    ("do you treat sciatica?", "nerve_symptoms", "question"),
    ("does massage help carpal tunnel", "nerve_symptoms", "question"),
    ("can people with a blood clot get massage?", "blood_clot_current", "question"),
    ("is it dangerous if I have varicose veins?", "varicose_veins", "question"),
    ("massage with diabetes?", "diabetes", "question"),
    # figures of speech
    ("I nearly had a heart attack when I saw the price", "heart_disease", "idiom"),
]

# Sentences in which a "no" stands, and in which nobody can be sure that it is meant for the condition.
NOT_DENIED = [
    ("no, chest pain", "chest_pain"),
    ("no chest pain and a swollen leg", "dvt_pe_signs"),
    ("no idea why I have sciatica", "nerve_symptoms"),
    ("not only sciatica", "nerve_symptoms"),
    ("I can't ignore the numbness", "nerve_symptoms"),
    ("I can't say I don't have diabetes", "diabetes"),
    ("no change in my diabetes", "diabetes"),
    ("no improvement, still a fever", "fever_infection"),
    ("don't forget my epilepsy", "epilepsy"),
    ("nothing but numbness", "nerve_symptoms"),
    ("never had it checked, the numbness", "nerve_symptoms"),
    ("I have never been without a fever", "fever_infection"),
    ("no... fever", "fever_infection"),
    ("no! a fever", "fever_infection"),
    ("not better, fever", "fever_infection"),
    ("no doubt it is sciatica", "nerve_symptoms"),
]


def statuses(text: str, row: str) -> set[str]:
    return {mention.status.value for mention in READER.read(text).mentions if mention.condition == row}


@pytest.mark.parametrize(("text", "row", "status"), SAID)
def test_status(text: str, row: str, status: str) -> None:
    assert statuses(text, row) == {status}


@pytest.mark.parametrize(("text", "row"), NOT_DENIED)
def test_an_unclear_no_is_not_a_no(text: str, row: str) -> None:
    found = statuses(text, row)
    assert found
    assert Status.NEGATED.value not in found


def test_a_no_ends_with_its_clause() -> None:
    reading = READER.read(
        "No chest pain, shortness of breath or fainting, but I take warfarin and had a stroke in 2015."
    )
    assert [(m.condition, m.status.value) for m in reading.mentions if m.condition != "epilepsy"] == [
        ("chest_pain", "negated"),
        ("breathing_difficulty", "negated"),
        ("anticoagulants", "current"),
        ("stroke_tia_history", "past"),
    ]
