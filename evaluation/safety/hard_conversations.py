"""Holds the conversations of `hard_conversations.yml` over the chat API and writes down what was said.

    python -m evaluation.safety.hard_conversations [--url http://127.0.0.1:8080] [--only ID ...] [--write]

Without --url a service of its own is started; with it, what staff see needs a token (`nmt staff token`) in
NMT_STAFF_TOKEN. --write stores the transcripts in `docs/hard-conversations.md`. The exit
status is 1 where one did not end as it must.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests import stack

HERE = Path(__file__).resolve().parent
SCRIPT = HERE / "hard_conversations.yml"
NOT_THERE = "not offered"
PAGE = HERE.parent.parent / "docs" / "hard-conversations.md"


@dataclass(frozen=True, slots=True)
class Held:
    """One conversation as it went, and what is not as it must be."""

    id: str
    title: str
    lines: tuple[str, ...]
    ended: str
    wrong: tuple[str, ...]
    changed: tuple[str, ...]


def hold(script: Mapping[str, Any], client: stack.Client, staff: httpx.Client | None) -> Held:
    """Say what the script says, and look at what staff see of it."""
    lines = [line for reply in client.replies for line in _bot(reply)]
    for turn in script["turns"]:
        said = take_turn(client, turn)
        lines += [f"client: {said}", *(line for reply in client.replies for line in _bot(reply))]
    locked = any(reply["meta"].get("emergency") and not reply["meta"]["emergency"]["asking"] for reply in client.heard)
    return _judged(script, client, staff, lines, locked)


def take_turn(client: stack.Client, turn: str | Mapping[str, Any]) -> str:
    """One turn of the client; what it looks like in a transcript."""
    if isinstance(turn, str):
        client.say(turn)
        return turn
    if "press" in turn:
        if not any(b["title"].startswith(turn["press"]) for reply in client.replies for b in reply["buttons"]):
            return f"[{NOT_THERE}: {turn['press']}]"
        client.press(turn["press"])
        return f"[{turn['press']}]"
    open_list = client.last["checklist"]
    if not open_list:
        return f"[{NOT_THERE}: an open list]"
    marked = turn["list"]
    client.answer(open_list["id"], **{item.replace(".", "_"): value for item, value in marked.items()})
    return f"[list {open_list['id']}: {', '.join(f'{k} {v}' for k, v in marked.items()) or 'all no'}]"


def _bot(reply: Mapping[str, Any]) -> list[str]:
    buttons = " · ".join(button["title"] for button in reply["buttons"])
    return [f"bot: {reply['text']}", *([f"  [{buttons}]"] if buttons else [])]


def _judged(
    script: Mapping[str, Any], client: stack.Client, staff: httpx.Client | None, lines: list[str], locked: bool
) -> Held:
    expect, tier, rows = script["expect"], "?", []
    wrong = [line for line in lines if line.startswith(f"client: [{NOT_THERE}")]
    if staff is not None:
        found = staff.get("/screenings", params={"conversation_id": client.id}).json()["screenings"]
        tier = found[0]["tier"] if found else "none"
        rows = [f"{f['condition']} ({f['tier']})" for f in found[0]["findings"]] if found else []
        if tier != expect["tier"]:
            wrong.append(f"tier {tier}, expected {expect['tier']}")
        named = {row.split(" ")[0] for row in rows}
        wrong += [f"{row} is not among the reasons" for row in expect.get("rows", []) if row not in named]
    if locked != expect["hold"]:
        wrong.append("on hold" if locked else "not on hold")
    seen = f"Staff see: {tier}; {', '.join(rows) or 'no reasons'}. " if staff is not None else ""
    ended = f"{seen}At the end the chat is {'on hold' if locked else 'not on hold'}."
    changed = tuple(" ".join(str(one).split()) for one in script["changed"])
    return Held(script["id"], script["title"], tuple(lines), ended, tuple(wrong), changed)


def page(held: Sequence[Held]) -> str:
    """The transcripts as a page of the documentation."""
    parts = [
        "# Hard conversations",
        "",
        "Made by `python -m evaluation.safety.hard_conversations --write` from the script beside it.",
        "Nobody edits this page; what reads badly here is mended in the service. Below each conversation stands what",
        "was changed after reading it as the client, as the clinical lead and as staff.",
        "",
    ]
    for one in held:
        parts += [f"## {one.title}", "", "```text", *one.lines, "```", "", one.ended, ""]
        parts += ["What was changed after reading it:", "", *(f"- {change}" for change in one.changed), ""]
        parts += [f"**Not as it must be:** {'; '.join(one.wrong)}.", ""] if one.wrong else []
    return "\n".join(parts)


def _all(url: str, staff: httpx.Client | None, scripts: Sequence[Mapping[str, Any]]) -> list[Held]:
    held = []
    for script in scripts:
        client = stack.Client.begin(url)
        held.append(hold(script, client, staff))
        client.http.close()
    if staff is not None:
        staff.close()
    return held


def _staff(url: str, token: str | None) -> httpx.Client | None:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=f"{url}/api/v1/staff", headers=headers, trust_env=False) if token else None


def main() -> None:
    """Hold the conversations, print or store them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a service that runs already; what staff see is then left out")
    parser.add_argument("--only", nargs="+", metavar="ID")
    parser.add_argument("--write", action="store_true", help=f"store {PAGE.name}")
    options = parser.parse_args()
    scripts = [s for s in yaml.safe_load(SCRIPT.read_text("utf-8")) if not options.only or s["id"] in options.only]
    if options.url:
        held = _all(options.url, _staff(options.url, os.environ.get("NMT_STAFF_TOKEN")), scripts)
    else:
        with tempfile.TemporaryDirectory(prefix="nmt-hard-") as folder:
            service = stack.start(Path(folder) / "data")
            try:
                held = _all(service.url, service.staff("owner"), scripts)
            finally:
                service.stop()
    if options.write:
        PAGE.write_text(page(held), encoding="utf-8")
    else:
        print(page(held))
    wrong = [f"{one.id}: {'; '.join(one.wrong)}" for one in held if one.wrong]
    print(*wrong, sep="\n", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
