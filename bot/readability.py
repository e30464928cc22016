"""How hard a text is to read: the Flesch-Kincaid grade, with syllables counted by rule."""

from __future__ import annotations

import re
from collections.abc import Collection

_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*|\d[\d.,/]*")
_SENTENCE_END = re.compile(r"[.!?:;]+(?=\s|$)|\n+")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT_END = re.compile(
    r"(?:[^laeiouy]es|(?<=[^aeiouydtl])ed|(?<=[aeiouyl]l)ed|(?<=[^aeiouyl])e|(?<=[gq]u)e|(?<=[aeiou]l)e)$"
)
_SILENT_INSIDE = re.compile(r"(?<=[aeiouy][^aeiouy])e(?=(?:ness|less|ful|ly|ment|thing|one|spread|maker|ache)\b)")
_SPLIT_VOWELS = re.compile(r"i[ao](?!n)|[^qg]u[ao]|[^aeiou]ying|ea[bc]t|iou(?!s)|[aeiou]ing$")
_EASY = 1  # syllables that a word of the glossary counts for


def syllables(word: str) -> int:
    """The syllables of an English word, by its groups of vowels. A number counts as one."""
    plain = re.sub(r"[^a-z]", "", word.lower())
    if not plain:
        return 1
    stem = _SILENT_INSIDE.sub("", plain)
    stem = (
        _SILENT_END.sub(lambda match: match[0][:1] if match[0].endswith("s") else "", stem) if len(stem) > 2 else stem
    )
    return max(1, len(_VOWELS.findall(stem)) + len(_SPLIT_VOWELS.findall(stem)))


def grade(text: str, easy: Collection[str] = ()) -> float:
    """The Flesch-Kincaid grade of a text: about how many years of school it takes to read it.

    Args:
        text: plain text. A line of a list counts as a sentence.
        easy: words, in lower case, that count as short however long they are.
    """
    words = _WORD.findall(text)
    if not words:
        return 0.0
    sentences = [part for part in _SENTENCE_END.split(text) if _WORD.search(part)]
    count = sum(_EASY if word.lower() in easy else syllables(word) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * count / len(words) - 15.59
