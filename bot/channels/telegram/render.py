"""A reply of the bot as messages of Telegram: a pure function.

Everything that comes from outside is escaped. Texts are cut before they get their markup, so that it is always whole.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from bot.channels.telegram import keyboards
from bot.channels.telegram.keyboards import Rows, Say
from bot.channels.telegram.split import LIMIT, length, split

PROTECTED_STEPS = ("summary",)


class PartKind(StrEnum):
    """What is sent."""

    TEXT = "text"
    CALENDAR = "calendar"  # the .ics file of a confirmed visit
    PLACE = "place"  # where the clinic is
    EXPORT = "export"  # everything that is kept, as a file


@dataclass(frozen=True, slots=True)
class Part:
    """One message to send.

    Attributes:
        html: the text with markup; `plain` the same without, for when Telegram cannot read the markup.
        keyboard: buttons below it, on the last part of a reply.
        contact: a keyboard with "share my phone number" comes up.
        protect: it cannot be passed on or saved.
    """

    kind: PartKind
    html: str = ""
    plain: str = ""
    keyboard: Rows = ()
    contact: bool = False
    protect: bool = False


@dataclass(frozen=True, slots=True)
class _Block:
    """Some text that looks one way."""

    plain: str
    tag: str = ""
    html: str | None = None  # where the markup is more than a tag around it

    def markup(self, text: str) -> str:
        if self.html is not None and text == self.plain:
            return self.html
        escaped = html.escape(text, quote=False)
        return f"<{self.tag}>{escaped}</{self.tag}>" if self.tag else escaped


def parts(reply: Mapping[str, Any], author: str, say: Say, *, has_place: bool = False) -> list[Part]:
    """The messages of one reply.

    Args:
        reply: as the gateway stored it.
        author: bot or staff.
        say: the wording.
        has_place: the clinic has said where it is on the map.
    """
    meta = reply["meta"]
    texts = _packed(_blocks(reply, author, say))
    protect = (meta.get("screening") or {}).get("step") in PROTECTED_STEPS or "result" in meta
    found = [Part(PartKind.TEXT, markup, plain, protect=protect) for markup, plain in texts]
    if not found:
        return []
    contact = meta.get("booking_step") == "contact" and not reply.get("buttons")
    keyboard = () if contact else keyboards.rows(reply, say)
    found[-1] = replace(found[-1], keyboard=keyboard, contact=contact)
    if meta.get("export"):
        found.append(Part(PartKind.EXPORT, plain=say("telegram.export_caption")))
    booking = meta.get("booking") or {}
    if booking.get("state") == "confirmed" and booking.get("slot") and author == "staff":
        found.append(Part(PartKind.CALENDAR, plain=say("telegram.calendar_caption")))
        if has_place:
            found.append(Part(PartKind.PLACE))
    return found


def closed(reply: Mapping[str, Any], author: str, say: Say, chosen: str) -> tuple[str, str]:
    """The message that held the buttons, as it reads once they are gone: with markup, and plain."""
    texts = _packed(_blocks(reply, author, say))
    markup, plain = texts[-1] if texts else ("", "")
    if not chosen:
        return markup, plain
    line = say("telegram.chosen", choice=chosen)
    line = line if length(plain) + length(line) + 2 <= LIMIT else ""
    if not line:
        return markup, plain
    return f"{markup}\n\n<i>{html.escape(line, quote=False)}</i>", f"{plain}\n\n{line}"


def _blocks(reply: Mapping[str, Any], author: str, say: Say) -> Iterator[_Block]:
    meta = reply["meta"]
    if author == "staff" and meta["kind"] == "notice":
        yield _Block(say("telegram.from_team"), "b")
    text = say("telegram.export") if meta.get("export") else _own_text(reply, say)
    if meta["kind"] == "emergency":
        first, _, rest = text.partition("\n\n")
        yield _Block(first, "b")
        text = rest
    if text:
        yield _Block(text)
    yield from _table(reply)
    links = [_link(link) for link in reply.get("links") or ()]
    if links:
        yield _Block("\n".join(b.plain for b in links), html="\n".join(b.html or "" for b in links))
    if meta.get("sources"):
        yield _sources(meta["sources"], say)


def _own_text(reply: Mapping[str, Any], say: Say) -> str:
    """The text without what is shown in a form of its own: choices that their buttons show whole, rows of a table."""
    text = str(reply["text"])
    if keyboards.is_checklist(reply):
        how = say("screening.checklist_how")
        return text.replace(how, say("telegram.checklist_how"))
    numbers = keyboards.numbers(reply)
    titles = {keyboards.words(str(button["title"])): button["title"] for button in reply.get("buttons") or ()}
    shown = set() if numbers else _choices(reply)
    table = [[cell for cell in row if cell] for row in (reply.get("table") or {}).get("rows", ())]
    kept = []
    for line in text.splitlines():
        choice = next((keyboards.words(title) for _, title in keyboards.listed(line)), "")
        if choice in shown:
            continue
        if choice in numbers:
            kept.append(f"{numbers[choice]}. {titles[choice]}")
            continue
        if any(len(row) > 1 and all(cell in line for cell in row) for row in table):
            continue
        kept.append(line)
    short = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    if keyboards.takes_marks(reply):
        short = f"{short}\n\n{say('telegram.several_how')}"
    return short or text


def _choices(reply: Mapping[str, Any]) -> set[str]:
    """What there is to choose, as it is compared."""
    follow_up = (reply["meta"].get("screening") or {}).get("follow_up") or {}
    titles = [*(b["title"] for b in reply.get("buttons") or ()), *follow_up.get("choices", ())]
    return {keyboards.words(str(title)) for title in titles}


def _table(reply: Mapping[str, Any]) -> Iterator[_Block]:
    """A table as lines: what a row is about, and below it each column with its name."""
    table = reply.get("table")
    if not table:
        return
    for row in table["rows"]:
        first, *rest = row
        named = [f"{column}: {cell}" for column, cell in zip(table["columns"][1:], rest, strict=True) if cell]
        escaped = "\n".join(html.escape(line, quote=False) for line in named)
        title = html.escape(first, quote=False)
        yield _Block("\n".join([first, *named]), html=f"<b>{title}</b>\n{escaped}" if named else f"<b>{title}</b>")


def _link(link: Mapping[str, Any]) -> _Block:
    """A link as Telegram lets one be tapped: web addresses by their title, numbers and mail as they are written."""
    title, url = str(link["title"]), str(link["url"])
    scheme, _, rest = url.partition(":")
    if scheme == "https":
        address = html.escape(url, quote=True)
        return _Block(f"{title}: {url}", html=f'<a href="{address}">{html.escape(title, quote=False)}</a>')
    digits = re.sub(r"\D", "", rest)
    shown = title if (digits and digits in re.sub(r"\D", "", title)) or rest in title else f"{title}: {rest}"
    return _Block(shown, html=f"<b>{html.escape(shown, quote=False)}</b>")


def _sources(sources: Iterable[Mapping[str, Any]], say: Say) -> _Block:
    lead = say("telegram.sources")
    plain, marked = [], []
    for source in sources:
        title, ref = str(source.get("title") or source.get("ref")), str(source.get("ref") or "")
        escaped = html.escape(title, quote=False)
        plain.append(title)
        marked.append(f'<a href="{html.escape(ref)}">{escaped}</a>' if ref.startswith("https://") else escaped)
    return _Block(f"{lead} {'; '.join(plain)}", html=f"<i>{html.escape(lead)} {'; '.join(marked)}</i>")


def _packed(blocks: Iterable[_Block]) -> list[tuple[str, str]]:
    """Blocks in as few messages as hold them: (markup, plain) of each."""
    messages: list[tuple[str, str]] = []
    for block in blocks:
        for piece in split(block.plain):
            markup = block.markup(piece)
            if messages and length(messages[-1][1]) + 2 + length(piece) <= LIMIT:
                before, plain = messages[-1]
                messages[-1] = (f"{before}\n\n{markup}", f"{plain}\n\n{piece}")
            else:
                messages.append((markup, piece))
    return messages
