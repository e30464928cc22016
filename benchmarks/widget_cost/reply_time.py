"""From pressing send to the rendered reply, in the widget, with the real service behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from tests.browser.site import OPENED

REPLY_WITHIN_MS = 30_000

# Pressed: the time stamp of the click itself. Rendered: after the frame that shows the first reply.
_WATCH = """
() => {
  const root = document.querySelector("nmt-chat").shadowRoot;
  window.replyTimes = [];
  let pressed = null;
  root.addEventListener("click", (event) => {
    if (event.target.closest("button.send")) pressed = event.timeStamp;
  }, { capture: true });
  new MutationObserver((changes) => {
    if (pressed === null) return;
    const nodes = changes.flatMap((change) => [...change.addedNodes]);
    if (!nodes.some((node) => node.matches?.("li.message.bot"))) return;
    const since = pressed;
    pressed = null;
    requestAnimationFrame(() => setTimeout(() => window.replyTimes.push(performance.now() - since)));
  }).observe(root.querySelector("[role=log]"), { childList: true, subtree: true });
}
"""
_REQUESTS = """
() => performance.getEntriesByType("resource").filter((entry) => entry.name.endsWith("/messages"))
  .map((entry) => entry.duration)
"""

MESSAGES = (
    "hello",
    "what is neuromuscular therapy?",
    "is it the same as deep tissue massage?",
    "does it hurt",
    "how long is a session",
    "what should I wear",
    "what does it cost?",
    "where are you",
    "when are you open on saturday",
    "can I eat before I come",
    "will I be sore the next day?",
    "how many sessions do people need",
    "what is a trigger point",
    "is it good for headaches",
    "does it help with a stiff neck",
    "I sit at a computer all day, would it help?",
    "what happens at the first visit",
    "do I have to undress",
    "can I bring somebody with me",
    "who will treat me",
    "are your therapists licensed",
    "can I cancel a visit",
    "what if I am late",
    "is my data safe",
    "are you a robot",
    "can I talk to a person",
    "what about tennis elbow",
    "does it work for sciatica",
    "how is it different from a swedish massage",
    "what can I do at home afterwards",
    "should I drink more water after it",
    "can I exercise on the same day",
    "is there science behind it",
    "do you take insurance",
    "do you have gift cards",
    "where can I park",
    "what is the weather like",
    "thanks",
    "how do I book",
    "bye",
)


@dataclass(frozen=True)
class Reply:
    """Milliseconds: until the reply is on the screen, and how much of it the request took."""

    rendered: float
    request: float


@dataclass(frozen=True)
class Talk:
    """What came of a conversation: its times, and every file of the widget that it loaded."""

    replies: Sequence[Reply]
    files: Sequence[str]


def talk(browser: Browser, url: str, prefix: str, messages: Sequence[str]) -> Talk:
    """Open the widget on a page and say these, one after the other. `prefix` is where its files are."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    try:
        context.add_init_script(OPENED)
        page = context.new_page()
        page.set_default_timeout(REPLY_WITHIN_MS)
        files = loaded_from(page, prefix)
        page.goto(url)
        page.locator("nmt-chat button[aria-controls=panel]").click()
        page.locator("nmt-chat li.message.bot").first.wait_for()
        page.evaluate(_WATCH)
        box = page.locator("nmt-chat textarea")
        send = page.locator("nmt-chat button.send")
        for number, text in enumerate(messages, 1):
            box.fill(text)
            send.click()
            page.wait_for_function("(number) => window.replyTimes.length === number", arg=number)
            page.wait_for_function(f"(number) => ({_REQUESTS})().length === number", arg=number)
        rendered: list[float] = page.evaluate("window.replyTimes")
        requests: list[float] = page.evaluate(_REQUESTS)
        return Talk([Reply(*both) for both in zip(rendered, requests, strict=True)], list(dict.fromkeys(files)))
    finally:
        context.close()


def loaded_from(page: Page, prefix: str) -> list[str]:
    """Collects the addresses of what the page will load from there."""
    files: list[str] = []
    page.on("response", lambda answer: files.append(answer.url) if answer.url.startswith(prefix) else None)
    return files
