"""The lexicon: every row in many wordings, spelling slips, and ordinary words that must not fire."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.clinical.model import Signal, Status
from bot.clinical.phrases import Label, PhraseBook, PhraseError
from bot.clinical.reading import Reader

KNOWLEDGE = Path(__file__).parents[2] / "knowledge"
READER = Reader.load(KNOWLEDGE)
LEXICON = yaml.load((KNOWLEDGE / "lexicon.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)

WORDINGS = {
    "chest_pain": ["chest pain", "my chest hurts", "tightness across my chest", "heavy feeling in my chest"],
    "breathing_difficulty": ["can't catch my breath", "short of breath", "I'm breathless", "struggling to breathe"],
    "stroke_signs": ["face drooping", "my speech is slurred", "lost vision in one eye", "suddenly confused"],
    "thunderclap_headache": ["worst headache of my life", "thunderclap headache", "sudden severe headache"],
    "cervical_artery_dissection": ["neck pain and double vision", "drop attacks", "neck pain and dizzy"],
    "cauda_equina": ["numb between my legs", "can't pee", "lost control of my bladder", "can't feel when I wipe"],
    "dvt_pe_signs": ["one leg is swollen", "my calf is hot", "think I have a blood clot", "painful swollen leg"],
    "pregnancy_danger_signs": ["pregnant and bleeding", "pre-eclampsia", "preeclampsia", "my waters broke"],
    "rhabdomyolysis_signs": ["dark urine", "tea coloured pee", "cola colored urine", "rhabdo"],
    "suicidal_crisis": ["I want to die", "kms", "end it all", "self-harm", "unalive myself"],
    "blood_clot_current": ["I have a blood clot", "DVT", "deep vein thrombosis", "clot in my lung", "phlebitis"],
    "blood_clot_past": ["had a DVT years ago", "factor V Leiden", "clotting disorder", "history of blood clots"],
    "anticoagulants": ["blood thinners", "Eliquis", "apixaban", "clexane", "I thin my blood", "newoxaban"],
    "antiplatelets": ["aspirin every day", "Plavix", "clopidogrel", "baby aspirin"],
    "bleeding_disorder": ["haemophilia", "hemophilia", "low platelets", "I bruise easily", "von Willebrand"],
    "heart_disease": ["AFib", "heart failure", "had a heart attack", "angina", "irregular heartbeat", "bypass surgery"],
    "hypertension": ["high blood pressure", "HBP", "lisinopril", "BP is 160", "on blood pressure tablets", "150/95"],
    "pacemaker_icd": ["pacemaker", "ICD", "defibrillator", "loop recorder"],
    "stroke_tia_history": ["had a stroke", "stroke survivor", "brain bleed", "mini stroke last year"],
    "aneurysm": ["aneurysm", "AAA", "enlarged aorta", "aortic dissection"],
    "varicose_veins": ["varicose veins", "spider veins", "bulging veins", "vein stripping"],
    "lymphedema_nodes": ["lymphoedema", "lymphedema", "lymph nodes removed", "compression sleeve"],
    "longterm_steroids": ["prednisone", "on steroids", "immunosuppressants", "methylprednisolone"],
    "pain_masking_meds": ["oxycodone", "gabapentin", "muscle relaxers", "co-codamol", "lidocaine patch"],
    "recent_surgery": ["just had surgery", "c-section", "post op", "stitches still in", "hysterectomy"],
    "suspected_fracture": ["might be broken", "broken bone", "in a cast", "stress fracture", "broke my toe"],
    "torn_muscle_tendon": ["torn rotator cuff", "ruptured achilles", "muscle tear", "tore my hamstring"],
    "acute_injury": ["twisted my ankle", "sprain", "hurt it yesterday", "pulled a muscle"],
    "head_neck_trauma": ["whiplash", "concussion", "car accident", "hit my head", "rear ended"],
    "implants_hardware": ["hip replacement", "metal plate", "insulin pump", "spinal fusion", "breast implants"],
    "fever_infection": ["fever", "flu", "covid", "throwing up", "on antibiotics", "chest infection"],
    "contagious_skin": ["ringworm", "scabies", "shingles", "cold sore", "athlete's foot", "rash"],
    "open_wounds_burns": ["open wound", "sunburn", "blisters", "leg ulcer", "stitches"],
    "recent_injections": ["botox last week", "flu shot", "covid booster", "cortisone injection", "dry needling"],
    "cancer_active": ["cancer", "on chemo", "radiotherapy", "leukaemia", "leukemia"],
    "cancer_history": ["cancer survivor", "had breast cancer", "in remission", "cancer free 5 years"],
    "pregnancy": ["pregnant", "I'm 20 weeks", "third trimester", "just had a baby", "expecting", "postpartum"],
    "osteoporosis": ["osteoporosis", "osteopenia", "brittle bones", "Fosamax", "low bone density"],
    "inflammatory_arthritis": ["arthritis", "RA", "lupus", "gout", "ankylosing spondylitis", "Humira"],
    "pain_sensitivity": ["fibromyalgia", "fibro", "CRPS", "low pain tolerance", "ME/CFS"],
    "diabetes": ["diabetes", "type 2 diabetic", "insulin", "metformin", "numb feet", "neuropathy"],
    "epilepsy": ["epilepsy", "seizures", "blackouts", "lamotrigine", "Keppra"],
    "kidney_liver": ["kidney disease", "dialysis", "cirrhosis", "liver disease", "transplant"],
    "nerve_symptoms": ["pins and needles", "sciatica", "carpal tunnel", "numb fingers", "pinched nerve"],
    "night_pain_weight_loss": [
        "losing weight without trying",
        "found a lump",
        "night sweats",
        "pain wakes me every night",
    ],
    "hypermobility_ctd": ["EDS", "Ehlers-Danlos", "hypermobile", "Marfan", "loose joints"],
    "undiagnosed_or_advised_against": ["waiting for an MRI", "doctor told me not to get a massage", "undiagnosed pain"],
    "allergies": ["nut allergy", "allergic to almond oil", "latex allergy", "anaphylaxis", "sensitive skin"],
    "intoxication": ["I'm drunk", "wasted", "had a few drinks", "stoned", "hungover"],
    "minor": ["I'm 16", "under 18", "my daughter is 14", "booking for my kid", "minor"],
}

MISSPELT = [
    ("warferin", "anticoagulants"),
    ("I take warfrin", "anticoagulants"),
    ("elliquis", "anticoagulants"),
    ("clopidogril", "antiplatelets"),
    ("diabtes", "diabetes"),
    ("diabetis", "diabetes"),
    ("epilespy", "epilepsy"),
    ("arthritus", "inflammatory_arthritis"),
    ("fibromialgia", "pain_sensitivity"),
    ("hi blood presure", "hypertension"),
    ("pnuemonia", "fever_infection"),
    ("osteoperosis", "osteoporosis"),
    ("pregnent", "pregnancy"),
    ("siatica", "nerve_symptoms"),
    ("anurism", "aneurysm"),
    ("chestpain", "chest_pain"),
    ("bloodthinners", "anticoagulants"),
    ("scabeis", "contagious_skin"),
    ("concusion", "head_neck_trauma"),
    ("suicidle", "suicidal_crisis"),
    ("I have shuger", "diabetes"),
    ("shugar diabetes", "diabetes"),
]

ORDINARY = [
    "wasted money last time",
    "I ned a massage",
    "PE lesson tomorrow",
    "it was a stroke of luck",
    "the heart of the matter is the price",
    "what's the temperature in the room?",
    "I'm expecting a call",
    "I want to burn calories",
    "a minor issue with my booking",
    "high quality work",
    "I'm a Cancer, born in July",
    "I like firm pressure",
    "long slow strokes are my favourite",
    "give it your best shot",
    "cold weather today",
    "as I said, I'm free on Monday",
    "is that icd 10?",
    "my phone is dead",
    "the price is a bit high",
    "do you have parking?",
    "hello, I'd like to book a massage for next week",
    "my back is stiff from sitting at my desk",
    "thanks, that was great",
    "can you fit me in on Thursday?",
    "your website is down",
    "I am excited about my first visit",
    "how much is a 90 minute session?",
    "I was breathing deeply and relaxed",
    "I heard about you from a friend",
    "I tasted the tea",
    "the stroller is in the car",
    "I have two kids and a busy job",
    "my neck is tight",
    "I drink a lot of water",
    "that's a shame",
    "see you at 10 am",
    "no sugar in my tea, thanks",
    "I take two sugar cubes in my coffee",
]


@pytest.mark.parametrize(("row", "text"), [(row, text) for row, texts in WORDINGS.items() for text in texts])
def test_wordings_of_every_row(row: str, text: str) -> None:
    assert row in {mention.condition for mention in READER.read(text).mentions}


def test_every_row_has_wordings_and_all_are_known() -> None:
    assert set(WORDINGS) == set(LEXICON["rows"])
    assert len(LEXICON["rows"]) == 50


@pytest.mark.parametrize(
    ("row", "name"),
    [(row, name) for row, entry in LEXICON["rows"].items() for name in entry.get("medicines", ())],
)
def test_every_medicine_fires_its_row(row: str, name: str) -> None:
    found = {mention.condition for mention in READER.read(f"I take {name} every day").mentions}
    assert row in found


@pytest.mark.parametrize(("text", "row"), MISSPELT)
def test_spelling_slips(text: str, row: str) -> None:
    assert row in {mention.condition for mention in READER.read(text).mentions}


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_name_no_row(text: str) -> None:
    found = [m for m in READER.read(text).mentions if m.status is not Status.IDIOM]
    assert found == []


@pytest.mark.parametrize("short", ["pa", "pf", "re", "tia5", "dvr", "idc", "esd", "hb"])
def test_short_words_are_never_taken_for_misspelt_ones(short: str) -> None:
    assert READER.read(f"I have {short} on monday").mentions == ()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("flu shot yesterday", {"recent_injections"}),
        ("my covid booster", {"recent_injections"}),
        ("insulin pump", {"implants_hardware"}),
        ("stitches still in", {"recent_surgery"}),
        ("I'm 20 weeks and on Clexane", {"pregnancy", "anticoagulants"}),
        ("dvt symptoms", {"dvt_pe_signs", "blood_clot_current"}),
        ("sciatica down both legs", {"cauda_equina", "nerve_symptoms"}),
        ("pregnant and bleeding", {"pregnancy", "pregnancy_danger_signs"}),
        ("I had breast cancer", {"cancer_history"}),
    ],
)
def test_overlapping_phrases_fire_all_rows_and_four_swallow(text: str, rows: set[str]) -> None:
    assert {mention.condition for mention in READER.read(text).mentions} == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a stent in the heart", {"heart_disease"}),
        ("they put stents in my arteries", {"heart_disease"}),
        ("a stent put in 2020", {"heart_disease", "implants_hardware"}),  # most are the heart's: both are asked about
        ("a stent in my kidney", {"implants_hardware"}),
        ("a ureteric stent since May", {"implants_hardware"}),
    ],
)
def test_a_stent_belongs_where_it_lies(text: str, rows: set[str]) -> None:
    assert {mention.condition for mention in READER.read(text).mentions} & {
        "heart_disease",
        "implants_hardware",
    } == rows


def test_a_pill_with_a_known_use_is_no_unknown_medicine() -> None:
    for text in ("I take a little pill for my blood pressure", "I'm on the pill", "two white tablets of paracetamol"):
        assert Signal.UNKNOWN_MEDICINE not in READER.read(text).signals, text


@pytest.mark.parametrize(
    ("text", "signalled"),
    [
        ("my mum wants a massage, shes 80 and on warfarin", True),
        ("can my husband have a session with you", True),
        ("my sister would like to book", True),
        ("can my husband come with me?", False),
        ("my wife wants me to come", False),
        ("my friend recommended you", False),
    ],
)
def test_a_visit_for_another_adult(text: str, signalled: bool) -> None:
    assert (Signal.FOR_ANOTHER_ADULT in READER.read(text).signals) is signalled


@pytest.mark.parametrize("text", ["my tablets haven't changed", "same meds, nothing new", "my medication is the same"])
def test_what_has_not_changed_is_no_unknown_medicine(text: str) -> None:
    assert Signal.UNKNOWN_MEDICINE not in READER.read(text).signals


@pytest.mark.parametrize(
    "text",
    [
        "I take lots of tablets",
        "I'm on some medication",
        "I take zorbitrax",
        "i take a little white pill for something",
    ],
)
def test_a_medicine_that_nobody_can_place_is_noted(text: str) -> None:
    assert Signal.UNKNOWN_MEDICINE in READER.read(text).signals


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        ("PE", True),
        ("I had a PE", True),
        ("had PE in 2015", True),
        ("as soon as possible", False),
        ("ms smith sent me", False),
        ("tell me more", False),
        ("I have RA", True),
        ("I am ned", False),
    ],
)
def test_abbreviations_need_context(text: str, fires: bool) -> None:
    assert bool(READER.read(text).mentions) is fires


def test_a_phrase_that_cannot_be_read_is_refused() -> None:
    book = PhraseBook({"leg": ["leg", "calf"]})
    for phrase in ("", "[only] [optional]", "swollen ..", "a || b", "a [b", "$nothing here"):
        with pytest.raises(PhraseError):
            book.add(Label("row", "x"), phrase)
