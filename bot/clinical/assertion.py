"""What the client asserts about each mention: ConText-like rules, strict about "no".

A cue (a "no", a "used to", a "my husband") belongs to a mention when it stands in the same clause. "No" is held to
more: the words between must let it through, and a list must show that it goes on ("no rash, cough or fever"). What
stays unclear is uncertain, never negated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.clinical.model import Status
from bot.clinical.phrases import Label, Match, PhraseBook
from bot.clinical.text import Token

CUE = "cue"
_SEPARATORS = frozenset({",", "and", "or", "nor", "/", "&", "+"})
_WIDE_REACH = 12
_AFTER_REACH = 3


@dataclass(frozen=True, slots=True)
class Assertion:
    """The properties behind a status; an emergency looks at them one by one."""

    negated: bool = False
    past: bool = False
    distant: bool = False
    recent: bool = False
    family: bool = False
    hypothetical: bool = False
    uncertain: bool = False
    question: bool = False

    @property
    def conditional(self) -> bool:
        """Only asked about or only imagined."""
        return self.question or self.hypothetical

    def status(self) -> Status:
        """The one word for it; somebody else's condition is never the client's "no"."""
        order = (
            (self.family, Status.FAMILY),
            (self.negated, Status.NEGATED),
            (self.question, Status.QUESTION),
            (self.hypothetical, Status.HYPOTHETICAL),
            (self.past and (self.distant or not self.uncertain), Status.PAST),
            (self.uncertain, Status.UNCERTAIN),
        )
        return next((status for holds, status in order if holds), Status.CURRENT)


@dataclass(frozen=True, slots=True)
class AssertionRules:
    """The word sets of `assertion.yml` that are not phrases."""

    through: frozenset[str]
    clause_start: frozenset[str]
    own: frozenset[str]
    subjects: frozenset[str]
    determiners: frozenset[str]
    prepositions: frozenset[str]
    openers: frozenset[str]
    conditions: frozenset[str]
    before_answer: frozenset[str]
    answers: frozenset[str]
    imagining: frozenset[str]


def load_rules(data: Mapping[str, Any], book: PhraseBook) -> AssertionRules:
    """Puts the cues of `assertion.yml` into the book and returns the rest."""

    def words(entries: Iterable[str]) -> frozenset[str]:
        return frozenset(word for entry in entries for word in str(entry).lower().replace("'", "").split("_"))

    groups: dict[str, Iterable[str]] = {
        "neg_wide": data["negation"]["wide"],
        "neg_near": data["negation"]["near"],
        "neg_after": data["negation"]["after"],
        "neg_except": data["negation"]["except"],
        "pseudo": data["not_a_negation"],
        "break": data["break"],
        "past_before": data["past"]["before"],
        "past_after": data["past"]["after"],
        "past_not": data["past"]["not"],
        "no_longer": data["past"]["no_longer"],
        "distant": data["past"]["distant"],
        "lasting": data["present_perfect"],
        "recent": data["recent"],
        "family_before": data["family"]["before"],
        "family_generic": data["family"]["anybody"],
        "family_after": data["family"]["after"],
        "family_speaks": data["family"]["speaks"],
        "family_and_me": data["family"]["and_me"],
        "hypothetical": data["hypothetical"],
        "uncertain_before": data["uncertain"]["before"],
        "uncertain_beside": data["uncertain"]["beside"],
        "uncertain_after": data["uncertain"]["after"],
        "confirmed": data["confirmed"],
        "question_head": data["question"]["head"],
        "question": data["question"]["anywhere"],
    }
    for name, phrases in groups.items():
        for phrase in phrases:
            book.add(Label(CUE, name), phrase)
    small = data["words"]
    return AssertionRules(
        through=words(data["negation"]["through"]),
        clause_start=words(data["clause_start"]),
        own=words(small["self"]),
        subjects=words(small["subjects"]),
        determiners=words(small["determiners"]),
        prepositions=words(small["prepositions"]),
        openers=words(small["openers"]),
        conditions=words(small["conditions"]),
        before_answer=words(small["before_answer"]),
        answers=words(small["answers"]),
        imagining=words(small["imagining"]),
    )


@dataclass(slots=True)
class Clauses:
    """The cues of one message, and what they say about any span of it."""

    tokens: Sequence[Token]
    rules: AssertionRules
    _cues: dict[str, list[Match]] = field(default_factory=dict)
    _breaks: frozenset[int] = frozenset()
    _covered: frozenset[int] = frozenset()
    _bounds: dict[int, tuple[int, int]] = field(default_factory=dict)
    _mentions: tuple[Match, ...] = ()

    @classmethod
    def of(
        cls, tokens: Sequence[Token], rules: AssertionRules, matches: Iterable[Match], mentions: Sequence[Match] = ()
    ) -> Clauses:
        """Sorts the cues among `matches`; those inside a mention or a longer, harmless phrase do not count."""
        self = cls(tokens, rules)
        for match in matches:
            if match.label.kind == CUE:
                self._cues.setdefault(match.label.name, []).append(match)
        for at, token in enumerate(tokens):
            first, _ = self._bounds.get(token.sentence, (at, at))
            self._bounds[token.sentence] = (first, at + 1)
        solid = {at for m in mentions for at in range(m.start, m.end) if at not in m.gaps}
        self._covered = frozenset(solid)
        shields = (
            self._cues.get("pseudo", [])
            + self._cues.get("uncertain_before", [])
            + self._cues.get("uncertain_beside", [])
            + self._cues.get("uncertain_after", [])
        )
        longer = shields + [m for m in self._cues.get("past_before", []) if m.end - m.start > 1]
        for name in ("neg_wide", "neg_near", "neg_after"):
            self._cues[name] = [
                cue
                for cue in self._cues.get(name, [])
                if not _inside(cue, longer) and not all(at in solid for at in range(cue.start, cue.end))
            ]
        # "Not sure if" doubts; it neither imagines nor asks.
        doubts = self._cues.get("uncertain_before", []) + self._cues.get("uncertain_beside", [])
        for name in ("hypothetical", "question"):
            self._cues[name] = [cue for cue in self._cues.get(name, []) if not _inside(cue, doubts)]
        self._take_back("past_before", "past_not")
        self._take_back("past_after", "past_not")
        self._take_back("lasting", "past_after")  # "none since"
        self._take_back("family_before", "family_speaks")
        self._take_back("family_generic", "family_speaks")
        self._cues["hypothetical"] = [
            cue for cue in self._cues["hypothetical"] if not all(at in solid for at in range(cue.start, cue.end))
        ]
        self._mentions = tuple(mentions)
        self._breaks = frozenset(
            at
            for m in self._cues.get("break", [])
            if not any(x in solid for x in range(m.start, m.end))
            for at in (m.start,)
        )
        return self

    def _take_back(self, name: str, longer: str) -> None:
        """Drops the cues of that name inside a phrase that gives them another meaning."""
        others = self._cues.get(longer, [])
        self._cues[name] = [
            cue
            for cue in self._cues.get(name, [])
            if not any(o.start <= cue.start and cue.end <= o.end for o in others)
        ]

    def assess(self, start: int, end: int, gaps: Sequence[int] = ()) -> Assertion:
        """What is said about tokens `start` to `end`."""
        first, last = self._bounds[self.tokens[start].sentence]
        denied, doubtful = self._negation(start, end, gaps, first)
        if self._confirmed(start, end):
            denied = doubtful = False
        if denied and any(end <= m.start < last for m in self._cues.get("neg_except", ())):
            denied, doubtful = False, True
        hypothetical = self._hypothetical(start, first)
        answered = self._answered_itself(start, end, first, last)
        question = not answered and self._question(start, end, first, last, bare=not hypothetical)
        if hypothetical and self._imagined(start, first):
            question = False
        # "If someone has ..." is about nobody yet.
        family = self._family(start, end, first, last, generic=not (question or hypothetical))
        lasting = any(first <= m.start < last for m in self._cues.get("lasting", ()))
        distant = any(
            self._joined(m, start, end, first, last) and not self._moved_on(m, start)
            for m in self._cues.get("distant", ())
        )
        recent = any(self._joined(m, start, end, first, last) for m in self._cues.get("recent", ()))
        # With "today" in the same breath it is unclear which of the two belongs here.
        distant = distant and not lasting and not recent
        past = self._past(start, end, first, last, lasting)
        no_longer = self._cues.get("no_longer", ())
        if denied and any(end <= m.start < last and self._same_clause(end, m.start) for m in no_longer):
            denied, past = False, True
        uncertain = doubtful or self._uncertain(start, end, first, last) or (answered and self._doubted_next(last))
        return Assertion(
            negated=denied,
            past=past or distant,
            distant=distant,
            recent=recent,
            family=family,
            hypothetical=hypothetical,
            uncertain=uncertain,
            question=question,
        )

    def joined(self, cue: Match, start: int, end: int) -> bool:
        """Whether a phrase stands in the clause of tokens `start` to `end`."""
        first, last = self._bounds[self.tokens[start].sentence]
        return self._joined(cue, start, end, first, last)

    def past_cue(self, start: int, end: int) -> bool:
        """Whether a "had", "used to" or "gone" says that it is over, and not only a date."""
        first, last = self._bounds[self.tokens[start].sentence]
        return self._past(start, end, first, last, lasting=False)

    def past_inside(self, start: int, end: int) -> bool:
        """Whether the words of the mention themselves look back ("had a stroke")."""
        return any(
            start <= m.start and m.end <= end
            for name in ("past_before", "past_after")
            for m in self._cues.get(name, ())
        )

    def in_sentence(self, name: str, sentence: int) -> bool:
        """Whether a cue of that name stands in that sentence."""
        return any(self.tokens[m.start].sentence == sentence for m in self._cues.get(name, ()))

    # --- clauses -------------------------------------------------------------------------------------------------

    def _same_clause(self, left: int, right: int) -> bool:
        """No break and no new statement between two positions of one sentence."""
        for at in range(left, right):
            if at in self._breaks:
                return False
            if self.tokens[at].word in {",", "and"} and at + 1 < len(self.tokens):
                following = self.tokens[at + 1].word.replace("'", "")
                if following in self.rules.clause_start:
                    return False
        return True

    def _joined(self, cue: Match, start: int, end: int, first: int, last: int) -> bool:
        """In the clause of the mention, on either side (or inside it)."""
        if not first <= cue.start < last:
            return False
        if cue.end <= start:
            return self._same_clause(cue.end, start)
        return cue.start < end or self._same_clause(end, cue.start)

    def _moved_on(self, cue: Match, start: int) -> bool:
        """An "and" between a date and the mention: "a stent last year and chest pressure"."""
        return any(token.word in {"and", "&", "+", "plus"} for token in self.tokens[cue.end : start])

    def _before(self, name: str, start: int, first: int) -> list[Match]:
        """Cues of that name in front of the mention, the nearest first."""
        cues = [m for m in self._cues.get(name, ()) if first <= m.start and m.end <= start]
        return sorted(cues, key=lambda m: (-m.end, m.start))

    # --- no ------------------------------------------------------------------------------------------------------

    def _negation(self, start: int, end: int, gaps: Sequence[int], first: int) -> tuple[bool, bool]:
        """(denied, doubtful)."""
        hits: list[tuple[Match, bool]] = []
        for name, wide in (("neg_wide", True), ("neg_near", False)):
            for cue in self._before(name, start, first):
                reach = self._reaches(cue, start, end, wide)
                if reach is not None:
                    hits.append((cue, reach))
            inside = [cue for cue in self._cues[name] if cue.start in gaps]
            if inside:
                certain = any(self._passable(cue.end, end, gaps) for cue in inside)
                return certain, not certain
        if self._denied_behind(end):
            return True, False
        if not hits:
            return False, False
        hits.sort(key=lambda hit: (-hit[0].end, hit[0].start))
        nearest, certain = hits[0]
        for other in (cue for name in ("neg_wide", "neg_near") for cue in self._before(name, nearest.start, first)):
            if self._answers(other, nearest, first):
                continue
            between = self.tokens[other.end : nearest.start]
            passable = self.rules.through | self.rules.subjects
            if all(token.word in passable for token in between):
                return False, True  # a double negative
        return certain, not certain

    def _answers(self, cue: Match, nearest: Match, first: int) -> bool:
        """The "no" of "no I don't have that" answers us; it does not turn the next one round."""
        plain = nearest in self._cues["neg_near"] or self.tokens[nearest.start].word == "never"
        return plain and cue.start == first and cue.end == first + 1 and self.tokens[first].word in self.rules.answers

    def _reaches(self, cue: Match, start: int, end: int, wide: bool) -> bool | None:
        """True: the cue denies the mention; False: perhaps; None: it has nothing to do with it."""
        words = [token.word.replace("'", "") for token in self.tokens[cue.end : start]]
        separators: list[str] = []
        for offset, word in enumerate(words):
            at = cue.end + offset
            before = self.tokens[at - 1].word
            if at in self._breaks or word in self.rules.subjects or word == ":":
                return None
            if word in _SEPARATORS:
                separators.append(word)
                following = self.tokens[at + 1].word.replace("'", "")
                same_kind = following in {"a", "an"} and words[0] in {"a", "an"} and self._or_follows(at)
                if word not in {"or", "nor", "/"} and following in self.rules.clause_start and not same_kind:
                    return None
                continue
            if word in self.rules.determiners and offset == 0 and wide and before == "no":
                return None
            if word == "my" and before not in self.rules.prepositions and before not in {"or", "nor"} and wide:
                return None
            if not wide and word not in self.rules.through and at not in self._covered:
                return None
        opening = self.tokens[start].word.replace("'", "")
        if (
            opening in self.rules.own | {"the"}
            and wide
            and (not words or words[-1] not in self.rules.prepositions | {"or", "nor"})
        ):
            return None
        if len(words) > _WIDE_REACH and not separators:
            return None
        if not separators or "or" in separators or "nor" in separators or "/" in separators:
            return True
        if words[0] == ",":
            return False
        return "and" not in separators and self._or_follows(end)

    def _or_follows(self, end: int) -> bool:
        """The list goes on to an "or" behind the mention."""
        for at in range(end, min(end + 25, len(self.tokens))):
            token = self.tokens[at]
            if at in self._breaks or token.sentence != self.tokens[end - 1].sentence:
                return False
            if token.word in {"or", "nor"}:
                return True
            if (
                token.word in {",", "and"}
                and at + 1 < len(self.tokens)
                and self.tokens[at + 1].word in self.rules.clause_start
            ):
                return False
        return False

    def _passable(self, left: int, end: int, gaps: Sequence[int]) -> bool:
        """A "no" between the words of the mention reaches the next of them ("chest does not hurt")."""
        for at in range(left, end):
            if at not in gaps:
                return True
            if self.tokens[at].word.replace("'", "") not in self.rules.through:
                return False
        return False

    def _confirmed(self, start: int, end: int) -> bool:
        """A "yes" right behind it, or in its words: "stroke never, pacemaker yes"."""
        return any(start <= cue.start <= end for cue in self._cues.get("confirmed", ()))

    def _denied_behind(self, end: int) -> bool:
        for cue in self._cues["neg_after"]:
            if not end <= cue.start <= end + _AFTER_REACH:
                continue
            if any(
                token.word not in self.rules.before_answer and at not in self._covered
                for at, token in enumerate(self.tokens[end : cue.start], end)
            ):
                continue
            if self.tokens[cue.start].word in self.rules.answers:
                follows = self.tokens[cue.end] if cue.end < len(self.tokens) else None
                if follows is not None and follows.is_word:
                    continue
                if follows is not None and follows.word == "?":
                    continue
            elif any(self.tokens[at].sentence != self.tokens[end - 1].sentence for at in range(end, cue.start + 1)):
                continue
            return True
        return False

    # --- when and who --------------------------------------------------------------------------------------------

    def _past(self, start: int, end: int, first: int, last: int, lasting: bool) -> bool:
        if not lasting:
            for cue in self._before("past_before", start, first):
                # The "had" of "had a few drinks" is not about what comes after it.
                if any(m.start <= cue.start and cue.end <= m.end and m.end <= start for m in self._mentions):
                    continue
                between = [token.word for token in self.tokens[cue.end : start]]
                if (
                    self._same_clause(cue.end, start)
                    and not self.rules.subjects & set(between[1:])
                    and len(between) <= 8
                ):
                    return True
        return any(
            end <= cue.start < last and cue.start - end <= 6 and self._same_clause(end, cue.start)
            for cue in self._cues.get("past_after", ())
        )

    def _family(self, start: int, end: int, first: int, last: int, *, generic: bool) -> bool:
        if any(end <= cue.start for cue in self._cues.get("family_and_me", ())):
            return False
        if any(end <= cue.start < last for cue in self._cues.get("family_after", ())):
            return True
        anybody = [m for m in self._cues.get("family_generic", []) if generic and m.end <= start]
        named = self._cues.get("family_before", []) + anybody
        relatives = {at for m in named for at in range(m.start, m.end)}
        own = [
            at
            for at in range(start, end)
            if at not in relatives and self.tokens[at].word.replace("'", "") in self.rules.own
        ]
        if not own and any(at in relatives for at in range(start, end)):
            return True
        # "my diabetic dad"
        if (
            start > first
            and end in relatives
            and self.tokens[start - 1].word in {"my", "our", "his", "her", "a", "the"}
        ):
            return True
        opening = self.tokens[start].word.replace("'", "")
        if opening in self.rules.own:
            return False
        for at in range(start - 1, first - 1, -1):
            if at in relatives:
                return True
            if self.tokens[at].word.replace("'", "") in self.rules.own:
                return False
        return False

    # --- thought, asked, doubted -----------------------------------------------------------------------------------

    def _claims(self, left: int, start: int) -> int:
        """How often the client speaks of themself between a cue and the mention ("I have", "my ...")."""
        return sum(self.tokens[at].word.replace("'", "") in self.rules.own for at in range(left, start + 1))

    def _hypothetical(self, start: int, first: int) -> bool:
        for cue in self._before("hypothetical", start, first):
            if not self._same_clause(cue.end, start):
                continue
            claims = self._claims(cue.end, start)
            if claims < (2 if self.tokens[cue.start].word in {"if", "in", "what", "suppose"} else 1):
                return True
        return False

    def _imagined(self, start: int, first: int) -> bool:
        """An "if" or "suppose" in front, of nobody's own: it is thought of, and not only asked about."""
        return any(
            self.tokens[cue.start].word in self.rules.imagining
            and self._same_clause(cue.end, start)
            and not self._claims(cue.end, start)
            for cue in self._before("hypothetical", start, first)
        )

    def _answered_itself(self, start: int, end: int, first: int, last: int) -> bool:
        """ "Numbness? Sort of": the client repeats our question and answers it."""
        alone = all(not t.is_word or t.word in self.rules.openers for t in self.tokens[first:start])
        return (
            alone
            and self._asked(last)
            and all(not token.is_word for token in self.tokens[end:last])
            and last < len(self.tokens)
            and not self._asked(self._bounds[self.tokens[last].sentence][1])
        )

    def _doubted_next(self, last: int) -> bool:
        """The answer behind the question begins with a doubt."""
        doubts = (
            cue
            for name in ("uncertain_before", "uncertain_beside", "uncertain_after")
            for cue in self._cues.get(name, ())
        )
        return any(last <= cue.start <= last + 1 for cue in doubts)

    def _question(self, start: int, end: int, first: int, last: int, *, bare: bool) -> bool:
        # "Pressure in my chest, is that normal?" states the pressure and asks about it.
        told = any(
            end < cue.start < last and self.tokens[cue.start - 1].word == ","
            for cue in self._cues.get("question_head", ())
        )
        asked = bare and self._asked(last) and not told
        heads = self._cues.get("question_head", ())
        if any(m.start < start < m.end and self._at_head(m.start, first) for m in heads):  # "can diabetics ..."
            return True
        for name in ("question_head", "question"):
            for cue in self._before(name, start, first):
                if name == "question_head" and not self._at_head(cue.start, first):
                    continue
                if self.tokens[cue.start + 1].word == "if":  # "what if" imagines
                    continue
                if any(at in self._breaks and self.tokens[at].word == "but" for at in range(cue.end, start)):
                    continue
                if not self._claimed(cue.end, start):
                    return True
        return (
            asked
            and not self._claimed(first, start)
            and not any(first <= m.start and m.end <= start for m in self._cues.get("family_before", ()))
        )

    def _asked(self, last: int) -> bool:
        """The sentence ends in a question mark."""
        return self.tokens[last - 1].word == "?"

    def _claimed(self, left: int, start: int) -> bool:
        """The client states something of their own there, and not after an "if"."""
        for at in range(left, start + 1):
            if self.tokens[at].word.replace("'", "") in self.rules.own:
                return not any(self.tokens[x].word in self.rules.conditions for x in range(left, at))
        return False

    def _at_head(self, at: int, first: int) -> bool:
        return (
            all(not t.is_word or t.word in self.rules.openers for t in self.tokens[first:at])
            or self.tokens[at - 1].word == ","
        )

    def _uncertain(self, start: int, end: int, first: int, last: int) -> bool:
        for cue in self._cues.get("uncertain_before", ()):
            inside, around = start <= cue.start and cue.end <= end, cue.start <= start and end <= cue.end
            if inside or around:
                return True
        for cue in self._before("uncertain_before", start, first) + self._before("uncertain_beside", start, first):
            if self._same_clause(cue.end, start) and start - cue.end <= 7:
                return True
        return any(
            end <= cue.start < last and cue.start - end <= 4 and self._same_clause(end, cue.start)
            for cue in self._cues.get("uncertain_after", ())
        )


def _inside(cue: Match, others: Iterable[Match]) -> bool:
    """Whether a longer cue swallows this one."""
    return any(o.start <= cue.start and cue.end <= o.end and o.end - o.start > cue.end - cue.start for o in others)
