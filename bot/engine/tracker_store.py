"""The dialogue state of each conversation: one small row, written once per turn, erasable.

What is kept is what the next turn needs: slots, the open form, the last few turns as intents. The words of the client
and of the bot are not kept; they belong to the service's own database.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, TypeVar

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
    deserialise_events,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.engine.paths import data_directory

# One turn more than the longest history a policy looks at (config.yml, `max_history`).
KEPT_TURNS = 6
# A row nobody has touched for two sessions can never be continued.
FORGET_AFTER = 2 * 24 * 60 * 60
_CONNECTIONS = 4

_Result = TypeVar("_Result")

_metadata = sa.MetaData()
_rows = sa.Table(
    "engine_conversation",
    _metadata,
    sa.Column("conversation_id", sa.String(128), primary_key=True),
    sa.Column("events", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Float, nullable=False, index=True),
)
# The same words on SQLite and PostgreSQL.
_UPSERT = sa.text(
    "INSERT INTO engine_conversation (conversation_id, events, updated_at) VALUES (:conversation_id, :events, :now) "
    "ON CONFLICT (conversation_id) DO UPDATE SET events = excluded.events, updated_at = excluded.updated_at"
)


class ConversationStore(TrackerStore):
    """Tracker store on SQLite or PostgreSQL, named by `NMT_ENGINE_DATABASE_URL`."""

    def __init__(
        self,
        domain: Optional[Domain] = None,
        event_broker: Optional[EventBroker] = None,
        url: Optional[str] = None,
        host: Optional[str] = None,
        **_: Any,
    ) -> None:
        super().__init__(domain, event_broker)
        self._engine = _database(url or host or os.environ.get("NMT_ENGINE_DATABASE_URL") or _default_url())
        _metadata.create_all(self._engine)
        # The driver blocks; the loop that serves every conversation must not.
        self._threads = ThreadPoolExecutor(max_workers=_CONNECTIONS, thread_name_prefix="tracker")

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Write the state of a conversation, replacing what was there."""
        events = json.dumps([event.as_dict() for event in kept_events(tracker, self.domain)])
        row = {"conversation_id": tracker.sender_id, "events": events, "now": time.time()}
        await self._write(_UPSERT, row)

    async def retrieve(self, sender_id: str) -> Optional[DialogueStateTracker]:
        """The conversation as it was saved, or nothing."""
        query = sa.select(_rows.c.events).where(_rows.c.conversation_id == sender_id)

        def read() -> Optional[str]:
            with self._engine.connect() as connection:
                row = connection.execute(query).first()
                return None if row is None else str(row.events)

        stored = await self._in_thread(read)
        if stored is None:
            return None
        tracker = self.init_tracker(sender_id)
        for event in deserialise_events(json.loads(stored)):
            tracker.update(event, self.domain)
        return tracker

    async def keys(self) -> Iterable[str]:
        """Ids of all conversations."""

        def read() -> List[str]:
            with self._engine.connect() as connection:
                return list(connection.execute(sa.select(_rows.c.conversation_id)).scalars())

        return await self._in_thread(read)

    async def erase(self, conversation_id: str) -> bool:
        """Delete a conversation; tells whether there was one. Call it while holding the conversation's lock."""
        return await self._write(sa.delete(_rows).where(_rows.c.conversation_id == conversation_id)) > 0

    async def forget_idle(self) -> int:
        """Delete conversations that can no longer be continued."""
        return await self._write(sa.delete(_rows).where(_rows.c.updated_at < time.time() - FORGET_AFTER))

    def close(self) -> None:
        """Let go of the database."""
        self._threads.shutdown(wait=True)
        self._engine.dispose()

    async def _write(self, statement: Any, values: Optional[Dict[str, Any]] = None) -> int:
        def write() -> int:
            with self._engine.begin() as connection:
                return int(connection.execute(statement, values or {}).rowcount)

        return await self._in_thread(write)

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work))


def kept_events(tracker: DialogueStateTracker, domain: Domain) -> List[Event]:
    """The current session without words: the last turns as they were, all before them as one summary."""
    events = [event for event in _current_session(list(tracker.events)) if not isinstance(event, BotUttered)]
    turns = [index for index, event in enumerate(events) if isinstance(event, UserUttered)]
    if len(turns) > KEPT_TURNS:
        cut = turns[-KEPT_TURNS]
        events = _summary(tracker.sender_id, events[:cut], domain) + events[cut:]
    return [_without_words(event) for event in events]


def _current_session(events: List[Event]) -> List[Event]:
    for index in range(len(events) - 1, -1, -1):
        if isinstance(events[index], SessionStarted):
            # the action that started the session belongs to it
            return events[max(index - 1, 0) :]
    return events


def _summary(conversation_id: str, events: Sequence[Event], domain: Domain) -> List[Event]:
    """A few events that lead to the same state as `events`, which end where the bot listens."""
    before = DialogueStateTracker.from_events(conversation_id, list(events), slots=domain.slots, domain=domain)
    initial = {slot.name: slot.initial_value for slot in domain.slots}
    at = events[-1].timestamp
    kept: List[Event] = [ActionExecuted(ACTION_SESSION_START_NAME, timestamp=at), SessionStarted(timestamp=at)]
    kept += [
        SlotSet(slot.name, slot.value, timestamp=at)
        for slot in before.slots.values()
        if slot.value != initial.get(slot.name)
    ]
    if before.active_loop_name:
        kept.append(ActiveLoop(before.active_loop_name, timestamp=at))
    return [*kept, ActionExecuted(ACTION_LISTEN_NAME, timestamp=at)]


def _without_words(event: Event) -> Event:
    if not isinstance(event, UserUttered):
        return event
    return UserUttered(
        text="",
        intent=event.intent,
        timestamp=event.timestamp,
        input_channel=event.input_channel,
        message_id=event.message_id,
        use_text_for_featurization=False,
    )


def _default_url() -> str:
    folder = data_directory()
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'engine.sqlite3'}"


def _database(url: str) -> sa.engine.Engine:
    # The service names psycopg 3, which SQLAlchemy 1.4 does not know.
    url = url.replace("postgresql+psycopg://", "postgresql+psycopg2://", 1)
    if not url.startswith("sqlite"):
        return sa.create_engine(url, future=True, pool_size=_CONNECTIONS, max_overflow=0, pool_pre_ping=True)
    engine = sa.create_engine(
        url,
        future=True,
        poolclass=sa.pool.QueuePool,
        pool_size=_CONNECTIONS,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": 10},
    )

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # Readers never wait for a writer, and a turn is not worth a full disk flush.
        for setting in ("journal_mode=WAL", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {setting}")

    return engine
