"""Everything a role needs to work, loaded and checked once at its start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bot import safety_net
from bot.clinic import Clinic, load_locale
from bot.clinical.answers import Phrases
from bot.clinical.durations import Today
from bot.clinical.reading import Reader
from bot.clinical.rules import Rules
from bot.education import Renderer, Topic, load_topics
from bot.settings import Settings
from bot.store import Database, now
from bot.wording import Wording


@dataclass(frozen=True)
class Context:
    """The knowledge of the clinic, its settings and its database."""

    settings: Settings
    database: Database
    clinic: Clinic
    locale: Mapping[str, Any]
    rules: Rules
    phrases: Phrases
    topics: Mapping[str, Topic]
    renderer: Renderer
    wording: Wording

    @cached_property
    def reader(self) -> Reader:
        """The clinical reading with its safety net. Only the gateway needs it, so it is loaded on first use."""
        net = safety_net.load(self.settings.knowledge_dir, self.settings.models_dir)
        return Reader.load(self.settings.knowledge_dir, net.hear)

    def today(self) -> Today:
        """The day at the clinic, for what clients say about time."""
        return Today(now().astimezone(self.clinic.zone).date(), self.clinic.southern)

    @staticmethod
    def load(settings: Settings, database: Database | None = None) -> Context:
        """Read all knowledge.

        Args:
            database: the one to go on with, where there is one already.

        Raises:
            KnowledgeError: something in `knowledge/` is wrong.
        """
        knowledge = settings.knowledge_dir
        clinic = Clinic.load(knowledge)
        locale = load_locale(knowledge, clinic.clinic.locale)
        return Context(
            settings=settings,
            database=database or Database(settings.database_url),
            clinic=clinic,
            locale=locale,
            rules=Rules.load(knowledge),
            phrases=Phrases.load(knowledge),
            topics=load_topics(knowledge),
            renderer=Renderer(clinic.tree, locale),
            wording=Wording.load(knowledge, clinic.tree, locale),
        )
