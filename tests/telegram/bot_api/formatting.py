"""HTML parse mode and what is done to every text: the documentation ("Formatting options") and the published server.

Facts, of the documentation (Bot API 9.3, 10.0): the tags below and no others; `&lt; &gt; &amp; &quot;` and numeric
references are the only entities; offsets of entities count UTF-16 units. Facts, of the published server and its library
(tdlib/telegram-bot-api, tdlib/td):

- an entity counts without its semicolon too; any other `&name` stays as it is; a lone `<` begins a tag;
- an attribute is a name, an equal sign and a value; the value is quoted, or a word of letters, digits, `.` and `-`;
  only `expandable` of a block quotation needs no value;
- offsets in refusals count bytes;
- a link whose protocol Telegram does not know (`tel:`) is shown as plain words and is not refused;
- a request's text has at most 32768 bytes, before its markup is read;
- control characters become spaces, carriage returns and marks that turn the direction of writing go, spaces and line
  feeds at both ends go; a text of nothing but spaces and characters that show nothing counts as empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.telegram.bot_api.errors import Refusal, bad

RAW_BYTES = 1 << 15
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
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([A-Za-z]+));?", re.ASCII)
_SPACE = " \t\r\n\0\v"
_WORD = re.compile(r"[A-Za-z0-9.-]*", re.ASCII)
_LINK = re.compile(r"(?:https?://|tg://|mailto:|ton://)\S+", re.IGNORECASE)
_CONTROL = {code: " " for code in range(33) if code not in (10, 13)} | {13: ""}
_UNWANTED = dict.fromkeys((*range(8232, 8239), 819, 831, 778), "")
_BLANK = re.compile(
    "[ \n\u00a0\u1680\u180e\u2000-\u200f\u202e\u202f\u205f\u2800\u3000\ufeff\ufffc\U000e0000-\U000e007f]*"
)


def utf16(text: str) -> int:
    """Length as Telegram counts offsets and lengths of entities."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def is_blank(text: str) -> bool:
    """Whether a text shows nothing."""
    return _BLANK.fullmatch(text) is not None


def cleaned(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """A text as Telegram keeps it, with its entities where they are then."""
    marked = text.translate(_CONTROL | _UNWANTED)
    kept = [character.translate(_CONTROL | _UNWANTED) for character in text]
    begin, end = len(marked) - len(marked.lstrip(" \n")), len(marked.rstrip(" \n"))
    places, at = [0], 0
    for was, now in zip(text, kept, strict=True):
        at += utf16(now)
        places += [at] * utf16(was)
    cut, last = utf16(marked[:begin]), utf16(marked[:end])

    def place(offset: int) -> int:
        return max(0, min(places[offset], last) - cut)

    moved = [
        {**e, "offset": place(e["offset"]), "length": place(e["offset"] + e["length"]) - place(e["offset"])}
        for e in entities
    ]
    return marked[begin:end], [entity for entity in moved if entity["length"]]


def parse(text: str, parse_mode: str) -> tuple[str, list[dict[str, Any]]]:
    """The text as it is shown, and its entities.

    Raises:
        Refusal: the markup is not what Telegram takes, or the mode is not one this server checks.
    """
    if len(text.encode()) > RAW_BYTES:
        raise bad("text is too long")
    if not parse_mode:
        return text, []
    if parse_mode.lower() != "html":
        raise bad("unsupported parse_mode")
    return _Html(text).parse()


@dataclass
class _Tag:
    name: str
    begin: int
    fields: dict[str, Any]


@dataclass
class _Html:
    """Reads one text from its beginning to its end."""

    text: str
    at: int = 0
    length: int = 0
    shown: list[str] = field(default_factory=list)
    opened: list[_Tag] = field(default_factory=list)
    entities: list[dict[str, Any]] = field(default_factory=list)

    def parse(self) -> tuple[str, list[dict[str, Any]]]:
        """Read it all."""
        while self.at < len(self.text):
            if self.text[self.at] == "<":
                self._end_tag() if self._peek(1) == "/" else self._start_tag()
                continue
            piece = self._reference() or self._next()
            self.shown.append(piece)
            self.length += utf16(piece)
        if self.opened:
            raise _unparsable(f'Can\'t find end tag corresponding to start tag "{self.opened[-1].name}"')
        text = "".join(self.shown)
        try:
            text = text.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            raise _unparsable(
                "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate "
                "code units"
            ) from None
        self.entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return text, self.entities

    def _peek(self, ahead: int = 0) -> str:
        """A character; nothing behind the end."""
        return self.text[self.at + ahead : self.at + ahead + 1]

    def _next(self) -> str:
        self.at += 1
        return self.text[self.at - 1]

    def _while(self, wanted: Callable[[str], bool]) -> str:
        begin = self.at
        while self.at < len(self.text) and wanted(self.text[self.at]):
            self.at += 1
        return self.text[begin : self.at]

    def _skip_spaces(self) -> None:
        self._while(lambda character: character in _SPACE)

    def _reference(self) -> str:
        """The character that an entity here stands for; nothing where there is none."""
        found = _REFERENCE.match(self.text, self.at)
        if found is None:
            return ""
        hexadecimal, decimal, named = found.groups()
        if named:
            character = _NAMED.get(named, "")
        else:
            code = int(hexadecimal, 16) if hexadecimal else int(decimal)
            fits = 0 < code < 0x10FFFF and len(found.group().removesuffix(";")) < 10
            character = chr(code) if fits else ""
        if character:
            self.at = found.end()
        return character

    # ------------------------------------------------------------ tags

    def _start_tag(self) -> None:
        where = self._bytes(self.at)
        self.at += 1
        name = self._while(lambda character: character not in _SPACE and character != ">").lower()
        if not self._peek():
            raise _unparsable(f"Unclosed start tag at byte offset {where}")
        if name not in _TYPES:
            raise _unparsable(f'Unsupported start tag "{name}" at byte offset {where}')
        attributes = self._attributes(name, where)
        self.at += 1
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise _unparsable(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
        self.opened.append(_Tag(name, self.length, {"at": len(self.shown), **_fields(name, attributes)}))

    def _attributes(self, tag: str, where: int) -> dict[str, str]:
        found: dict[str, str] = {}
        while True:
            self._skip_spaces()
            if self._peek() == ">":
                return found
            name = self._while(lambda character: character not in _SPACE and character not in "=>/\"'")
            if not name:
                raise _unparsable(f'Empty attribute name in the tag "{tag}" at byte offset {where}')
            self._skip_spaces()
            if not self._peek():
                raise _unparsable(f'Unclosed start tag "{tag}" at byte offset {where}')
            if self._peek() != "=":
                found[name] = ""
                continue
            self.at += 1
            self._skip_spaces()
            if not self._peek():
                raise _unparsable(f'Unclosed start tag "{tag}" at byte offset {where}')
            found[name] = self._value(where)

    def _value(self, where: int) -> str:
        quote = self._peek()
        if quote not in ('"', "'"):
            begin = self.at
            match = _WORD.match(self.text, self.at)
            assert match is not None
            self.at = match.end()
            if self._peek() and self._peek() not in _SPACE and self._peek() != ">":
                raise _unparsable(f"Unexpected end of name token at byte offset {self._bytes(begin)}")
            value = match.group().lower()
        else:
            self.at += 1
            pieces = []
            while self._peek() and self._peek() != quote:
                pieces.append(self._reference() or self._next())
            self.at += 1
            value = "".join(pieces)
        if not self._peek():
            raise _unparsable(f"Unclosed start tag at byte offset {where}")
        return value

    def _end_tag(self) -> None:
        where = self._bytes(self.at)
        if not self.opened:
            raise _unparsable(f"Unexpected end tag at byte offset {where}")
        self.at += 2
        name = self._while(lambda character: character not in _SPACE and character != ">").lower()
        self._skip_spaces()
        if self._peek() != ">":
            raise _unparsable(f"Unclosed end tag at byte offset {where}")
        self.at += 1
        tag = self.opened.pop()
        if name and name != tag.name:
            raise _unparsable(f'Unmatched end tag at byte offset {where}, expected "</{tag.name}>", found "</{name}>"')
        inside = "".join(self.shown[tag.fields.pop("at") :])
        if tag.name == "a":
            url = tag.fields.get("url") or inside
            tag.fields = {"type": "text_link", "url": url} if _LINK.fullmatch(url) else {}
        if self.length > tag.begin and tag.fields:
            self.entities.append({"offset": tag.begin, "length": self.length - tag.begin, **tag.fields})

    def _bytes(self, at: int) -> int:
        return len(self.text[:at].encode())


def _fields(name: str, attributes: dict[str, str]) -> dict[str, Any]:
    if name == "a":
        return {"url": attributes.get("href", "")}
    if name == "blockquote" and "expandable" in attributes:
        return {"type": "expandable_blockquote"}
    return {"type": _TYPES[name]}


def _unparsable(why: str) -> Refusal:
    return bad(f"can't parse entities: {why}")
