"""HTML parse mode, as documented under "Formatting options" (Bot API 10.0).

Facts: the tags below and no others; `&lt; &gt; &amp; &quot;` and numeric references are the only entities, any other
`&name;` stays as it is; a lone `<` begins a tag; offsets of entities count UTF-16 units, offsets in refusals count
bytes; a link whose protocol Telegram does not know (`tel:`) is shown as plain words and is not refused.
"""

from __future__ import annotations

import re
from typing import Any

from tests.telegram.bot_api.errors import Refusal, bad

_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#(\d+)|(lt|gt|amp|quot));")
_ATTRIBUTE = re.compile(r"""\s*([a-zA-Z-]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")
_LINK = re.compile(r"(?:https?://|tg://|mailto:|ton://)\S+", re.IGNORECASE)


def utf16(text: str) -> int:
    """Length as Telegram counts offsets and lengths of entities."""
    return len(text.encode("utf-16-le")) // 2


def parse(text: str, parse_mode: str) -> tuple[str, list[dict[str, Any]]]:
    """The text as it is shown, and its entities.

    Raises:
        Refusal: the markup is not what Telegram takes, or the mode is not one this server checks.
    """
    if not parse_mode:
        return text, []
    if parse_mode.lower() != "html":
        raise bad(f"unsupported parse_mode {parse_mode!r}: this server checks HTML only")
    return _html(text)


def _html(text: str) -> tuple[str, list[dict[str, Any]]]:
    shown: list[str] = []
    length = 0
    entities: list[dict[str, Any]] = []
    opened: list[tuple[str, int, dict[str, Any]]] = []
    at = 0
    while at < len(text):
        if text[at] == "&" and (reference := _REFERENCE.match(text, at)):
            piece, at = _decoded(reference), reference.end()
        elif text[at] != "<":
            piece, at = text[at], at + 1
        else:
            at = _tag(text, at, length, opened, entities)
            continue
        shown.append(piece)
        length += utf16(piece)
    if opened:
        raise _unparsable(f'Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    return "".join(shown), entities


def _tag(
    text: str,
    at: int,
    length: int,
    opened: list[tuple[str, int, dict[str, Any]]],
    entities: list[dict[str, Any]],
) -> int:
    """Take the tag that begins at `at`; the position behind it."""
    where = len(text[:at].encode())
    closing = text.startswith("</", at)
    end = text.find(">", at)
    if closing:
        if not opened:
            raise _unparsable(f"Unexpected end tag at byte offset {where}")
        if end < 0:
            raise _unparsable(f"Unclosed end tag at byte offset {where}")
        name, begin, fields = opened.pop()
        found = text[at + 2 : end].strip().lower()
        if found and found != name:
            raise _unparsable(f'Unmatched end tag at byte offset {where}, expected "</{name}>", found "</{found}>"')
        if length > begin and fields:
            entities.append({"offset": begin, "length": length - begin, **fields})
        return end + 1
    match = re.compile(r"[^\s>]*").match(text, at + 1)
    name = (match.group() if match else "").lower()
    if name not in _TYPES:
        raise _unparsable(f'Unsupported start tag "{name}" at byte offset {where}')
    if end < 0:
        raise _unparsable(f'Unclosed start tag "{name}" at byte offset {where}')
    opened.append((name, length, _fields(name, text[at + 1 + len(name) : end], where)))
    return end + 1


def _fields(name: str, attributes: str, where: int) -> dict[str, Any]:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(attributes):
        value = (match.group(2) or "").strip("\"'")
        found[match.group(1).lower()] = _REFERENCE.sub(_decoded, value)
    if name == "span" and found.get("class") != "tg-spoiler":
        raise _unparsable(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
    if name == "a":
        url = found.get("href", "")
        return {"type": "text_link", "url": url} if _LINK.fullmatch(url) else {}
    if name == "blockquote" and "expandable" in found:
        return {"type": "expandable_blockquote"}
    return {"type": _TYPES[name]}


def _decoded(reference: re.Match[str]) -> str:
    hexadecimal, decimal, named = reference.groups()
    if named:
        return _NAMED[named]
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    return chr(code) if 0 < code < 0x110000 else reference.group()


def _unparsable(why: str) -> Refusal:
    return bad(f"can't parse entities: {why}")
