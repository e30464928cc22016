"""What could not be answered, for the people who keep the knowledge; and the log of who did what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz
from rapidfuzz import utils as fuzz_utils
from sqlalchemy import select

from bot.review.core import SIMILAR, Desk, Invalid, Json, NotAllowed, Page, checked, iso, require_clinical
from bot.staff import Role, Staff, audit
from bot.store.database import now
from bot.store.models import Audit, Unanswered


class Records(Desk):
    """Unanswered questions and the audit log."""

    def questions(self, staff: Staff, *, limit: int = 500) -> list[Json]:
        """What the bot could not answer, like ones together, the most asked first."""
        require_clinical(staff)
        with self._database.session() as session:
            rows = list(
                session.scalars(
                    select(Unanswered).where(Unanswered.settled.is_(None)).order_by(Unanswered.id.desc()).limit(limit)
                )
            )
        groups = sorted(_alike(rows), key=lambda group: (-len(group), -group[0].id))
        return [
            {
                "ids": [row.id for row in group],
                "text": group[0].text,
                "count": len(group),
                "examples": list(dict.fromkeys(row.text for row in group))[:5],
                "suggestions": list(dict.fromkeys(topic for row in group for topic in row.suggestions))[:5],
                "first_at": iso(group[-1].at),
                "last_at": iso(group[0].at),
            }
            for group in groups
        ]

    def settle(self, ids: Sequence[int], staff: Staff, outcome: str) -> int:
        """Take questions from the list, with what was done about them. Returns how many there were."""
        require_clinical(staff)
        outcome = checked(outcome, "outcome")[:64]
        if not outcome:
            raise Invalid("Say what was done about the question.")
        moment = now()
        with self._database.session() as session:
            rows = list(session.scalars(select(Unanswered).where(Unanswered.id.in_(ids), Unanswered.settled.is_(None))))
            for row in rows:
                row.settled = outcome
            if rows:
                audit(session, staff.email, "question.settled", f"unanswered:{rows[0].id}", moment, count=len(rows))
        return len(rows)

    def audit_log(self, staff: Staff, *, before: int | None = None, limit: int = 100) -> Page:
        """Who did what, the newest first."""
        if staff.role is not Role.OWNER:
            raise NotAllowed("Only the owner reads the audit log.")
        query = select(Audit).order_by(Audit.id.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(Audit.id < before)
        with self._database.session() as session:
            found = list(session.scalars(query))
        rows = [
            {"at": iso(row.at), "who": row.who, "what": row.what, "subject": row.subject, "detail": row.detail}
            for row in found[:limit]
        ]
        return Page(rows, str(found[limit - 1].id) if len(found) > limit else None)


def _alike(rows: Iterable[Unanswered]) -> list[list[Unanswered]]:
    """Questions in groups that say much the same; each group is measured against its first question."""
    groups: list[tuple[str, list[Unanswered]]] = []
    for row in rows:
        text = fuzz_utils.default_process(row.text)
        for leader, members in groups:
            if text == leader or fuzz.token_sort_ratio(text, leader) >= SIMILAR:
                members.append(row)
                break
        else:
            groups.append((text, [row]))
    return [members for _, members in groups]
