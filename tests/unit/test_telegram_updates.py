"""What is kept of an update: enough to answer it, and nothing that the clinic must not have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.channels.telegram import commands, links
from bot.channels.telegram.inbox import parse
from bot.channels.telegram.updates import Incoming, Kind, calls_bot, reduce

BOT = 700
PERSON = {"id": 5, "is_bot": False, "first_name": "Maria"}
PRIVATE = {"id": 5, "type": "private", "first_name": "Maria"}
GROUP = {"id": -9, "type": "supergroup", "title": "Family"}


def message(chat: dict[str, Any] = PRIVATE, sender: dict[str, Any] = PERSON, **content: Any) -> dict[str, Any]:
    return {"update_id": 1, "message": {"message_id": 10, "date": 1, "chat": chat, "from": sender, **content}}


def kept(update: dict[str, Any]) -> Incoming | None:
    """What is left of an update after it was stored and read again."""
    found = reduce(update, BOT)
    return Incoming.from_json(json.loads(json.dumps(found.to_json()))) if found is not None else None


def test_typed_text_is_kept_word_for_word() -> None:
    assert kept(message(text=" I have <b>pain</b>\n ")) == Incoming(Kind.TEXT, 5, 10, " I have <b>pain</b>\n ")


@pytest.mark.parametrize(
    "content",
    [
        {"voice": {"file_id": "SECRET"}},
        {"photo": [{"file_id": "SECRET"}]},
        {"sticker": {"file_id": "SECRET"}},
        {"document": {"file_id": "SECRET"}},
        {"video_note": {"file_id": "SECRET"}},
        {"poll": {"question": "SECRET"}},
        {"something_new": {"x": "SECRET"}},
    ],
)
def test_of_media_nothing_is_kept_but_that_it_came(content: dict[str, Any]) -> None:
    found = kept(message(**content))
    assert found == Incoming(Kind.MEDIA, 5, 10)
    assert "SECRET" not in str(found)


def test_pictures_that_were_sent_together_are_known_as_such() -> None:
    found = kept(message(photo=[{"file_id": "f"}], media_group_id="13579"))
    assert found == Incoming(Kind.MEDIA, 5, 10, album="13579")


def test_a_place_is_not_kept() -> None:
    assert kept(message(location={"latitude": 1.0, "longitude": 2.0})) == Incoming(Kind.PLACE, 5, 10)


def test_a_caption_was_typed() -> None:
    found = kept(message(photo=[{"file_id": "f"}], caption="chest pain"))
    assert found == Incoming(Kind.MEDIA, 5, 10, "chest pain")


def test_only_ones_own_number_is_kept() -> None:
    own = kept(message(contact={"phone_number": "12025550171", "first_name": "Maria", "user_id": 5}))
    assert own == Incoming(Kind.CONTACT, 5, 10, "12025550171", own=True)
    for other in ({"user_id": 6}, {}):
        found = kept(message(contact={"phone_number": "12025550199", "first_name": "Ann", **other}))
        assert found == Incoming(Kind.CONTACT, 5, 10)


def test_forwarded_and_edited_messages_are_told_apart() -> None:
    assert kept(message(text="x", forward_origin={"type": "hidden_user"})) == Incoming(Kind.FORWARDED, 5, 10, "x")
    update = {"update_id": 2, "edited_message": message(text="y")["message"]}
    assert kept(update) == Incoming(Kind.EDITED, 5, 10, "y")


def test_a_press_is_its_key() -> None:
    query = {"id": "99", "from": PERSON, "chat_instance": "1", "data": "q:abc:1"}
    shown = {"message_id": 7, "date": 1, "chat": PRIVATE}
    assert kept({"update_id": 1, "callback_query": {**query, "message": shown}}) == Incoming(
        Kind.PRESS, 5, 7, key="q:abc:1", query="99"
    )
    assert kept({"update_id": 1, "callback_query": query}) == Incoming(Kind.PRESS, 5, None, key="q:abc:1", query="99")
    in_group = {**query, "message": {**shown, "chat": GROUP}}
    assert kept({"update_id": 1, "callback_query": in_group}) is None


@pytest.mark.parametrize(
    ("chat", "before", "after", "kind"),
    [
        (PRIVATE, "member", "kicked", Kind.BLOCKED),
        (PRIVATE, "kicked", "member", Kind.UNBLOCKED),
        (GROUP, "left", "member", Kind.GROUP),
        (GROUP, "member", "administrator", None),
        (GROUP, "member", "kicked", None),
        ({"id": -8, "type": "channel", "title": "News"}, "left", "administrator", None),
    ],
)
def test_who_blocked_the_bot_and_who_invited_it(
    chat: dict[str, Any], before: str, after: str, kind: Kind | None
) -> None:
    member = {"chat": chat, "old_chat_member": {"status": before}, "new_chat_member": {"status": after}}
    found = kept({"update_id": 1, "my_chat_member": member})
    assert (found.kind if found else None) is kind


def test_what_is_said_in_a_group_is_not_kept() -> None:
    assert kept(message(GROUP, text="my chest hurts")) is None
    entity = {"type": "mention", "offset": 3, "length": 9}
    called = kept(message(GROUP, text="🙂 @willowbt my chest hurts", entities=[entity]))
    assert called == Incoming(Kind.GROUP, -9, 10, "@willowbt")
    answer = kept(message(GROUP, text="my chest hurts", reply_to_message={"from": {"id": BOT}}))
    assert answer == Incoming(Kind.GROUP, -9, 10, "added")
    assert kept({"update_id": 1, "edited_message": message(GROUP, text="x")["message"]}) is None


@pytest.mark.parametrize(
    ("called", "meant"),
    [
        ("added", True),
        ("@WillowBt", True),
        ("/book", True),
        ("/book@willowbt", True),
        ("/book@otherbot", False),
        ("@otherbot", False),
        ("", False),
    ],
)
def test_when_the_bot_is_meant_in_a_group(called: str, meant: bool) -> None:
    assert calls_bot(called, "willowbt") is meant


@pytest.mark.parametrize(
    "update",
    [
        message(sender={"id": 6, "is_bot": True}, text="hi"),
        message(pinned_message={"message_id": 3}),
        message({"id": -8, "type": "channel"}, text="hi"),
        {"update_id": 1, "poll_answer": {}},
        {"update_id": 1},
    ],
)
def test_nobody_is_answered_who_said_nothing(update: dict[str, Any]) -> None:
    assert kept(update) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"update_id": "x"}', b"\xff", b'"x"'])
def test_what_is_no_update_is_none(body: bytes) -> None:
    assert parse(body) is None


def test_an_update_is_read() -> None:
    assert parse(b'{"update_id": 7}') == {"update_id": 7}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/start", ("start", "")),
        ("/Start  autumn-flyer ", ("start", "autumn-flyer")),
        ("/book@willowbt", ("book", "")),
        ("/book@otherbot", None),
        ("/dance", None),
        ("book", None),
        ("/ book", ("book", "")),
    ],
)
def test_commands_are_read(text: str, found: tuple[str, str] | None) -> None:
    assert commands.read(text, "WillowBt") == found


def test_every_listed_command_does_something() -> None:
    assert set(commands.LISTED) <= set(commands.INTENTS)
    assert set(commands.LISTED) == {
        *("start", "menu", "book", "screening", "mybooking", "cancel", "back", "help", "privacy", "human")
    }


@pytest.mark.parametrize(
    ("payload", "campaign"),
    [("flyer_2026", "flyer_2026"), ("link-abc", None), ("", None), ("a b", None), ("x" * 65, None)],
)
def test_where_a_client_came_from(payload: str, campaign: str | None) -> None:
    assert links.campaign(payload) == campaign
