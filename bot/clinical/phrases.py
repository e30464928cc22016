"""Phrases that people maintain, and finding them in a message in one pass.

A phrase is a row of elements separated by blanks:

    word          that word ("cant" also finds "can't"; a blank, a hyphen and an apostrophe are the same to the reader)
    a|b|c         one of these; `pass_out` inside an element is two words
    [a|b]         the same, and it may be left out
    $name         a word of the class `name`
    ..            up to three other words
    $number       any number
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.clinical.text import Token

GAP = ".."
# Signs that stand for words inside a phrase.
_SIGNS = {",": (",", "and"), "&": ("and",), "+": ("and",), "/": ("over", "and", "or")}
NUMBER = "$number"
_GAP_WORDS = 3
_LONG_RUN = re.compile(r"([a-z])\1{2,}")


class PhraseError(ValueError):
    """A phrase in a knowledge file that cannot be read."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a phrase stands for: `kind` ("row", "cue", ...) and the entry of that kind."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase found at tokens `start` (included) to `end` (excluded); `gaps` are the tokens that `..` skipped."""

    label: Label
    start: int
    end: int
    gaps: tuple[int, ...] = ()


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    gap: _Node | None = None
    labels: set[Label] = field(default_factory=set)

    def step(self, symbol: str) -> _Node:
        if symbol == GAP:
            if self.gap is None:
                self.gap = _Node()
            return self.gap
        return self.children.setdefault(symbol, _Node())


# For each token: the symbols it may be read as, and the tokens at which the reading may go on.
Edges = Sequence[dict[str, tuple[int, ...]]]


def elements(phrase: str) -> list[tuple[list[list[str]], bool]]:
    """The parts of a phrase: for each, its alternatives (word rows) and whether it may be left out."""
    parts: list[tuple[list[list[str]], bool]] = []
    for raw in phrase.lower().replace("'", "").replace("-", " ").replace("/", " ").split():
        optional = raw.startswith("[") and raw.endswith("]")
        body = raw[1:-1] if optional else raw
        choices = [choice.split("_") if not choice.startswith("$") else [choice] for choice in body.split("|")]
        if not body or any(not word for choice in choices for word in choice) or re.search(r"[\[\]]", body):
            raise PhraseError(f"cannot read {raw!r} in phrase {phrase!r}")
        parts.append((choices, optional))
    if not parts or all(optional for _, optional in parts) or GAP in (parts[0][0][0][0], parts[-1][0][0][0]):
        raise PhraseError(f"phrase {phrase!r} needs a word at its start and at its end")
    return parts


def _spelled_out(members: Iterable[str | int]) -> Iterable[str]:
    """Class members; "1..17" stands for every number from 1 to 17."""
    for member in members:
        first, dots, last = str(member).partition("..")
        if dots:
            yield from map(str, range(int(first), int(last) + 1))
        else:
            yield first


class PhraseBook:
    """All phrases of all kinds in one trie, walked once per message.

    The alternatives of an element become a class of their own, so that a phrase is one path and not their product.
    """

    def __init__(self, classes: Mapping[str, Iterable[str | int]]) -> None:
        self._root = _Node()
        self._class_root = _Node()
        self._classes_of: dict[str, list[str]] = {}
        self._choices: dict[frozenset[tuple[str, ...]], str] = {}
        self._members: dict[str, list[list[str]]] = {}
        self.words: set[str] = set()
        self.spellable: set[str] = set()
        for name, members in classes.items():
            rows = [member.lower().replace("'", "").replace("-", " ").split() for member in _spelled_out(members)]
            self._members[f"${name}"] = rows
            self._define(f"${name}", rows)

    def add(self, label: Label, phrase: str, *, spellable: bool = False) -> None:
        """Adds a phrase; the words of a `spellable` one are also found when misspelt."""
        parts = elements(phrase)
        symbols: list[tuple[list[str], bool]] = []
        for choices, optional in parts:
            for word in (word for choice in choices for word in choice):
                if word.startswith("$") and word != NUMBER and word not in self._members:
                    raise PhraseError(f"no class {word!r} (phrase {phrase!r})")
                if spellable and word[0] == "$":
                    self.spellable.update(member for row in self._members.get(word, ()) for member in row)
                elif spellable:
                    self.spellable.add(word)
            symbols.append(([self._choice(choices)] if len(choices) > 1 else choices[0], optional))
        nodes = [self._root]
        for row, optional in symbols:
            reached = list(nodes) if optional else []
            for node in nodes:
                for symbol in row:
                    node = node.step(symbol)
                    if symbol[0] not in "$.":
                        self.words.add(symbol)
                reached.append(node)
            nodes = reached
        for node in nodes:
            node.labels.add(label)

    def classes_of(self, word: str) -> Iterable[str]:
        """Class symbols of a single word."""
        return self._classes_of.get(word, ())

    def _choice(self, choices: list[list[str]]) -> str:
        """The class that stands for these alternatives."""
        key = frozenset(tuple(choice) for choice in choices)
        if key not in self._choices:
            name = f"$|{len(self._choices)}"
            self._choices[key] = name
            self._define(name, sorted(list(choice) for choice in key))
        return self._choices[key]

    def _define(self, name: str, rows: Iterable[list[str]]) -> None:
        for row in rows:
            self.words.update(word for word in row if word[0] not in "$.")
            if len(row) == 1 and not row[0].startswith("$"):
                self._classes_of.setdefault(row[0], []).append(name)
            elif len(row) == 1 and row[0] in self._members:  # a class within the alternatives: its members join
                self._define(name, self._members[row[0]])
            elif len(row) == 1:
                self._classes_of.setdefault(row[0], []).append(name)
            else:
                node = self._class_root
                for symbol in row:
                    node = node.step(symbol)
                node.labels.add(Label("class", name))

    def find(self, tokens: Sequence[Token], readings: Callable[[str], tuple[str, ...]]) -> list[Match]:
        """Every phrase in `tokens`; `readings` gives the symbols one word may stand for."""
        edges: list[dict[str, tuple[int, ...]]] = [
            dict.fromkeys(readings(token.word), (at + 1,)) for at, token in enumerate(tokens)
        ]
        # From the end, so that a class of several words may hold another class.
        for at in range(len(tokens) - 1, -1, -1):
            for match in list(_walk(self._class_root, at, edges, tokens)):
                name = match.label.name
                edges[at][name] = (*edges[at].get(name, ()), match.end)
        found: dict[tuple[Label, int, int], Match] = {}
        for at, token in enumerate(tokens):
            if token.is_word:
                for match in _walk(self._root, at, edges, tokens):
                    found.setdefault((match.label, match.start, match.end), match)
        return list(found.values())


def _walk(root: _Node, start: int, edges: Edges, tokens: Sequence[Token]) -> Iterable[Match]:
    stack: list[tuple[_Node, int, tuple[int, ...]]] = [(root, start, ())]
    while stack:
        node, at, gaps = stack.pop()
        for label in node.labels:
            yield Match(label, start, at, gaps)
        if node.gap is not None:
            skipped = gaps
            for ahead in range(at, min(at + _GAP_WORDS + 1, len(tokens))):
                stack.append((node.gap, ahead, skipped))
                if not tokens[ahead].is_word:
                    break
                skipped = (*skipped, ahead)
        if at < len(tokens):
            here, children = edges[at], node.children
            for symbol in here.keys() & children.keys():
                for after in here[symbol]:
                    stack.append((children[symbol], after, gaps))


def outermost(matches: Iterable[Match]) -> list[Match]:
    """Of each label only the longest matches: no two of the same label share a word."""
    kept: dict[Label, list[Match]] = {}
    for match in sorted(matches, key=lambda m: (m.start - m.end, len(m.gaps), m.start)):
        others = kept.setdefault(match.label, [])
        if not any(o.start < match.end and match.start < o.end for o in others):
            others.append(match)
    return [match for group in kept.values() for match in group]


class Spelling:
    """The symbols a written word may stand for: itself, its plain forms, and lexicon words it misspells."""

    def __init__(self, book: PhraseBook, ordinary: frozenset[str], typos: Mapping[str, str]) -> None:
        self._book = book
        self._ordinary = ordinary
        self._typos = dict(typos)
        self._by_length: dict[int, list[str]] = {}
        for word in sorted(book.spellable):
            if len(word) >= 5 and word.isalpha():
                self._by_length.setdefault(len(word), []).append(word)
        # Bounded: the words of clients must not pile up in memory.
        self.readings = lru_cache(maxsize=8192)(self._readings)

    def knows(self, word: str) -> bool:
        """Whether a word is an everyday word or one of the lexicon's."""
        return word in self._ordinary or word in self._book.words

    def parted(self, tokens: Sequence[Token]) -> tuple[Token, ...]:
        """Two lexicon words that were written as one ("chestpain") become two."""
        parts: list[Token] = []
        for token in tokens:
            word = token.word
            cut = None
            if token.is_word and len(word) >= 8 and token.end - token.start == len(word) and not self.knows(word):
                cut = self._seam(word)
            if cut is None:
                parts.append(token)
            else:
                parts.append(replace(token, word=word[:cut], end=token.start + cut))
                parts.append(replace(token, word=word[cut:], start=token.start + cut))
        return tuple(parts)

    def _seam(self, word: str) -> int | None:
        known = self._book.spellable
        return next((at for at in range(4, len(word) - 3) if word[:at] in known and word[at:] in known), None)

    def _readings(self, word: str) -> tuple[str, ...]:
        if not word[0].isalnum():
            signs = _SIGNS.get(word, (word,))
            return tuple(dict.fromkeys((*signs, *(name for sign in signs for name in self._book.classes_of(sign)))))
        if word[0].isdigit():
            return tuple(dict.fromkeys((word, NUMBER, *self._book.classes_of(word), *self._book.classes_of(NUMBER))))
        words = self._forms(word)
        if not any(form in self._book.words or form in self._ordinary for form in words):
            words += self._misspelt(words[0])
        symbols = list(dict.fromkeys(words))
        return (*symbols, *sorted({name for form in symbols for name in self._book.classes_of(form)}))

    def _forms(self, word: str) -> list[str]:
        """Without apostrophe, without a possessive ending, without drawn-out letters, singular, plural."""
        forms = [word.replace("'", "")]
        if word.endswith("'s"):
            forms.append(word[:-2])
        plain = forms[0]
        if _LONG_RUN.search(plain):
            forms += [_LONG_RUN.sub(r"\1\1", plain), _LONG_RUN.sub(r"\1", plain)]
        forms += [self._typos[form] for form in forms if form in self._typos]
        known = self._book.words
        for form in list(forms):
            if len(form) >= 4:
                if form + "s" in known:
                    forms.append(form + "s")
                if form.endswith("s") and form[:-1] in known:
                    forms.append(form[:-1])
                if form.endswith("es") and form[:-2] in known:
                    forms.append(form[:-2])
        return forms

    def _misspelt(self, word: str) -> list[str]:
        """Lexicon words one slip away (5 to 7 letters) or two (8 or more). Never for words of 2 or 3 letters."""
        if len(word) < 4 or not word.isalpha():
            return []
        found: list[str] = []
        for length in range(len(word) - 2, len(word) + 3):
            allowed = 2 if length >= 8 else 1
            if abs(length - len(word)) <= allowed:
                near = process.extract(
                    word, self._by_length.get(length, ()), scorer=OSA.distance, score_cutoff=allowed, limit=None
                )
                found += [candidate for candidate, _, _ in near]
        return found
