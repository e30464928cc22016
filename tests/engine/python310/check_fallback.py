"""Where no rule applies the bot says its fallback once, and the conversation goes on."""

import asyncio
import os
import tempfile
from typing import Any

os.environ.update(NMT_ACTIONS_URL="http://127.0.0.1:9", NMT_ACTIONS_SECRET="unused")

from bot.engine.paths import model_fingerprint, model_path
from bot.engine.server import load_agent, prepare_process

Json = dict[str, Any]
# an intent Rasa adds to every domain and none of our rules names; the channel never lets it in
UNRULED = "/restart"


async def act(call: Json) -> Json:
    """Every action says its name; the screening starts."""
    name = call["next_action"]
    gate = {"event": "slot", "timestamp": None, "name": "screening_gate", "value": "open"}
    return {"events": [gate] if name == "action_screening_start" else [], "responses": [{"text": name}]}


async def main() -> None:
    """Run all checks."""
    fingerprint = model_fingerprint()
    agent = load_agent(model_path(fingerprint), fingerprint)
    agent.action_endpoint._post = act

    async def say(text: str) -> Any:
        return [message["text"] for message in await agent.handle_text(text, sender_id="c1")]

    for _ in range(3):
        assert await say(UNRULED) == ["action_suggest"]
    assert await say("/greet") == ["action_greet"]
    assert await say("/screen") == ["action_screening_start", "action_ask_screening_answer"]
    for _ in range(3):
        said = await say(UNRULED)
        # the form looks first; here its validation takes the message for nothing
        assert said[-2:] == ["action_suggest", "action_ask_screening_answer"], said


with tempfile.TemporaryDirectory() as folder:
    os.environ["NMT_ENGINE_DATABASE_URL"] = f"sqlite:///{folder}/engine.sqlite3"
    prepare_process()
    asyncio.run(main())
