"""The widget without a mouse, without sight, on a phone, magnified: WCAG 2.2 AA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from tests.browser.fake_chat import FakeChat, reply
from tests.browser.scripts import CHECKLIST, LINES
from tests.browser.site import until

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DAYS = [
    {"date": "2026-11-23", "title": "Monday 23 November", "times": [{"title": "9 am"}, {"title": "2 pm"}]},
    {"date": "2026-11-24", "title": "Tuesday 24 November", "times": [{"title": "10 am"}]},
]
BOOKED = {
    "reference": "NMT-7K2QX",
    "state": "confirmed",
    "slot": {"start": "2026-11-24T14:00:00Z", "end": "2026-11-24T15:00:00Z"},
    "names": {"service": "NMT session", "therapist": "Anna Reyes", "when": "Tuesday 24 November, 9 am"},
}


def open_chat(page: Page) -> None:
    page.get_by_role("button", name="Chat with us").click()
    expect(page.locator(".message.bot").first).to_be_visible()


def say(page: Page, text: str) -> None:
    count = page.locator(".message.bot").count()
    page.locator("#composer-text").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator(".message.bot")).to_have_count(count + 1)


# ---------------------------------------------------------------- keyboard


def test_everything_by_keyboard(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    launcher = page.get_by_role("button", name="Chat with us")
    expect(launcher).to_be_visible()
    page.keyboard.press("Shift+Tab")  # it is the last stop of the page
    expect(launcher).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#composer-text")).to_be_focused()
    expect(page.locator(".message.bot").first).to_be_visible()
    page.keyboard.type("list")
    page.keyboard.press("Enter")
    first = page.get_by_role("radiogroup", name=LINES[0])
    expect(first).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Shift+Tab")
        if first.evaluate("e => e.matches(':focus-within')"):
            break
    for key in ("2", "3", "1"):
        page.keyboard.press(key)
    expect(page.get_by_role("button", name="Send answers")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".message.bot").last).to_contain_text("I heard: answers")
    assert chat.received[-1]["answers"] == {"T2.1": "no", "T2.2": "unsure", "T2.3": "yes"}
    page.get_by_role("button", name="Menu", exact=True).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Talk to a person")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("button", name="Delete my data")).to_be_focused()
    page.keyboard.press("Escape")  # the menu first
    expect(page.get_by_role("button", name="Menu", exact=True)).to_be_focused()
    page.keyboard.press("Escape")  # then the chat
    expect(page.locator("#chat")).to_be_hidden()
    expect(launcher).to_be_focused()


def test_beside_the_page_it_holds_no_focus(visit: Callable[..., Page]) -> None:
    page = visit()
    open_chat(page)
    dialog = page.get_by_role("dialog", name="Willow Lane Clinic")
    expect(dialog).not_to_have_attribute("aria-modal", "true")
    page.get_by_role("link", name="Prices").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Ask our assistant")).to_be_focused()
    expect(dialog).to_be_visible()


def test_over_the_whole_screen_the_focus_goes_round(visit: Callable[..., Page]) -> None:
    page = visit(**PHONE)
    open_chat(page)
    expect(page.get_by_role("dialog", name="Willow Lane Clinic")).to_have_attribute("aria-modal", "true")
    page.locator(".send").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Menu", exact=True)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".send")).to_be_focused()


# ---------------------------------------------------------------- phone, zoom, wishes


def test_on_a_phone_it_is_a_sheet_and_the_page_behind_keeps_still(visit: Callable[..., Page]) -> None:
    page = visit(**PHONE)
    open_chat(page)
    assert page.locator(".nmt").bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    assert page.evaluate("getComputedStyle(document.documentElement).overflow") == "hidden"
    assert page.locator("#composer-text").evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 16
    page.get_by_role("button", name="Close the chat").first.click()
    assert page.evaluate("getComputedStyle(document.documentElement).overflow") == "visible"


def test_with_the_keyboard_open_the_message_box_stays_in_view(visit: Callable[..., Page]) -> None:
    page = visit(**PHONE)
    page.evaluate(
        """() => {
          const view = new EventTarget();
          Object.assign(view, { height: 844, offsetTop: 0 });
          Object.defineProperty(window, "visualViewport", { value: view });
        }"""
    )
    open_chat(page)
    page.evaluate(
        """() => {
          Object.assign(visualViewport, { height: 430, offsetTop: 60 });
          visualViewport.dispatchEvent(new Event("resize"));
        }"""
    )
    assert page.locator(".nmt").bounding_box() == {"x": 0, "y": 60, "width": 390, "height": 430}
    box = page.locator("#composer-text").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 60 + 430


@pytest.mark.parametrize(("width", "height"), [(640, 430), (320, 256)], ids=["200 %", "400 %"])
def test_magnified_nothing_is_cut_off(visit: Callable[..., Page], width: int, height: int) -> None:
    page = visit(viewport={"width": width, "height": height})
    open_chat(page)
    for text in ("list", "compare", "pain"):
        say(page, text)
    log = page.locator("#log")
    assert log.evaluate("e => e.clientHeight") >= 50
    assert log.evaluate("e => e.scrollWidth <= e.clientWidth")
    for part in ("#composer-text", ".send", "#menu-button", "#close"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)


def test_nothing_moves_for_who_wants_it_still(visit: Callable[..., Page], chat: FakeChat) -> None:
    count = "nmtChat => document.getAnimations().length"
    for motion, moving in (("reduce", False), ("no-preference", True)):
        page = visit(reduced_motion=motion)
        open_chat(page)
        chat.delay = 1.5
        page.locator("#composer-text").fill("hello")
        page.keyboard.press("Enter")
        expect(page.locator("#typing")).to_be_visible()
        assert (page.locator("#typing i").first.evaluate("e => e.getAnimations().length") > 0) is moving, count


def test_in_forced_colours_a_choice_can_be_told(visit: Callable[..., Page]) -> None:
    page = visit(forced_colors="active")
    open_chat(page)
    say(page, "list")
    row = page.get_by_role("radiogroup", name=LINES[0])
    row.get_by_label("Yes").check()
    grounds = row.locator(".pick > span").evaluate_all("all => all.map(e => getComputedStyle(e).backgroundColor)")
    assert grounds[0] != grounds[1] == grounds[2]


# ---------------------------------------------------------------- what is heard

SPOKEN = """root => {
  window.spoken = [];
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) window.spoken.push(node.textContent);
  }).observe(root, { childList: true });
}"""


def test_each_message_is_spoken_once_in_order(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    open_chat(page)
    regions = page.locator("nmt-chat").evaluate(
        "e => [...e.shadowRoot.querySelectorAll('[aria-live=polite], [role=status]:not(#banner):not(:empty)')].length"
    )
    assert regions == 1
    expect(page.locator("#status")).to_contain_text("Hello, I am a bot.")
    page.locator("#status").evaluate(SPOKEN)
    say(page, "hello")
    chat.say(reply("It can go ahead.", "notice"))
    expect(page.locator(".message.staff")).to_be_visible()
    say(page, "list")
    page.wait_for_timeout(1_500)  # the stream brings everything once more
    spoken = page.evaluate("window.spoken")
    assert spoken[:2] == ["Assistant: I heard: hello", "Team: It can go ahead."]
    assert len(spoken) == len(set(spoken)) == 3
    page.get_by_role("button", name="Close the chat").first.click()
    chat.say(reply("Nobody beside the client should hear this.", "notice"))
    expect(page.get_by_role("button", name="Open the chat, new messages: 1")).to_be_visible()
    assert page.evaluate("window.spoken").count("Team: Nobody beside the client should hear this.") == 0


def test_what_is_spoken_waits_for_the_focus(visit: Callable[..., Page]) -> None:
    page = visit()
    open_chat(page)
    expect(page.locator("#status")).to_contain_text("Hello, I am a bot.")
    page.locator("#status").evaluate(
        """region => {
          const append = region.append;
          window.order = [];
          region.append = (...parts) => { window.order.push("spoken"); append.apply(region, parts); };
          region.getRootNode().addEventListener("focusin", () => window.order.push("focus"));
        }"""
    )
    page.get_by_role("button", name="Menu", exact=True).click()
    page.get_by_role("button", name="Start again").click()
    page.evaluate("window.order = []")
    page.get_by_role("button", name="Start again").last.click()
    until(page, lambda: "spoken" in page.evaluate("window.order"))
    order = page.evaluate("window.order")
    assert "focus" not in order[order.index("spoken") :]


def tree(page: Page) -> list[tuple[str, str]]:
    """What a screen reader walks through: role and name, in order. It sees into the closed shadow root."""
    session = page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = session.send("Accessibility.getFullAXTree")["nodes"]
    known = {node["nodeId"]: node for node in nodes}
    found: list[tuple[str, str]] = []

    def walk(node: dict[str, Any]) -> None:
        if not node.get("ignored"):
            found.append((node["role"]["value"], node.get("name", {}).get("value", "")))
        for child in node.get("childIds", []):
            if child in known:
                walk(known[child])

    walk(nodes[0])
    return found


def test_the_talk_as_a_screen_reader_gets_it(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit(closed=True)
    expect(page.locator("nmt-chat")).to_have_attribute("data-state", "closed")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('nmt-chat').dataset.state === 'open'")
    until(page, lambda: ("StaticText", "Hello, I am a bot.") in tree(page))
    page.keyboard.type("list")
    page.keyboard.press("Enter")
    until(page, lambda: ("radiogroup", f"3 {LINES[2]}") in tree(page))
    seen = tree(page)
    wanted = [
        ("dialog", "Willow Lane Clinic"),
        ("heading", "Willow Lane Clinic"),
        ("button", "Menu"),
        ("button", "Close the chat"),
        ("log", "Chat"),
        ("StaticText", "Assistant"),
        ("StaticText", "Hello, I am a bot."),
        ("group", "Answers to choose from"),
        ("button", "About NMT"),
        ("button", "Health questions"),
        ("StaticText", "You"),
        ("StaticText", "list"),
        ("StaticText", "Assistant"),
        ("progressbar", "Step 2 of 6"),
        ("form", "Do you have any of these?"),
        *[("radiogroup", f"{number} {text}") for number, text in enumerate(LINES, 1)],
        ("button", "None of these"),
        ("button", "Send answers"),
        ("textbox", "Your message"),
        ("button", "Send"),
    ]
    places: list[int] = []
    for part in wanted:
        at = next((i for i in range(places[-1] + 1 if places else 0, len(seen)) if matches(seen[i], part)), None)
        assert at is not None, f"{part} does not come after {wanted[len(places) - 1] if places else 'the beginning'}"
        places.append(at)
    assert not [part for part in seen if part[0] in ("button", "radio", "textbox", "link") and not part[1].strip()]
    assert [part for part in seen if part == ("StaticText", "Hello, I am a bot.")] == [wanted[6]]
    assert ("region", "Important") not in seen
    page.keyboard.type("pain")
    page.keyboard.press("Enter")
    until(page, lambda: ("region", "Important") in tree(page))


def matches(part: tuple[str, str], wanted: tuple[str, str]) -> bool:
    return part[0] == wanted[0] and part[1].strip().startswith(wanted[1])


# ---------------------------------------------------------------- examined


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 860), (390, 844), (320, 568)])
def test_no_accessibility_findings(
    visit: Callable[..., Page], chat: FakeChat, scheme: str, width: int, height: int
) -> None:
    # The policy is off here only because the examiner is put into the page as a script.
    page = visit(viewport={"width": width, "height": height}, color_scheme=scheme, bypass_csp=True)
    chat.has_telegram = True
    chat.lists = [{**CHECKLIST, "urgent": True}, {**CHECKLIST, "id": "T3", "urgent": False}]
    standards = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

    def examine(state: str) -> None:
        result = Axe().run(page, context="nmt-chat", options=standards).response
        assert result["passes"], state
        findings = [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in result["violations"]]
        assert (state, findings) == (state, [])
        small = page.locator("nmt-chat").evaluate(
            """e => [...e.shadowRoot.querySelectorAll("button, a[href], input, textarea, summary")].filter((target) => {
              const place = target.closest("label") ?? target;
              const { width, height } = place.getBoundingClientRect();
              return width && (width < 24 || height < 24) && !target.closest("p");
            }).map((target) => target.outerHTML)"""
        )
        assert (state, small) == (state, [])
        log = page.locator("#log")
        if log.count():
            assert log.evaluate("e => e.scrollWidth <= e.clientWidth"), f"{state} scrolls sideways"

    examine("launcher")
    open_chat(page)
    examine("greeting")
    for text in ("compare", "list", "which", "choose"):
        say(page, text)
        if text == "compare":
            page.locator("summary").click()
        if text == "list":
            page.get_by_role("button", name="Send answers").click()
        examine(text)
    say(page, "list")
    page.get_by_role("button", name="Show all health questions on one page").last.click()
    expect(page.get_by_role("radiogroup")).to_have_count(2 * len(LINES))
    page.get_by_role("radiogroup", name=LINES[0]).first.get_by_label("Yes").check()
    expect(page.get_by_role("button", name="Send this now")).to_be_visible()
    examine("all questions on one page")
    slots = {"booking_step": "day", "slots": {"days": DAYS}}
    for state, said in {
        "free times": reply("Which day suits you?", "question", buttons=["More days"], meta=slots),
        "booked": reply("It is confirmed.", "booking", buttons=["My booking"], meta={"booking": BOOKED}),
    }.items():
        chat.say(said, "bot")
        expect(page.locator(".message.bot").last).to_contain_text(said["text"])
        examine(state)
    page.locator("#menu-button").click()
    examine("menu")
    for name in ("Privacy", "Download my chat", "Delete my data", "Continue in Telegram"):
        if page.locator("#menu-list").is_hidden():
            page.locator("#menu-button").click()
        page.locator("#menu-list").get_by_role("button", name=name).click()
        expect(page.get_by_role("alertdialog")).to_be_visible()
        examine(name)
        page.keyboard.press("Escape")
    say(page, "pain")
    examine("emergency")
    page.context.set_offline(True)
    page.locator("#composer-text").fill("offline")
    page.keyboard.press("Enter")
    expect(page.locator("#banner")).to_be_visible()
    expect(page.get_by_text("Not sent yet.")).to_be_visible()
    examine("offline")
