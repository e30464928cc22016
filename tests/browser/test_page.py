"""The client page in a real browser against a stand-in for the chat API."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from tests.browser.fake_chat import FakeChat, reply
from tests.browser.scripts import CHECKLIST, HOSTILE, LINES, screening
from tests.browser.site import Places

pytestmark = pytest.mark.browser


@pytest.fixture
def open_page(new_page: Callable[..., Page], places: Places, chat: FakeChat) -> Callable[..., Page]:
    """Opens the page of its own."""

    def opened(**options: Any) -> Page:
        page = new_page(**options)
        page.goto(places.service)
        expect(page.locator(".message.bot").first).to_be_visible()
        return page

    return opened


def say(page: Page, text: str) -> None:
    page.fill("#composer-text", text)
    page.keyboard.press("Enter")


def sent(page: Page, chat: FakeChat) -> dict[str, Any]:
    """What the server got last, once the page knows that it did."""
    expect(page.locator(".message.client").last).to_have_attribute("data-state", "sent")
    return chat.received[-1]


def bubbles(page: Page, author: str) -> list[str]:
    return page.locator(f".message.{author} .bubble > p").all_inner_texts()


# ---------------------------------------------------------------- what is shown


def test_hostile_text_is_only_ever_text(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.evaluate("() => { window.hits = 0; window.hit = () => { window.hits += 1 }; }")
    say(page, "hostile <img src=x onerror=hit()>")
    expect(page.locator(".list")).to_be_visible()
    page.locator("summary").click()
    page.wait_for_timeout(300)
    assert page.evaluate("window.hits") == 0
    assert page.locator("#messages :is(script, img, iframe, style, math, object, embed, svg:not(.icon))").count() == 0
    shown = page.locator("#messages").inner_text()
    for text in HOSTILE[:-1]:
        assert text in shown
    assert page.locator("#messages a").count() == 0


def test_links_that_may_be_opened_are_links(open_page: Callable[..., Page], chat: FakeChat) -> None:
    page = open_page()
    urls = ["https://example.org/a", "tel:988", "sms:988", "mailto:a@example.org", "/widget/favicon.svg"]
    chat.say(reply("Here.", links=[{"title": url, "url": url} for url in urls]))
    expect(page.locator(".message.staff a")).to_have_count(len(urls))
    for anchor in page.locator(".message.staff a").all():
        assert anchor.get_attribute("rel") == "noopener noreferrer"


def test_an_answer_has_a_list_a_table_and_its_sources(open_page: Callable[..., Page]) -> None:
    page = open_page()
    say(page, "compare")
    expect(page.locator("table caption")).to_have_text("Compared: NMT, Deep tissue")
    expect(page.locator("tbody th[scope=row]")).to_have_text("Touch")
    expect(page.locator(".message.bot li", has_text="two")).to_be_visible()
    expect(page.locator("details ul")).to_be_hidden()
    page.locator("summary", has_text="Sources").press("Enter")
    expect(page.locator("details")).to_contain_text("Last reviewed on November 20, 2026")
    thumbs = page.get_by_role("group", name="Did this answer help?").get_by_role("button")
    expect(thumbs).to_have_count(2)
    page.get_by_role("button", name="Tell me more").click()
    expect(page.get_by_role("button", name="Tell me more")).to_be_disabled()
    expect(thumbs.first).to_be_enabled()


def test_a_button_is_used_once_and_words_are_always_possible(open_page: Callable[..., Page], chat: FakeChat) -> None:
    page = open_page()
    say(page, "choose")
    page.get_by_role("button", name="Send it").press("Enter")
    expect(page.locator(".message.client").last).to_contain_text("Send it")
    expect(page.get_by_role("button", name="Change it")).to_be_disabled()
    expect(page.locator("#composer-text")).to_be_focused()
    assert sent(page, chat)["payload"] == "payload of Send it"
    say(page, "choose")
    expect(page.get_by_role("button", name="Change it").last).to_be_enabled()
    say(page, "something else")
    expect(page.get_by_role("button", name="Change it").last).to_be_disabled()


def test_what_was_chosen_is_still_marked_after_a_reload(open_page: Callable[..., Page]) -> None:
    page = open_page()
    say(page, "choose")
    expect(page.get_by_role("button", name="Send it")).to_be_enabled()
    say(page, "Send it")
    for _ in range(2):
        expect(page.get_by_role("button", name="Chosen: Send it")).to_be_disabled()
        expect(page.get_by_role("button", name="Change it")).to_be_disabled()
        page.reload()


def test_the_text_does_not_repeat_what_is_shown_better(open_page: Callable[..., Page], chat: FakeChat) -> None:
    page = open_page()
    text = (
        "Step 2 of 6\n\nDo you have any of these?\n\n1. Chest pain or pressure\n2. Sudden face droop\n\nSend numbers."
    )
    chat.say(reply(text, "question", checklist=CHECKLIST, meta=screening(2)), "bot")
    expect(page.locator(".list")).to_be_visible()
    for once in ("Step 2 of 6", "Do you have any of these?", LINES[0]):
        expect(page.locator("#messages").get_by_text(once, exact=True)).to_have_count(1)
    expect(page.locator("#messages").get_by_text("Send numbers.")).to_have_count(0)
    chat.say(reply("Which?\n\n1. mild\n2. not sure", "question", buttons=["Mild", "Not sure"]), "bot")
    expect(page.locator(".message.bot").last.locator("li")).to_have_count(0)
    chat.say(reply("I noted:\n1. No to all 8\n2. Yes: Gout\n\nIs that right?", "confirm", buttons=["Yes"]), "bot")
    expect(page.locator(".message.bot").last.locator("ol > li")).to_have_count(2)


def test_several_choices_are_sent_as_words(open_page: Callable[..., Page], chat: FakeChat) -> None:
    page = open_page()
    say(page, "which")
    expect(page.locator("progress")).to_have_attribute("value", "5")
    expect(page.get_by_text("Step 5 of 6", exact=True)).to_be_visible()
    page.locator(".many").get_by_role("button", name="Send").click()
    expect(page.locator(".problem")).to_contain_text("at least one")
    page.get_by_label("Lupus").check()
    page.get_by_label("Arthritis").check()
    page.locator(".many").get_by_role("button", name="Send").click()
    expect(page.locator(".message.client").last).to_contain_text("Lupus, Arthritis")
    assert sent(page, chat)["text"] == "Lupus, Arthritis"
    expect(page.get_by_role("button", name="Not sure")).to_be_disabled()


# ---------------------------------------------------------------- the checklist


def test_every_line_needs_its_own_answer(open_page: Callable[..., Page], chat: FakeChat) -> None:
    page = open_page()
    say(page, "list")
    form = page.locator(".list")
    expect(form.locator("input:checked")).to_have_count(0)
    expect(form.get_by_role("radiogroup")).to_have_count(len(LINES))
    form.get_by_role("radiogroup", name=LINES[0]).get_by_label("Yes").check()
    form.get_by_role("button", name="Send answers").click()
    expect(form.locator(".problem")).to_have_text("Lines 2 and 3 have no answer yet.")
    expect(form.get_by_role("radiogroup", name=LINES[1]).get_by_label("Yes")).to_be_focused()
    assert [body for body in chat.received if "answers" in body] == []
    page.keyboard.press("ArrowRight")  # native keys: on to "No", which is chosen by it
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")  # round to "Not sure"
    form.get_by_role("button", name="Send answers").press("Enter")
    expect(page.locator(".message.client").last).to_contain_text(f"Yes: {LINES[0]}")
    expect(page.locator(".message.client").last).to_contain_text("No to the other 1")
    assert sent(page, chat)["answers"] == {"T2.1": "yes", "T2.2": "no", "T2.3": "unsure"}
    expect(page.locator(".list")).to_have_count(0)


def test_targets_are_large_enough_to_touch(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 320, "height": 640})
    say(page, "list")
    expect(page.locator(".pick").first).to_be_visible()
    for place in page.locator(".pick, .list button, .send, #menu-button").all():
        box = place.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["width"] >= 44


def test_none_of_these_waits_until_the_list_could_be_read(open_page: Callable[..., Page], chat: FakeChat) -> None:
    page = open_page()
    say(page, "list")
    none = page.get_by_role("button", name="None of these")
    expect(none).to_have_attribute("aria-disabled", "true")
    began = time.monotonic()
    none.click(force=True)
    expect(page.locator(".list input:checked")).to_have_count(0)
    expect(none).to_have_attribute("aria-disabled", "false")
    assert time.monotonic() - began > 3.0
    none.click()
    expect(page.locator(".list input[value=no]:checked")).to_have_count(len(LINES))
    assert [body for body in chat.received if "answers" in body] == []
    page.get_by_role("button", name="Send answers").click()
    expect(page.locator(".message.client").last).to_contain_text("No to all 3 lines")
    assert set(sent(page, chat)["answers"].values()) == {"no"}


def test_none_of_these_is_there_at_once_after_reading_to_the_end(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 390, "height": 700})
    say(page, "long")
    none = page.get_by_role("button", name="None of these")
    expect(none).to_have_attribute("aria-disabled", "true")
    page.locator("#log").evaluate("log => log.scrollTo(0, log.scrollHeight)")
    expect(none).to_have_attribute("aria-disabled", "false", timeout=2_000)


def test_none_of_these_never_takes_back_a_yes(open_page: Callable[..., Page]) -> None:
    page = open_page()
    say(page, "list")
    none = page.get_by_role("button", name="None of these")
    expect(none).to_have_attribute("aria-disabled", "false")
    for answer in ("Yes", "Not sure"):
        page.locator(".list").get_by_role("radiogroup", name=LINES[1]).get_by_label(answer).check()
        expect(none).to_have_attribute("aria-disabled", "true")
        none.click(force=True)
        expect(page.locator(".list input[value=no]:checked")).to_have_count(0)


# ---------------------------------------------------------------- emergencies


def test_an_emergency_stays_in_view_with_its_number(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 390, "height": 700})
    say(page, "pain")
    card = page.get_by_role("alert")
    expect(card).to_contain_text("Please call 911 now.")
    expect(card.get_by_role("link", name="Call 911")).to_have_attribute("href", "tel:911")
    for text in ("one", "two", "three"):
        say(page, text)
    expect(card).to_be_in_viewport()
    expect(card).to_contain_text("Please call 911 now.")
    page.reload()
    expect(card.get_by_role("link", name="Call 911")).to_be_in_viewport()
    page.get_by_role("button", name="Show less").click()
    expect(card.get_by_role("link", name="Call 911")).to_be_in_viewport()
    expect(card.get_by_text("Please call 911 now.")).to_be_hidden()


def test_what_is_only_possible_makes_room_but_keeps_its_number(open_page: Callable[..., Page]) -> None:
    page = open_page()
    say(page, "perhaps")
    card = page.get_by_role("alert")
    expect(card.get_by_text("If so, call 911.")).to_be_visible()
    say(page, "no")
    expect(card.get_by_text("If so, call 911.")).to_be_hidden()
    expect(card.get_by_role("link", name="Call 911")).to_be_visible()
    say(page, "pain")
    expect(card.get_by_text("Please call 911 now.")).to_be_visible()


# ---------------------------------------------------------------- delivery


def test_a_lost_answer_is_asked_for_again_and_shown_once(open_page: Callable[..., Page], chat: FakeChat) -> None:
    page = open_page()
    chat.streams = False
    chat.posts_to_lose_the_answer_of = 2
    say(page, "hello")
    expect(page.locator(".message.client[data-state=sent]")).to_be_visible()
    assert len({body["client_message_id"] for body in chat.received}) == 1
    assert len(chat.received) == 3
    assert bubbles(page, "client") == ["hello"]
    assert bubbles(page, "bot").count("I heard: hello") == 1


def test_what_is_written_offline_is_kept_in_order_and_sent(open_page: Callable[..., Page], chat: FakeChat) -> None:
    page = open_page()
    page.context.set_offline(True)
    say(page, "first")
    say(page, "second")
    expect(page.get_by_text("Not sent yet. Trying again.")).to_have_count(2)
    expect(page.locator("#banner")).to_contain_text("You are offline")
    expect(page.locator("#banner")).to_contain_text("In an emergency, call 911.")
    assert chat.received == []
    page.context.set_offline(False)
    expect(page.locator(".message.bot").last).to_contain_text("I heard: second")
    expect(page.locator("#banner")).to_be_hidden()
    assert [body["text"] for body in chat.received] == ["first", "second"]
    order = page.locator(".message .bubble > p").all_inner_texts()
    assert order[-4:] == ["first", "I heard: first", "second", "I heard: second"]


def test_a_reload_goes_on_and_sends_what_was_left(open_page: Callable[..., Page], chat: FakeChat) -> None:
    page = open_page()
    say(page, "before")
    expect(page.locator(".message.bot").last).to_contain_text("I heard: before")
    chat.posts_to_lose_the_answer_of = 1
    say(page, "between")
    expect(page.get_by_text("Not sent yet. Trying again.")).to_be_visible()
    page.reload()
    expect(page.locator(".message.bot").last).to_contain_text("I heard: between")
    page.wait_for_timeout(300)
    assert bubbles(page, "client") == ["before", "between"]
    assert bubbles(page, "bot") == ["Hello, I am a bot.", "I heard: before", "I heard: between"]
    assert len(chat.talks) == 1
    expect(page.get_by_text("Not sent yet")).to_have_count(0)


@pytest.mark.parametrize("streams", [True, False], ids=["stream", "no stream"])
def test_the_team_appears_by_itself_and_once(open_page: Callable[..., Page], chat: FakeChat, streams: bool) -> None:
    page = open_page()
    chat.streams = streams
    chat.say(reply("It can go ahead.", "notice"))
    message = page.locator(".message.staff")
    expect(message).to_contain_text("It can go ahead.")
    expect(message.locator(".author")).to_have_text("Team")
    say(page, "thanks")
    expect(page.locator(".message.bot").last).to_contain_text("I heard: thanks")
    page.wait_for_timeout(1_500)
    assert bubbles(page, "staff") == ["It can go ahead."]
    assert bubbles(page, "bot").count("I heard: thanks") == 1
    assert bubbles(page, "client") == ["thanks"]


def test_two_tabs_show_one_conversation(open_page: Callable[..., Page], chat: FakeChat) -> None:
    first = open_page()
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.locator(".message.bot").first).to_be_visible()
    assert len(chat.talks) == 1
    say(second, "from the second tab")
    expect(first.locator(".message.client")).to_contain_text("from the second tab")
    expect(first.locator(".message.bot").last).to_contain_text("I heard: from the second tab")
    second.wait_for_timeout(300)
    assert bubbles(second, "client") == bubbles(first, "client") == ["from the second tab"]


def test_an_ended_conversation_is_replaced_and_the_words_kept(open_page: Callable[..., Page], chat: FakeChat) -> None:
    page = open_page()
    chat.forget()
    say(page, "still there?")
    expect(page.locator(".message.bot").last).to_contain_text("I heard: still there?", timeout=15_000)
    expect(page.get_by_text("a new one was opened").last).to_be_visible()
    assert bubbles(page, "client") == ["still there?"]


def test_a_refused_message_says_why_and_returns_to_the_box(open_page: Callable[..., Page]) -> None:
    page = open_page()
    say(page, "too much")
    expect(page.locator(".message.client .state")).to_have_text("Not sent. That message is too long for me.")
    expect(page.locator("#composer-text")).to_have_value("too much")


def test_the_token_travels_in_the_header_only(open_page: Callable[..., Page]) -> None:
    page = open_page()
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    say(page, "hello")
    expect(page.locator(".message.bot").last).to_contain_text("I heard")
    page.reload()
    expect(page.locator(".message.client")).to_be_visible()
    assert urls
    assert not [url for url in urls if "token" in url]
    assert page.context.cookies() == []


# ---------------------------------------------------------------- the menu


def choose_in_menu(page: Page, name: str) -> None:
    page.locator("#menu-button").press("Enter")
    page.locator("#menu-list").get_by_role("button", name=name).press("Enter")


def test_start_again_asks_first(open_page: Callable[..., Page], chat: FakeChat) -> None:
    page = open_page()
    say(page, "hello")
    choose_in_menu(page, "Start again")
    expect(page.locator("#confirm-no")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".message.client")).to_have_count(1)
    assert len(chat.talks) == 1
    choose_in_menu(page, "Start again")
    page.locator("#confirm-yes").click()
    expect(page.locator(".message.client")).to_have_count(0)
    expect(page.locator(".message.bot")).to_have_count(1)
    assert len(chat.talks) == 2


def test_deleting_leaves_nothing(open_page: Callable[..., Page], chat: FakeChat) -> None:
    page = open_page()
    say(page, "hello")
    choose_in_menu(page, "Delete my data")
    page.locator("#confirm-yes").click()
    expect(page.get_by_text("Your data is deleted.").first).to_be_visible()
    assert chat.talks == {}
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    expect(page.locator("#composer-text")).to_be_disabled()
    page.get_by_role("button", name="Start a new chat").click()
    expect(page.locator(".message.bot")).to_have_count(1)
    expect(page.locator("#composer-text")).to_be_focused()


def test_the_chat_can_be_downloaded_and_a_person_asked_for(open_page: Callable[..., Page], chat: FakeChat) -> None:
    page = open_page()
    for button, name in (("Text to read", "my-chat.txt"), ("All data (JSON)", "my-chat.json")):
        choose_in_menu(page, "Download my chat")
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        assert download.value.suggested_filename == name
        assert b"Hello, I am a bot." in download.value.path().read_bytes()
    choose_in_menu(page, "Talk to a person")
    expect(page.locator(".message.bot").last).to_contain_text("I heard: I want to talk to a person")


def test_the_menu_closes_with_escape_and_returns_the_focus(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.locator("#menu-button").press("Enter")
    expect(page.locator("#menu-button")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("#menu-list")).to_be_hidden()
    expect(page.locator("#menu-button")).to_be_focused()


# ---------------------------------------------------------------- access


def test_each_message_is_spoken_once_and_the_focus_stays(open_page: Callable[..., Page], chat: FakeChat) -> None:
    page = open_page()
    expect(page.locator("#status")).to_contain_text("Hello, I am a bot.")
    page.evaluate(
        """() => {
          window.spoken = [];
          new MutationObserver((changes) => {
            for (const change of changes) for (const node of change.addedNodes) window.spoken.push(node.textContent);
          }).observe(document.getElementById("status"), { childList: true });
        }"""
    )
    say(page, "hello")
    expect(page.locator(".message.bot").last).to_contain_text("I heard: hello")
    expect(page.locator("#composer-text")).to_be_focused()
    chat.say(reply("It can go ahead.", "notice"))
    expect(page.locator(".message.staff")).to_be_visible()
    page.wait_for_timeout(500)
    assert page.evaluate("window.spoken") == ["Assistant: I heard: hello", "Team: It can go ahead."]
    assert page.locator("#log").get_attribute("role") == "log"
    assert page.locator("#log").get_attribute("aria-live") == "off"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 860), (390, 844), (320, 568), (640, 360)])
def test_no_accessibility_findings(open_page: Callable[..., Page], scheme: str, width: int, height: int) -> None:
    # The policy is off here only because the examiner is put into the page as a script.
    page = open_page(viewport={"width": width, "height": height}, color_scheme=scheme, bypass_csp=True)
    standards = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

    def examine(state: str) -> None:
        result = Axe().run(page, options=standards).response
        assert result["passes"], state
        findings = [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in result["violations"]]
        assert (state, findings) == (state, [])
        wide = "[document.documentElement, document.getElementById('log')].some(e => e.scrollWidth > e.clientWidth)"
        assert not page.evaluate(wide), f"{state} scrolls sideways"

    examine("greeting")
    for text in ("compare", "list", "which", "choose", "pain"):
        count = page.locator(".message.bot").count()
        say(page, text)
        expect(page.locator(".message.bot")).to_have_count(count + 1)
        if text == "compare":
            page.locator("summary").click()
        if text == "list":
            page.get_by_role("button", name="Send answers").click()
        examine(text)
    page.locator("#menu-button").click()
    examine("menu")
    page.locator("#menu-erase").click()
    examine("dialog")
