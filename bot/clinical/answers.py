"""What a reply means as an answer to the question at hand. None means: not an answer, ask again or treat as a question.

The guide's rule (4.5): only a plain answer counts. "No, but ...", "not really", "kind of" are not a no.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

from bot.clinical.durations import Today, beside_range, is_only_a_range, range_of, span_in
from bot.clinical.evidence import Evidence
from bot.clinical.interview import Kind, Question
from bot.clinical.model import Tier
from bot.clinical.record import AGREED, CONFIRMED, DECLINED, MINOR, NO, OTHER, SEPARATOR, UNCLEAR, UNSURE, YES
from bot.clinical.rules import Condition, FollowUp, Item, Rules
from bot.knowledge import KnowledgeError, read_yaml


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


GROUPS = _words(
    "yes no unsure none agree minor decline something_else all filler around about not_plain no_symptoms symptoms vague"
    " calls_help assent lost"
)
LABEL_SCORE = 85.0  # rapidfuzz ratio (0-100) from which a typed label counts as that label
LABEL_LEAD = 4.0  # by how much it must be closer to that label than to the next one
_MOST_WORDS = 10  # a longer reply is a story, not a plain answer


@dataclass(frozen=True, slots=True)
class Phrases:
    """Short replies and what they mean (`knowledge/replies.yml`), and longer ones by what they say (`answers.yml`)."""

    groups: Mapping[str, frozenset[str]]
    evidence: Evidence

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
        return Phrases(
            {group: frozenset(plain(str(text)) for text in texts) for group, texts in data.items()},
            Evidence.load(knowledge, Rules.load(knowledge)),
        )

    def means(self, group: str, text: str) -> bool:
        """True if the whole text is of this group: one of its phrases, or several of them and words that add nothing.

        "Nope, never, sorry" is a no; "no, but ..." and "not really" are not.
        """
        said = plain(text)
        if group in ("no", "none") and "?" in text:
            return False  # "no?" asks
        return said in self.groups[group] or self._composed(group, said)

    def _composed(self, group: str, said: str) -> bool:
        words = said.split()
        if not 1 < len(words) <= _MOST_WORDS:
            return False
        # reached[n]: the first n words are phrases; its value says whether one of them belongs to the group.
        reached: dict[int, bool] = {0: False}
        for end in range(1, len(words) + 1):
            for start in range(end):
                if start not in reached:
                    continue
                part = " ".join(words[start:end])
                if part in self.groups[group]:
                    reached[end] = True
                elif part in self.groups["filler"]:
                    reached[end] = reached.get(end, False) or reached[start]
        return reached.get(len(words), False)

    def adds_nothing(self, text: str, *groups: str) -> bool:
        """True if a text is made of words that may stand around an answer without changing it."""
        known = frozenset().union(*(self.groups[g] for g in ("around", *groups)))
        return all(word in known or _misspells(word, known) for word in plain(text).split())

    def hedges(self, text: str) -> bool:
        """True if a text takes something back or leaves it open: "but", "used to", "sometimes"."""
        padded = f" {plain(text)} "
        return any(f" {phrase} " in padded for phrase in self.groups["not_plain"])

    def names(self, group: str, text: str) -> bool:
        """True if a phrase of the group stands anywhere in the text."""
        padded = f" {plain(text)} "
        return any(f" {phrase} " in padded for phrase in self.groups[group])


def _misspells(word: str, known: Collection[str]) -> bool:
    """True for a word of five letters or more that is one letter off one of these."""
    long = len(word) > 4
    return long and any(Levenshtein.distance(word, other, score_cutoff=1) <= 1 for other in known if len(other) > 4)


@dataclass(frozen=True, slots=True)
class Answer:
    """An understood reply: values by question id. `confirm_none` asks once more before "no" counts for a whole list."""

    values: Mapping[str, str]
    confirm_none: bool = False


def plain(text: str) -> str:
    """Lower case, without punctuation, doubled spaces and stretched letters ("Noooo!" is "no")."""
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'").replace("'", "")
    text = re.sub(r"[^\w\s/+👍👎✅❌🤷]", " ", text)
    text = re.sub(r"([^\W\d])\1{2,}\b", r"\1", text)
    return " ".join(text.split())


def understand(
    question: Question,
    text: str,
    brought_up: Collection[str],
    rules: Rules,
    phrases: Phrases,
    today: Today | None = None,
) -> Answer | None:
    """Read a reply as an answer.

    Args:
        question: the question that is open.
        text: what the client typed.
        brought_up: rows that the reading of the text found as current, past or uncertain.
        rules: the clinical rules.
        phrases: short replies.
        today: the day on which it was written; without it dates are not understood.
    """
    match question.kind:
        case Kind.CHECKLIST:
            return _checklist(question, text, brought_up, phrases, today)
        case Kind.WHICH:
            return _which(question, text, brought_up, phrases)
        case Kind.CHOICE:
            return _choice(question, text, rules, phrases, today)
        case Kind.YES_NO | Kind.CHANGED:
            value = _yes_no(text, phrases) or phrases.evidence.yes_or_no(question.id, text, today)
            if value is None and any(row in brought_up for item in question.items for row in item.rows):
                value = YES  # one line of a list, and the reply names what it is about
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
    number = {"1": YES, "2": NO, "3": UNSURE}.get(plain(text))
    if number is not None:
        return number
    if phrases.means("unsure", text):
        return UNSURE
    if _is_no(text, phrases):
        return NO
    return YES if _is_yes(text, phrases) else None


def _is_no(text: str, phrases: Phrases) -> bool:
    return phrases.means("no", text) or phrases.means("none", text)


def _is_yes(text: str, phrases: Phrases) -> bool:
    """A plain yes, or "yes" with more words, as long as they take nothing back."""
    if phrases.means("assent", text):
        return False
    first = plain(text).split()[:1]
    goes_on = bool(first) and first[0] in _YES_WORDS and not phrases.hedges(text) and "?" not in text
    goes_on = goes_on and span_in(text) is None and not _DENIALS & set(plain(text).split())
    return phrases.means("yes", text) or goes_on


_DENIALS = _words(
    "no not never none nor without isnt arent wasnt dont doesnt didnt havent hasnt hadnt cant wont nothing only"
)
_YES_WORDS = frozenset({"yes", "yeah", "yep", "yup", "yea", "yh", "ya", "yess"})


def _consent(question: Question, text: str, phrases: Phrases) -> Answer | None:
    if "?" in text:
        return None
    for group, value in (("minor", MINOR), ("agree", AGREED), ("yes", AGREED), ("decline", DECLINED)):
        if phrases.means(group, text):
            return Answer({question.id: value})
    number = {"1": AGREED, "2": MINOR, "3": DECLINED}.get(plain(text))
    if number is not None:
        return Answer({question.id: number})
    parts = [part for part in re.split(r"[,.;!]|\band\b", text) if part.strip()]
    if len(parts) > 1 and all(phrases.means("agree", part) or phrases.means("yes", part) for part in parts):
        return Answer({question.id: AGREED})  # "I agree, I'm over 18"
    longer = phrases.evidence.consent(text)
    return None if longer is None else Answer({question.id: longer})


_NUMBER_WORDS = _words(
    "and yes no number numbers just only the to for maybe unsure not sure about all except but everything else none of"
    " others other rest is are nothing y n idk possibly apart from with item items line lines or please on i have it"
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight")
_NO_WORDS = frozenset({"no", "n", "none", "nothing"})
_EXCEPT = frozenset({"except", "but", "apart"})


def _checklist(
    question: Question, text: str, brought_up: Collection[str], phrases: Phrases, today: Today | None
) -> Answer | None:
    items = question.items
    confirmed = question.confirming and (phrases.means("yes", text) or _yes_none(text, phrases))
    if phrases.means("none", text) or confirmed:
        return Answer({item.id: NO for item in items})
    if phrases.means("no", text):
        return None if question.confirming else Answer({}, confirm_none=True)
    paired = _paired(text, len(items))
    if paired is not None:
        return Answer({items[place - 1].id: value for place, value in paired.items()})
    numbered = _numbered(text, len(items))
    if numbered is not None:
        return Answer({item.id: numbered.get(place, NO) for place, item in enumerate(items, start=1)})
    if phrases.means("all", text) and "both" not in plain(text).split():
        return Answer({item.id: YES for item in items})
    named: dict[str, str] = {}
    for item in items:
        rows = [row for row in item.rows if row in brought_up]
        if rows:
            named[item.id] = YES
        if rows and len(item.rows) > 1:  # which of the line's rows it is has been said with it
            named[f"{item.id}/which"] = SEPARATOR.join(rows)
    only = _by_words(text, items, phrases)
    if only is not None:
        said_with_it = {key: value for key, value in named.items() if only.values.get(key.split("/")[0]) == YES}
        return Answer({**only.values, **said_with_it})
    if named:
        return Answer(named)
    other = any(c.isdigit() for c in text) or phrases.means("unsure", text) or phrases.means("vague", text)
    if not question.confirming and not other and phrases.evidence.yes_or_no(question.id, text, today) == NO:
        return Answer({}, confirm_none=True)  # "no, nothing from this": a no, but to all of them?
    return None


def _yes_none(text: str, phrases: Phrases) -> bool:
    """ "Yes, none": a yes to "none of these lines fits you"."""
    first, _, rest = plain(text).partition(" ")
    return first in _YES_WORDS and phrases.means("none", rest)


def _by_words(text: str, items: Sequence[Item], phrases: Phrases) -> Answer | None:
    """Lines named by their own words, or by one part of them: "high blood pressure and diabetes".

    "Just ..." and "only ..." answer the other lines with no; otherwise they stay open.
    """
    said = plain(text)
    alone = bool(said) and said.split()[0] in ("just", "only")
    parts: dict[str, str] = {}
    for item in items:
        for part in (item.text, *re.split(r",|\bor\b|\(|\)", item.text)):
            parts.setdefault(_core(part, phrases), item.id)
    parts.pop("", None)
    if (whole := _core(text, phrases)) in parts:
        return _marked({parts[whole]: YES}, items, alone)
    named: dict[str, str] = {}
    for piece in re.split(r",|;|\band\b|\+|&", said if "," not in text else text.lower()):
        words = _core(piece, phrases)
        if not words:
            continue
        if words in parts:
            named[parts[words]] = YES
            continue
        close = process.extractOne(words, list(parts), scorer=fuzz.ratio, score_cutoff=LABEL_SCORE)
        if close is None or len(words) < 6 or _polarity(words) != _polarity(close[0]):
            return None
        named[parts[close[0]]] = YES
    return _marked(named, items, alone) if named else None


def line_named(items: Sequence[Item], text: str) -> str | None:
    """The line of a list that shares the most words with a text, if one does: "why do you ask about my heart?"."""
    said = {word.rstrip("s") for word in plain(text).split() if len(word) > 3}
    shared = {item.id: len(said & {word.rstrip("s") for word in plain(item.text).split()}) for item in items}
    most = max(shared.values(), default=0)
    best = [name for name, count in shared.items() if count == most]
    return best[0] if most and len(best) == 1 else None


def _marked(named: Mapping[str, str], items: Sequence[Item], alone: bool) -> Answer:
    return Answer({item.id: named.get(item.id, NO) for item in items} if alone else named)


_PAIR = r"(\d+)\s*[:.)=-]?\s*(not sure|unsure|maybe|yes|no|y|n|\?)(?!\w)"
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
    """Numbers as answers: "2 and 5", "1-3", "yes to 3, not sure about 4", "all no except 6", "only the last one".

    None if it is something else. Lines that are not named are answered no: that is how the list asks for numbers.
    """
    tokens = _number_tokens(text, count)
    numbers = [int(token) for token in tokens if token.isdigit()]
    words = {token for token in tokens if not token.isdigit() and token != "?"}
    if not numbers or any(not 1 <= n <= count for n in numbers) or not words <= _NUMBER_WORDS:
        return None
    if words & {"all", "everything"} and not words & _NO_WORDS:
        return None  # "all except 4" may mean yes to the others as well as no
    values: dict[int, str] = {}
    mood = YES
    previous: int | None = None
    for place, token in enumerate(tokens):
        if token.isdigit():
            previous = int(token)
            values[previous] = mood
        elif token == "?" and previous is not None:
            values[previous] = UNSURE
        elif token == "not" and tokens[place + 1 : place + 2] != ["sure"]:
            return None  # "not 4" says nothing about the rest
        elif token in ("maybe", "unsure", "possibly", "idk", "sure"):
            mood = UNSURE
        elif token in ("yes", "y", *_EXCEPT):
            mood = YES
        elif token in _NO_WORDS:
            after = tokens[place + 1 :]
            mood = NO if any(t.isdigit() for t in after) and not _EXCEPT & set(after) else mood
    if set(values.values()) == {NO}:
        return None if len(values) < count else values  # "no to 3" says nothing about the rest
    return values


def _number_tokens(text: str, count: int) -> list[str]:
    """The words of a reply, with ordinals, number words and ranges as digits."""
    lowered = unicodedata.normalize("NFKC", text).lower().replace("’", "'").replace("'", "")
    for number, word in enumerate(_ORDINALS, start=1):
        lowered = re.sub(rf"\b(?:{word}|{number}(?:st|nd|rd|th))\b(?: (?:one|line|item)s?\b)?", str(number), lowered)
    lowered = re.sub(r"\blast\b(?: (?:one|line|item))?", str(count), lowered)
    for number, word in enumerate(_COUNTS, start=1):
        if number > 1 or re.search(r"\b(?:number|line|item|to) one\b|\bone (?:and|to|,)", lowered):
            lowered = re.sub(rf"\b{word}\b", str(number), lowered)
    lowered = re.sub(r"(\d+)\s*(?:-|–|to|through|thru)\s*(\d+)", _spelt_range, lowered)
    return [_near_number_word(token) for token in re.findall(r"\d+|\?|[^\W\d_]+", lowered)]


def _near_number_word(token: str) -> str:
    """ "nmber" as "number": one letter off, and only among the words that stand around numbers."""
    if len(token) < 4 or token in _NUMBER_WORDS:
        return token
    near = [w for w in _NUMBER_WORDS if len(w) > 3 and Levenshtein.distance(token, w, score_cutoff=1) <= 1]
    return near[0] if len(near) == 1 else token


def _spelt_range(match: re.Match[str]) -> str:
    first, last = int(match[1]), int(match[2])
    return " ".join(map(str, range(first, last + 1))) if first < last <= first + 10 else match[0]


def _which(question: Question, text: str, brought_up: Collection[str], phrases: Phrases) -> Answer | None:
    if phrases.means("unsure", text):
        return Answer({question.id: UNSURE})
    other = phrases.means("something_else", text)
    if question.item is not None and _is_no(text, phrases) and (question.left_open or not other):
        return Answer({question.item: NO})  # about the line itself
    if phrases.means("all", text):
        return Answer({question.id: SEPARATOR.join(v for v in question.values if v not in (OTHER, UNSURE))})
    if other:
        return Answer({question.id: OTHER})
    picked = _labels(text, question.choices, phrases)
    if picked is None:
        rows = [value for value in question.values if value in brought_up]
        return Answer({question.id: SEPARATOR.join(rows)}) if rows else None
    values = [question.values[place] for place in picked]
    if UNSURE in values and len(values) > 1:
        values.remove(UNSURE)
    return Answer({question.id: SEPARATOR.join(values)})


def _labels(text: str, labels: Sequence[str], phrases: Phrases) -> list[int] | None:
    """Which labels a text names, in any order; numbers count. None if any part of it names none of them."""
    rest = plain(text)
    known = [plain(label) for label in labels]
    picked: list[int] = []
    for place in sorted(range(len(known)), key=lambda p: -len(known[p])):
        if len(known[place]) > 3 and re.search(rf"\b{re.escape(known[place])}\b", rest):
            picked.append(place)
            rest = re.sub(rf"\b{re.escape(known[place])}\b", " ; ", rest)
    short = [_core(label, phrases) for label in known]
    for part in re.split(r";|,|\band\b|\+|&|/|\bor\b", rest):
        words = _core(part, phrases).split()
        if not words:
            continue
        if all(n.isdigit() and 1 <= int(n) <= len(labels) for n in words):
            picked.extend(int(n) - 1 for n in words)
            continue
        said = " ".join(words)
        best = process.extractOne(said, short, scorer=fuzz.ratio, score_cutoff=LABEL_SCORE)
        if best is None or _polarity(said) != _polarity(best[0]):
            return None
        picked.append(best[2])
    return sorted(set(picked)) or None


def _choice(question: Question, text: str, rules: Rules, phrases: Phrases, today: Today | None) -> Answer | None:
    answer = choice_value(question, text, rules, phrases, today)
    return None if answer is None else Answer({question.id: answer})


def choice_value(
    question: Question, text: str, rules: Rules, phrases: Phrases, today: Today | None = None
) -> str | None:
    """The choice that a reply to a follow-up stands for, "unclear" where it cannot be one of them, or None."""
    said = plain(text)
    known = [plain(choice) for choice in question.choices]
    if "?" in text:
        return UNSURE if phrases.means("unsure", text) else None
    if said in known:
        return question.values[known.index(said)]
    follow_up = _follow_up_of(question, rules)
    if said.isdigit() and len(said) < 4:  # four digits are a year
        return _by_number(question, int(said), follow_up)
    if phrases.means("unsure", text):
        return UNSURE
    if follow_up is None:
        return None
    row = rules.conditions[question.condition or ""]
    for read in (_by_synonym, _by_yes_or_no, _by_reading, _by_first_words, _by_spelling):
        value = read(row, follow_up, text, phrases)
        if value is not None:
            return value
    value = _by_measure(follow_up, text, phrases, today)
    return value if value is not None else phrases.evidence.value(question.id, follow_up, text, today)


def tries_to_answer(question: Question, text: str, phrases: Phrases, today: Today | None = None) -> bool:
    """True if a reply that is no plain answer is one all the same: "a bit", "not really", "yes but not often"."""
    return phrases.means("vague", text) or phrases.evidence.speaks_to(question.id, text, today)


def _by_number(question: Question, number: int, follow_up: FollowUp | None) -> str | None:
    """A bare number: the place of a choice, or weeks or degrees where the question asks for them."""
    asks_weeks = "how many weeks" in question.text.lower()
    if asks_weeks and number > _PLACES_WITHOUT_DOUBT:
        if number <= len(question.choices) or follow_up is None:
            return None  # the place of a choice, or that many weeks
        return _in_days(follow_up, (number * 7.0, number * 7.0), "")
    if 1 <= number <= len(question.choices):
        return question.values[number - 1]
    return None if follow_up is None else _temperature(follow_up, str(number))


_PLACES_WITHOUT_DOUBT = 3  # nobody tells three weeks of pregnancy or less


def _by_synonym(row: Condition, follow_up: FollowUp, text: str, phrases: Phrases) -> str | None:
    said, bare = plain(text), _bare(text, phrases)
    whole = _one(a.answer for a in follow_up.answers if any(said == plain(s) for s in a.says))
    if whole is not None or bare in ("", YES, NO):
        return whole
    return _one(a.answer for a in follow_up.answers if any(bare == _bare(s, phrases) for s in a.says))


def _by_yes_or_no(row: Condition, follow_up: FollowUp, text: str, phrases: Phrases) -> str | None:
    """Yes and no count where a choice is just that word: "yes, harmless cause" says more than yes."""
    if _is_no(text, phrases):
        return _worded(follow_up, NO)
    yes = _worded(follow_up, YES)
    if yes is None or not _is_yes(text, phrases):
        return None
    graver = max((a for a in follow_up.answers), key=lambda a: a.tier if isinstance(a.tier, Tier) else Tier.NONE)
    chosen = follow_up.choice(yes)
    return yes if phrases.means("yes", text) or (chosen is not None and chosen.tier == graver.tier) else None


def _worded(follow_up: FollowUp, word: str) -> str | None:
    return _one(a.answer for a in follow_up.answers if plain(a.answer) == word or word in a.says)


def _by_first_words(row: Condition, follow_up: FollowUp, text: str, phrases: Phrases) -> str | None:
    """A choice by its first words ("under 6 weeks"), unless what was left out would make the answer milder."""
    said = plain(text)
    if len(said) < 4 or said in (YES, NO, "yes and", "no but"):
        return None
    fitting = [a for a in follow_up.answers if plain(a.answer).startswith(f"{said} ")]
    if len(fitting) != 1:
        return None
    ends = [part for part in re.split(r"[,:;(]|\bor\b", fitting[0].answer) if plain(part)]
    if said not in {plain(" ".join(ends[:n])) for n in range(1, len(ends))} and said != plain(ends[0]):
        return None
    explains = "(" in fitting[0].answer and said == plain(fitting[0].answer.split("(")[0])
    grave = isinstance(fitting[0].tier, Tier) and fitting[0].tier >= row.unclear_tier
    return fitting[0].answer if explains or grave else None


def _by_spelling(row: Condition, follow_up: FollowUp, text: str, phrases: Phrases) -> str | None:
    """A misspelt choice or synonym: close to one only, with the same numbers and the same words of denial."""
    said = plain(text)
    labels = [(plain(t), a.answer) for a in follow_up.answers for t in (a.answer, *a.says) if len(plain(t)) > 5]
    ranked = sorted(((fuzz.ratio(said, label), label, answer) for label, answer in labels), reverse=True)
    if not ranked or ranked[0][0] < LABEL_SCORE or _polarity(ranked[0][1]) != _polarity(said):
        return None
    score, _, answer = ranked[0]
    next_score = max((other for other, _, name in ranked if name != answer), default=0.0)
    return answer if score - next_score >= LABEL_LEAD else None


_POLAR = _words(
    "no not never none without nothing isnt dont doesnt havent hasnt wasnt arent cant under over less more below above"
    " within before after still both one only but with yes off on"
)


def _polarity(text: str) -> tuple[str, ...]:
    """The words of a text that turn its meaning round when they change: numbers, denials, more and less."""
    words = plain(text).split()
    return tuple(sorted(w for w in words if w in _POLAR or any(c.isdigit() for c in w) or w.startswith("un")))


def _core(text: str, phrases: Phrases) -> str:
    """`_bare` where "only" and "just" add nothing either: before a length of time, a number, the name of a row."""
    return " ".join(word for word in _bare(text, phrases).split() if word not in ("just", "only"))


def _bare(text: str, phrases: Phrases) -> str:
    """A text without the words that may stand around an answer: "it's osteoarthritis" is "osteoarthritis"."""
    return " ".join(word for word in plain(text).split() if word not in phrases.groups["around"])


def _one(found: Iterable[str]) -> str | None:
    values = list(dict.fromkeys(found))
    return values[0] if len(values) == 1 else None


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


def _by_measure(follow_up: FollowUp, text: str, phrases: Phrases, today: Today | None) -> str | None:
    """A length of time ("two months ago") falls into the one choice whose range holds it.

    A choice that says more than a length of time ("over 6 months, stable") needs those words as well.
    """
    found = span_in(text, today)
    if found is None or "?" in text:
        return None
    beside = " ".join(w for w in _core(found[1], phrases).split() if w not in phrases.groups["about"])
    return _in_days(follow_up, found[0], beside)


def _in_days(follow_up: FollowUp, span: tuple[float, float], beside: str) -> str | None:
    after_birth = any(word in beside.split() for word in _BIRTH)
    beside = " ".join(word for word in beside.split() if word not in _BIRTH)
    fitting = []
    for answer in follow_up.answers:
        bounds = answer.days or range_of(answer.answer)
        if bounds is None or not bounds[0] <= span[0] <= span[1] < bounds[1]:
            continue
        if any(word in plain(answer.answer).split() for word in _BIRTH) != after_birth:
            continue
        only_time = answer.days is not None or is_only_a_range(answer.answer)
        more = _significant(beside_range(answer.answer) or "")
        if (only_time and not beside) or (beside and not only_time and _significant(beside) == more):
            fitting.append(answer.answer)
    return _one(fitting)


_BIRTH = frozenset({"birth", "postpartum"})
_LINKS = frozenset({"and", "ago", "the", "a", "for", "any", "now"})


def _significant(text: str) -> tuple[str, ...]:
    return tuple(sorted(word for word in plain(text).split() if word not in _LINKS | _BIRTH))


_READING = re.compile(r"\b(\d{2,3})\s*(?:/|\\|over|ovr|ova|ovver|on|by)\s*(\d{2,3})\b")
_BAND = re.compile(r"(\d{3})/(\d{2,3})(?: or more|\s+to\s)")
_DEGREES = re.compile(r"\b(\d{2,3}(?:[.,]\d)?)\s*(?:°|degrees|deg)?\s*([cf]|celsius|fahrenheit)?\b")
_FEVER_C, _FEVER_F = 38.0, 100.4


def _by_reading(row: Condition, follow_up: FollowUp, text: str, phrases: Phrases) -> str | None:
    """A blood pressure or a temperature, where the question asks for one."""
    return _pressure(follow_up, text, phrases) or _temperature(follow_up, text, phrases)


def _pressure(follow_up: FollowUp, text: str, phrases: Phrases) -> str | None:
    """The choice whose band a reading falls into. Symptoms that are not spoken of are not taken for absent."""
    bands = [(int(m[1]), int(m[2]), a) for a in follow_up.answers if (m := _BAND.search(a.answer))]
    found = _READING.findall(text.lower())
    if not bands or len(found) != 1:
        return None
    high, low = int(found[0][0]), int(found[0][1])
    if not (60 <= high <= 300 and 30 <= low <= 200 and low < high):
        return None
    rest = _READING.sub(" ", text.lower())
    reached = [answer for top, bottom, answer in bands if high >= top or low >= bottom]
    without = phrases.names("no_symptoms", rest)
    denied = bool(_DENIALS & set(plain(rest).split()))
    symptoms = phrases.names("symptoms", rest) and not without and not denied
    if any(answer.tier is Tier.STOP for answer in reached) or symptoms:
        if symptoms:
            urgent = [answer for answer in reached if answer.tier is Tier.EMERGENCY]
            return urgent[0].answer if urgent else UNCLEAR
        return next(a.answer for a in reached if a.tier is Tier.STOP) if without else UNCLEAR
    if not phrases.adds_nothing(rest, "about") and not without and phrases.evidence.qualifies(rest):
        return None
    if reached:
        return max(reached, key=lambda a: a.tier if isinstance(a.tier, Tier) else Tier.NONE).answer
    return _one(a.answer for a in follow_up.answers if a.answer.startswith("below "))


def _temperature(follow_up: FollowUp, text: str, phrases: Phrases | None = None) -> str | None:
    """Fever by the thermometer. A normal temperature is no answer: the question asks for more than that."""
    if not any(a.answer == YES for a in follow_up.answers) or "temperature" not in follow_up.q.lower():
        return None
    found = _DEGREES.findall(text.lower())
    if len(found) != 1 or (phrases is not None and phrases.hedges(text)):
        return None
    degrees = float(found[0][0].replace(",", "."))
    fever = _FEVER_C <= degrees <= 43 if degrees < 50 else _FEVER_F <= degrees <= 110
    return YES if fever else None


@lru_cache(maxsize=4)
def load_phrases(knowledge: Path) -> Phrases:
    """`Phrases.load`, once for each folder."""
    return Phrases.load(knowledge)
