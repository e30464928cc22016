"""What the stand-in for the service answers in the browser tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.browser.fake_chat import reply

LINES = ("Chest pain or pressure", "Sudden face droop", "A fall or a crash")
CHECKLIST = {
    "id": "T2",
    "prompt": "Do you have any of these?",
    "items": [{"id": f"T2.{number}", "text": text} for number, text in enumerate(LINES, 1)],
    "choices": ["yes", "no", "unsure"],
}
LONG_CHECKLIST = {
    **CHECKLIST,
    "items": [{"id": f"T2.{number}", "text": f"Line {number}: " + "something to read " * 12} for number in range(1, 9)],
}
HOSTILE = (
    "<script>hit()</script>",
    "<img src=x onerror=hit()>",
    '"><svg onload=hit()>',
    "<iframe srcdoc='<script>parent.hit()</script>'></iframe>",
    "<a href='javascript:hit()'>x</a>",
    "</p></li></ol><style>*{display:none}</style>",
    "{{constructor.constructor('hit()')()}}",
    "&lt;script&gt;hit()&lt;/script&gt;",
    "<math><mtext><table><mglyph><style><img src onerror=hit()>",
    "\u202egnp.exe",
)
HOSTILE_URLS = (
    "javascript:hit()",
    " JaVaScRiPt:hit()",
    "java\nscript:hit()",
    "data:text/html,<script>hit()</script>",
    "vbscript:hit()",
    "blob:http://127.0.0.1/0",
    "file:///etc/passwd",
    "http://example.org/",
    "//example.org:0x/",
)


def screening(index: int, follow_up: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"screening": {"id": "s", "step": f"T{index}", "index": index, "total": 6, "follow_up": follow_up}}


def replies(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The stand-in's answers, by the first word."""
    word = str(body.get("text", "")).split(" ")[0]
    emergency = {"emergency": {"care": "ambulance", "condition": "chest_pain", "asking": word == "perhaps"}}
    which = {
        "condition": None,
        "item": "T5.4",
        "number": 1,
        "choices": ["Lupus", "Gout", "Arthritis"],
        "multiple": True,
    }
    known = {
        "list": [reply("Do you have any of these?", "question", checklist=CHECKLIST, meta=screening(2))],
        "long": [reply("Do you have any of these?", "question", checklist=LONG_CHECKLIST, meta=screening(2))],
        "which": [
            reply(
                "Which of these is it?",
                "question",
                buttons=["Lupus", "Gout", "Arthritis", "Not sure"],
                meta=screening(5, which),
            )
        ],
        "compare": [
            reply(
                "They are similar.\n- one\n- two",
                buttons=["Tell me more", "That helped", "That didn't help"],
                table={"columns": ["", "NMT", "Deep tissue"], "rows": [["Touch", "Still", "Slow"]]},
                meta={
                    "sources": [{"title": "A review", "ref": "R1"}],
                    "reviewed_on": "2026-11-20",
                    "feedback": ["That helped", "That didn't help"],
                },
            )
        ],
        "pain": [
            reply("Please call 911 now.", "emergency", links=[{"title": "Call 911", "url": "tel:911"}], meta=emergency)
        ],
        "perhaps": [
            reply("If so, call 911.", "emergency", links=[{"title": "Call 911", "url": "tel:911"}], meta=emergency)
        ],
        "choose": [reply("Shall I send it?", "confirm", buttons=["Send it", "Change it"])],
        "hostile": [
            reply(
                "\n".join(HOSTILE),
                buttons=list(HOSTILE),
                links=[{"title": text, "url": url} for text, url in zip(HOSTILE, HOSTILE_URLS, strict=False)],
                table={"columns": ["", HOSTILE[0]], "rows": [[text, text] for text in HOSTILE]},
                checklist={**CHECKLIST, "items": [{"id": f"T2.{n}", "text": text} for n, text in enumerate(HOSTILE)]},
                meta={
                    "sources": [{"title": text, "ref": url} for text, url in zip(HOSTILE, HOSTILE_URLS, strict=False)],
                    "booking": {"reference": HOSTILE[1], "state": HOSTILE[1], "names": {"service": HOSTILE[1]}},
                },
            )
        ],
    }
    return known.get(word, [reply(f"I heard: {body.get('text') or body.get('payload') or 'answers'}")])
