"""Every way through every row, and one scene for each combination and mimic: what the tests of the triage share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.clinical.model import Status, Tier
from bot.clinical.record import AGREED, NO, SEPARATOR, UNCLEAR, UNSURE, YES, Record, Said
from bot.clinical.rules import NEXT, Condition, Rules
from bot.clinical.triage import Fired, Outcome, row_state, triage

KNOWLEDGE = Path(__file__).parents[2] / "knowledge"
GOLDEN = Path(__file__).parent / "data" / "row_outcomes.yml"
RULES = Rules.load(KNOWLEDGE)

OPEN = "(open)"  # the question was asked, no answer yet
DOUBT = "(unclear)"  # the answer stayed unclear
WHICH = "(not sure which)"  # the row came up by "not sure" to "which of these?"

Step = tuple[str, str]  # question id, answer


def ways(row: Condition) -> Iterator[tuple[Step, ...]]:
    """Every sequence of answers to the follow-ups of a row, also those that stop half-way."""
    yield (("", WHICH),)
    yield from _from(row, 0, ())


def _from(row: Condition, at: int, so_far: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    if at == len(row.follow_up):
        yield so_far
        return
    question = f"{row.id}/{at + 1}"
    yield (*so_far, (question, OPEN))
    for answer in row.follow_up[at].answers:
        here = (*so_far, (question, answer.answer))
        if answer.ask is not None:
            opened = f"{question}/ask"
            yield (*here, (opened, OPEN))
            yield (*here, (opened, DOUBT))
            for inner in answer.ask.answers:
                yield (*here, (opened, inner.answer))
        elif answer.tier == NEXT:
            yield from _from(row, at + 1, here)
        else:
            yield here
    unclear = (*so_far, (question, DOUBT))
    if row.base_tier is Tier.EMERGENCY:
        yield unclear
    else:
        yield from _from(row, at + 1, unclear)


def record_of(way: tuple[Step, ...], record: Record | None = None) -> Record:
    """The record in which these follow-ups were answered so."""
    record = record or Record()
    for question, value in way:
        if question and value != OPEN:
            record = record.with_answer(question, UNCLEAR if value == DOUBT else value)
    return record


def outcome_of(row: Condition, way: tuple[Step, ...], letters: frozenset[str] = frozenset()) -> list[str]:
    """What the rules make of it: the tier, and the care where it is an emergency."""
    fired = Fired(("test",), unclear=way[0][1] == WHICH, plain=way[0][1] != WHICH)
    state = row_state(row, record_of(way), letters, fired)
    return [state.tier.name] + ([state.care.value] if state.care else [])


def table(row: Condition) -> list[list[list[str]]]:
    """The row of the golden table: answers, outcome, and the outcome with a letter on file where it is another one."""
    lines = []
    for way in ways(row):
        plain, with_letter = outcome_of(row, way), outcome_of(row, way, frozenset({row.id}))
        line = [[value for _, value in way], plain]
        lines.append(line if plain == with_letter else [*line, with_letter])
    return lines


def mention(row: str, text: str = "", status: Status = Status.CURRENT, message: str = "m1") -> Said:
    """Words of a client that name a row."""
    return Said(row, message, text or row, 0, len(text or row), status)


def consented(**answers: str) -> Record:
    """A record with consent; `T2_1="yes"` stands for the item T2.1."""
    record = Record().with_answer("T1", AGREED)
    for key, value in answers.items():
        record = record.with_answer(key.replace("_", ".", 1) if key.startswith("T") else key, value)
    return record


def all_no(rules: Rules = RULES) -> Record:
    """Every line of every list answered no."""
    record = Record().with_answer("T1", AGREED)
    for item in rules.items:
        record = record.with_answer(item, NO)
    return record


def with_reason(record: Record, words: str) -> Record:
    """The record after the last step, with the reason for the visit in the client's words."""
    return record.with_answer("T6", "said", words)


def answered(record: Record, **rows: str | tuple[str, ...]) -> Record:
    """The record with rows told in words and their follow-ups answered in order."""
    for row, given in rows.items():
        values = (given,) if isinstance(given, str) else given
        record = record.with_said(mention(row))
        for number, value in enumerate(values, start=1):
            record = record.with_answer(f"{row}/{number}", value)
    return record


@dataclass(frozen=True, slots=True)
class Scene:
    """A record in which a combination or a mimic holds, one in which a part is missing, and what must come out."""

    holds: Record
    lacks: Record
    tier: str
    care: str | None


_NO = consented()
COMBINATIONS: Mapping[str, Scene] = {
    "pregnancy_one_leg": Scene(
        answered(
            with_reason(_NO, "my left calf hurts"),
            pregnancy=("no", "14-36 weeks, uncomplicated"),
            dvt_pe_signs=("no", "cramps only, no swelling/heat/colour change"),
        ),
        answered(with_reason(_NO, "both legs are tired"), pregnancy=("no", "14-36 weeks, uncomplicated")),
        "EMERGENCY",
        "same_day",
    ),
    "cancer_back_pain_legs": Scene(
        answered(
            with_reason(_NO, "my back hurts and my legs are weak"),
            cancer_history=("no", "no"),
        ),
        answered(with_reason(_NO, "my back hurts"), cancer_history=("no", "no")),
        "EMERGENCY",
        "same_day",
    ),
    "bleeding_risk_head_injury": Scene(
        answered(
            _NO,
            anticoagulants=("no", "other reason, no letter yet"),
            head_neck_trauma=("no", "3 days to 6 weeks, examined, no fracture"),
        ),
        answered(
            _NO,
            anticoagulants=("no", "other reason, no letter yet"),
            head_neck_trauma=("no", "over 6 weeks, no nerve or concussion symptoms"),
        ),
        "EMERGENCY",
        "ambulance",
    ),
    "bleeding_risk_heavy_fall": Scene(
        answered(with_reason(_NO, "I took a fall on Sunday"), bleeding_disorder=("mild or controlled",)),
        answered(with_reason(_NO, "stiff since the fall weather"), bleeding_disorder=("mild or controlled",)),
        "EMERGENCY",
        "same_day",
    ),
    "fragile_bone_back_pain": Scene(
        answered(with_reason(_NO, "sudden back pain"), osteoporosis=("no", "osteopenia only")),
        answered(with_reason(_NO, "a stiff neck for years"), osteoporosis=("no", "osteopenia only")),
        "STOP",
        None,
    ),
    "immune_suppressed_fever": Scene(
        answered(
            _NO,
            longterm_steroids="tablets for 3 months or more, or repeated courses",
            fever_infection=("no", "yes"),
        ),
        answered(_NO, longterm_steroids="inhaler, nasal spray or cream only", fever_infection=("no", "yes")),
        "EMERGENCY",
        "same_day",
    ),
    "diabetes_foot_wound": Scene(
        answered(with_reason(_NO, "there is a cut on my foot"), diabetes=("no", "well controlled, none of these")),
        answered(with_reason(_NO, "my feet are tired"), diabetes=("no", "well controlled, none of these")),
        "STOP",
        None,
    ),
    "fever_back_pain": Scene(
        answered(with_reason(_NO, "my lower back"), fever_infection=("no", "yes")),
        answered(with_reason(_NO, "my lower back"), fever_infection=("no", "hay fever or old cough only")),
        "EMERGENCY",
        "same_day",
    ),
    "clot_risk_calf": Scene(
        answered(
            with_reason(_NO, "a sore calf").with_answer("mimic/calf", UNSURE),
            recent_surgery=("no", "under 6 weeks"),
            dvt_pe_signs=("no", "cramps only, no swelling/heat/colour change"),
        ),
        answered(
            with_reason(_NO, "a sore calf").with_answer("mimic/calf", UNSURE),
            recent_surgery=("no", "over 12 months, healed"),
            dvt_pe_signs=("no", "cramps only, no swelling/heat/colour change"),
        ),
        "EMERGENCY",
        "same_day",
    ),
}

# The words of a visit's reason for each mimic: all that is heard in them is this one.
REASONS: Mapping[str, str] = {
    "calf": "a cramp in my calf",
    "whiplash": "old whiplash",
    "headache": "migraines",
    "upper_body": "a sore shoulder",
    "neck": "a stiff neck",
    "low_back": "sciatica",
    "nerve": "carpal tunnel",
    "cold_limb": "ischemia",
    "sprain": "a sprain",
    "joint": "hip trouble",
    "arthritis": "osteoarthritis",
    "after_session": "sore after the last visit",
}


def combined(name: str, rules: Rules = RULES) -> list[str | None]:
    """What a combination's own finding weighs in its scene."""
    result = triage(COMBINATIONS[name].holds, rules)
    found = [f for f in result.findings if f.condition == f"combination:{name}"]
    return [found[0].tier.name, found[0].care.value if found[0].care else None] if found else [None]


def mimicked(name: str, answer: str, rules: Rules = RULES) -> Outcome:
    """The outcome after the question of a mimic was answered, with nothing else on the record."""
    return triage(with_reason(all_no(rules), REASONS[name]).with_answer(f"mimic/{name}", answer), rules)


def everything_which(item: str, *choices: str, record: Record | None = None) -> Record:
    """An item answered yes, and these choices to "which of these?"."""
    base = (record or all_no()).with_answer(item, YES)
    return base.with_answer(f"{item}/which", SEPARATOR.join(choices)) if choices else base
