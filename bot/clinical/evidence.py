"""Free words as an answer to a follow-up, by what they say: `knowledge/answers.yml`.

A choice is taken only where everything that it says has been said: "two years ago" is not "stable". What speaks for a
graver choice, takes something back or leaves it open is no plain answer, and the question is asked again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from bot.clinical.durations import Span, Today, range_of, span_in
from bot.clinical.model import Tier
from bot.clinical.record import AGREED, MINOR, NO, YES
from bot.clinical.rules import FollowUp, Rules
from bot.knowledge import KnowledgeError, read_yaml

FILE = "answers.yml"
_LONGEST = 400  # letters; a longer reply is a story
_LONG_AGO = 42.0  # days from which a sign is no longer a sign of now
_AGE = re.compile(r"\b(\d{1,3})\b")
_OF_AGE = 18
_WRITTEN = re.compile(r"[a-z0-9]+\*?(?: (?:[a-z0-9]+\*?|~))*")
_TIME = re.compile(r"(\d+(?:\.\d+)?)d-(?:(\d+(?:\.\d+)?)d)?")


class Said(Enum):
    """How a notion stands in a text."""

    MEANT = "meant"
    DENIED = "denied"
    OPEN = "open"  # hedged, or both meant and denied


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a line asks for."""

    kind: str  # notion, denied, lead, time, days, optional
    name: str = ""
    days: Span = (0.0, 0.0)


Line = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Clues:
    """What has to be said for the choices of one question: signs of a yes, and lines by the place of the choice."""

    signs: tuple[str, ...] = ()
    ever: frozenset[str] = frozenset()  # signs that count however long ago
    lines: Mapping[int, tuple[Line, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """A reply, taken apart."""

    lead: str | None  # the reply begins (or ends) with a plain yes or no
    notions: Mapping[str, Said]
    span: Span | None
    clauses: tuple[str, ...]
    backs: bool  # "but", "except": something is taken back
    hedges: bool
    only: bool
    others: bool  # it speaks of somebody else
    doubtful: bool  # a word that turns the meaning round may be misspelt in it


@dataclass(frozen=True)
class Evidence:
    """The notions and what they mean for each question."""

    small: Words
    notions: Mapping[str, re.Pattern[str]]
    questions: Mapping[str, Clues]
    general: frozenset[str]
    swallows: Mapping[str, tuple[str, ...]]
    alarms: frozenset[str]
    words: tuple[str, ...]
    ordinary: frozenset[str]

    @staticmethod
    def load(knowledge: Path, rules: Rules) -> Evidence:
        """Read the file and hold it against the rules.

        Raises:
            KnowledgeError: a question, choice or notion that does not exist is named, or a part cannot be read.
        """
        path = knowledge / FILE
        data = read_yaml(path)
        small = Words.read(path, data["words"])
        phrases: dict[str, list[str]] = {name: [str(t) for t in texts] for name, texts in data["notions"].items()}
        for name, texts in phrases.items():
            for text in texts:
                if not _WRITTEN.fullmatch(text):
                    raise KnowledgeError(path, f"notions.{name}", f"{text!r} is never met", "small letters, no signs")
        general = frozenset(data["general"])
        _all_known(path, "general", general, phrases)
        swallows = {str(name): tuple(map(str, inner)) for name, inner in data["swallows"].items()}
        _all_known(path, "swallows", [*swallows, *(name for inner in swallows.values() for name in inner)], phrases)
        questions = {}
        for name, entry in data["questions"].items():
            places = 0 if _is_mimic(path, name, rules) else len(_follow_up(path, name, rules).answers)
            questions[name] = _clues(path, name, entry, places, phrases)
        alarms = frozenset(sign for clues in questions.values() for sign in clues.signs) - general
        literal = {w for texts in phrases.values() for t in texts for w in t.split() if w.isalpha() and len(w) > 4}
        ordinary = _known_words(knowledge) | small.common
        return Evidence(
            small,
            {name: _pattern(texts) for name, texts in phrases.items()},
            questions,
            general,
            swallows,
            alarms,
            tuple(sorted(literal)),
            ordinary | frozenset(literal),
        )

    def value(self, name: str, follow_up: FollowUp, text: str, today: Today | None) -> str | None:
        """The choice that a reply to this question says, or None."""
        clues = self.questions.get(name)
        if clues is None or "?" in text or len(text) > _LONGEST:
            return None
        told = self.told(text, today)
        if told.doubtful:
            return None
        chosen = self._choice(clues, follow_up, told)
        if chosen is None and clues.signs:
            value = self._yes_or_no(clues, told)
            return None if value is None else _worded(follow_up, value)
        return chosen

    def yes_or_no(self, name: str, text: str, today: Today | None) -> str | None:
        """The answer to a question that takes only yes, no or not sure, such as the one that goes with a reason."""
        clues = self.questions.get(name, Clues())
        if "?" in text or len(text) > _LONGEST:
            return None
        told = self.told(text, today)
        return None if told.doubtful else self._yes_or_no(clues, told)

    def qualifies(self, text: str) -> bool:
        """True if what stands beside a reading may change what it means: a "but", a sign, tablets that were stopped."""
        told = self.told(text, None)
        words = _normal(text).split()
        if any(word in self.small.compare or (word not in self.ordinary and len(word) > 2) for word in words):
            return True
        beside = self.alarms | {"bp_stopped", "bp_unhappy", "untreated", "bp_unknown"}
        if told.backs or told.hedges or told.doubtful or told.others or told.span is not None:
            return True
        return any(name in told.notions for name in beside)

    def consent(self, text: str) -> str | None:
        """Whether a longer reply agrees ("aye, I agree, I'm 43") or speaks of somebody under 18; None where not."""
        if "?" in text or len(text) > _LONGEST:
            return None
        told = self.told(text, None)
        meant = {name for name, said in told.notions.items() if said is Said.MEANT}
        ages = [int(age) for age in _AGE.findall(_normal(text))]
        if told.backs or told.hedges or told.doubtful or any(self.small.denial.search(c) for c in told.clauses):
            return None
        if "under_age" in meant or any(age < _OF_AGE for age in ages):
            return MINOR
        if told.lead == NO or "parent" in meant:
            return None
        return AGREED if "agrees" in meant or (told.lead == YES and ages) else None

    def speaks_to(self, name: str, text: str, today: Today | None) -> bool:
        """True if a reply begins with yes or no, names a time, leaves something open or speaks of what is asked."""
        clues, told = self.questions.get(name, Clues()), self.told(text, today)
        parts = (part.name for lines in clues.lines.values() for line in lines for part in line)
        return (
            told.lead is not None
            or told.hedges
            or told.span is not None
            or any(part in told.notions for part in (*clues.signs, *parts))
        )

    # ------------------------------------------------------------ taking a reply apart

    def told(self, text: str, today: Today | None) -> Told:
        """Find out which notions a reply means or denies, when, and whether it begins with yes or no."""
        doubtful = self._in_doubt(_normal(text).split())
        clauses = [" ".join(self._spelt(word) for word in clause.split()) for clause in self.small.clauses(text)]
        clauses = [clause for clause in clauses if clause]
        lead, clauses = self.small.lead(clauses)
        found: dict[str, Said] = {}
        for clause in clauses:
            hedged = self.small.hedge.search(clause) is not None
            for name, pattern in self.notions.items():
                for match in pattern.finditer(clause):
                    denied = self.small.denial.search(clause[: match.start()]) is not None
                    said = Said.DENIED if denied else Said.OPEN if hedged else Said.MEANT
                    found[name] = said if found.get(name, said) is said else Said.OPEN
            for name, inner in self.swallows.items():
                if (longer := self.notions[name].search(clause)) is not None:
                    outside = clause.replace(longer[0], " ")
                    for other in inner:
                        if not self.notions[other].search(outside):
                            found.pop(other, None)
        whole = " ".join(clauses)
        span = span_in(text, today)
        return Told(
            lead,
            found,
            span[0] if span else None,
            tuple(clauses),
            backs=self.small.back.search(_normal(text)) is not None,
            hedges=self.small.hedge.search(whole) is not None,
            only=re.search(r"\bonly\b", whole) is not None,
            others=self.small.other.search(whole) is not None,
            doubtful=doubtful,
        )

    def _spelt(self, word: str) -> str:
        if len(word) < 5 or word in self.ordinary or not word.isalpha():
            return word
        near = _nearest(word, self.words)
        return near[0] if near else word

    def _in_doubt(self, words: Sequence[str]) -> bool:
        """True where a "no", "not", "never", "over", "under" or the like may be misspelt, or glued to a word."""
        for before, word in zip(("", *words), words, strict=False):
            if word == "ever":
                if before not in self.small.before_ever:
                    return True
                continue
            if not word.isalpha() or word in self.ordinary or word in self.small.turning or word in "ai":
                continue
            if any(Levenshtein.distance(word, turning, score_cutoff=1) <= 1 for turning in self.small.turning):
                return True
            near = _nearest(word, self.words)
            if len({one.removeprefix("un") for one in near}) < len(near):
                return True  # "nchanged": changed or unchanged
            if any(word.startswith(t) and word[len(t) :] in self.ordinary for t in self.small.turning):
                return True
            if any(len(t) > 3 and word.endswith(t) for t in self.small.turning):
                return True
        return False

    # ------------------------------------------------------------ deciding

    def _yes_or_no(self, clues: Clues, told: Told) -> str | None:
        meant = [name for name in clues.signs if told.notions.get(name) is Said.MEANT]
        left_open = [name for name in clues.signs if told.notions.get(name) is Said.OPEN]
        denied = [name for name in clues.signs if told.notions.get(name) is Said.DENIED]
        old = told.span is not None and told.span[1] > _LONG_AGO and not clues.ever & set(meant)
        if told.others or told.backs or told.only:
            return None
        if told.lead == NO:
            alarmed = any(told.notions.get(name) in (Said.MEANT, Said.OPEN) for name in self.alarms)
            return None if meant or left_open or alarmed or told.hedges else NO
        if meant and not denied and not old:
            return YES
        if told.lead == YES:
            plain = not denied and not left_open and not old and not told.hedges and bool(clues.signs)
            return YES if plain and not self.small.denial.search(" ".join(told.clauses)) and told.span is None else None
        if meant or left_open or told.hedges:
            return None
        wrong_free = told.notions.get("nothing_wrong") is Said.MEANT
        return NO if len(denied) > 1 or (wrong_free and not self._alarmed(told)) else None

    def _alarmed(self, told: Told) -> bool:
        return any(told.notions.get(name) in (Said.MEANT, Said.OPEN) for name in self.alarms)

    def _choice(self, clues: Clues, follow_up: FollowUp, told: Told) -> str | None:
        if told.others and not {"parent", "under_age"} & set(told.notions):
            return None
        held: dict[int, frozenset[str]] = {}
        for place, lines in clues.lines.items():
            answer = follow_up.answers[place - 1].answer
            if (told.lead == YES and answer.lower().startswith("no")) or (
                told.lead == NO and answer.lower().startswith("yes")
            ):
                continue
            own = follow_up.answers[place - 1].days or range_of(answer)
            plain = not (told.backs or told.hedges)  # a bare yes or no with a "but" is none
            met = [
                parts for line in lines if (parts := _met(line, told, own)) is not None and (plain or parts - {YES, NO})
            ]
            if met:
                held[place] = frozenset().union(*met)
        best = self._fullest(held, follow_up)
        if best is None:
            return None
        chosen = held[best]
        gravest = max((_tier(a.tier) for a in follow_up.answers), default=Tier.NONE)
        tier = _tier(follow_up.answers[best - 1].tier)
        if self._speaks_for_graver(clues, follow_up, tier, chosen, told):
            return None
        if tier < gravest and (told.hedges or told.backs) and not self._all_explained(chosen, told):
            return None
        return follow_up.answers[best - 1].answer

    def _fullest(self, held: Mapping[int, frozenset[str]], follow_up: FollowUp) -> int | None:
        """The choice for which most was said; of choices that say different things, the one gravest."""
        best = [p for p, parts in held.items() if not any(parts < other for other in held.values())]
        if len(best) <= 1:
            return best[0] if best else None
        top = max(_tier(follow_up.answers[p - 1].tier) for p in best)
        graver = [p for p in best if _tier(follow_up.answers[p - 1].tier) == top]
        if held[graver[0]] == {"time"}:
            return None  # the time may be that of something else that was said
        return graver[0] if len(graver) == 1 and top >= Tier.CLEARANCE else None

    def _speaks_for_graver(
        self, clues: Clues, follow_up: FollowUp, tier: Tier, chosen: Collection[str], told: Told
    ) -> bool:
        for place, lines in clues.lines.items():
            if _tier(follow_up.answers[place - 1].tier) <= tier:
                continue
            for part in (part for line in lines for part in line if part.kind == "notion"):
                if (
                    part.name not in chosen
                    and part.name not in self.general
                    and told.notions.get(part.name) is Said.MEANT
                ):
                    return True
        return False

    def _all_explained(self, chosen: Iterable[str], told: Told) -> bool:
        """True if every part of the reply holds something that the choice rests on."""
        patterns = [self.notions[name] for name in chosen if name in self.notions]
        return all(any(p.search(clause) for p in patterns) for clause in told.clauses)


def _met(line: Line, told: Told, own: Span | None) -> frozenset[str] | None:
    """What of a line was said, if all of it was."""
    used = set()
    for part in line:
        match part.kind:
            case "notion":
                good = told.notions.get(part.name) is Said.MEANT
            case "denied":
                good = told.notions.get(part.name) is Said.DENIED
            case "lead":
                good = told.lead == part.name
            case "time":
                good = own is not None and _within(told.span, own)
            case "days":
                good = _within(told.span, part.days)
            case _:
                good = True
        if not good:
            return None
        used.add("time" if part.kind in ("time", "days") else part.name)
    return frozenset(used)


def _within(span: Span | None, bounds: Span) -> bool:
    return span is not None and bounds[0] <= span[0] <= span[1] < bounds[1]


def _tier(tier: Tier | str) -> Tier:
    return tier if isinstance(tier, Tier) else Tier.NONE


def _worded(follow_up: FollowUp, word: str) -> str | None:
    found = [a.answer for a in follow_up.answers if _normal(a.answer) == word or word in a.says]
    return found[0] if len(found) == 1 else None


# ------------------------------------------------------------------ words


@dataclass(frozen=True)
class Words:
    """The small words that carry the meaning of a reply (`words` of the file)."""

    yes: frozenset[str]
    no: frozenset[str]
    fillers: frozenset[str]
    after_no: frozenset[str]
    turning: frozenset[str]
    before_ever: frozenset[str]
    common: frozenset[str]
    compare: frozenset[str]
    no_phrase: re.Pattern[str]
    denial: re.Pattern[str]
    cut: re.Pattern[str]
    back: re.Pattern[str]
    hedge: re.Pattern[str]
    other: re.Pattern[str]

    @staticmethod
    def read(path: Path, data: Mapping[str, Sequence[str]]) -> Words:
        """Take the groups apart.

        Raises:
            KnowledgeError: a group is missing or unknown.
        """
        if set(data) != _GROUPS:
            found = ", ".join(sorted(set(data) ^ _GROUPS))
            raise KnowledgeError(path, f"words.{found}", "group missing or unknown", "keep the groups as they are")
        group = {name: frozenset(map(str, words)) for name, words in data.items()}
        any_of = {name: "|".join(sorted(map(re.escape, words), key=len, reverse=True)) for name, words in group.items()}
        return Words(
            group["yes"],
            group["no"],
            group["fillers"],
            group["after_no"],
            group["turning"],
            group["before_ever"],
            group["common"],
            group["compare"],
            re.compile(rf"^(?:{any_of['no_phrases']})\b"),
            re.compile(rf"\b(?:{any_of['denials']})\b(?!\s+(?:only|just|doubt)\b)"),
            re.compile(rf"\b(?:{any_of['cuts']})\b|\band(?=\s+(?:{any_of['subjects']})\b)"),
            re.compile(rf"\b(?:{any_of['backs']})\b"),
            re.compile(rf"\b(?:{any_of['hedges']})\b"),
            re.compile(rf"\b(?:{any_of['others']})s?\b"),
        )

    def clauses(self, text: str) -> Iterator[str]:
        """The parts of a reply within which a "no" reaches."""
        lowered = unicodedata.normalize("NFKC", text).lower().replace("’", "'").replace("'", "")
        for sentence in re.split(r"[,;:!()\n…]|\.(?!\d)|\s[-–—]+\s", lowered):
            normal = _normal(sentence)
            start = 0
            for match in self.cut.finditer(normal):
                yield normal[start : match.start()].strip()
                start = match.end()
            yield normal[start:].strip()

    def lead(self, clauses: list[str]) -> tuple[str | None, list[str]]:
        """Whether a reply begins or ends with an answer, and the clauses without that word."""
        if not clauses:
            return None, clauses
        words = clauses[0].split()
        while words and words[0] in self.fillers:
            words = words[1:]
        lead: str | None = None
        if words and words[0] in self.yes:
            lead, words = YES, words[1:]
        elif words and words[0] in self.no and (len(words) == 1 or words[0] != "no" or words[1] in self.after_no):
            lead, words = NO, words[1:]
        elif self.no_phrase.match(" ".join(words)):
            lead = NO
        rest = [" ".join(words), *clauses[1:]]
        last = rest[-1].split()
        if last and last[-1] in self.no | self.yes and (len(last) > 1 or len(rest) > 1):
            end = NO if last[-1] in self.no else YES
            if lead is not None and lead != end:
                return None, clauses
            lead, rest[-1] = end, " ".join(last[:-1])
        return lead, [clause for clause in rest if clause]


_GROUPS = frozenset({
    "yes", "no", "fillers", "no_phrases", "after_no", "denials", "cuts", "subjects", "backs", "hedges", "others",
    "turning", "before_ever", "common", "compare",
})  # fmt: skip


def _normal(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'").replace("'", "")
    text = re.sub(r"[^\w\s/]", " ", text)
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def _nearest(word: str, words: Sequence[str]) -> tuple[str, ...]:
    """What a misspelt word may mean, nearest first: one letter off, two from eight letters on (guide 4.5, 1)."""
    if len(word) < 5:
        return ()
    most = 2 if len(word) >= 8 else 1
    found = process.extract(word, words, scorer=Levenshtein.distance, score_cutoff=most, limit=3)
    return tuple(str(near) for near, distance, _ in found if distance == found[0][1])


def _pattern(texts: Iterable[str]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(_phrase(text) for text in sorted(texts, key=len, reverse=True)) + r")\b")


def _phrase(text: str) -> str:
    made = ""
    for token in text.split():
        if token == "~":
            made += r"(?:\w+ ){0,3}"
        elif token.endswith("*"):
            made += re.escape(token[:-1]) + r"\w* "
        else:
            made += re.escape(token) + " "
    return made.rstrip()


# ------------------------------------------------------------------ reading the file


def _known_words(knowledge: Path) -> frozenset[str]:
    """Every word that is written somewhere in the knowledge, and the everyday ones: these are not misspelt."""
    files = [*knowledge.glob("*.yml"), *knowledge.glob("*.txt"), *knowledge.glob("topics/*.md")]
    words = {word for file in files for word in re.findall(r"[a-z]+", file.read_text("utf-8").lower().replace("'", ""))}
    return frozenset(word for word in words if len(word) > 2) - {"ever"}


def _follow_up(path: Path, name: str, rules: Rules) -> FollowUp:
    row, _, rest = name.partition("/")
    number, _, ask = rest.partition("/")
    try:
        found = rules.conditions[row].follow_up[int(number) - 1]
        return next(a.ask for a in found.answers if a.ask is not None) if ask else found
    except (KeyError, IndexError, ValueError, StopIteration):
        raise KnowledgeError(path, f"questions.{name}", "no such question", "name it as row/number") from None


def _is_mimic(path: Path, name: str, rules: Rules) -> bool:
    """True for the one question that goes with a reason for the visit."""
    if not name.startswith("mimic/"):
        return False
    if name.removeprefix("mimic/") not in {mimic.id for mimic in rules.mimics.questions}:
        raise KnowledgeError(path, f"questions.{name}", "no such question", "name it as in mimics.yml")
    return True


def _clues(path: Path, name: str, entry: Mapping[Any, Any], places: int, phrases: Collection[str]) -> Clues:
    signs = tuple(str(sign) for sign in entry.get("signs", ()))
    _all_known(path, f"questions.{name}.signs", signs, phrases)
    lines: dict[int, tuple[Line, ...]] = {}
    for place, texts in entry.items():
        if place in ("signs", "ever"):
            continue
        if not isinstance(place, int) or not 1 <= place <= places:
            raise KnowledgeError(path, f"questions.{name}.{place}", "no such choice", "count the choices from 1")
        lines[place] = tuple(_line(path, f"questions.{name}.{place}", str(text), phrases) for text in texts)
    return Clues(signs, frozenset(str(sign) for sign in entry.get("ever", ())), lines)


def _line(path: Path, where: str, text: str, phrases: Collection[str]) -> Line:
    return tuple(_part(path, where, part.strip(), phrases) for part in text.split(" + "))


def _part(path: Path, where: str, text: str, phrases: Collection[str]) -> Part:
    if text in (YES, NO):
        return Part("lead", text)
    if text == "time":
        return Part("time")
    optional, bare = text.startswith("~"), text.lstrip("~!")
    if match := _TIME.fullmatch(bare):
        return Part("optional" if optional else "days", "time", (float(match[1]), float(match[2] or 1e10)))
    _all_known(path, where, (bare,), phrases)
    return Part("optional" if optional else "denied" if text.startswith("!") else "notion", bare)


def _all_known(path: Path, where: str, names: Iterable[str], phrases: Collection[str]) -> None:
    for name in names:
        if name not in phrases:
            raise KnowledgeError(path, where, f"no notion {name!r}", "add it under notions, or mend its name")
