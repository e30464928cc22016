"""What a reply means as an answer to the question at hand. None means: not an answer, ask again or treat as a question.

The guide's rule (4.5): only a plain answer counts. "No, but ...", "not really", "kind of" are not a no.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rapidfuzz import fuzz, process

from bot.clinical.durations import days_in, is_only_a_range, range_of
from bot.clinical.interview import Kind, Question
from bot.clinical.record import AGREED, CONFIRMED, DECLINED, MINOR, NO, OTHER, SEPARATOR, UNSURE, YES
from bot.clinical.rules import FollowUp, Rules
from bot.knowledge import KnowledgeError, read_yaml

GROUPS = frozenset({"yes", "no", "unsure", "none", "agree", "minor", "decline", "something_else", "all"})
LABEL_SCORE = 88.0  # rapidfuzz ratio (0-100) from which a typed label counts as that label


@dataclass(frozen=True, slots=True)
class Phrases:
    """Short replies and what they mean (`knowledge/replies.yml`)."""

    groups: Mapping[str, frozenset[str]]

    @staticmethod
    def load(knowledge: Path) -> Phrases:
        """Read the replies.

        Raises:
            KnowledgeError: a group is missing or unknown.
        """
        path = knowledge / "replies.yml"
        data = read_yaml(path)
        if set(data) != GROUPS:
            raise KnowledgeError(
                path, ", ".join(sorted(set(data) ^ GROUPS)), "group missing or unknown", "keep the groups as they are"
            )
        return Phrases({group: frozenset(plain(str(text)) for text in texts) for group, texts in data.items()})

    def means(self, group: str, text: str) -> bool:
        return plain(text) in self.groups[group]


@dataclass(frozen=True, slots=True)
class Answer:
    """An understood reply: values by question id. `confirm_none` asks once more before "no" counts for a whole list."""

    values: Mapping[str, str]
    confirm_none: bool = False


def plain(text: str) -> str:
    """Lower case, without punctuation, doubled spaces and stretched letters ("Noooo!" is "no")."""
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'").replace("'", "")
    text = re.sub(r"[^\w\s/+👍👎✅❌🤷]", " ", text)
    text = re.sub(r"(\w)\1{2,}\b", r"\1", text)
    return " ".join(text.split())


def understand(
    question: Question, text: str, brought_up: Collection[str], rules: Rules, phrases: Phrases
) -> Answer | None:
    """Read a reply as an answer.

    Args:
        question: the question that is open.
        text: what the client typed.
        brought_up: rows that the reading of the text found as current, past or uncertain.
        rules: the clinical rules.
        phrases: short replies.
    """
    match question.kind:
        case Kind.CHECKLIST:
            return _checklist(question, text, brought_up, phrases)
        case Kind.WHICH:
            return _which(question, text, brought_up, phrases)
        case Kind.CHOICE:
            return _choice(question, text, rules, phrases)
        case Kind.YES_NO | Kind.CHANGED:
            value = _yes_no(text, phrases)
            return None if value is None else Answer({question.id: value})
        case Kind.CONSENT:
            return _consent(question, text, phrases)
        case Kind.SUMMARY:
            return (
                Answer({question.id: CONFIRMED}) if phrases.means("yes", text) or phrases.means("agree", text) else None
            )
        case Kind.OPEN | Kind.OTHER:
            return Answer({question.id: "said"}) if text.strip() else None


def _yes_no(text: str, phrases: Phrases) -> str | None:
    if phrases.means("unsure", text):
        return UNSURE
    if phrases.means("yes", text) or plain(text) == "1":
        return YES
    if phrases.means("no", text) or plain(text) == "2":
        return NO
    return UNSURE if plain(text) == "3" else None


def _consent(question: Question, text: str, phrases: Phrases) -> Answer | None:
    for group, value in (("minor", MINOR), ("agree", AGREED), ("yes", AGREED), ("decline", DECLINED)):
        if phrases.means(group, text):
            return Answer({question.id: value})
    number = {"1": AGREED, "2": MINOR, "3": DECLINED}.get(plain(text))
    return Answer({question.id: number}) if number else None


_NUMBER_WORDS = frozenset(
    "and yes no number numbers just only the to for maybe unsure not sure about all except but everything else none of others other "
    "rest is are nothing y n idk possibly apart from with item items or".split()
)


def _checklist(question: Question, text: str, brought_up: Collection[str], phrases: Phrases) -> Answer | None:
    items = question.items
    if phrases.means("none", text) or (question.confirming and phrases.means("yes", text)):
        return Answer({item.id: NO for item in items})
    if phrases.means("no", text):
        return None if question.confirming else Answer({}, confirm_none=True)
    paired = _paired(text, len(items))
    if paired is not None:
        return Answer({items[place - 1].id: value for place, value in paired.items()})
    numbered = _numbered(text, len(items))
    if numbered is not None:
        return Answer({item.id: numbered.get(place, NO) for place, item in enumerate(items, start=1)})
    named = {item.id: YES for item in items if any(row in brought_up for row in item.rows)}
    labelled = process.extractOne(
        plain(text), [plain(item.text) for item in items], scorer=fuzz.ratio, score_cutoff=LABEL_SCORE
    )
    if labelled is not None:
        named[items[labelled[2]].id] = YES
    return Answer(named) if named else None


_PAIR = r"(\d+)\s*[:.)=-]?\s*(yes|no|y|n|unsure|not sure|maybe|\?)"
_PAIRS = re.compile(rf"(?:{_PAIR}[\s,;.]*)+")


def _paired(text: str, count: int) -> dict[int, str] | None:
    """Each line by itself: "1 no, 2 yes, 3 not sure". Lines that are not named stay open."""
    lowered = text.lower().strip()
    if not _PAIRS.fullmatch(lowered):
        return None
    meaning = {"yes": YES, "y": YES, "no": NO, "n": NO}
    values = {int(number): meaning.get(word, UNSURE) for number, word in re.findall(_PAIR, lowered)}
    return values if all(1 <= number <= count for number in values) else None


def _numbered(text: str, count: int) -> dict[int, str] | None:
    """Numbers as answers: "2 and 5", "yes to 3, not sure about 4", "all no except 6", "3?". None if it is something else."""
    lowered = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    tokens = re.findall(r"\d+|\?|[a-z']+", lowered)
    numbers = [int(token) for token in tokens if token.isdigit()]
    words = [token.replace("'", "") for token in tokens if not token.isdigit() and token != "?"]
    if not numbers or any(not 1 <= n <= count for n in numbers) or any(word not in _NUMBER_WORDS for word in words):
        return None
    values: dict[int, str] = {}
    mood = YES
    previous: int | None = None
    for place, token in enumerate(tokens):
        if token.isdigit():
            previous = int(token)
            values[previous] = mood
        elif token == "?" and previous is not None:
            values[previous] = UNSURE
        elif token in ("maybe", "unsure", "possibly", "idk", "sure"):
            mood = UNSURE
        elif token in ("yes", "y", "except", "but", "apart"):
            mood = YES
        elif token in ("no", "n", "none", "nothing") and place + 1 < len(tokens):
            after = tokens[place + 1 :]
            mood = NO if any(t.isdigit() for t in after) and not {"except", "but", "apart"} & set(after) else mood
    if set(values.values()) == {NO}:
        return None if len(values) < count else values  # "no to 3" says nothing about the rest
    return values


def _which(question: Question, text: str, brought_up: Collection[str], phrases: Phrases) -> Answer | None:
    if phrases.means("unsure", text):
        return Answer({question.id: UNSURE})
    if phrases.means("all", text):
        return Answer({question.id: SEPARATOR.join(v for v in question.values if v not in (OTHER, UNSURE))})
    if phrases.means("something_else", text):
        return Answer({question.id: OTHER})
    picked = _labels(text, question.choices)
    if picked is None:
        rows = [value for value in question.values if value in brought_up]
        return Answer({question.id: SEPARATOR.join(rows)}) if rows else None
    values = [question.values[place] for place in picked]
    if UNSURE in values and len(values) > 1:
        values.remove(UNSURE)
    return Answer({question.id: SEPARATOR.join(values)})


def _labels(text: str, labels: Sequence[str]) -> list[int] | None:
    """Which labels a text names, in any order, separated by commas or "and"; numbers count. None if a part names none."""
    rest = plain(text)
    known = [plain(label) for label in labels]
    picked: list[int] = []
    for place in sorted(range(len(known)), key=lambda p: -len(known[p])):
        if len(known[place]) > 3 and known[place] in rest:
            picked.append(place)
            rest = rest.replace(known[place], " ")
    for part in re.split(r"\s*(?:,|;|\band\b|\+|&|/)\s*", " ".join(rest.split())):
        part = part.strip()
        if not part:
            continue
        numbers = part.split()
        if all(n.isdigit() and 1 <= int(n) <= len(labels) for n in numbers):
            picked.extend(int(n) - 1 for n in numbers)
            continue
        best = process.extractOne(part, known, scorer=fuzz.ratio, score_cutoff=LABEL_SCORE)
        if best is None:
            return sorted(set(picked)) if picked and len(part) <= 3 else None
        picked.append(best[2])
    return sorted(set(picked)) or None


def _choice(question: Question, text: str, rules: Rules, phrases: Phrases) -> Answer | None:
    answer = choice_value(question, text, rules, phrases)
    return None if answer is None else Answer({question.id: answer})


def choice_value(question: Question, text: str, rules: Rules, phrases: Phrases) -> str | None:
    """The choice that a reply to a follow-up stands for, or None."""
    said = plain(text)
    known = [plain(choice) for choice in question.choices]
    if said in known:
        return question.values[known.index(said)]
    if said.isdigit() and 1 <= int(said) <= len(known) and not _numeric(question):
        return question.values[int(said) - 1]
    if phrases.means("unsure", text):
        return UNSURE
    follow_up = _follow_up_of(question, rules)
    if follow_up is not None:
        exact = [a.answer for a in follow_up.answers if any(plain(say) == said for say in a.says)]
        if len(exact) == 1:
            return exact[0]
    for group, word in ((YES, "yes"), (NO, "no")):
        if phrases.means(group, text):
            starts = [v for v, label in zip(question.values, known, strict=True) if label.split()[:1] == [word]]
            return starts[0] if len(starts) == 1 else None
    best = process.extract(said, known, scorer=fuzz.ratio, score_cutoff=LABEL_SCORE, limit=2)
    if len(best) == 1:
        return question.values[best[0][2]]
    return _by_measure(question, text, follow_up)


def _numeric(question: Question) -> bool:
    """True where a bare number is a quantity ("20" weeks), not the place of a choice."""
    return any(word in question.text.lower() for word in ("how many weeks", "latest reading", "temperature"))


def _follow_up_of(question: Question, rules: Rules) -> FollowUp | None:
    if question.condition is None or question.condition not in rules.conditions:
        return None
    for follow_up in rules.conditions[question.condition].follow_up:
        if follow_up.q == question.text:
            return follow_up
        for answer in follow_up.answers:
            if answer.ask is not None and answer.ask.q == question.text:
                return answer.ask
    return None


def _by_measure(question: Question, text: str, follow_up: FollowUp | None) -> str | None:
    """A length of time ("two months ago") falls into the one choice whose range holds it.

    A choice that says more than a length of time ("over 6 months, stable") is never taken from a length of time alone.
    """
    if follow_up is None:
        return None
    days = days_in(text)
    if days is None:
        return None
    fitting = []
    for answer in follow_up.answers:
        bounds = answer.days or (range_of(answer.answer) if is_only_a_range(answer.answer) else None)
        if bounds is not None and bounds[0] <= days < bounds[1]:
            fitting.append(answer.answer)
    return fitting[0] if len(fitting) == 1 else None


@lru_cache(maxsize=4)
def load_phrases(knowledge: Path) -> Phrases:
    """`Phrases.load`, once for each folder."""
    return Phrases.load(knowledge)
