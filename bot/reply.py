"""What the bot says in one bubble: a text that is complete on its own, and what richer channels add to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ReplyKind(StrEnum):
    """`meta.kind` of the chat API."""

    ANSWER = "answer"
    QUESTION = "question"
    CONFIRM = "confirm"
    EMERGENCY = "emergency"
    FALLBACK = "fallback"
    NOTICE = "notice"
    RESULT = "result"
    BOOKING = "booking"
    MENU = "menu"


@dataclass(frozen=True, slots=True)
class Button:
    """A choice. `do` is what pressing it means; clients only ever see an opaque payload.

    Forms of `do`: {"do": "intent", "intent": "book"}, {"do": "topic", "topic": "price"},
    {"do": "answer", "question": "T3.4/which", "value": "heart_disease"}, and what the gateway itself handles:
    {"do": "feedback", "helpful": true, "message": uid}.
    """

    title: str
    do: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """Something to open: https, tel, sms or mailto."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One message of the bot or of staff to the client."""

    text: str
    kind: ReplyKind = ReplyKind.NOTICE
    buttons: tuple[Button, ...] = ()
    links: tuple[Link, ...] = ()
    checklist: Mapping[str, Any] | None = None
    table: Mapping[str, Any] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The internal form: as it travels through the engine and rests in the outbox."""
        return {
            "text": self.text,
            "kind": self.kind.value,
            "buttons": [{"title": button.title, "do": dict(button.do)} for button in self.buttons],
            "links": [{"title": link.title, "url": link.url} for link in self.links],
            "checklist": dict(self.checklist) if self.checklist else None,
            "table": dict(self.table) if self.table else None,
            "meta": dict(self.meta),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Reply:
        """Rebuild a reply from `to_json`; only `text` is required."""
        return Reply(
            text=data["text"],
            kind=ReplyKind(data.get("kind", "notice")),
            buttons=tuple(Button(b["title"], b["do"]) for b in data.get("buttons") or ()),
            links=tuple(Link(link["title"], link["url"]) for link in data.get("links") or ()),
            checklist=data.get("checklist"),
            table=data.get("table"),
            meta=data.get("meta") or {},
        )
