"""Long texts in pieces that Telegram takes, cut where a reader would pause."""

from __future__ import annotations

import re

LIMIT = 4096
"""What a message may hold, after its markup was read."""

_BREAKS = ("\n\n", "\n", r"(?<=[.!?])\s+", r"\s+")


def length(text: str) -> int:
    """How long Telegram takes a text to be: in UTF-16 units, so that an emoji counts twice."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Pieces of a text, each within the limit: whole paragraphs first, then lines, sentences, words."""
    return _split(text.strip(), limit, 0)


def _split(text: str, limit: int, level: int) -> list[str]:
    if length(text) <= limit:
        return [text] if text else []
    if level == len(_BREAKS):
        return _cut(text, limit)
    pieces: list[str] = []
    begun = ""
    glue = {0: "\n\n", 1: "\n"}.get(level, " ")
    for part in re.split(_BREAKS[level], text):
        if not part.strip():
            continue
        joined = f"{begun}{glue}{part}" if begun else part
        if length(joined) <= limit:
            begun = joined
            continue
        if begun:
            pieces.append(begun)
        *whole, begun = _split(part.strip("\n"), limit, level + 1)
        pieces += whole
    return [*pieces, begun] if begun else pieces


def _cut(text: str, limit: int) -> list[str]:
    """A word that is longer than a message."""
    pieces: list[str] = []
    begun, size = "", 0
    for character in text:
        width = length(character)
        if size + width > limit:
            pieces.append(begun)
            begun, size = "", 0
        begun, size = begun + character, size + width
    return [*pieces, begun]
