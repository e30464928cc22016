"""Sends to a chat what stands in its transcript, in order, each once."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from typing import Any

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest, TelegramError

from bot.booking.calendar import Visit, calendar_file
from bot.channels.telegram import api
from bot.channels.telegram.api import Threads
from bot.channels.telegram.chats import Chats, Edit, Step
from bot.channels.telegram.keyboards import Rows, key
from bot.channels.telegram.render import PartKind
from bot.context import Context
from bot.gateway import reference
from bot.store import exporting, now
from bot.store.models import Booking

logger = logging.getLogger(__name__)

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
CALENDAR_FILE = "visit.ics"
EXPORT_FILE = "my-chat.json"
_UNCOUNTED = 4
"""Messages without a note of their own that may have been on their way too: to groups, to staff, of the keyboard."""
_MOST_BESIDE = 24
_MOST_KNOWN = 60
_LATER_S = (1, 2, 5, 10)


@dataclass(slots=True)
class _Search:
    """How far it was looked for a message in doubt: what breaks it off does not make it begin again."""

    event_id: int
    place: int
    number: int
    until: int


class Sender:
    """The way out. Only one task at a time works for a chat: who calls holds the chat's lock."""

    def __init__(self, context: Context, bot: api.Bot, chats: Chats, threads: Threads) -> None:
        self._context = context
        self._bot = bot
        self._chats = chats
        self._threads = threads
        self._say = context.wording.text
        self._later: dict[int, tuple[float, int]] = {}
        self._searches: dict[int, _Search] = {}

    def use(self, context: Context) -> None:
        """Go on with new knowledge."""
        self._context = context
        self._say = context.wording.text

    def is_waiting(self, chat_id: int) -> bool:
        """Whether a chat is to be left alone for a while, because Telegram could not be reached."""
        until, _ = self._later.get(chat_id, (0.0, 0))
        return time.monotonic() < until

    def try_again(self) -> None:
        """Telegram can be reached again: nobody waits any longer."""
        self._later.clear()

    async def follow(self, chat_id: int) -> None:
        """Take away buttons that were answered, then send what was not sent yet. Errors that pass are tried later."""
        try:
            await self.edit(chat_id)
            step = await self._threads(self._chats.next_step, chat_id)
            while step is not None:
                # An error while it is looked for, above or in here, says nothing of it: it stays in doubt.
                message_id = await self._find(step) if step.doubtful else None
                if message_id is None:
                    message_id = await self._deliver(step)
                step = await self._threads(self._chats.next_step, chat_id, step, message_id)
            self._later.pop(chat_id, None)
        except TelegramError as error:
            if api.is_blocked(error):
                await self._threads(self._chats.set_blocked, chat_id, True)
                return
            _, tries = self._later.get(chat_id, (0.0, 0))
            wait = _LATER_S[min(tries, len(_LATER_S) - 1)]
            self._later[chat_id] = (time.monotonic() + wait, tries + 1)
            logger.warning("A message waits %s s: %s", wait, api.reason(error))

    async def edit(self, chat_id: int) -> None:
        """Take away the buttons of what has been answered."""
        for edit in await self._threads(self._chats.edits, chat_id):
            await self._edit(chat_id, edit)
            await self._threads(self._chats.edited, edit.token)

    async def show_marks(self, chat_id: int, message_id: int, token: str, keyboard: Rows) -> None:
        """Draw a keyboard anew. The marks are kept, so a picture of them that does not arrive is no loss."""
        try:
            await self._bot.edit_message_reply_markup(chat_id, message_id, reply_markup=_inline(keyboard, token))
        except TelegramError as error:
            if not isinstance(error, BadRequest):
                logger.warning("Buttons were not drawn: %s", api.reason(error))

    async def _edit(self, chat_id: int, edit: Edit) -> None:
        if edit.html is None:
            try:
                await self._bot.edit_message_reply_markup(chat_id, edit.message_id)
            except BadRequest:
                logger.debug("A message has no buttons any more")
            return
        for text, mode in ((edit.html, ParseMode.HTML), (edit.plain, None)):
            try:
                await self._bot.edit_message_text(
                    text, chat_id, edit.message_id, parse_mode=mode, link_preview_options=NO_PREVIEW
                )
                return
            except BadRequest as error:
                if "parse entities" not in error.message.lower():
                    return  # changed already, or too old to be changed

    # ------------------------------------------------------------ one message

    async def _deliver(self, step: Step) -> int | None:
        """Send one message. Returns its number; None where Telegram will not take it in any form."""
        try:
            if step.drop_contact and step.part.kind is PartKind.TEXT and step.part.keyboard:
                await self._drop_contact(step.chat_id)
            return await self._send(step)
        except TelegramError as error:
            if isinstance(error, BadRequest) and not api.is_blocked(error):
                number = reference()
                logger.error("Telegram refused event %s, part %s, reference %s", step.event_id, step.place, number)
                return None
            if not api.may_have_arrived(error):
                await self._threads(self._chats.nothing_begun, step.chat_id)
            raise

    async def _drop_contact(self, chat_id: int) -> None:
        """A message has one keyboard: the one for a contact goes with a message of its own, which never comes twice."""
        await self._threads(self._chats.contact_keyboard, chat_id, False)
        try:
            await self._bot.send_message(
                chat_id, self._say("telegram.contact_closed"), reply_markup=ReplyKeyboardRemove()
            )
        except TelegramError as error:
            if not api.may_have_arrived(error):
                await self._threads(self._chats.contact_keyboard, chat_id, True)
            raise

    async def _send(self, step: Step) -> int:
        match step.part.kind:
            case PartKind.TEXT:
                return await self._send_text(step)
            case PartKind.CALENDAR:
                content = await self._threads(self._calendar, step.reference)
                return await self._send_file(step, content, CALENDAR_FILE)
            case PartKind.EXPORT:
                content = await self._threads(self._export, step.chat_id)
                return await self._send_file(step, content, EXPORT_FILE)
            case PartKind.PLACE:
                clinic = self._context.clinic.clinic
                sent = await self._bot.send_venue(
                    step.chat_id, clinic.latitude, clinic.longitude, clinic.name, clinic.address or clinic.name
                )
                return sent.message_id

    async def _send_text(self, step: Step) -> int:
        part = step.part
        markup: Any = _inline(part.keyboard, step.token) if part.keyboard else None
        if part.contact:
            markup = self._contact_markup()
        elif step.drops_contact:
            markup = ReplyKeyboardRemove()
        options = {"reply_markup": markup, "link_preview_options": NO_PREVIEW, "protect_content": part.protect}
        try:
            sent = await self._bot.send_message(step.chat_id, part.html, parse_mode=ParseMode.HTML, **options)
        except BadRequest as error:
            if api.is_blocked(error):
                raise
            sent = await self._bot.send_message(step.chat_id, part.plain, **options)
        return sent.message_id

    async def _send_file(self, step: Step, content: bytes | None, name: str) -> int:
        if content is None:
            sent = await self._bot.send_message(step.chat_id, self._say("telegram.file_gone"))
            return sent.message_id
        file = InputFile(content, filename=name)
        sent = await self._bot.send_document(
            step.chat_id, file, caption=step.part.plain, disable_content_type_detection=True
        )
        return sent.message_id

    async def _find(self, step: Step) -> int | None:
        """Whether a message that was begun did arrive: a bot may not read a chat, but it may ask to change a message.

        Numbers rise over all private chats of a bot. So a message of ours in this chat with a higher number than any
        that was known before is the one in doubt, and Telegram says of it that it "is not modified". Above the highest
        number that is known now there can be no more messages than chats with one in doubt, and the few that nobody
        notes.
        """
        search = self._searches.get(step.chat_id)
        if search is None or (search.event_id, search.place) != (step.event_id, step.place):
            known = min(max(step.newest, step.last_message_id), step.last_message_id + _MOST_KNOWN)
            until = known + min(step.beside + _UNCOUNTED, _MOST_BESIDE)
            search = _Search(step.event_id, step.place, step.last_message_id + 1, until)
            self._searches[step.chat_id] = search
        while search.number <= search.until:
            if await self._is_there(step, search.number):
                break
            search.number += 1
        del self._searches[step.chat_id]
        return search.number if search.number <= search.until else None

    async def _is_there(self, step: Step, number: int) -> bool:
        part = step.part
        try:
            if part.kind is PartKind.TEXT and not part.contact:
                await self._bot.edit_message_text(
                    part.html,
                    step.chat_id,
                    number,
                    parse_mode=ParseMode.HTML,
                    link_preview_options=NO_PREVIEW,
                    reply_markup=_inline(part.keyboard, step.token) if part.keyboard else None,
                )
            else:
                await self._bot.edit_message_reply_markup(step.chat_id, number)
        except BadRequest as error:
            return "not modified" in error.message.lower()
        return True

    # ------------------------------------------------------------ what is sent

    def _contact_markup(self) -> ReplyKeyboardMarkup:
        share = KeyboardButton(self._say("telegram.share_contact"), request_contact=True)
        others = [KeyboardButton(self._say("button.back")), KeyboardButton(self._say("button.stop"))]
        return ReplyKeyboardMarkup([[share], others], resize_keyboard=True, one_time_keyboard=True)

    def _calendar(self, booking_reference: str | None) -> bytes | None:
        with self._context.database.reading() as session:
            booking = session.get(Booking, booking_reference) if booking_reference else None
            if booking is None or booking.start is None or booking.end is None or booking.state != "confirmed":
                return None
            visit = Visit(booking.reference, booking.start, booking.end, booking.version)
        title = self._say("booking.calendar_title")
        note = self._say("booking.calendar_note", reference=visit.reference)
        return calendar_file(visit, self._context.clinic, title, note, now())

    def _export(self, chat_id: int) -> bytes | None:
        conversation_id = self._chats.known(chat_id)
        if conversation_id is None:
            return None
        with self._context.database.reading() as session:
            data = exporting.export(session, conversation_id)
        return json.dumps(data, ensure_ascii=False, indent=2).encode()


def _inline(keyboard: Rows, token: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(c.label, callback_data=key(token, c.place)) for c in row] for row in keyboard]
    )


class Typing:
    """Shows that the bot is writing, from the moment somebody waits until the answer is there."""

    EVERY_S = 4.0

    def __init__(self, bot: api.Bot, chat_id: int) -> None:
        self._bot = bot
        self._chat_id = chat_id
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Typing:
        self._task = asyncio.create_task(self._show())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _show(self) -> None:
        while True:
            try:
                await self._bot.send_chat_action(self._chat_id, "typing")
            except TelegramError as error:
                logger.debug("No typing action: %s", type(error).__name__)
            await asyncio.sleep(self.EVERY_S)
