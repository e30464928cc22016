"""One update after another of a chat: what it means, the gateway asked, the answer sent.

An update is done again from the start when the process ended in its middle. Everything here takes that: the gateway
answers a message once, replies of the channel are written once for each update, and sending goes by the transcript.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, TelegramError

from bot.channels.telegram import api, commands, keyboards, links
from bot.channels.telegram.api import Threads
from bot.channels.telegram.chats import CHANNEL, MINE, Chats, Press, Pressed
from bot.channels.telegram.inbox import Waiting
from bot.channels.telegram.sender import Sender, Typing
from bot.channels.telegram.split import split
from bot.channels.telegram.updates import Incoming, Kind, calls_bot
from bot.context import Context
from bot.engine_client import EngineError
from bot.gateway import GONE, TEXT_LIMIT, ClientMessage, Gateway, GatewayError
from bot.reply import Button, Reply, ReplyKind

logger = logging.getLogger(__name__)

_ACT = "telegram"
"""`do` of the buttons that the channel itself offers and takes."""


class Turns:
    """Does what an update asks for."""

    def __init__(
        self, context: Context, bot: api.Bot, gateway: Gateway, chats: Chats, sender: Sender, threads: Threads
    ) -> None:
        self._context = context
        self._bot = bot
        self._gateway = gateway
        self._chats = chats
        self._sender = sender
        self._threads = threads
        self._say = context.wording.text

    def use(self, context: Context) -> None:
        """Go on with new knowledge."""
        self._context = context
        self._gateway = self._gateway.renewed(context)
        self._say = context.wording.text

    async def take(self, update: Waiting) -> None:
        """Do all that one update asks for. Whatever is raised, the update can be taken again."""
        incoming = update.incoming
        match incoming.kind:
            case Kind.GROUP:
                await self._in_group(incoming)
            case Kind.BLOCKED | Kind.UNBLOCKED:
                await self._threads(self._chats.set_blocked, incoming.chat_id, incoming.kind is Kind.BLOCKED)
            case _:
                await _Turn(self, update).take()

    async def apologise(self, update: Waiting, number: str) -> None:
        """An update could not be dealt with: the client hears it, with a reference that is also in the log."""
        conversation_id = await self._threads(self._chats.known, update.incoming.chat_id)
        if conversation_id is None:
            return
        reply = Reply(self._say("action_failed", reference=number), ReplyKind.FALLBACK)
        await self._threads(self._chats.say, conversation_id, self._key(update), [reply])

    def _key(self, update: Waiting) -> str:
        return f"{MINE}{self._bot.id}-{update.update_id}"

    async def _in_group(self, incoming: Incoming) -> None:
        """Nothing about health in a group: a link to the private chat, and only when the bot is called."""
        if not calls_bot(incoming.text, self._bot.username):
            return
        text = self._say("telegram.group")
        if "/id" in incoming.text.lower().split("@")[0]:
            text = self._say("telegram.group_id", number=incoming.chat_id)
        private = InlineKeyboardButton(self._say("telegram.private_chat"), url=f"{self._bot.link}?start=group")
        try:
            await self._bot.send_message(incoming.chat_id, text, reply_markup=InlineKeyboardMarkup([[private]]))
        except TelegramError as error:
            if api.is_passing(error):
                raise
            logger.info("A group cannot be written to: %s", type(error).__name__)


class _Turn:
    """One update of a private chat."""

    def __init__(self, turns: Turns, update: Waiting) -> None:
        self._all = turns
        self._context = turns._context
        self._chats = turns._chats
        self._bot = turns._bot
        self._threads = turns._threads
        self._say = turns._say
        self._update = update
        self._incoming = update.incoming
        self._chat_id = update.incoming.chat_id
        self._key = turns._key(update)
        self._conversation_id = ""

    async def take(self) -> None:
        """Answer, then send."""
        press = None
        if self._incoming.kind is Kind.PRESS:
            try:
                press = await self._threads(self._chats.press, self._chat_id, self._incoming.key, self._update.id)
            except Exception:  # what it means is found out when the update is taken again; the button rests meanwhile
                await self._answer_query(None)
                raise
            await self._answer_query(press)
        greeted_now = await self._conversation()
        await self._threads(self._chats.heard_from, self._chat_id, self._incoming.message_id)
        if not greeted_now:
            await self._dispatch(press)
        await self._all._sender.follow(self._chat_id)

    async def _dispatch(self, press: Press | None) -> None:
        incoming = self._incoming
        match incoming.kind:
            case Kind.PRESS:
                assert press is not None
                await self._pressed(press)
            case Kind.TEXT:
                await self._typed(incoming.text)
            case Kind.CONTACT:
                await self._contact()
            case Kind.PLACE:
                await self._notice("location_message")
            case Kind.EDITED:
                await self._unless_urgent("edited_message")
            case Kind.FORWARDED:
                await self._unless_urgent("telegram.forwarded")
            case Kind.MEDIA if incoming.text.strip():
                await self._typed(incoming.text)
                await self._add("m", "telegram.caption")
            case _:
                if incoming.album:
                    self._key = f"{MINE}album-{incoming.album}"
                await self._notice("media_message")

    # ------------------------------------------------------------ the conversation

    async def _conversation(self) -> bool:
        """Find or open the conversation of the chat. Returns whether its greeting is the whole answer."""
        command = self._command()
        is_start = command is not None and command[0] == "start"
        link = command is not None and is_start and command[1].startswith(links.PREFIX)
        hello = is_start and not link
        known = await self._threads(self._chats.known, self._chat_id)
        if known is not None:
            self._conversation_id = known
            return hello and await self._threads(self._chats.was_opened_by, self._chat_id, self._key)
        own = await self._threads(self._chats.own_conversation, self._chat_id)
        if own is None:
            own, _, _ = await self._threads(self._all._gateway.open, CHANNEL, None, str(self._chat_id))
        self._conversation_id = own
        campaign = links.campaign(command[1]) if command is not None and hello else None
        urgent = not hello and await self._is_urgent(self._incoming.text)
        await self._threads(self._chats.add, self._chat_id, own, campaign, link or urgent, self._key if hello else None)
        return hello

    def _command(self) -> tuple[str, str] | None:
        if self._incoming.kind is not Kind.TEXT:
            return None
        return commands.read(self._incoming.text, self._bot.username)

    # ------------------------------------------------------------ typed

    async def _typed(self, text: str) -> None:
        command = self._command()
        if command is not None:
            await self._obey(command[0], command[1], text.split()[0])
            return
        newest = await self._threads(self._chats.newest, self._conversation_id)
        acts = ((newest or {}).get("meta") or {}).get(_ACT)
        if acts:  # the channel itself asked yes or no, and no answer to that may reach the open question
            for word, act in (("yes", acts["yes"]), ("no", acts["no"])):
                if self._context.phrases.means(word, text):
                    await self._act(act)
                    return
        if len(text) > TEXT_LIMIT:
            await self._long(text)
            return
        await self._ask(text=text)

    async def _long(self, text: str) -> None:
        """Too long to be read as one message; what is urgent in it is answered all the same."""
        for piece in split(text, TEXT_LIMIT):
            if await self._is_urgent(piece):
                await self._ask(text=piece)
                return
        await self._notice("too_long_message")

    async def _unless_urgent(self, notice: str) -> None:
        """A changed or forwarded message is no answer, but an emergency in it is one."""
        if self._incoming.text and await self._is_urgent(self._incoming.text):
            for piece in split(self._incoming.text, TEXT_LIMIT):
                if await self._is_urgent(piece):
                    await self._ask(text=piece)
                    return
        await self._notice(notice)

    async def _is_urgent(self, text: str) -> bool:
        if not text.strip():
            return False
        reading = await self._threads(self._context.reader.read, text)
        return reading.emergency is not None

    async def _contact(self) -> None:
        newest = await self._threads(self._chats.newest, self._conversation_id)
        if not self._incoming.own:
            await self._notice("telegram.contact_other")
        elif ((newest or {}).get("meta") or {}).get("booking_step") == "contact" and self._incoming.text:
            number = self._incoming.text
            await self._ask(text=number if number.startswith("+") else f"+{number}")
        else:
            await self._notice("telegram.contact_not_asked")

    # ------------------------------------------------------------ commands

    async def _obey(self, name: str, rest: str, typed: str) -> None:
        if name == "start" and rest.startswith(links.PREFIX):
            await self._link(rest)
            return
        lock = await self._threads(self._chats.lock, self._conversation_id)
        if lock == "asking":  # a command is no answer to the one question of an emergency: it is asked again
            await self._threads(self._chats.say, self._conversation_id, self._key, [], ask_again=True)
            return
        in_form = await self._threads(self._chats.has_open_form, self._conversation_id)
        if name in commands.CONFIRMED and in_form:
            await self._confirm(f"telegram.{name}_confirm", name, "stay")
            return
        await self._ask(text=typed, command=commands.INTENTS[name])
        if name == "privacy":
            await self._add("p", "telegram.privacy")

    async def _confirm(self, wording: str, yes: str, no: str, **more: Any) -> None:
        buttons = tuple(
            Button(self._say(f"telegram.{act}_button"), {"do": _ACT, "act": act, **more}) for act in (yes, no)
        )
        acts = {"yes": {"act": yes, **more}, "no": {"act": no, **more}}
        reply = Reply(self._say(wording), ReplyKind.CONFIRM, buttons, meta={_ACT: acts})
        await self._threads(self._chats.say, self._conversation_id, self._key, [reply])

    async def _act(self, act: Mapping[str, Any]) -> None:
        """A button of the channel's own."""
        name = act["act"]
        if name == "link":
            await self._follow_link(act["link"])
        elif name == "unlink":
            await self._threads(
                self._chats.say, self._conversation_id, self._key, [Reply(self._say("telegram.link_not"))]
            )
        elif name == "stay":
            await self._ask(text=self._say("telegram.stay_button"), command=commands.INTENTS["repeat"])
        else:
            meant = {"cancel": "stop"}.get(name, name)
            await self._ask(text=self._say(f"telegram.{name}_button"), command=commands.INTENTS[meant])

    # ------------------------------------------------------------ links from the website

    async def _link(self, payload: str) -> None:
        database = self._context.database
        token_hash = await self._threads(links.read, database, payload)
        if token_hash is None:
            await self._notice("telegram.link_used")
        elif not await self._threads(links.may_leave, database, self._conversation_id):
            await self._notice("telegram.link_not_free")
        else:
            await self._confirm("telegram.link_confirm", "link", "unlink", link=token_hash)

    async def _follow_link(self, token_hash: str) -> None:
        database = self._context.database
        before = self._conversation_id
        turned = await self._threads(links.linked, database, token_hash, self._chat_id)
        if turned is None:
            if not await self._threads(links.may_leave, database, before):
                await self._notice("telegram.link_not_free")
                return
            turned = await self._threads(links.use, database, token_hash, self._chat_id)
        if turned is None:
            await self._notice("telegram.link_used")
            return
        await self._threads(self._chats.say, turned, self._key, [Reply(self._say("telegram.linked"))], ask_again=True)
        self._conversation_id = turned
        own = await self._threads(self._chats.own_conversation, self._chat_id)
        if own is not None and own != turned:
            try:
                await self._threads(self._all._gateway.erase, own)
            except EngineError:
                logger.warning("A conversation that was left is kept: the engine does not answer")

    # ------------------------------------------------------------ presses

    async def _answer_query(self, press: Press | None) -> None:
        """Every press is answered at once, also one that fails; what cannot be taken any more is said kindly."""
        said = self._word_for(press) if press is not None else None
        try:
            await self._bot.answer_callback_query(self._incoming.query, text=said, show_alert=bool(said))
        except BadRequest:
            logger.debug("A press was answered before, or is too old to be answered")
        except TelegramError as error:
            logger.warning("A press was not answered: %s", api.reason(error))

    def _word_for(self, press: Press) -> str | None:
        if press.state is Pressed.STALE:
            return self._say("telegram.stale")
        if press.state is Pressed.GONE:
            return self._say("telegram.gone")
        if press.choice is not None and press.choice.done and press.reply is not None:
            nothing = not keyboards.marked(press.marks or {})
            if nothing and not keyboards.is_checklist(press.reply):
                return self._say("telegram.none_chosen")
        return None

    async def _pressed(self, press: Press) -> None:
        if press.state is not Pressed.TAKEN:
            if press.message_id is None and press.state is Pressed.GONE and self._incoming.message_id is not None:
                await self._drop_buttons(self._incoming.message_id)
            return
        assert press.choice is not None
        assert press.reply is not None
        marks = dict(press.marks or {})
        choice = press.choice
        if choice.mark is not None:
            if marks.get("by") != self._update.id:  # done again after a crash, a line must not turn twice
                marks = {**keyboards.turned(press.reply, marks, choice.mark), "by": self._update.id}
            await self._redraw(press, marks)
        elif choice.page is not None:
            await self._redraw(press, {**marks, "page": choice.page})
        elif choice.done:
            await self._marks_done(press, marks)
        elif choice.command is not None:
            await self._close(press, choice.label)
            if choice.command == "skip":
                await self._ask(text=choice.label)
            else:
                await self._obey(choice.command, "", choice.label)
        elif (press.action or {}).get("do") == "feedback":
            thumbs = await self._threads(self._chats.feedback_places, press.reply)
            await self._redraw(press, {**marks, "hidden": thumbs})
            await self._ask(payload=choice.payload)
        elif press.action is not None and press.action.get("do") == _ACT:
            await self._close(press, choice.title)
            await self._act(press.action)
        else:
            await self._close(press, choice.title)
            await self._ask(payload=choice.payload)

    async def _marks_done(self, press: Press, marks: Mapping[str, Any]) -> None:
        assert press.reply is not None
        found = keyboards.marked(marks)
        if not keyboards.is_checklist(press.reply):
            if found:
                titles = keyboards.lines(press.reply)
                text = ", ".join(titles[place] for place, _ in found)
                await self._close(press, text)
                await self._ask(text=text)
            return
        if not found:
            await self._close(press, self._say("telegram.done_none"))
            await self._ask(answers=keyboards.answers(press.reply, marks))
            return
        by_value = {value: [str(place + 1) for place, v in found if v == value] for value in ("yes", "unsure")}
        chosen = self._say(
            "telegram.marks_chosen", yes=", ".join(by_value["yes"]), unsure=", ".join(by_value["unsure"])
        )
        await self._close(press, chosen)
        await self._ask(answers=keyboards.answers(press.reply, marks))

    async def _redraw(self, press: Press, marks: Mapping[str, Any]) -> None:
        assert press.reply is not None
        await self._threads(self._chats.mark, press.token, marks)
        if press.message_id is not None:
            rows = keyboards.rows(press.reply, self._say, marks)
            await self._all._sender.show_marks(self._chat_id, press.message_id, press.token, rows)

    async def _close(self, press: Press, chosen: str) -> None:
        """Show what was chosen, before the next question comes."""
        await self._threads(self._chats.close, press.token, self._update.id, chosen)
        try:
            await self._all._sender.edit(self._chat_id)
        except TelegramError as error:
            logger.warning("Buttons stay for a while: %s", api.reason(error))

    async def _drop_buttons(self, message_id: int) -> None:
        try:
            await self._bot.edit_message_reply_markup(self._chat_id, message_id)
        except TelegramError:
            logger.debug("Buttons of an old message could not be taken away")

    # ------------------------------------------------------------ asking and saying

    async def _ask(
        self,
        *,
        text: str | None = None,
        payload: str | None = None,
        answers: Mapping[str, str] | None = None,
        command: Mapping[str, Any] | None = None,
    ) -> None:
        """Ask the gateway; what it refuses is said, and the open question asked again."""
        message = ClientMessage(self._key, text, payload, answers, command)
        async with Typing(self._bot, self._chat_id):
            try:
                turn = await self._threads(self._all._gateway.handle, self._conversation_id, message)
            except GatewayError as error:
                if error.code == GONE:  # taken again from the start, the update opens another conversation
                    raise
                reply = Reply(error.message, ReplyKind.FALLBACK)
                await self._threads(self._chats.say, self._conversation_id, self._key, [reply], ask_again=True)
                return
        if any(reply["meta"].get("erased") for reply in turn.replies):
            await self._add("e", "telegram.erased")

    async def _notice(self, wording: str) -> None:
        """Something that the channel itself says, and the open question again."""
        await self._threads(
            self._chats.say, self._conversation_id, self._key, [Reply(self._say(wording))], ask_again=True
        )

    async def _add(self, mark: str, wording: str) -> None:
        """Something more, after what the gateway said."""
        reply = Reply(self._say(wording))
        await self._threads(self._chats.say, self._conversation_id, f"{self._key}{mark}", [reply])
