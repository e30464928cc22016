"""The log of who did what."""

from __future__ import annotations

from sqlalchemy import select

from bot.review.core import Desk, NotAllowed, Page, iso
from bot.staff import Role, Staff
from bot.store.models import Audit


class Records(Desk):
    """The audit log."""

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
