"""The clinical reading of a message: which rows it names, what it says about them, and what is urgent.

Deterministic rules over a closed lexicon; no clock, no I/O after loading. Same text, same reading. Behind the rules a
safety net may listen for emergencies in words that no rule knows (`safety_net.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from bot.clinical import assertion, emergencies
from bot.clinical.assertion import Assertion, Clauses
from bot.clinical.emergencies import Sighting
from bot.clinical.lexicon import Lexicon, RowTraits, load_lexicon, row_matches
from bot.clinical.model import Care, Emergency, Mention, Reading, Signal, Status
from bot.clinical.phrases import Label, Match, PhraseBook, Spelling
from bot.clinical.safety_net import Heard
from bot.clinical.text import Token, Words
from bot.knowledge import read_text

_MEDICINE_LOOK_AHEAD = 4

Listen = Callable[[str], Heard | None]


class Reader:
    """Reads messages. Load once, share between threads."""

    def __init__(
        self,
        book: PhraseBook,
        spelling: Spelling,
        lexicon: Lexicon,
        cues: assertion.AssertionRules,
        urgent: emergencies.EmergencyRules,
        listen: Listen | None = None,
    ) -> None:
        self._words = Words()
        self._book = book
        self._spelling = spelling
        self._lexicon = lexicon
        self._cues = cues
        self._urgent = urgent
        self._listen = listen

    @classmethod
    def load(cls, knowledge: Path, listen: Listen | None = None) -> Reader:
        """Reads `lexicon.yml`, `assertion.yml`, `emergencies.yml` and `ordinary_words.txt`.

        Args:
            listen: the safety net; without it the rules read alone.
        """
        lexicon, cues, urgent = (
            # Every scalar stays a string: "no", "on" and "off" are words here.
            yaml.load(read_text(knowledge / name), Loader=yaml.BaseLoader)
            for name in ("lexicon.yml", "assertion.yml", "emergencies.yml")
        )
        ordinary = read_text(knowledge / "ordinary_words.txt").splitlines()
        book = PhraseBook({**lexicon["classes"], **cues["classes"], **urgent["classes"]})
        words = load_lexicon(lexicon, book)
        rules = assertion.load_rules(cues, book)
        emergency = emergencies.load_rules(urgent, book, words.rows)
        spelling = Spelling(book, frozenset(w for w in ordinary if w and not w.startswith("#")), lexicon["typos"])
        return cls(book, spelling, words, rules, emergency, listen)

    @property
    def in_questions(self) -> float:
        """How sure the safety net must be while a health question is open."""
        return self._urgent.net.in_questions

    def read(self, text: str) -> Reading:
        """What one message says, clinically."""
        tokens = self._spelling.parted(self._words.split(text))
        matches = self._book.find(tokens, self._spelling.readings)
        found = row_matches(text, tokens, matches, self._lexicon, self._spelling, self._urgent.rows)
        idioms = [m for m in matches if m.label.kind == "idiom"]
        traps = [m for m in matches if m.label.kind == "trap"]
        literal = [m for m in found if not _within(m, idioms)]
        clauses = Clauses.of(tokens, self._cues, matches, literal)
        rows = [
            Sighting(m.label.name, m, self._assertion(m.label.name, m, clauses), idiom=_within(m, idioms))
            for m in found
        ]
        rows += self._denied(matches, rows, [*idioms, *traps], clauses)
        rows = _once([_renamed(seen, self._lexicon.rows[seen.name]) for seen in rows])
        urgent = emergencies.find(tokens, matches, rows, clauses, self._urgent, [*idioms, *traps])
        spans = {
            (seen.match.start, seen.match.end, seen.name): Status.IDIOM if seen.idiom else seen.assertion.status()
            for seen in rows
        }
        named = {seen.name for seen in rows if not (seen.idiom or seen.assertion.negated)}
        for fired in urgent.fired:  # the words of an alarm name its row, too
            if fired.emergency.condition not in named:
                # What fired is not denied, though its span may hold a "no" ("no pulse").
                status = replace(clauses.assess(fired.start, fired.end), negated=False).status()
                spans.setdefault((fired.start, fired.end, fired.emergency.condition), status)
        return Reading(
            text=text,
            mentions=tuple(
                _mention(text, tokens, start, end, name, status, matches)
                for (start, end, name), status in sorted(spans.items())
            ),
            emergency=self._with_net(urgent, text, tokens, all_denied=_all_denied(spans.values())),
            signals=self._signals(tokens, matches, rows, clauses, traps, idioms, urgent),
        )

    def _with_net(
        self, found: emergencies.Findings, text: str, tokens: Sequence[Token], *, all_denied: bool
    ) -> Emergency | None:
        """What the phrases name, or what only the safety net hears.

        The net takes nothing back. It asks, and holds alone only what is very clearly a crisis; and where a phrase
        would hold a message that sounds calm ("collapsed into bed at nine"), the client is asked first.
        """
        net, named = self._urgent.net, found.first(self._urgent)
        if named is None and found.crisis_past:  # "I'm not suicidal, only worn out": the line is offered kindly
            return None
        if self._listen is None or len({token.word for token in tokens if token.is_word}) < net.words:
            return named
        if named is not None and named.asking:
            return named
        heard = self._listen(text)
        if heard is None:
            return named
        if named is not None:
            return replace(named, asking=True) if heard.certainty < net.doubts else named
        shows = net.shows_crisis if heard.care is Care.CRISIS else net.shows
        if heard.certainty < (net.holds_crisis if all_denied else shows):
            return None
        faint = heard.certainty < net.asks
        if heard.care is Care.CRISIS:
            held = heard.certainty >= net.holds_crisis
            return Emergency(emergencies.CRISIS, heard.care, asking=not held, conditional=faint, heard=heard.certainty)
        return Emergency(net.row, heard.care, asking=True, conditional=faint, general=True, heard=heard.certainty)

    def assess(self, text: str, start: int, end: int) -> Assertion:
        """What `text` says about its characters `start` to `end`, whatever they name. For measuring."""
        tokens = self._words.split(text)
        inside = [at for at, token in enumerate(tokens) if token.start < end and start < token.end]
        if not inside:
            return Assertion()
        matches = self._book.find(tokens, self._spelling.readings)
        target = Match(Label("row", ""), inside[0], inside[-1] + 1)
        return Clauses.of(tokens, self._cues, matches, [target]).assess(target.start, target.end)

    def _assertion(self, row: str, match: Match, clauses: Clauses) -> Assertion:
        """The assertion of a mention, with what is peculiar to its row."""
        said = clauses.assess(match.start, match.end, match.gaps)
        traits = self._lexicon.rows[row]
        if traits.history and not said.past and clauses.past_inside(match.start, match.end):
            said = replace(said, past=True)
        if row in self._urgent.never_ask:  # in doubt it is a crisis: a "maybe" or a date last week does not soften it
            said = replace(said, uncertain=False, past=said.past and (said.distant or not said.recent))
        if traits.others:
            said = replace(said, family=False)
        if traits.stays or (traits.event and not said.distant):
            said = replace(said, past=False, distant=False)
        if traits.lasting and said.past and not clauses.past_cue(match.start, match.end) and not traits.history:
            said = replace(said, past=False, distant=False)
        return said

    def _denied(
        self, matches: Sequence[Match], rows: Sequence[Sighting], hidden: Sequence[Match], clauses: Clauses
    ) -> list[Sighting]:
        """Rows that whole phrases deny ("nothing broken"), unless they are doubted, asked or somebody else's."""
        found: list[Sighting] = []
        taken = [seen.match for seen in rows]
        for match in matches:
            if match.label.kind != "denied" or _within(match, hidden) or _overlaps(match, taken):
                continue
            said = clauses.assess(match.start, match.end, match.gaps)
            clear = not (said.conditional or said.uncertain)
            found.append(Sighting(match.label.name, match, replace(said, negated=clear, uncertain=not clear)))
        return found

    def _signals(
        self,
        tokens: Sequence[Token],
        matches: Sequence[Match],
        rows: Sequence[Sighting],
        clauses: Clauses,
        traps: Sequence[Match],
        idioms: Sequence[Match],
        found: emergencies.Findings,
    ) -> frozenset[Signal]:
        signals = {Signal.CRISIS_PAST} if found.crisis_past else set()
        urgent = [Match(Label("row", f.emergency.condition), f.start, f.end) for f in found.fired]
        spans = [seen.match for seen in rows if not seen.idiom]
        hidden = [*traps, *idioms]

        def asserted(match: Match) -> bool:
            said = clauses.assess(match.start, match.end, match.gaps)
            return not (said.negated or said.conditional or said.family)

        for match in matches:
            kind = match.label.kind
            if kind == "signal":
                if _within(match, hidden):
                    continue
                signal = Signal(match.label.name)
                denied = clauses.assess(match.start, match.end, match.gaps).negated
                if signal is not Signal.LOW_MOOD or not denied:
                    signals.add(signal)
            elif kind == "medicine" and match.label.name == "unnamed":
                if not _overlaps(match, spans) and not _within(match, hidden) and asserted(match):
                    signals.add(Signal.UNKNOWN_MEDICINE)
            elif kind == "medicine":
                if self._names_unknown(match, tokens, spans) and asserted(match):
                    signals.add(Signal.UNKNOWN_MEDICINE)
            elif kind == "red_flag":
                placed = _overlaps(match, [*spans, *urgent]) or _within(match, hidden)
                if not placed and asserted(match):
                    signals.add(Signal.UNPLACED_RED_FLAG)
        return frozenset(signals)

    def _names_unknown(self, frame: Match, tokens: Sequence[Token], spans: Iterable[Match]) -> bool:
        """A word after "I take" that is neither everyday English nor in the lexicon."""
        covered = {at for span in spans for at in range(span.start, span.end)}
        for at in range(frame.end, min(frame.end + _MEDICINE_LOOK_AHEAD, len(tokens))):
            token = tokens[at]
            word = token.word.replace("'", "")
            if word in self._lexicon.fillers or word.isdigit():
                continue
            if at in covered or len(word) < 5 or not word.isalpha() or word in self._lexicon.harmless:
                return False
            if any(symbol != word for symbol in self._spelling.readings(token.word) if not symbol.startswith("$")):
                return False
            return not self._spelling.knows(word)
        return False


def _all_denied(said: Iterable[Status]) -> bool:
    """Whether a message names illnesses only to say that they are not there, or no longer ("no chest pain")."""
    every = set(said)
    return bool(every) and every <= {Status.NEGATED, Status.PAST, Status.IDIOM}


def reading_to_json(reading: Reading) -> dict[str, Any]:
    """The reading as it travels to the engine and into the store."""
    emergency = reading.emergency
    return {
        "text": reading.text,
        "findings": [
            {"condition": m.condition, "text": m.text, "start": m.start, "end": m.end, "status": m.status.value}
            for m in reading.mentions
        ],
        "emergency": None
        if emergency is None
        else {"condition": emergency.condition, "care": emergency.care.value, "asking": emergency.asking},
    }


def _mention(
    text: str, tokens: Sequence[Token], start: int, end: int, row: str, status: Status, matches: Sequence[Match]
) -> Mention:
    first, last = tokens[start].start, tokens[end - 1].end
    mild = emergencies.mild(row, Match(Label("row", row), start, end), matches)
    return Mention(row, text[first:last], first, last, status, mild)


def _within(match: Match, others: Iterable[Match]) -> bool:
    return emergencies.swallowed(match, others)


def _overlaps(match: Match, others: Iterable[Match]) -> bool:
    return any(o.start < match.end and match.start < o.end for o in others)


def _renamed(seen: Sighting, traits: RowTraits) -> Sighting:
    """A past mention belongs to the row of the past: "had cancer" is a history of cancer."""
    if traits.past_becomes is None or seen.idiom or seen.assertion.status() is not Status.PAST:
        return seen
    return replace(seen, name=traits.past_becomes)


def _once(rows: Sequence[Sighting]) -> list[Sighting]:
    """Without the shorter of two overlapping mentions that now belong to the same row."""
    kept: list[Sighting] = []
    for seen in sorted(rows, key=lambda s: s.match.start - s.match.end):
        if not any(k.name == seen.name and _overlaps(seen.match, [k.match]) for k in kept):
            kept.append(seen)
    return sorted(kept, key=lambda s: (s.match.start, s.match.end, s.name))
