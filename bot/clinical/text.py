"""Words of a message: unicode made plain, tokens with offsets into the original text, sentences."""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import dataclass

import spacy
from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]  # compiled, without a stub

# Unicode that keyboards write for plain signs. A line break ends a sentence, as a semicolon does.
_PLAIN = {
    "’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'", "′": "'", "–": ",", "—": ",", "…": ".", "‐": "-", "‑": "-",
    "\n": ";", "\r": ";", "\u2028": ";", "\u2029": ";", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ı": "i",
}  # fmt: skip
_SENTENCE_END = frozenset(".!?;")
_KEPT_SIGNS = frozenset(".!?;,:/+&'")
_SPLIT = re.compile(r"[.,](?!\d)|(?<!\d)[.,]|[!?;:/+&]|(?<=\d)(?=[a-z])")
_PREFIX = re.compile(r"'+|[.,!?;:/+&]")
_SUFFIX = re.compile(r"(?:'+|[.,!?;:/+&])$")
_INITIALS = re.compile(r"(?<![a-z.])(?:[a-z]\.){2,}")


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a sign of punctuation; `start` and `end` are offsets into the client's text."""

    word: str
    start: int
    end: int
    sentence: int
    is_word: bool


def _plain(char: str) -> str:
    """What one character is read as; nothing for invisible ones, so that they cannot split a word."""
    known = _PLAIN.get(char)
    if known is not None:
        return known
    if char.isascii():
        return char.lower() if char.isalnum() or char in _KEPT_SIGNS else " "
    category = unicodedata.category(char)
    if category in {"Cf", "Mn", "Me"}:
        return ""
    if category in {"So", "Sk", "Cs", "Co"}:  # emoji part clauses, as a comma does
        return ","
    folded = unicodedata.normalize("NFKD", char).casefold()
    parts = (_PLAIN.get(part, part) for part in folded if not unicodedata.combining(part))
    return "".join(part if part.isalnum() or part in _KEPT_SIGNS else " " for part in parts)


def _clean(text: str) -> tuple[str, list[int]]:
    """Lower-case plain text and, for each of its characters, the index of the original one."""
    chars: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(text):
        for plain in char if "a" <= char <= "z" or char == " " else _plain(char):
            chars.append(plain)
            origin.append(index)
    clean = "".join(chars)
    dots = {i for found in _INITIALS.finditer(clean) for i in range(*found.span()) if clean[i] == "."}
    if dots:  # "t.i.a." is one word, and no sentence ends in it
        origin = [at for i, at in enumerate(origin) if i not in dots]
        clean = "".join(char for i, char in enumerate(clean) if i not in dots)
    return clean, origin


class Words:
    """Splits messages into tokens with spaCy's tokenizer. Safe to share between threads."""

    def __init__(self) -> None:
        self._vocab = spacy.blank("en").vocab
        self._tokenizer = Tokenizer(
            self._vocab,
            prefix_search=_PREFIX.match,
            suffix_search=_SUFFIX.search,
            infix_finditer=_SPLIT.finditer,
        )
        self._lock = threading.Lock()

    def split(self, text: str) -> tuple[Token, ...]:
        """Tokens of `text`, in order."""
        clean, origin = _clean(text)
        # The zone frees the strings of the message again: a long-running process must not collect what clients type.
        with self._lock, self._vocab.memory_zone():
            pieces = [(token.text, token.idx) for token in self._tokenizer(clean)]
        tokens: list[Token] = []
        sentence = 0
        for word, start in pieces:
            if word.isspace():
                continue
            end = start + len(word)
            tokens.append(Token(word, origin[start], origin[end - 1] + 1, sentence, word[0].isalnum()))
            if word in _SENTENCE_END:
                sentence += 1
        return tuple(tokens)
