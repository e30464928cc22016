"""What a client typed, made safe for Rasa, which obeys a leading slash with full confidence."""

from __future__ import annotations


def as_free_text(text: str) -> str:
    """Text that can never be read as a payload. Used alike when learning and when reading."""
    return text.strip().lstrip("/\\").strip() or "?"
