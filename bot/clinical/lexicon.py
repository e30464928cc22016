"""The lexicon of the 50 rows: phrases, medicines, abbreviations and their rules, from `knowledge/lexicon.yml`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.clinical.phrases import Label, Match, PhraseBook, Spelling, outermost
from bot.clinical.text import Token

_SHORT_MESSAGE = 2
_JOINS = frozenset({"and", "but", "&", "+", "plus"})


@dataclass(frozen=True, slots=True)
class RowTraits:
    """How time words act on a row; see the head of `lexicon.yml`."""

    past_becomes: str | None = None
    event: bool = False
    lasting: bool = False
    stays: bool = False
    history: bool = False
    others: bool = False


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`lexicon.yml`, checked; its phrases live in the phrase book."""

    rows: Mapping[str, RowTraits]
    suffixes: Mapping[str, str]
    harmless: frozenset[str]
    fillers: frozenset[str]
    abbreviation_context: frozenset[str]
    capitals_only: frozenset[str]


def load_lexicon(data: Mapping[str, Any], book: PhraseBook) -> Lexicon:
    """Puts all phrases into the book and returns the rest."""
    rows: dict[str, RowTraits] = {}
    suffixes: dict[str, str] = {}
    for row, entry in data["rows"].items():
        rows[row] = RowTraits(
            past_becomes=entry.get("past_becomes"),
            **{trait: entry.get(trait) == "true" for trait in ("event", "lasting", "stays", "history", "others")},
        )
        for phrase in [*entry.get("phrases", ()), *entry.get("medicines", ())]:
            book.add(Label("row", row), str(phrase), spellable=True)
        for phrase in entry.get("denies", ()):
            book.add(Label("denied", row), str(phrase))
        for short in entry.get("abbreviations", ()):
            book.add(Label("abbreviation", row), short)
        for suffix in entry.get("suffixes", ()):
            suffixes[suffix] = row
    for row, traits in rows.items():
        if traits.past_becomes is not None and traits.past_becomes not in rows:
            raise ValueError(f"lexicon.yml: {row} becomes an unknown row {traits.past_becomes!r}")
    for phrase in data["traps"]:
        book.add(Label("trap", ""), phrase)
    for entry in data["swallow"]:
        if entry["shorter"] not in rows:
            raise ValueError(f"lexicon.yml: swallow names an unknown row {entry['shorter']!r}")
        book.add(Label("swallow", entry["shorter"]), entry["longer"])
    for row, phrases in data["traps_of"].items():
        if row not in rows:
            raise ValueError(f"lexicon.yml: traps_of names an unknown row {row!r}")
        for phrase in phrases:
            book.add(Label("swallow", row), phrase)
    for signal, phrases in data["signals"].items():
        for phrase in phrases:
            book.add(Label("signal", signal), phrase)
    frames = data["medicine_frames"]
    for name in ("unnamed", "named_after"):
        for phrase in frames[name]:
            book.add(Label("medicine", name), phrase)
    for phrase in data["red_flag"]:
        book.add(Label("red_flag", ""), phrase)
    harmless = frozenset(word for name in data["harmless_medicines"] for word in str(name).lower().split())
    short = data["abbreviations"]
    return Lexicon(
        rows,
        suffixes,
        harmless,
        frozenset(frames["fillers"]),
        frozenset(short["after"]),
        frozenset(short["capitals_only"]),
    )


def row_matches(
    text: str,
    tokens: Sequence[Token],
    matches: Sequence[Match],
    lexicon: Lexicon,
    spelling: Spelling,
    whole: Collection[str] = (),
) -> list[Match]:
    """The mentions of rows: the longest of each row, without those that mean something else here.

    Rows in `whole` keep a wording that goes over an "and".
    """
    traps = [m for m in matches if m.label.kind == "trap"]
    swallows = [m for m in matches if m.label.kind == "swallow"]
    found = [m for m in matches if m.label.kind == "row"]
    found += [
        Match(Label("row", m.label.name), m.start, m.end)
        for m in matches
        if m.label.kind == "abbreviation" and _abbreviation_holds(text, tokens, m, lexicon)
    ]
    found += _by_suffix(tokens, lexicon, spelling)
    found = _without_joined_part(_without_denied_part(found, matches), tokens, whole)
    kept = [
        m
        for m in outermost(found)
        if not any(t.start <= m.start and m.end <= t.end for t in traps)
        and not any(s.label.name == m.label.name and m.start < s.end and s.start < m.end <= s.end for s in swallows)
    ]
    return sorted(kept, key=lambda m: (m.start, m.end, m.label.name))


def _without_denied_part(found: Sequence[Match], matches: Sequence[Match]) -> list[Match]:
    """Of "swollen calf, no pain" the swollen calf: a "no" between the words takes the longer mention away."""
    denials = {m.start for m in matches if m.label.kind == "cue" and m.label.name in {"neg_wide", "neg_near"}}
    split = [m for m in found if denials.intersection(m.gaps)]
    return [
        m
        for m in found
        if m not in split
        or not any(o not in split and o.label == m.label and m.start <= o.start and o.end <= m.end for o in found)
    ]


def _without_joined_part(found: Sequence[Match], tokens: Sequence[Token], whole: Collection[str]) -> list[Match]:
    """Of "a clot and my neck" the clot: an "and" between the words takes the longer mention away.

    Args:
        found: mentions of rows.
        tokens: the words of the message.
        whole: rows whose longer wordings count as a whole ("headache and a stiff neck").
    """
    loose = [m for m in found if m.label.name not in whole and any(tokens[at].word in _JOINS for at in m.gaps)]
    return [
        m
        for m in found
        if m not in loose
        or not any(o not in loose and o.label == m.label and m.start <= o.start and o.end <= m.end for o in found)
    ]


def _by_suffix(tokens: Sequence[Token], lexicon: Lexicon, spelling: Spelling) -> list[Match]:
    """Names of medicines that only their ending tells, "-xaban" for one."""
    found: list[Match] = []
    for at, token in enumerate(tokens):
        if token.is_word and len(token.word) >= 7 and not spelling.knows(token.word):
            for suffix, row in lexicon.suffixes.items():
                if token.word.endswith(suffix):
                    found.append(Match(Label("row", row), at, at + 1))
    return found


def _abbreviation_holds(text: str, tokens: Sequence[Token], match: Match, lexicon: Lexicon) -> bool:
    """Short tokens need more than their letters: "I had a PE" yes, "pe lesson" no, "as" in a sentence no."""
    first, last = tokens[match.start], tokens[match.end - 1]
    written = text[first.start : last.end]
    if sum(token.is_word for token in tokens) <= _SHORT_MESSAGE:
        return True
    in_context = match.start > 0 and tokens[match.start - 1].word in lexicon.abbreviation_context
    if written.isupper():  # in a message all in capitals they say little about two letters
        return in_context or not text.isupper() or len(written) > 2
    return in_context and first.word not in lexicon.capitals_only
