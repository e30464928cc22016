"""The chat API's forms (version 1). The published OpenAPI document is made from these."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, model_validator

Moment = Annotated[
    datetime, PlainSerializer(lambda at: at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"))
]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Before(_Request):
    """The conversation that a new one continues, with its bearer token."""

    id: str = Field(max_length=40)
    token: str = Field(max_length=64)


class NewConversation(_Request):
    """Optional body of a new conversation."""

    continues: Before | None = None

    locale: str | None = Field(default=None, max_length=16, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")


class NewMessage(_Request):
    """One message: exactly one of `text`, `payload` and `answers`."""

    client_message_id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    text: str | None = None
    payload: str | None = Field(default=None, max_length=64)
    answers: dict[str, Literal["yes", "no", "unsure"]] | None = Field(default=None, max_length=60)

    @model_validator(mode="after")
    def _exactly_one(self) -> NewMessage:
        if sum(value is not None for value in (self.text, self.payload, self.answers)) != 1:
            raise ValueError("send exactly one of text, payload and answers")
        return self


class Link(BaseModel):
    title: str
    url: str


class Button(BaseModel):
    title: str
    payload: str


class ChecklistItem(BaseModel):
    id: str
    text: str


class Checklist(BaseModel):
    id: str
    prompt: str
    items: list[ChecklistItem]
    choices: list[str]


class Table(BaseModel):
    columns: list[str]
    rows: list[list[str]]


class Reply(BaseModel):
    """One bubble. `text` is complete on its own; `meta` carries what a program may rely on."""

    event_id: int
    text: str
    links: list[Link]
    buttons: list[Button]
    checklist: Checklist | None = None
    table: Table | None = None
    meta: dict[str, Any]


class Conversation(BaseModel):
    """A new conversation. The token is shown this once."""

    id: str
    token: str
    replies: list[Reply]


class Answered(BaseModel):
    """The replies to one message."""

    message_id: str
    replies: list[Reply]


class TranscriptMessage(BaseModel):
    """One message of the transcript."""

    event_id: int
    author: Literal["client", "bot", "staff"]
    at: Moment
    text: str
    reply: Reply | None = None
    client_message_id: str | None = None  # of the client's own messages


class Transcript(BaseModel):
    messages: list[TranscriptMessage]


class TelegramLink(BaseModel):
    """A link that opens this conversation on Telegram, once and for a short while."""

    url: str
    expires_at: Moment


class Page(BaseModel):
    """What the client page shows of the clinic."""

    clinic: str
    phone: str | None
    email: str | None
    locale: str
    emergency_number: str
    timezone: str
    privacy_url: str | None
    privacy_contact: str | None
    retention: str | None
    telegram: bool  # the chat can be gone on with there


class OpenChecklist(Checklist):
    """A list of the health questions that is still open; an urgent one holds the warning signs."""

    urgent: bool


class OpenChecklists(BaseModel):
    checklists: list[OpenChecklist]


class ErrorBody(BaseModel):
    code: str
    message: str
    reference: str


class Error(BaseModel):
    """Every error: a code, a message fit to show, a reference that also stands in the log."""

    error: ErrorBody
