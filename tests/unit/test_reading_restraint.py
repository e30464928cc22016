"""Wordings that simulated clients were misread in: none may be taken for more than it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.clinical.reading import Reader

READER = Reader.load(Path(__file__).resolve().parents[2] / "knowledge")


@pytest.mark.parametrize("text", ["sudden new back pain", "sudden new back pain since yesterday"])
def test_sudden_back_pain_alone_is_no_emergency(text: str) -> None:
    """With fragile bones it is a STOP (guide 2.1, 5); sudden and severe, or tearing, is an emergency."""
    assert READER.read(text).emergency is None
    assert READER.read("sudden tearing pain in my back").emergency is not None
    assert READER.read("sudden severe pain in my belly").emergency is not None


@pytest.mark.parametrize("text", ["treated, my doctor is happy", "I had a blood clot in my leg two years ago"])
def test_nobody_is_said_to_be_under_tests(text: str) -> None:
    assert "undiagnosed_or_advised_against" not in {m.condition for m in READER.read(text).mentions}
