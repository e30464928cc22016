"""Take a newly trained model into the running engine: loaded beside the old one, tried, then put in its place.

A turn keeps the model that it began with. Forms and slots are in the tracker store, which both models share, so a
conversation in the middle of a form goes on.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from pathlib import Path
from typing import Any, Callable

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor

from bot.engine.paths import model_fingerprint, model_path, remember

logger = logging.getLogger(__name__)

_TRIAL = "How long does a session last?"


class CannotReload(Exception):
    """The old model stays. The message is a code of ours."""


class Reloader:
    """Puts the model of the present files into an agent, if there is one and it is not there already."""

    def __init__(self, agent: Agent, on_circuit_break: Callable[..., None]) -> None:
        self._agent = agent
        self._on_circuit_break = on_circuit_break
        self._code = code_print()
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> str:
        """Load the newest model. Returns the fingerprint of the model that is used from here on.

        Raises:
            CannotReload: there is no model of these files yet, it does not work, or the engine's own code has changed.
        """
        async with self._one_at_a_time:
            loop = asyncio.get_running_loop()
            fingerprint = await loop.run_in_executor(None, model_fingerprint)
            if fingerprint == self._agent.fingerprint:
                return fingerprint
            if code_print() != self._code:
                # The model would be made for other code than runs here.
                raise CannotReload("restart_needed")
            path = model_path(fingerprint)
            if not path.exists():
                raise CannotReload("no_model")
            try:
                processor = await loop.run_in_executor(None, self._load, path)
                await processor.parse_message(UserMessage(_TRIAL))
            except Exception as error:  # whatever is wrong with the new model, the old one goes on working
                logger.error("The new model cannot be used.", exc_info=error)
                raise CannotReload("model_unusable") from error
            self._use(processor, fingerprint)
            logger.info("The engine uses model %s.", fingerprint)
            return fingerprint

    def _load(self, path: Path) -> Any:
        agent = self._agent
        return MessageProcessor(
            model_path=path,
            tracker_store=agent.tracker_store,
            lock_store=agent.lock_store,
            action_endpoint=agent.action_endpoint,
            generator=agent.nlg,
            on_circuit_break=self._on_circuit_break,
        )

    def _use(self, processor: Any, fingerprint: str) -> None:
        """What `Agent.load_model` sets, in one step of the event loop."""
        agent = self._agent
        agent.processor = processor
        agent.domain = processor.domain
        agent.tracker_store.domain = processor.domain
        agent.nlg.responses = processor.domain.responses
        agent.fingerprint = fingerprint
        remember(fingerprint)


def code_print() -> str:
    """A hash over the engine's own code."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
