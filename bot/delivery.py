"""Telling clients what happened while they were away: the outbox, and the clean-up that goes with the clock."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from bot.booking.when import say_when
from bot.context import Context
from bot.reply import Reply, ReplyKind
from bot.store import bookings, conversations, now, screenings
from bot.store.models import Conversation, Outbox

logger = logging.getLogger(__name__)

READS_ITSELF = "web"
PACE_S = 1.0
TIDY_EVERY = 60  # rounds


def deliver(context: Context, channel: str) -> list[str]:
    """Write due messages into the transcripts of one channel's conversations.

    Who reads the transcript itself, as the page does, has the message with that. A channel that sends it on marks it
    as delivered when it has been sent.

    Returns:
        The conversations that have news.
    """
    moment = now()
    with context.database.session() as session:
        due = session.scalars(
            select(Outbox)
            .join(Conversation, Conversation.id == Outbox.conversation_id)
            .where(
                Outbox.delivered_at.is_(None),
                Outbox.message_uid.is_(None),
                Outbox.failed.is_(None),
                Outbox.due_at <= moment,
                Conversation.channel == channel,
            )
            .order_by(Outbox.id)
            .limit(100)
            .with_for_update(of=Outbox, skip_locked=True)
        )
        woken = []
        for entry in due:
            entry.attempts += 1
            if _too_late(entry, moment):
                entry.failed = "too late"
                continue
            reply = Reply.from_json(entry.reply)
            row = conversations.add_reply(session, entry.conversation_id, reply, author=entry.author)
            entry.message_uid = row.uid
            if channel == READS_ITSELF:
                entry.delivered_at = moment
            woken.append(entry.conversation_id)
        return woken


def _too_late(entry: Outbox, moment: datetime) -> bool:
    """A reminder of a visit that has begun, after a time in which nothing could be delivered."""
    about = entry.reply.get("meta", {}).get("reminder")
    return bool(about) and datetime.fromisoformat(about["start"]) <= moment


def tidy(context: Context) -> None:
    """Let held times go when their hold has run out, tell those clients, and delete what has been kept long enough."""
    moment = now()
    with context.database.session() as session:
        screenings.expire(session, context.rules, moment)
        keep = timedelta(days=context.clinic.privacy.keep_days_without_booking)
        conversations.erase_idle(session, moment - keep)
        for booking in bookings.expire_holds(session, moment):
            assert booking.start is not None
            when = say_when(booking.start, context.clinic.zone)
            reply = Reply(
                context.wording.text("booking.expired_hold", when=when, reference=booking.reference),
                ReplyKind.BOOKING,
                meta={"booking": {"reference": booking.reference, "state": booking.state, "slot": None}},
            )
            session.add(
                Outbox(
                    key=f"expired:{booking.reference}:{booking.version}",
                    conversation_id=booking.conversation_id,
                    author="bot",
                    reply=reply.to_json(),
                    due_at=moment,
                    attempts=0,
                )
            )


class DeliveryLoop:
    """A thread that delivers and tidies until it is stopped."""

    def __init__(self, context: Context, wake: Callable[[str], None]) -> None:
        self._context = context
        self._wake = wake
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    def use(self, context: Context) -> None:
        """Go on with new knowledge."""
        self._context = context

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        rounds = 0
        while not self._stop.is_set():
            try:
                for conversation_id in deliver(self._context, READS_ITSELF):
                    self._wake(conversation_id)
                if rounds % TIDY_EVERY == 0:
                    tidy(self._context)
            except Exception as error:  # the next round tries again; nothing was marked as delivered
                logger.error("Delivery failed with %s", type(error).__name__)
            rounds += 1
            self._stop.wait(PACE_S)
