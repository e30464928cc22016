"""The widget in a real browser, on a website of another origin under the strictest policy."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.fake_chat import ASSETS, FakeChat, reply, served
from tests.browser.scripts import CHECKLIST, HOSTILE, HOSTILE_URLS, LINES, screening
from tests.browser.site import Places, until

pytestmark = pytest.mark.browser

SECOND = {
    "id": "T3",
    "prompt": "Have you ever had any of these?",
    "items": [{"id": f"T3.{number}", "text": text} for number, text in enumerate(("A clot", "A stroke"), 1)],
    "choices": ["yes", "no", "unsure"],
}


def open_chat(page: Page) -> None:
    page.get_by_role("button", name="Chat with us").click()
    expect(page.locator(".message.bot").first).to_be_visible()


def say(page: Page, text: str) -> None:
    page.locator("#composer-text").fill(text)
    page.keyboard.press("Enter")


def heard(page: Page, text: str) -> None:
    expect(page.locator(".message.bot").last).to_contain_text(text)


def bubbles(page: Page, author: str) -> list[str]:
    return page.locator(f".message.{author} .bubble > p").all_inner_texts()


def choose_in_menu(page: Page, name: str) -> None:
    page.get_by_role("button", name="Menu", exact=True).click()
    page.locator("#menu-list").get_by_role("button", name=name).click()


def line(page: Page, text: str) -> Locator:
    return page.get_by_role("radiogroup", name=text)


# ---------------------------------------------------------------- what is loaded, when, and where


def test_before_the_first_press_there_is_only_the_button(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    expect(page.get_by_role("button", name="Chat with us")).to_have_attribute("aria-expanded", "false")
    assert chat.loaded == ["/widget.js"]
    assert chat.authorization == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    open_chat(page)
    assert sorted(path.split(".")[0] for path in chat.loaded[1:]) == ["/widget/app", "/widget/en"]
    assert page.context.cookies() == []


def test_it_is_small() -> None:
    sizes = {path: len(asset.compressed) for path, asset in ASSETS.files.items()}
    languages = [size for path, size in sizes.items() if path.endswith(".json")]
    assert sizes["/widget.js"] <= 3 * 1024
    assert sizes["/widget.js"] + sizes[ASSETS.app] + max(languages) <= 30 * 1024


def test_its_inside_is_closed_to_the_page(visit: Callable[..., Page]) -> None:
    page = visit(closed=True)
    expect(page.locator("nmt-chat")).to_have_attribute("data-state", "closed")
    assert page.evaluate("document.querySelector('nmt-chat').shadowRoot") is None
    page.evaluate("nmtChat.open()")
    expect(page.locator("nmt-chat")).to_have_attribute("data-state", "open")


def test_a_website_that_is_not_listed_gets_nothing_but_the_way_to_the_page(
    visit: Callable[..., Page], chat: FakeChat, places: Places
) -> None:
    chat.origins.clear()
    page = visit()
    page.get_by_role("button", name="Chat with us").click()
    expect(page.locator("#banner").get_by_role("link", name="Open the chat in its own window")).to_have_attribute(
        "href", f"{places.service}/chat"
    )
    expect(page.locator("#banner")).to_contain_text("In an emergency, call 911.")  # known before the service answers
    expect(page.locator("#banner").get_by_role("link", name="Call the clinic")).to_be_visible()
    assert chat.talks == {}


def test_the_chat_api_answers_listed_origins_only(chat: FakeChat, places: Places) -> None:
    url = f"{places.service}/api/v1/conversations"
    with httpx.Client(trust_env=False) as client:
        refused = client.post(url, headers={"Origin": "https://elsewhere.example"})
        assert (refused.status_code, chat.talks) == (403, {})
        assert "access-control-allow-origin" not in refused.headers
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        assert client.options(url, headers={"Origin": "https://elsewhere.example"} | asked).status_code == 403
        allowed = client.options(url, headers={"Origin": places.site} | asked)
        assert allowed.status_code == 204
        assert allowed.headers["access-control-allow-origin"] == places.site
        assert "access-control-allow-credentials" not in allowed.headers
        assert client.post(url, headers={"Origin": places.service}).status_code == 201
        assert client.post(url).status_code == 201


def test_what_cannot_be_loaded_says_so_and_is_tried_again(visit: Callable[..., Page]) -> None:
    page = visit()
    page.route("**/widget/app*", lambda route: route.abort())
    page.get_by_role("button", name="Chat with us").click()
    failed = page.get_by_role("button", name="The chat could not load.")
    expect(failed).to_contain_text("call +1 202-555-0143")
    page.unroute("**/widget/app*")
    failed.click()
    expect(page.locator(".message.bot").first).to_be_visible()


def test_without_javascript_the_page_gives_phone_and_mail(new_page: Callable[..., Page], places: Places) -> None:
    page = new_page(java_script_enabled=False)
    for path in ("/", "/chat"):
        page.goto(f"{places.service}{path}")
        expect(page.get_by_role("link", name="+1 202-555-0143")).to_have_attribute("href", "tel:+12025550143")
        expect(page.get_by_role("link", name="hello@willowlane.example")).to_be_visible()
        expect(page.locator(".urgent")).to_have_text("In an emergency, call 911.")
        expect(page.locator("[lang=es]")).to_contain_text("necesita JavaScript")


# ---------------------------------------------------------------- for integrators


def test_scripts_open_and_close_it_and_hear_of_it(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    page.evaluate(
        """() => {
          window.heard = [];
          for (const name of ["nmt-open", "nmt-close", "nmt-unread"]) {
            document.addEventListener(name, (event) => window.heard.push([name, event.detail ?? null]));
          }
        }"""
    )
    assert page.evaluate("nmtChat === document.querySelector('nmt-chat')")
    page.evaluate("nmtChat.open()")
    expect(page.locator(".message.bot").first).to_be_visible()
    assert page.evaluate("nmtChat.isOpen") is True
    page.evaluate("nmtChat.close()")
    expect(page.locator("#chat")).to_be_hidden()
    chat.say(reply("A secret of the client.", "notice"))
    expect(page.get_by_role("button", name="Open the chat, new messages: 1")).to_be_visible()
    page.evaluate("nmtChat.toggle()")
    expect(page.get_by_text("A secret of the client.")).to_be_visible()
    assert page.evaluate("window.heard") == [
        ["nmt-open", None],
        ["nmt-close", None],
        ["nmt-unread", {"count": 1}],
        ["nmt-unread", {"count": 0}],
        ["nmt-open", None],
    ]


def test_a_link_opens_it_in_place(visit: Callable[..., Page], places: Places) -> None:
    page = visit()
    page.get_by_role("link", name="Ask our assistant").click()
    expect(page.locator(".message.bot").first).to_be_visible()
    assert page.url == f"{places.site}/strict"


def test_the_styles_of_the_page_stay_outside(visit: Callable[..., Page]) -> None:
    page = visit(path="/")
    open_chat(page)
    look = page.locator(".message.bot .bubble").first.evaluate(
        "e => { const s = getComputedStyle(e); return [s.fontSize, s.letterSpacing, s.textAlign]; }"
    )
    assert look == ["16px", "normal", "start"]
    button = page.locator(".choice").first.evaluate("e => getComputedStyle(e).textTransform")
    assert button == "none"


CONTRAST = """element => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let ground = element;
  while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
  const pair = [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor].map(light).sort();
  return (pair[1] + 0.05) / (pair[0] + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("accent", ["gold", "white", "black", "hotpink", "#7a3b69", "rgb(200 0 0 / 50%)", "no colour"])
def test_any_accent_can_be_read(visit: Callable[..., Page], scheme: str, accent: str) -> None:
    page = visit(f"?accent={accent.replace('#', '%23').replace(' ', '%20').replace('%%', '%25%')}", color_scheme=scheme)
    assert page.get_by_role("button", name="Chat with us").evaluate(CONTRAST) >= 4.4
    open_chat(page)
    say(page, "hello")
    expect(page.locator(".message.client")).to_be_visible()
    for part in (".choice", ".send", ".message.client .bubble"):
        assert page.locator(part).first.evaluate(CONTRAST) >= 4.4, part


def test_language_title_side_and_direction_are_options(visit: Callable[..., Page]) -> None:
    page = visit("?locale=es&title=Clinica%20Sol&position=left&dir=rtl")
    button = page.get_by_role("button", name="Chatee con nosotros")
    button.click()
    expect(page.get_by_role("heading", name="Clinica Sol")).to_be_visible()
    expect(page.get_by_role("textbox", name="Su mensaje")).to_be_visible()
    expect(page.locator(".message.bot .bubble").first).to_have_attribute("lang", "en-US")
    expect(page.locator(".nmt")).to_have_attribute("dir", "rtl")
    menu, mark = (page.locator(part).bounding_box() for part in ("#menu-button", ".mark"))
    assert menu is not None
    assert mark is not None
    assert menu["x"] < mark["x"]


# ---------------------------------------------------------------- the talk


def test_the_talk_as_a_whole(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    expect(page.locator("#composer-text")).to_be_focused()
    page.get_by_role("button", name="About NMT").click()
    heard(page, "I heard: payload of About NMT")
    say(page, "compare")
    expect(page.get_by_role("table")).to_be_visible()
    page.locator("summary", has_text="Sources").click()
    expect(page.get_by_text("Last reviewed on November 20, 2026")).to_be_visible()
    page.get_by_role("button", name="That helped").click()
    heard(page, "payload of That helped")
    expect(page.get_by_role("button", name="Chosen: That helped")).to_be_disabled()
    say(page, "list")
    for text in LINES:
        line(page, text).get_by_label("No", exact=True).check()
    page.get_by_role("button", name="Send answers").click()
    heard(page, "I heard: answers")
    assert chat.received[-1]["answers"] == {"T2.1": "no", "T2.2": "no", "T2.3": "no"}
    say(page, "choose")
    page.get_by_role("button", name="Send it").click()
    heard(page, "payload of Send it")
    expect(page.locator(".message.client .stamp").last).to_have_text(re.compile(r"^\d{1,2}:\d{2}\s[AP]M$"))
    expect(page.locator("#messages > .time")).to_have_text("Today")
    say(page, "pain")
    expect(page.get_by_role("alert").get_by_role("link", name="Call 911")).to_have_attribute("href", "tel:911")


def test_hostile_text_is_only_ever_text(visit: Callable[..., Page]) -> None:
    page = visit()
    open_chat(page)
    page.evaluate("() => { window.hits = 0; window.hit = () => { window.hits += 1 }; }")
    say(page, "hostile " + " ".join(HOSTILE))
    expect(page.locator(".list")).to_be_visible()
    page.locator("summary").click()
    page.wait_for_timeout(300)
    assert page.evaluate("window.hits") == 0
    made = ":is(script, img, iframe, style, math, object, embed, link, meta, base, form:not(.list), svg:not(.icon))"
    assert page.locator(f"#messages {made}").count() == 0
    assert page.locator("#messages a").count() == 0
    assert page.locator("#messages *").evaluate_all(
        "all => all.every(e => [...e.attributes].every(a => !a.name.startsWith('on') && a.name !== 'style'))"
    )
    assert len(HOSTILE_URLS) == 9


def test_all_questions_on_one_page(visit: Callable[..., Page], chat: FakeChat) -> None:
    chat.lists = [{**CHECKLIST, "urgent": True}, {**SECOND, "urgent": False}]
    page = visit()
    open_chat(page)
    say(page, "list")
    line(page, LINES[0]).get_by_label("No", exact=True).check()
    page.get_by_role("button", name="Show all health questions on one page").click()
    expect(page.get_by_role("radiogroup")).to_have_count(5)
    expect(page.locator(".list input:checked")).to_have_count(1)  # what was answered stays, and nothing else is set
    page.get_by_role("button", name="Send answers").click()
    expect(page.locator(".problem")).to_have_text("Lines without an answer: 4.")
    for text in (*LINES, "A clot", "A stroke"):
        line(page, text).get_by_label("Not sure").check()
    page.get_by_role("button", name="Send answers").click()
    heard(page, "I heard: answers")
    assert set(chat.received[-1]["answers"]) == {"T2.1", "T2.2", "T2.3", "T3.1", "T3.2"}
    assert set(chat.received[-1]["answers"].values()) == {"unsure"}


def test_a_warning_sign_does_not_wait_for_the_rest_of_the_page(visit: Callable[..., Page], chat: FakeChat) -> None:
    chat.lists = [{**CHECKLIST, "urgent": True}, {**SECOND, "urgent": False}]
    page = visit()
    open_chat(page)
    say(page, "list")
    page.get_by_role("button", name="Show all health questions on one page").click()
    line(page, "A clot").get_by_label("Yes").check()
    expect(page.get_by_role("button", name="Send this now")).to_have_count(0)
    line(page, LINES[1]).get_by_label("Yes").check()
    page.get_by_role("button", name="Send this now").click()
    heard(page, "I heard: answers")
    assert chat.received[-1]["answers"] == {"T2.2": "yes", "T3.1": "yes"}  # nothing is taken for a no


def test_the_lists_of_the_page_may_be_out_of_reach(visit: Callable[..., Page]) -> None:
    page = visit()
    open_chat(page)
    say(page, "list")
    page.route("**/checklists", lambda route: route.abort())
    page.get_by_role("button", name="Show all health questions on one page").click()
    expect(page.locator(".problem")).to_contain_text("could not be loaded")
    expect(page.get_by_role("radiogroup")).to_have_count(len(LINES))


def test_free_times_are_picked_by_day(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    days = [
        {"date": "2026-11-23", "title": "Monday 23 November", "times": [{"title": "9 am"}, {"title": "2 pm"}]},
        {"date": "2026-11-24", "title": "Tuesday 24 November", "times": [{"title": "10 am"}]},
    ]
    text = "Which day suits you?\n\n1. Monday 23 November\n2. Tuesday 24 November\n3. More days"
    buttons = ["Monday 23 November", "Tuesday 24 November", "More days"]
    meta = {"booking_step": "day", "slots": {"days": days}}
    chat.say(reply(text, "question", buttons=buttons, meta=meta), "bot")
    strip = page.get_by_role("group", name="Days with free times")
    expect(strip.get_by_role("button", name="Monday 23 November")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Tuesday 24 November")).to_have_count(1)
    strip.get_by_role("button", name="Tuesday 24 November").click()
    expect(page.get_by_role("group", name="Monday 23 November")).to_have_count(0)
    page.get_by_role("group", name="Tuesday 24 November").get_by_role("button", name="10 am").click()
    heard(page, "I heard: Tuesday 24 November at 10 am")
    expect(strip).to_have_count(0)


def test_telegram_is_offered_only_where_there_is_a_bot(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    expect(page.locator("#menu-telegram")).to_be_hidden()
    expect(page.locator("#menu-list button:not([hidden])")).to_have_count(5)
    chat.has_telegram = True
    page.reload()
    open_chat(page)
    choose_in_menu(page, "Continue in Telegram")
    dialog = page.get_by_role("alertdialog", name="Continue in Telegram")
    expect(dialog.get_by_role("link", name="Open Telegram")).to_have_attribute("href", "https://t.me/a?start=link-1")


def test_privacy_says_what_is_kept(visit: Callable[..., Page]) -> None:
    page = visit()
    open_chat(page)
    choose_in_menu(page, "Privacy")
    dialog = page.get_by_role("alertdialog", name="Your privacy")
    expect(dialog).to_contain_text("How long it is kept: 30 days.")
    expect(dialog.get_by_role("link")).to_have_attribute("href", "mailto:privacy@willowlane.example")
    expect(page.locator(".body")).to_have_attribute("inert", "")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Menu", exact=True)).to_be_focused()
    expect(page.locator("#chat")).to_be_visible()


def test_start_again_download_and_delete(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    say(page, "hello")
    heard(page, "I heard: hello")
    choose_in_menu(page, "Download my chat")
    with page.expect_download() as download:
        page.get_by_role("button", name="Text to read").click()
    text = download.value.path().read_text("utf-8")
    assert text.startswith("Chat with Willow Lane Clinic")
    assert text.index("Hello, I am a bot.") < text.index("hello\n") < text.index("I heard: hello")
    choose_in_menu(page, "Start again")
    page.get_by_role("button", name="Start again").last.click()
    expect(page.locator(".message.client")).to_have_count(0)
    heard(page, "Hello, I am a bot.")
    choose_in_menu(page, "Delete my data")
    page.get_by_role("button", name="Delete it all").click()
    expect(page.get_by_text("Your data is deleted.").first).to_be_visible()
    assert len(chat.talks) == 1  # the one that was left stays at the clinic, as the question had said
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


# ---------------------------------------------------------------- delivery


def test_what_comes_while_it_is_closed_is_counted(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    title = page.title()
    page.get_by_role("button", name="Close the chat").first.click()
    chat.say(reply("It can go ahead.", "notice"))
    expect(page.get_by_role("button", name="Open the chat, new messages: 1")).to_contain_text("1")
    assert page.title() == f"(1) {title}"
    page.evaluate("document.title = '(1) Another title'")  # as the page around may do
    chat.say(reply("And bring your card.", "notice"))
    expect(page.get_by_role("button", name="Open the chat, new messages: 2")).to_be_visible()
    assert page.title() == "(2) Another title"
    page.get_by_role("button", name="Open the chat, new messages: 2").click()
    expect(page.locator(".message.staff")).to_have_count(2)
    assert page.title() == "Another title"


def test_reload_and_second_tab_go_on_with_the_same_talk(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    say(page, "first")
    heard(page, "I heard: first")
    page.reload()
    open_chat(page)
    heard(page, "I heard: first")
    second = page.context.new_page()
    second.goto(page.url)
    open_chat(second)
    heard(second, "I heard: first")
    say(second, "second")
    heard(page, "I heard: second")
    assert bubbles(page, "client") == bubbles(second, "client") == ["first", "second"]
    assert len(chat.talks) == 1


def test_what_was_begun_outlives_a_reload(visit: Callable[..., Page]) -> None:
    page = visit()
    open_chat(page)
    say(page, "list")
    line(page, LINES[1]).get_by_label("Not sure").check()
    page.locator("#composer-text").fill("half a sentence")
    page.reload()
    open_chat(page)
    expect(page.locator("#composer-text")).to_have_value("half a sentence")
    expect(line(page, LINES[1]).get_by_label("Not sure")).to_be_checked()
    expect(page.locator(".list input:checked")).to_have_count(1)


def test_what_was_marked_on_one_page_and_what_was_ticked_outlive_a_reload(
    visit: Callable[..., Page], chat: FakeChat
) -> None:
    chat.lists = [CHECKLIST, SECOND]
    page = visit()
    open_chat(page)
    say(page, "which")
    page.get_by_label("Gout").check()
    page.reload()
    open_chat(page)
    expect(page.get_by_label("Gout")).to_be_checked()
    expect(page.locator(".many :checked")).to_have_count(1)
    say(page, "list")
    page.get_by_role("button", name="Show all health questions on one page").click()
    line(page, LINES[1]).get_by_label("Not sure").check()
    line(page, "A stroke").get_by_label("Yes").check()
    page.reload()
    open_chat(page)
    line(page, LINES[0]).get_by_label("No", exact=True).check()
    page.get_by_role("button", name="Show all health questions on one page").click()
    expect(line(page, LINES[1]).get_by_label("Not sure")).to_be_checked()
    expect(line(page, "A stroke").get_by_label("Yes")).to_be_checked()
    expect(page.locator(".list input:checked")).to_have_count(3)
    for text in (LINES[2], "A clot"):
        line(page, text).get_by_label("No", exact=True).check()
    page.get_by_role("button", name="Send answers").click()
    heard(page, "I heard: answers")
    assert "T2.1" not in (page.evaluate("sessionStorage.getItem('nmt.marks')") or "")


def test_words_that_are_not_kept_leave_no_empty_bubble(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    say(page, "something dark")
    heard(page, "I heard: something dark")
    for talk in chat.talks.values():
        talk.messages[-2]["text"] = ""  # as the server withholds the words of a crisis
    page.reload()
    open_chat(page)
    assert bubbles(page, "client") == ["These words are not kept."]


def test_a_server_killed_in_the_middle_of_an_answer_loses_and_doubles_nothing(
    visit: Callable[..., Page], chat: FakeChat, places: Places
) -> None:
    page = visit()
    second = FakeChat(chat.script, chat.greeting)
    second.origins = chat.origins
    with served(second) as address:
        port = int(address.rsplit(":", 1)[1])
        page.goto(f"{places.site}/strict")
        page.route(f"{places.service}/api/**", lambda route: route.continue_(url=_at(address, route.request.url)))
        open_chat(page)
        second.delay = 60.0
        say(page, "are you there?")
        expect(page.locator("#typing")).to_be_visible()
        until(page, lambda: second.received)
    expect(page.get_by_text("Not sent yet. Trying again.")).to_be_visible()
    expect(page.locator("#banner")).to_contain_text("The connection is lost.")
    say(page, "and this")
    second.delay, second.streams = 0.0, True
    with served(second, port):
        heard(page, "I heard: and this")
        expect(page.locator("#banner")).to_be_hidden()
        assert bubbles(page, "client") == ["are you there?", "and this"]
        assert bubbles(page, "bot") == ["Hello, I am a bot.", "I heard: are you there?", "I heard: and this"]
        ids = [body["client_message_id"] for body in second.received if body["text"] == "are you there?"]
        assert len(ids) >= 2
        assert len(set(ids)) == 1
        page.unroute_all()


def _at(address: str, url: str) -> str:
    return re.sub(r"^http://[^/]+", address, url)


def test_a_slow_network_is_shown(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    chat.delay = 2.5
    say(page, "hello")
    expect(page.locator("#typing")).to_be_visible()
    expect(page.get_by_text("Sending", exact=True)).to_be_visible()
    heard(page, "I heard: hello")
    expect(page.locator("#typing")).to_be_hidden()
    expect(page.get_by_text("Sending", exact=True)).to_have_count(0)


def test_what_is_written_offline_is_kept_and_the_numbers_are_there(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    page.context.set_offline(True)
    say(page, "first")
    say(page, "second")
    expect(page.locator("#banner")).to_contain_text("You are offline")
    expect(page.locator("#banner")).to_contain_text("In an emergency, call 911.")
    expect(page.locator("#banner").get_by_role("link")).to_have_attribute("href", "tel:+12025550143")
    page.context.set_offline(False)
    heard(page, "I heard: second")
    assert [body["text"] for body in chat.received] == ["first", "second"]
    expect(page.locator("#banner")).to_be_hidden()


def test_it_works_where_the_website_is_not_https(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    page.evaluate("() => { crypto.randomUUID = undefined; }")
    open_chat(page)
    say(page, "hello")
    heard(page, "I heard: hello")
    assert re.fullmatch(r"[0-9a-f]{32}", chat.received[-1]["client_message_id"])


def test_every_step_says_how_far_it_is(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    chat.say(reply("Step 3 of 6\n\nHow is it?", "question", meta=screening(3)), "bot")
    expect(page.get_by_role("progressbar", name="Step 3 of 6")).to_have_attribute("value", "3")


def test_a_talk_that_ended_elsewhere_begins_anew(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    chat.forget()
    say(page, "still there?")
    heard(page, "I heard: still there?")
    expect(page.get_by_text("a new one was opened").last).to_be_visible()


def test_what_is_being_typed_outlives_a_talk_that_ended_elsewhere(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    page.locator("#composer-text").fill("half a sent")
    chat.forget()
    chat.streams = False  # the page asks again, and learns that its talk is gone
    expect(page.get_by_text("a new one was opened").last).to_be_visible()
    expect(page.locator("#composer-text")).to_have_value("half a sent")
    page.reload()
    open_chat(page)
    expect(page.locator("#composer-text")).to_have_value("half a sent")


def test_options_of_the_element_itself_win(visit: Callable[..., Page]) -> None:
    page = visit("?label=Ask%20us")
    expect(page.get_by_role("button", name="Ask us")).to_be_visible()
    made: Any = page.evaluate("nmtChat.dataset.label")
    assert made == "Ask us"
