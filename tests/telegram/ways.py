"""How people get to where a test begins."""

from __future__ import annotations

from tests.telegram.bot_api.phone import Phone
from tests.telegram.bot_api.world import Message


def opened(phone: Phone) -> Phone:
    """The bot is open and has said hello."""
    phone.start()
    phone.hear("automated assistant")
    return phone


def in_questions(phone: Phone) -> Message:
    """Consent is given; the first list is asked."""
    opened(phone)
    phone.say("start the health questions")
    phone.asked("I agree")
    phone.press("I agree")
    return phone.asked("None of these")
