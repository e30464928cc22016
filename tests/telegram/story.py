"""The whole story on Telegram, from the first question to the visit in the calendar, as a person lives through it.

    .venv/service/bin/python -m tests.telegram.story

plays it against a service of its own and writes docs/telegram-story.md, the transcript as the phone shows it.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import httpx

from tests import stack as running
from tests.stack import ROOT, wait_until
from tests.telegram.bot_api.phone import Phone, titles
from tests.telegram.bot_api.server import BotApi
from tests.telegram.bot_api.world import Message

PAGE = ROOT / "docs" / "telegram-story.md"

REFERENCE = re.compile(r"\bNMT-[A-Z0-9]{5}\b")

HEAD = """# A whole visit on Telegram

What the phone shows, from the first question to the visit in the calendar, for a client who takes a blood thinner.
It was played against the running service and a Bot API server that refuses what Telegram refuses; write it anew with

    .venv/service/bin/python -m tests.telegram.story

`[...]` are buttons that are still there at the end; an edited message is one whose buttons are gone, with the choice
below it. Lines with "taps" stand where the client tapped. Between the last two parts a therapist approved the screening
and the front desk confirmed the request in the staff console.

"""


def play(phone: Phone, staff: httpx.Client) -> str:
    """Live through the story. Returns the reference of the booking."""
    educate(phone)
    screen_with_a_blood_thinner(phone)
    assert "written OK" in phone.hear("written OK").text
    reference = book(phone)
    assert "time" in phone.hear(reference).text
    approve(staff, reference, "We have the letter from your doctor. Please choose a time.")
    decision = phone.hear("letter from your doctor")
    assert decision.text.startswith("From the team")
    phone.say("book")
    assert book(phone) == reference
    confirm(phone, staff, reference)
    return reference


def educate(phone: Phone) -> None:
    """Open the bot, ask something, tap a further question."""
    phone.start()
    phone.hear("automated assistant")
    phone.say("Is it like deep tissue?")
    phone.asked("Different aims")
    phone.press("Different aims")
    phone.hear("aim|goal")


def screen_with_a_blood_thinner(phone: Phone) -> None:
    """Answer the health questions up to the summary, and agree to it."""
    phone.say("I want to book a session")
    phone.asked("I agree")
    phone.press("I agree")
    phone.asked("None of these")
    phone.press("None of these")
    third = phone.hear("Step 3 of 6")
    phone.press("2.", within=third)
    phone.see(lambda message: any(title.startswith("Done: 1") for title in titles(message)), "line 2 marked")
    phone.press("Done", within=third)
    which = phone.hear("Which of these")
    thinner = next(title for title in titles(which) if "thinner" in title.lower())
    phone.press(re.sub(r"^\W+", "", thinner), within=which)
    phone.see(lambda message: any(title.startswith("Done: 1") for title in titles(message)), "the medicine marked")
    phone.press("Done", within=which)
    phone.asked("No")
    phone.press("No")
    phone.asked("Other reason, no letter")
    phone.press("Other reason, no letter")
    for step in ("Step 4", "Step 5"):
        phone.hear(step)
        phone.press("None of these")
    phone.hear("Step 6")
    phone.say("I take Eliquis and would like to relax")
    for _ in range(6):
        asked = phone.wait_for(lambda: next((m for m in phone.news if titles(m)), None), "a question")
        if any(title.startswith("Yes, that's right") for title in titles(asked)):
            break
        phone.press("No", within=asked)
    phone.press("Yes, that's right")


def book(phone: Phone, name: str = "Maria Lopez") -> str:
    """Answer every question of the booking with its first choice; the reference of the request."""
    answered: set[int] = set()
    for _ in range(12):
        asked = phone.wait_for(lambda: _open_question(phone, answered), "the next question of the booking")
        answered.add(asked.id)
        found = REFERENCE.search(asked.text)
        if found and not asked.text.rstrip().endswith("?"):
            return found.group()
        if phone.chat.reply_keyboard is not None:
            phone.press("Share my phone number")
        elif choices := [title for title in titles(asked) if title not in ("Back", "Skip", "Stop")]:
            phone.press(choices[0], within=asked)
        else:
            phone.say(name)
    raise AssertionError(f"the booking came to no end:\n{phone.transcript()}")


def _open_question(phone: Phone, answered: set[int]) -> Message | None:
    """The newest message, if it waits for something or names the request."""
    last = phone.news[-1] if phone.news else None
    if last is None or last.id in answered:
        return None
    waits = last.inline or phone.chat.reply_keyboard is not None or re.search(r"\bname\b", last.text)
    return last if waits or REFERENCE.search(last.text) else None


def approve(staff: httpx.Client, reference: str, words: str) -> None:
    """A therapist looks at the screening behind a request and says yes."""
    screening = _screening_of(staff, reference)
    body = {"decision": "approve", "note": "letter is here", "message_to_client": words}
    answer = staff.post(f"/screenings/{screening['id']}/decision", json={**body, "version": screening["version"]})
    assert answer.status_code == 200, answer.text


def _screening_of(staff: httpx.Client, reference: str) -> dict[str, Any]:
    for screening in staff.get("/screenings", params={"state": "new"}).json()["screenings"]:
        found: dict[str, Any] = staff.get(f"/screenings/{screening['id']}").json()
        if (found.get("booking") or {}).get("reference") == reference:
            return {"version": 1, **found}
    raise AssertionError(f"no screening waits for {reference}")


def confirm(phone: Phone, staff: httpx.Client, reference: str) -> None:
    """The front desk says yes; the calendar file and the map arrive."""
    answer = staff.post(f"/bookings/{reference}/confirm", json={})
    assert answer.status_code == 200, answer.text
    file = phone.see(lambda message: "document" in message.content, "the calendar file")
    phone.see(lambda message: "venue" in message.content or "location" in message.content, "the map")
    name, content = phone.world.files[file.content["document"]["file_id"]]
    assert name.endswith(".ics")
    assert reference.encode() in content
    assert b"BEGIN:VEVENT" in content


def main() -> None:
    """Play the story and write the page."""
    with BotApi(running.free_ports(1)[0]) as api, tempfile.TemporaryDirectory() as folder:
        api.flood.set(chat_burst=10_000.0, overall_rate=10_000.0, overall_burst=10_000.0)
        service = running.start(Path(folder) / "data", NMT_TELEGRAM_TOKEN=api.token, NMT_TELEGRAM_BASE_URL=api.url)
        try:
            phone = Phone(api, "Maria")
            with service.staff("owner") as staff:
                play(phone, staff)
            wait_until(lambda: not api.world.waiting, "everything to be taken")
            PAGE.write_text(f"{HEAD}```text\n{phone.transcript()}\n```\n", encoding="utf-8")
        finally:
            service.stop()
    print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
