"""What is in view: where a talk is scrolled to, and that everything there can be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.fake_chat import FakeChat, reply
from tests.browser.scripts import CHECKLIST, LINES, screening
from tests.browser.test_widget import line, open_chat, say
from tests.browser.test_widget_access import DAYS, PHONE

pytestmark = pytest.mark.browser

LONG = "\n".join(f"Sentence {number} of a long answer." for number in range(1, 41))
ASKED = reply(
    "A red leg needs a check today.\nDo you also have chest pain?",
    "emergency",
    buttons=["Yes, some", "No pain"],
    links=[{"title": "Call 911", "url": "tel:911"}],
    meta={"emergency": {"care": "same_day", "condition": "leg", "asking": True}},
)


def at_top(page: Page, text: str) -> None:
    """The message with this text begins where the list begins."""
    page.wait_for_function(
        """text => {
          const root = document.querySelector("nmt-chat").shadowRoot;
          const log = root.querySelector("#log").getBoundingClientRect();
          const found = [...root.querySelectorAll(".message")].findLast((one) => one.textContent.includes(text));
          return found && Math.abs(found.getBoundingClientRect().top - log.top) < 24;
        }""",
        arg=text,
    )


def hidden_in_view(element: Locator) -> bool:
    """Whether only a screen reader finds it."""
    return bool(element.evaluate("e => getComputedStyle(e).clipPath !== 'none'"))


def test_a_message_of_the_team_is_shown_from_its_beginning(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    chat.say(reply(LONG), "bot")
    at_top(page, "Sentence 1 of")
    say(page, "thanks")
    expect(page.locator(".message.bot").last).to_contain_text("I heard: thanks")
    chat.say(reply("News of the team.\n" + LONG, "notice"))
    at_top(page, "News of the team.")


def test_who_writes_faster_than_the_answers_come_is_led_to_the_last_one(
    visit: Callable[..., Page], chat: FakeChat
) -> None:
    page = visit()
    open_chat(page)
    chat.delay = 0.5
    say(page, "long")
    say(page, "hello")
    expect(page.locator(".message.bot").last).to_contain_text("I heard: hello")
    at_top(page, "Step 2 of 6")
    page.get_by_role("button", name="Newest message").click()
    expect(page.locator(".message.bot").last).to_be_in_viewport(ratio=1)


def test_what_came_while_it_was_closed_is_shown_from_its_beginning(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    say(page, "hello")
    expect(page.locator(".message.bot").last).to_contain_text("I heard: hello")
    page.get_by_role("button", name="Close the chat").first.click()
    chat.say(reply("News of the team.\n" + LONG, "notice"))
    chat.say(reply("And more.", "notice"))
    page.get_by_role("button", name="Open the chat, new messages: 2").click()
    at_top(page, "News of the team.")


def test_after_a_reload_the_last_answer_is_shown_from_its_beginning(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    say(page, "hello")
    expect(page.locator(".message.bot").last).to_contain_text("I heard: hello")
    chat.say(reply("News of the team.", "notice"))
    say(page, "long")
    expect(page.get_by_role("radiogroup")).to_have_count(8)
    page.reload()
    open_chat(page)
    at_top(page, "Step 2 of 6")


def test_who_is_at_the_end_stays_there_when_room_is_taken_away(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    for text in ("one", "two", "three", "four", "five"):
        say(page, text)
        expect(page.locator(".message.bot").last).to_contain_text(f"I heard: {text}")
    page.locator("#composer-text").fill("a long message\n" * 5)
    expect(page.locator(".message.bot").last).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 1280, "height": 460})
    expect(page.locator(".message.bot").last).to_be_in_viewport(ratio=1)


def test_messages_that_wait_say_so_and_can_be_seen(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit(**PHONE)
    open_chat(page)
    for text in ("one", "two", "three", "four"):
        say(page, text)
        expect(page.locator(".message.bot").last).to_contain_text(f"I heard: {text}")
    page.context.set_offline(True)
    say(page, "first")
    expect(page.get_by_text("Not sent yet.")).to_have_count(1)
    say(page, "second")
    expect(page.get_by_text("Not sent yet.")).to_have_count(2)
    expect(page.get_by_text("Not sent yet.").last).to_be_in_viewport(ratio=1)
    page.wait_for_timeout(1_200)
    expect(page.get_by_text("Sending")).to_have_count(0)


def test_a_talk_that_is_replaced_says_so_before_it_begins(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    chat.forget()
    say(page, "still there?")
    expect(page.locator(".message.bot").last).to_contain_text("I heard: still there?")
    order = [text.split("\n")[0] for text in page.locator("#messages > li:not(.time) p").all_inner_texts() if text]
    assert order == [
        "The earlier chat had ended, so a new one was opened.",
        "Hello, I am a bot.",
        "still there?",
        "I heard: still there?",
    ]


def test_a_line_without_an_answer_comes_into_view_with_its_words(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit(**PHONE)
    open_chat(page)
    items = [{"id": f"T2.{number}", "text": f"Line {number} of the list"} for number in range(1, 21)]
    lines = {**CHECKLIST, "items": items}
    chat.say(reply("Do you have any of these?", "question", checklist=lines, meta=screening(2)), "bot")
    rows = page.get_by_role("radiogroup")
    expect(rows).to_have_count(20)
    open_line = rows.nth(9)
    for row in rows.all():
        if row.get_by_text("Line 10 of").count() == 0:
            row.get_by_label("No", exact=True).check()
    choices = open_line.locator(".three")  # in view, but not the words above them
    choices.evaluate("e => e.closest('#log').scrollBy(0, e.getBoundingClientRect().top - 64)")
    expect(open_line.get_by_text("Line 10 of")).not_to_be_in_viewport()
    choices.evaluate("e => e.closest('form').requestSubmit()")
    expect(open_line.get_by_label("Yes")).to_be_focused()
    expect(open_line.get_by_text("Line 10 of")).to_be_in_viewport(ratio=1)
    expect(open_line.get_by_text("Answer needed")).to_be_in_viewport(ratio=1)


def test_a_warning_sign_is_answered_right_below_its_line(visit: Callable[..., Page], chat: FakeChat) -> None:
    chat.lists = [
        {**CHECKLIST, "urgent": True},
        {**CHECKLIST, "id": "T3", "urgent": False, "items": [{"id": "T3.1", "text": "A clot"}]},
    ]
    page = visit(**PHONE)
    open_chat(page)
    say(page, "list")
    page.get_by_role("button", name="Show all health questions on one page").click()
    line(page, LINES[0]).get_by_label("Yes").check()
    send = page.get_by_role("button", name="Send this now")
    expect(send).to_be_in_viewport(ratio=1)
    following = send.evaluate("e => e.closest('.early').nextElementSibling.textContent")
    assert LINES[1] in following
    line(page, LINES[0]).get_by_label("No", exact=True).check()
    expect(send).to_have_count(0)


def test_what_the_card_says_is_not_shown_twice(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit(**PHONE)
    open_chat(page)
    chat.say(ASKED, "bot")
    card = page.get_by_role("alert")
    expect(card).to_contain_text("Do you also have chest pain?")
    words = page.locator(".message[data-kind=emergency] .bubble > p").first
    assert hidden_in_view(words)
    page.set_viewport_size({"width": 640, "height": 430})  # there the card has no room for them
    assert not hidden_in_view(words)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_role("button", name="No pain")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Show less").click()  # then the words stand in the list
    assert not hidden_in_view(words)
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("button", name="No pain").click()
    expect(page.locator(".message.bot").last).to_contain_text("I heard: payload of No pain")
    assert not hidden_in_view(words)


def test_what_is_chosen_can_be_read_under_the_pointer(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    say(page, "list")
    expect(page.get_by_role("radiogroup")).to_have_count(len(LINES))
    chat.say(reply("Which day suits you?", "question", meta={"slots": {"days": DAYS}}), "bot")
    accent = page.locator(".send").evaluate("e => getComputedStyle(e).backgroundColor")
    pick = line(page, LINES[0]).locator(".pick").first
    day = page.get_by_role("button", name=str(DAYS[1]["title"]))
    for target, ground in ((pick, pick.locator("span")), (day, day)):
        target.hover()
        assert ground.evaluate("e => getComputedStyle(e).backgroundColor") not in (accent, "rgba(0, 0, 0, 0)")
        target.click()
        assert ground.evaluate("e => getComputedStyle(e).backgroundColor") == accent


def test_a_day_needs_no_scrolling(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit(**PHONE)
    open_chat(page)
    days = [{**DAYS[0], "date": f"2026-11-{day}", "title": f"{day} November"} for day in range(23, 30)]
    chat.say(reply("Which day suits you?", "question", meta={"slots": {"days": days}}), "bot")
    strip = page.get_by_role("group", name="Days with free times")
    expect(strip.get_by_role("button")).to_have_count(7)
    tops = {round(box["y"]) for day in strip.get_by_role("button").all() if (box := day.bounding_box())}
    assert len(tops) == 1
    for day in strip.get_by_role("button").all():
        expect(day).to_be_in_viewport(ratio=1)


def test_from_right_to_left_nothing_lies_over_another(visit: Callable[..., Page]) -> None:
    page = visit("?dir=rtl", **PHONE)
    open_chat(page)
    say(page, "pain")
    heading = page.get_by_role("alert").get_by_role("heading")
    left = heading.evaluate(
        """e => {
          const words = document.createRange();
          words.selectNodeContents(e);
          return words.getBoundingClientRect().x;
        }"""
    )
    toggle = page.get_by_role("button", name="Show less").bounding_box()
    assert toggle is not None
    assert toggle["x"] + toggle["width"] < left
    words = page.locator(".emergency-text")
    expect(words).to_have_attribute("lang", "en-US")
    assert words.evaluate("e => e.matches(':dir(ltr)')")  # English stays English: its full stop stands at its end
    button = page.get_by_role("button", name="Menu", exact=True)
    button.click()
    button_at, list_at = (
        place.evaluate("e => e.getBoundingClientRect().x") for place in (button, page.locator("#menu-list"))
    )
    assert abs(button_at - list_at) < 60  # the list hangs below its button


def test_in_forced_colours_what_was_chosen_can_be_read(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit(forced_colors="active")
    open_chat(page)
    look = "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    page.get_by_role("button", name="About NMT").click()
    said = page.get_by_role("button", name="Chosen: About NMT").evaluate(look)
    say(page, "compare")
    page.get_by_role("button", name="That helped").click()
    thumb = page.get_by_role("button", name="Chosen: That helped").evaluate(look)
    chat.say(reply("Which day suits you?", "question", meta={"slots": {"days": DAYS}}), "bot")
    day = page.get_by_role("button", name=str(DAYS[0]["title"])).evaluate(look)
    assert said == thumb == day
    assert said[0] != said[1]


@pytest.mark.parametrize("width", [320, 390, 640])
def test_answering_a_line_moves_nothing(visit: Callable[..., Page], width: int) -> None:
    page = visit(viewport={"width": width, "height": 500})
    open_chat(page)
    say(page, "list")
    row = line(page, LINES[0])
    height = "e => e.getBoundingClientRect().height"
    before = row.evaluate(height)
    for choice in ("Not sure", "Yes", "No"):
        row.get_by_label(choice, exact=True).check()
        assert row.evaluate(height) == before


def test_magnified_all_numbers_of_an_emergency_are_in_view(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit(viewport={"width": 640, "height": 430})
    open_chat(page)
    urls = {"Call 988": "tel:988", "Text 988": "sms:988", "988lifeline.org/chat": "https://988lifeline.org/chat"}
    links = [{"title": title, "url": url} for title, url in {**urls, "Call 911": "tel:911"}.items()]
    meta = {"emergency": {"care": "crisis", "condition": "crisis", "asking": False}}
    chat.say(reply("You deserve a real person right now.\n" * 5, "emergency", links=links, meta=meta), "bot")
    numbers = page.get_by_role("alert").get_by_role("link")
    expect(numbers).to_have_count(4)
    for number in numbers.all():
        expect(number).to_be_in_viewport(ratio=1)
        assert number.evaluate(
            "e => e.getBoundingClientRect().bottom <= e.closest('.emergency').getBoundingClientRect().bottom"
        )
    assert page.locator("#log").evaluate("e => e.clientHeight") >= 120
