"""The loop that makes the answers better: what was not understood or did not help, and what staff say that it means."""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select, and_, exists, or_, select

from bot.engine_client import EMBED_LIMIT, EngineClient, EngineError
from bot.grouping import grouped
from bot.review.core import Desk, Invalid, Json, StaffContext, checked, iso, require_clinical
from bot.staff import Staff, audit
from bot.store.database import now
from bot.store.models import Incident, Message, Unanswered

logger = logging.getLogger(__name__)

Embed = Callable[[Sequence[str]], list[list[float]]]

OUT_OF_SCOPE = (
    "oos_diagnosis",
    "oos_medicine",
    "oos_other_business",
    "oos_chitchat",
    "oos_abuse",
    "oos_injection",
    "oos_language",
    "oos_noise",
)
"""The kinds of messages that no topic answers, each with a reply of its own."""

EMBED_TIMEOUT_S = 5.0
_KEPT_VECTORS = 2_000
_LONGEST = 300
"""Characters of a question that are compared: a story is told by how it begins."""


class Learning(Desk):
    """Questions without a good answer, and examples for the next training."""

    def __init__(self, context: StaffContext) -> None:
        super().__init__(context)
        self._topics = context.topics
        self._vectors = _Vectors(_engine(context))

    def questions(self, staff: Staff, *, limit: int = 500) -> list[Json]:
        """What the bot could not answer or answered badly, grouped by meaning, the most asked first."""
        require_clinical(staff)
        with self._database.session() as session:
            rows = list(session.scalars(_shown().order_by(Unanswered.id.desc()).limit(limit)))
        texts = [row.text for row in rows]
        titles = [topic.title for topic in self._topics.values()]
        vectors = self._vectors.of([*texts, *titles]) if len(texts) > 1 else None
        places = grouped(texts) if vectors is None else grouped(texts, vectors[: len(texts)], vectors[len(texts) :])
        groups = sorted(([rows[place] for place in group] for group in places), key=lambda g: (-len(g), -g[0].id))
        return [_as_group(group) for group in groups]

    def mark(self, ids: Sequence[int], staff: Staff, label: str) -> int:
        """Say what questions mean: a topic, or a kind that is out of scope. Returns how many there were."""
        require_clinical(staff)
        if label not in self._topics and label not in OUT_OF_SCOPE:
            raise Invalid(f"There is no topic {label!r}.")
        return self._close(ids, staff, f"example: {label}", label)

    def settle(self, ids: Sequence[int], staff: Staff, outcome: str) -> int:
        """Take questions from the list, with what was done about them. Returns how many there were."""
        require_clinical(staff)
        outcome = checked(outcome, "outcome")[:64]
        if not outcome:
            raise Invalid("Say what was done about the question.")
        return self._close(ids, staff, outcome, None)

    def _close(self, ids: Sequence[int], staff: Staff, outcome: str, label: str | None) -> int:
        moment = now()
        with self._database.session() as session:
            rows = list(session.scalars(_shown().where(Unanswered.id.in_(ids))))
            for row in rows:
                row.settled, row.label = outcome[:64], label
            if rows:
                what = "question.marked" if label else "question.settled"
                detail = {"label": label} if label else {}
                audit(session, staff.email, what, f"unanswered:{rows[0].id}", moment, count=len(rows), **detail)
        return len(rows)

    def marked(self, staff: Staff, *, limit: int = 100) -> list[Json]:
        """What was marked and is not exported yet, the newest first."""
        require_clinical(staff)
        with self._database.session() as session:
            rows = session.scalars(
                select(Unanswered)
                .where(Unanswered.label.is_not(None), Unanswered.exported_at.is_(None))
                .order_by(Unanswered.id.desc())
                .limit(limit)
            )
            return [{"id": row.id, "text": row.text, "label": row.label, "at": iso(row.at)} for row in rows]

    def unmark(self, question_id: int, staff: Staff) -> None:
        """Put a marked question back on the list."""
        require_clinical(staff)
        moment = now()
        with self._database.session() as session:
            row = session.get(Unanswered, question_id)
            if row is None or row.label is None or row.exported_at is not None:
                return
            audit(session, staff.email, "question.unmarked", f"unanswered:{row.id}", moment, label=row.label)
            row.settled = row.label = None


class _Vectors:
    """Sentence vectors from the engine, kept for the next look at the page; None while the engine does not answer."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._known: OrderedDict[str, list[float]] = OrderedDict()

    def of(self, texts: Sequence[str]) -> list[list[float]] | None:
        """One vector for each text."""
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        try:
            found = self._ask(list(missing.values()))
        except EngineError as error:
            logger.info("Questions are grouped by their words: the engine does not answer (%s).", error)
            return None
        self._known.update(zip(missing, found, strict=True))
        vectors = [self._known[key] for key in keys]
        while len(self._known) > _KEPT_VECTORS:
            self._known.popitem(last=False)
        return vectors

    def _ask(self, texts: Sequence[str]) -> list[list[float]]:
        found: list[list[float]] = []
        for start in range(0, len(texts), EMBED_LIMIT):
            found += self._embed([text[:_LONGEST] for text in texts[start : start + EMBED_LIMIT]])
        return found


def _engine(context: StaffContext) -> Embed:
    def embed(texts: Sequence[str]) -> list[list[float]]:
        client = EngineClient(context.settings)
        try:
            return client.embed(texts, timeout_s=EMBED_TIMEOUT_S)
        finally:
            client.close()

    return embed


def open_questions() -> Any:
    """What tells the questions that staff are shown: open, and nothing that an emergency or a crisis was told in."""
    incident = exists().where(Incident.message_uid == Unanswered.message_uid)
    withheld = exists().where(and_(Message.uid == Unanswered.message_uid, Message.withheld))
    told = Unanswered.message_uid.is_not(None) & or_(incident, withheld)
    return and_(Unanswered.settled.is_(None), ~told)


def _shown() -> Select[Unanswered]:
    return select(Unanswered).where(open_questions())


def _as_group(group: Sequence[Unanswered]) -> Json:
    wordings: dict[str, list[int]] = {}
    for row in group:
        wordings.setdefault(row.text, []).append(row.id)
    return {
        "ids": [row.id for row in group],
        "text": group[0].text,
        "count": len(group),
        "examples": list(wordings)[:5],
        "wordings": [{"text": text, "ids": ids} for text, ids in wordings.items()],
        "suggestions": list(dict.fromkeys(topic for row in group for topic in row.suggestions))[:5],
        "kinds": sorted({row.kind for row in group}),
        "first_at": iso(min(row.at for row in group)),
        "last_at": iso(max(row.at for row in group)),
    }


__all__ = ["OUT_OF_SCOPE", "Learning", "open_questions"]
