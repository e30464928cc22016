"""The Telegram role: takes what comes, works on the chats beside each other, sends what is new, and stops in order."""

from __future__ import annotations

import asyncio
import functools
import logging
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from telegram.error import Conflict, InvalidToken, TelegramError

from bot.channels.telegram import api, commands
from bot.channels.telegram.chats import CHANNEL, Chats
from bot.channels.telegram.inbox import Inbox, Waiting
from bot.channels.telegram.sender import Sender
from bot.channels.telegram.staff import StaffAlerts
from bot.channels.telegram.turns import Turns
from bot.channels.telegram.updates import ALLOWED
from bot.context import Context
from bot.delivery import deliver
from bot.engine_client import EngineClient
from bot.gateway import Gateway, reference
from bot.releases import Watcher
from bot.settings import Settings
from bot.store import now
from bot.store.models import ChannelState

logger = logging.getLogger(__name__)

AT_ONCE = 24
"""Chats that are worked on at the same time."""
LOOK_S = 0.2
PUSH_S = 1.0
TIDY_S = 3600.0
DRAIN_S = 8.0
"""How long the answers that are under way may take when the role is told to stop."""
PROFILE = "telegram_profile"
_CONNECTIONS = 40


class TelegramRole:
    """One bot, all of its chats."""

    def __init__(self, context: Context, settings: Settings, release: str | None) -> None:
        self._context = context
        self._settings = settings
        self._watcher = Watcher("telegram", settings, release, self._take_knowledge)
        self._bot = api.connect(context.settings)
        self._engine = EngineClient(context.settings)
        self._pool = ThreadPoolExecutor(AT_ONCE + 8, thread_name_prefix="telegram")
        self._inbox = Inbox(context.database, api.bot_id(context.settings))
        self._chats = Chats(context)
        self._sender = Sender(context, self._bot, self._chats, self._in_thread)
        gateway = Gateway(context, self._engine)
        self._turns = Turns(context, self._bot, gateway, self._chats, self._sender, self._in_thread)
        self._staff = StaffAlerts(context, self._bot)
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._again: dict[int, float] = {}
        self._room = asyncio.Semaphore(AT_ONCE)
        self._stopping = asyncio.Event()
        self._known = asyncio.Event()
        """Telegram has said who this bot is: before that nothing can be answered, and no attempt is to be wasted."""
        self._news = asyncio.Event()
        self._reached = False
        """Whether Telegram took the last request: it can be written to, even where it cannot call us."""
        self._said: dict[str, Any] = {}
        self._introducing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Work until SIGINT or SIGTERM."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        await self._in_thread(self._context.reader.read, "hello")  # loaded before the first message, not by it
        self._watcher.start()
        loops = [asyncio.create_task(work()) for work in (self._receive, self._work, self._push)]
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            # A loop ends only by a fault of its own: then the role ends, and the supervisor starts it anew.
            await asyncio.wait([stopped, *loops], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stopping.set()
            await self._drain(loops)
            stopped.cancel()
        for task in loops:
            if task.done() and not task.cancelled():
                task.result()

    def _stop(self) -> None:
        self._stopping.set()
        self._known.set()
        self._news.set()

    async def _drain(self, loops: list[asyncio.Task[None]]) -> None:
        """Take nothing new, let what is under way come to its end, and leave the rest to the next start."""
        loops[0].cancel()
        await asyncio.gather(loops[0], return_exceptions=True)
        if self._busy:
            await asyncio.wait(list(self._busy.values()), timeout=DRAIN_S)
        begun = [*loops, *self._busy.values(), *([self._introducing] if self._introducing else [])]
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
        await self._bot.shutdown()
        await asyncio.to_thread(self._watcher.stop)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._engine.close()
        self._context.database.close()
        logger.info("Telegram: stopped")

    def _take_knowledge(self, settings: Settings) -> None:
        """New knowledge, loaded beside the work and put in the place of the old."""
        context = Context.load(settings, self._context.database)
        context.reader.read("hello")
        self._context = context
        for part in (self._chats, self._sender, self._turns, self._staff):
            part.use(context)

    async def _in_thread(self, function: Any, *arguments: Any, **named: Any) -> Any:
        work = functools.partial(function, *arguments, **named)
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    # ------------------------------------------------------------ receiving

    async def _receive(self) -> None:
        """Be the bot that the settings name: introduce it, then ask for news or let Telegram bring them."""
        failures = 0
        while not self._stopping.is_set():
            try:
                await self._bot.initialize()
                self._reached = True
                if self._settings.telegram_mode == "webhook":
                    self._known.set()
                    await self._be_called()
                else:
                    await self._bot.delete_webhook(drop_pending_updates=False)
                    # What waits is taken before anything is sent: a message in doubt is looked for by the numbers.
                    offset, before = await self._fetch(None, 0), None
                    while offset != before:
                        offset, before = await self._fetch(offset, 0), offset
                    self._known.set()
                    failures = 0
                    await self._report(up=True)
                    self._introduce_beside()
                    while not self._stopping.is_set():
                        offset = await self._fetch(offset, api.POLL_S)
            except TelegramError as error:
                failures += 1
                self._reached = api.is_answer(error)
                if self._bot._bot_user is not None:
                    self._known.set()
                await self._report(up=False, why=api.reason(error))
                await self._pause(_backoff(error, failures))

    async def _fetch(self, offset: int | None, wait_s: int) -> int | None:
        """Ask for news and keep them. Returns what the next question begins with."""
        updates = await self._bot.get_updates(offset, timeout=wait_s, allowed_updates=ALLOWED)
        if not updates:
            return offset
        # Stored first: the next question, with the higher offset, is what tells Telegram that we have them.
        await self._in_thread(self._inbox.store, [update.to_dict() for update in updates])
        self._news.set()
        return updates[-1].update_id + 1

    async def _be_called(self) -> None:
        """Have Telegram call the web role, and look now and then whether it can."""
        settings = self._settings
        await self._bot.set_webhook(
            settings.telegram_webhook_url,
            allowed_updates=ALLOWED,
            secret_token=settings.telegram_webhook_secret.get_secret_value(),
            max_connections=_CONNECTIONS,
        )
        await self._report(up=True)
        self._introduce_beside()
        while not self._stopping.is_set():
            await self._pause(60.0)
            info = await self._bot.get_webhook_info()
            if info.url != settings.telegram_webhook_url:
                return  # somebody took it away: set it anew
            fault = api.webhook_fault(info, now())
            await self._report(up=not fault, why=fault)

    def _introduce_beside(self) -> None:
        """Clients are not kept waiting for it: Telegram may ask for a long pause here."""
        if self._introducing is None or self._introducing.done():
            self._introducing = asyncio.create_task(self._introduce())

    async def _introduce(self) -> None:
        """Telegram remembers this, and does not like to be told the same again and again."""
        said = {"bot": self._bot.id, "texts": commands.profile(self._context.wording)}
        if await self._in_thread(self._kept, PROFILE) == said:
            return
        try:
            await commands.introduce(self._bot, self._context.wording)
        except TelegramError as error:
            logger.warning("Telegram: the commands were not registered: %s", api.reason(error))
            return
        await self._in_thread(self._keep, PROFILE, said)

    async def _report(self, *, up: bool, why: str = "") -> None:
        """Say how things stand, in the log when that has changed, and where `/readyz` looks."""
        name = self._bot.username if self._bot._bot_user is not None else None
        said = {"up": up, "reason": why, "username": name, "mode": self._settings.telegram_mode}
        if said != self._said:
            if up:
                self._sender.try_again()
                logger.info("Telegram: @%s is ready, by %s", name, self._settings.telegram_mode)
            else:
                logger.error("Telegram: %s", why)
            self._said = said
            await self._in_thread(self._keep, CHANNEL, said)

    def _keep(self, channel: str, state: dict[str, Any]) -> None:
        with self._context.database.session() as session:
            session.merge(ChannelState(channel=channel, state=state, at=now()))

    def _kept(self, channel: str) -> dict[str, Any]:
        with self._context.database.reading() as session:
            row = session.get(ChannelState, channel)
            return dict(row.state) if row is not None else {}

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    # ------------------------------------------------------------ working

    async def _work(self) -> None:
        """Give each chat in which something waits a task of its own, which keeps the order in it."""
        await self._known.wait()
        while not self._stopping.is_set():
            try:
                self._chats.exists(await self._in_thread(self._inbox.newest_number))
                for chat_id in await self._in_thread(self._inbox.chats):
                    self._start(chat_id)
            except Exception as error:  # the database may be away for a moment; nothing is lost by looking again
                logger.error("Telegram: looking for messages failed with %s", type(error).__name__)
            try:
                await asyncio.wait_for(self._news.wait(), LOOK_S)
                self._news.clear()
            except TimeoutError:
                continue

    def _start(self, chat_id: int) -> None:
        if chat_id in self._busy or self._stopping.is_set() or time.monotonic() < self._again.get(chat_id, 0.0):
            return
        task = asyncio.create_task(self._serve(chat_id), name=f"chat {chat_id}")
        self._busy[chat_id] = task
        task.add_done_callback(lambda _: self._busy.pop(chat_id, None))

    async def _serve(self, chat_id: int) -> None:
        """All that waits in one chat, in its order."""
        async with self._room:
            try:
                while not self._stopping.is_set():
                    update = await self._in_thread(self._inbox.next, chat_id)
                    if update is None:
                        break
                    if not await self._take(update):
                        return
                if not self._sender.is_waiting(chat_id) and not self._stopping.is_set():
                    await self._sender.follow(chat_id)
            except Exception as error:  # of the database, not of one message: tried again from where it was
                self._again[chat_id] = time.monotonic() + 2.0
                logger.error("Telegram: a chat waits after %s", _shape(error))

    async def _take(self, update: Waiting) -> bool:
        """One update. Returns whether the chat may go on with the next."""
        try:
            await self._turns.take(update)
        except Exception as error:  # whatever one message does, the others are answered
            number = reference()
            logger.error("Telegram: an update failed with %s, reference %s", _shape(error), number)
            if await self._in_thread(self._inbox.failed_once, update):
                self._again[update.incoming.chat_id] = time.monotonic() + 2.0**update.attempts
                return False
            await self._turns.apologise(update, number)
            await self._in_thread(self._inbox.done, update, failed=True)
            return True
        await self._in_thread(self._inbox.done, update)
        return True

    # ------------------------------------------------------------ pushing

    async def _push(self) -> None:
        """What is due goes into the transcripts; what stands there and was not sent is sent."""
        await self._known.wait()
        tidied = time.monotonic()
        while not self._stopping.is_set():
            try:
                await self._in_thread(deliver, self._context, CHANNEL)
                for chat_id in await self._in_thread(self._chats.with_news):
                    if not self._sender.is_waiting(chat_id):
                        self._start(chat_id)
                if self._reached:
                    await self._staff.look(self._in_thread)
                if time.monotonic() - tidied > TIDY_S:
                    tidied = time.monotonic()
                    await self._in_thread(self._inbox.tidy)
                    await self._in_thread(self._chats.tidy)
            except Exception as error:  # the next round tries again; nothing was marked as sent
                logger.error("Telegram: pushing failed with %s", type(error).__name__)
            await self._pause(PUSH_S)


def _backoff(error: TelegramError, failures: int) -> float:
    if isinstance(error, InvalidToken):
        return 60.0
    if isinstance(error, Conflict):
        return 5.0
    return float(min(10.0, 0.5 * 2 ** min(failures, 8)))


def _shape(error: Exception) -> str:
    """The kind and place of an error, without its message: that may hold what a client wrote."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace is not None else "?"
    return f"{type(error).__name__} in {where}"
