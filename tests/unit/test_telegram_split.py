"""Long texts for Telegram: nothing is lost, nothing is longer than it may be, cuts are where a reader would pause."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.telegram.split import LIMIT, length, split

words = st.text(alphabet="ab .!\n🙂é", max_size=400)


@settings(max_examples=200, deadline=None)
@given(words, st.integers(min_value=4, max_value=60))
def test_pieces_fit_and_hold_every_word(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(0 < length(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_text_that_fits_is_left_as_it_is() -> None:
    assert split("one\n\ntwo\n- three") == ["one\n\ntwo\n- three"]
    assert split("   ") == []


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("first one\n\nsecond", 12, ["first one", "second"]),
        ("a\n\nb\n\ncccc", 4, ["a\n\nb", "cccc"]),
        ("- one\n- two\n- three", 11, ["- one\n- two", "- three"]),
        ("One two. Three four.", 12, ["One two.", "Three four."]),
        ("one two three", 7, ["one two", "three"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("🙂🙂🙂", 4, ["🙂🙂", "🙂"]),
    ],
)
def test_where_it_is_cut(text: str, limit: int, pieces: list[str]) -> None:
    assert split(text, limit) == pieces


def test_an_emoji_counts_twice_as_telegram_counts_it() -> None:
    assert length("a🙂") == 3
    assert len(split("🙂" * LIMIT)) == 2
