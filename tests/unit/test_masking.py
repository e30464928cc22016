"""Names, numbers and addresses are put out of sight; ordinary words are not."""

from __future__ import annotations

import pytest

from bot.masking import found, masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to sam.lee+nmt@mail.example.co.uk please", "write to <email> please"),
        ("call me on +44 20 7946 0958", "call me on <phone>"),
        ("my number is (555) 010-7788 ok", "my number is <phone> ok"),
        ("0612345678", "<phone>"),
        ("insurance 48151623421", "insurance <phone>"),
        ("policy 48151", "policy <number>"),
        ("born 3/4/1981", "born <date>"),
        ("I live at 12 Willow Lane, Springfield", "I live at <address>, Springfield"),
        ("see https://example.com/me?x=1 there", "see <link> there"),
        ("I am @samlee on Telegram", "I am <name> on Telegram"),
        ("Hi, my name is Sam Lee and I ache", "Hi, my name is <name> and I ache"),
        ("my name is sam", "my name is <name>"),
        ("This is Maria O'Neill, can I come", "This is <name>, can I come"),
        ("I'm Priya. Do you do feet?", "I'm <name>. Do you do feet?"),
        ("can Dr. Patel write the letter", "can Dr. <name> write the letter"),
    ],
)
def test_personal_data_is_masked(text: str, expected: str) -> None:
    assert masked(text) == expected
    assert list(found(text))


@pytest.mark.parametrize(
    "text",
    [
        "does it hurt",
        "I am sore after 2 days, is that normal?",
        "I AM SORE",
        "I'm NMT curious",
        "is 60 minutes enough for 3 areas",
        "can i come at 10:30 or 11.15",
        "do i need 10 to 20 sessions",
        "it's great",
        "call me maybe",
        "prices for 30, 60 and 90 minutes",
        "l4-l5 disc",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert masked(text) == text
    assert list(found(text)) == []
