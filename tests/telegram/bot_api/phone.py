"""A person with a phone: what they do, and what the phone shows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

from tests.telegram.bot_api.server import BotApi
from tests.telegram.bot_api.world import Chat, Json, Message, Person, Query, commands_in

START_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{0,64}")
"""What may follow `?start=` in a link to a bot (Bot features, "Deep linking")."""

WAIT_S = 60.0
_ids = itertools.count(810_000_001)


class Phone:
    """One person's private chat with the bot."""

    def __init__(self, api: BotApi, name: str, *, language: str = "en", phone_number: str = "+12025550171") -> None:
        self.api = api
        self.world = api.world
        self.person = Person(next(_ids), name, language, phone_number)
        with self.world.lock:
            self.chat: Chat = self.world.private(self.person)
        self._mark = 0

    # ------------------------------------------------------------ doing

    def start(self, payload: str = "") -> Message:
        """Open the bot, or a link to it, and tap Start."""
        assert START_PAYLOAD.fullmatch(payload), f"Telegram opens no link with {payload!r} behind ?start="
        self.chat.started = True
        return self.say(f"/start {payload}".strip())

    def say(self, text: str, **more: Any) -> Message:
        """Type and send; `more` are further fields of the message (forward_origin, ...)."""
        entities = commands_in(text)
        return self._send({"text": text, **({"entities": entities} if entities else {}), **more})

    def _send(self, content: Json) -> Message:
        with self.world.lock:
            assert not self.chat.blocked, "a person who blocked the bot cannot write to it"
            self.chat.started = True
            message = self.world.post(self.chat, content, by_bot=False)
            self._mark = message.order
            self.world.update("message", self.world.message_json(message), ("message", self.chat.id))
            return message

    def voice(self) -> Message:
        """Hold the microphone and speak."""
        return self._send({"voice": {**_file("voice"), "duration": 4, "mime_type": "audio/ogg"}})

    def photo(self, caption: str = "") -> Message:
        """Send a picture."""
        sizes = [{**_file("photo"), "width": 90, "height": 67}, {**_file("large"), "width": 1280, "height": 960}]
        return self._send({"photo": sizes, **({"caption": caption} if caption else {})})

    def sticker(self) -> Message:
        """Send a sticker."""
        kind = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        return self._send({"sticker": {**_file("sticker"), **kind, "emoji": "👍"}})

    def document(self, name: str = "letter.pdf", caption: str = "") -> Message:
        """Send a file."""
        file = {**_file("document"), "file_name": name, "mime_type": "application/pdf"}
        return self._send({"document": file, **({"caption": caption} if caption else {})})

    def video_note(self) -> Message:
        """Send a round video."""
        return self._send({"video_note": {**_file("note"), "length": 240, "duration": 5}})

    def location(self) -> Message:
        """Send where one is."""
        return self._send({"location": {"latitude": 38.9, "longitude": -77.03}})

    def poll(self) -> Message:
        """Send something that bots are not made for."""
        options = [{"persistent_id": str(n), "text": str(n), "voter_count": 0} for n in (1, 2)]
        fixed = {"id": "1", "question": "?", "options": options, "total_voter_count": 0, "is_closed": False}
        rest = {"is_anonymous": True, "type": "regular", "allows_multiple_answers": False}
        more = {"allows_revoting": True, "members_only": False}
        return self._send({"poll": {**fixed, **rest, **more}})

    def contact(self, *, of: Person | None = None) -> Message:
        """Send a contact: one's own through the button for it, or somebody else's from the address book."""
        who = of or self.person
        return self._send(
            {"contact": {"phone_number": who.phone_number, "first_name": who.first_name, "user_id": who.id}}
        )

    def forward(self, text: str, author: str = "Somebody") -> Message:
        """Forward somebody's message to the bot."""
        origin = {"type": "hidden_user", "sender_user_name": author, "date": int(self.world.wall())}
        return self._send({"text": text, "forward_origin": origin})

    def edit(self, message: Message, text: str) -> None:
        """Change a message of one's own."""
        with self.world.lock:
            assert not message.by_bot
            self.world.edit(message, {"text": text}, None)
            self._mark = next(self.world._order)
            self.world.update("edited_message", self.world.message_json(message), ("message", self.chat.id))

    def press(self, title: str, *, within: Message | None = None) -> Query | Message:
        """Tap the newest visible button whose title begins with these words (the reply keyboard's too)."""
        with self.world.lock:
            messages = [within] if within else [m for m in reversed(self.shown) if m.by_bot]
            for message in messages:
                for button in (button for row in message.inline for button in row):
                    if _begins(button["text"], title) and "callback_data" in button:
                        return self.tap(message, button["callback_data"], button["text"])
            for row in (self.chat.reply_keyboard or {}).get("keyboard", []):
                for button in row:
                    if _begins(button["text"], title):
                        return self._tap_reply_keyboard(button)
        raise AssertionError(f"no button {title!r} on the phone:\n{self.transcript()}")

    def tap(self, message: Message, data: str, title: str = "") -> Query:
        """Tap a button, even one that has just gone: two quick taps reach the bot as two presses."""
        with self.world.lock:
            self.chat.timeline.append(("press", title))
            self._mark = next(self.world._order)
            return self.world.press(message, data, self.person)

    def _tap_reply_keyboard(self, button: Json) -> Message:
        if (self.chat.reply_keyboard or {}).get("one_time_keyboard"):
            self.chat.reply_keyboard = None
        return self.contact() if button.get("request_contact") else self.say(button["text"])

    def block(self) -> None:
        """Stop and block the bot."""
        self._member("member", "kicked")

    def unblock(self) -> None:
        """Let the bot write again."""
        self._member("kicked", "member")

    def _member(self, before: str, after: str) -> None:
        with self.world.lock:
            self.chat.blocked = after == "kicked"
            bot = {key: self.world.bot[key] for key in ("id", "is_bot", "first_name", "username")}

            def status(what: str) -> Json:
                return {"user": bot, "status": what, **({"until_date": 0} if what == "kicked" else {})}

            body = {
                "chat": self.chat.as_json(),
                "from": self.person.as_json(),
                "date": int(self.world.wall()),
                "old_chat_member": status(before),
                "new_chat_member": status(after),
            }
            self.world.update("my_chat_member", body, ("my_chat_member", self.chat.id))

    # ------------------------------------------------------------ seeing

    @property
    def shown(self) -> list[Message]:
        """The messages of the chat, oldest first."""
        with self.world.lock:
            return sorted(self.chat.messages.values(), key=lambda message: message.id)

    @property
    def heard(self) -> list[Message]:
        """The bot's messages, oldest first."""
        return [message for message in self.shown if message.by_bot]

    @property
    def news(self) -> list[Message]:
        """What the bot sent after this person's last doing."""
        return [message for message in self.heard if message.order > self._mark]

    def wait_for(self, look: Callable[[], Any], what: str, within_s: float = WAIT_S) -> Any:
        """What `look` finds, as soon as it finds something."""
        with self.world.lock:
            found: list[Any] = []

            def there() -> bool:
                found[:] = [look()]
                return bool(found[0])

            if not self.world.changed.wait_for(there, within_s):
                raise AssertionError(f"waited {within_s} s for {what}; the phone shows:\n{self.transcript()}")
            return found[0]

    def hear(self, pattern: str, *, within_s: float = WAIT_S) -> Message:
        """The first message after this person's last doing in which the pattern is found."""
        wanted = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        found: Message = self.wait_for(
            lambda: next((m for m in self.news if wanted.search(m.text)), None), f"/{pattern}/", within_s
        )
        return found

    def asked(self, title: str = "", *, within_s: float = WAIT_S) -> Message:
        """The first message after this person's last doing that offers a button (of this title)."""
        found: Message = self.wait_for(
            lambda: next((m for m in self.news if any(_begins(t, title) for t in titles(m))), None),
            f"a button {title!r}",
            within_s,
        )
        return found

    def see(self, look: Callable[[Message], bool], what: str, *, within_s: float = WAIT_S) -> Message:
        """A message of the bot, old or new, as soon as one is as wanted: for edits in place."""
        found: Message = self.wait_for(lambda: next((m for m in reversed(self.heard) if look(m)), None), what, within_s)
        return found

    def transcript(self, title: str = "Willow Lane") -> str:
        """The chat as the phone shows it now, with the taps in between."""
        lines: list[str] = []
        with self.world.lock:
            for kind, what in self.chat.timeline:
                if kind == "press":
                    lines.append(f"    {self.person.first_name} taps [{what}]")
                elif kind == "notice":
                    lines.append(f"    (the phone shows for a moment: {what})")
                elif what in self.chat.messages:
                    lines += _drawn(self.chat.messages[what], title, self.person.first_name)
            for row in (self.chat.reply_keyboard or {}).get("keyboard", []):
                lines.append("    keyboard: " + " ".join(f"[{button['text']}]" for button in row))
        return "\n".join(lines)


def titles(message: Message) -> list[str]:
    """The titles of a message's buttons."""
    return [button["text"] for row in message.inline for button in row]


def _drawn(message: Message, bot: str, person: str) -> list[str]:
    author = bot if message.by_bot else person
    mark = " (edited)" if message.versions else ""
    lines = [f"{author}{mark}:"]
    content = message.content
    lines += [f"  {line}".rstrip() for line in message.text.splitlines()]
    for kind in ("voice", "photo", "sticker", "video_note", "poll", "contact"):
        if kind in content:
            lines.append(f"  <{kind.replace('_', ' ')}>")
    if "document" in content:
        lines.append(f"  <file {content['document']['file_name']}>")
    if "venue" in content:
        lines.append(f"  <map: {content['venue']['title']}, {content['venue']['address']}>")
    elif "location" in content:
        lines.append(f"  <map: {content['location']['latitude']}, {content['location']['longitude']}>")
    lines += ["    " + " ".join(f"[{button['text']}]" for button in row) for row in message.inline]
    return lines


def _begins(text: str, title: str) -> bool:
    words = re.sub(r"^[^\w+]+", "", text)
    unnumbered = re.sub(r"^\d+\.\s+", "", words)
    return any(form.lower().startswith(title.lower()) for form in (text, words, unnumbered))


def _file(kind: str) -> Json:
    return {"file_id": f"AwAC-{kind}-00000001", "file_unique_id": f"AgAD-{kind}", "file_size": 20_000}
