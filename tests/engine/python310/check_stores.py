"""Tracker store and lock store by themselves."""

import asyncio
import os
import tempfile
from pathlib import Path

from rasa.core.lock_store import LockError
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, SessionStarted, SlotSet, UserUttered

from bot.engine.lock_store import WaitingLine
from bot.engine.tracker_store import KEPT_TURNS, ConversationStore

DOMAIN = Domain.from_dict(
    {
        "intents": ["answer"],
        "actions": ["action_ask"],
        "slots": {
            "gate": {"type": "categorical", "values": ["open", "closed"], "mappings": [{"type": "custom"}]},
            "form_slot": {"type": "any", "influence_conversation": False, "mappings": [{"type": "custom"}]},
        },
        "forms": {"form": {"required_slots": ["form_slot"]}},
    }
)


async def store(url: str) -> None:
    """A conversation of any length is a row of one size that leads to the same state."""
    conversations = ConversationStore(DOMAIN, url=url)
    await conversations.erase("c1")
    tracker = await conversations.get_or_create_tracker("c1", append_action_listen=False)
    for event in (ActionExecuted("action_session_start"), SessionStarted(), ActionExecuted("action_listen")):
        tracker.update(event, DOMAIN)
    tracker.update(UserUttered("open it", {"name": "answer"}), DOMAIN)
    for event in (SlotSet("gate", "open"), ActiveLoop("form"), SlotSet("requested_slot", "form_slot")):
        tracker.update(event, DOMAIN)
    tracker.update(ActionExecuted("action_listen"), DOMAIN)
    await conversations.save(tracker)
    sizes: list[int] = []
    for turn in range(3 * KEPT_TURNS):
        tracker = await conversations.retrieve("c1")
        assert tracker is not None
        assert tracker.active_loop_name == "form", turn
        assert tracker.get_slot("gate") == "open", turn
        assert tracker.get_slot("requested_slot") == "form_slot", turn
        assert tracker.latest_action_name == "action_listen", turn
        tracker.update(UserUttered(f"secret words {turn}", {"name": "answer"}), DOMAIN)
        tracker.update(ActionExecuted("action_ask"), DOMAIN)
        tracker.update(BotUttered("and what about this"), DOMAIN)
        tracker.update(ActionExecuted("action_listen"), DOMAIN)
        await conversations.save(tracker)
        kept = await conversations.retrieve("c1")
        assert kept is not None
        sizes.append(len(kept.events))
    assert sizes[-1] == sizes[-5], sizes
    assert list(await conversations.keys()) == ["c1"]

    # a new session carries nothing of the old one
    for event in (ActionExecuted("action_session_start"), SessionStarted(), ActionExecuted("action_listen")):
        tracker.update(event, DOMAIN)
    await conversations.save(tracker)
    fresh = await conversations.retrieve("c1")
    assert fresh is not None
    assert fresh.active_loop_name is None
    assert fresh.get_slot("gate") is None

    assert await conversations.forget_idle() == 0
    assert await conversations.erase("c1")
    assert not await conversations.erase("c1")
    assert await conversations.retrieve("c1") is None
    conversations.close()


async def locks() -> None:
    """Waiting is in order, ends at once when the way is free, and leaves nothing behind."""
    line = WaitingLine()
    order: list[int] = []

    async def turn(number: int) -> None:
        async with line.lock("c1"):
            order.append(number)
            await asyncio.sleep(0.01)

    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(turn(number) for number in range(10)))
    assert order == list(range(10))
    assert asyncio.get_running_loop().time() - began < 0.9
    async with line.lock("c1"):
        async with line.lock("c2"):
            pass
        try:
            async with line.lock("c1", lock_lifetime=0.05):
                raise AssertionError("two at once")
        except LockError:
            pass
    assert not line._locks
    assert not line._users


with tempfile.TemporaryDirectory() as folder:
    asyncio.run(store(f"sqlite:///{Path(folder) / 'engine.sqlite3'}"))
if os.environ.get("NMT_TEST_POSTGRES_URL"):
    asyncio.run(store(os.environ["NMT_TEST_POSTGRES_URL"]))
asyncio.run(locks())
