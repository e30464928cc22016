"""The buttons under a message, as a pure function of the reply and of what has been marked.

A button carries an opaque key of a few bytes, never a meaning: `q:<keyboard>:<place>`. What a place means is found by
building the same keyboard again from the stored reply.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KEY_LIMIT = 64  # bytes
WIDE = 18
"""A label with more characters has a row to itself."""
MOST = 8
LABEL_LIMIT = 60
FITS = 30
"""So much of a label a phone shows in a row of its own; the rest it cuts off."""
_MARK_ROOM = 6
"""What the mark and the number before a line take of that."""
_LEAST_OF_A_LINE = 12
_SHORT = 9
"""Labels up to this length, such as times of day, stand three in a row."""
_NUMBERED = re.compile(r"\s*(\d+)\.\s+(.*)")
_KEY = re.compile(r"q:([A-Za-z0-9_-]{12}):(\d{1,3})")

MARKS = (None, "yes", "unsure")
"""What pressing a line of a checklist again and again gives."""

Say = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: its label, its place, and what a press means. Exactly one of the others is set.

    Attributes:
        place: stays the same however much of the keyboard is shown, so that a late press means what it meant.
        title: what a button of the reply says in full.
        payload: a button of the reply.
        command: something that can be said at any time: back, skip, stop.
        mark: a line to mark, or to mark otherwise.
        done: the marked lines are the answer.
        page: show other buttons.
    """

    label: str
    place: int
    title: str = ""
    payload: str | None = None
    command: str | None = None
    mark: int | None = None
    done: bool = False
    page: int | None = None


Rows = tuple[tuple[Choice, ...], ...]

_LINE, _DONE, _COMMAND, _PAGE = 100, 200, 210, 220  # where the places of each kind begin; those of buttons at 0
_COMMANDS = ("back", "skip", "stop")


def key(token: str, place: int) -> str:
    """What a button carries."""
    return f"q:{token}:{place}"


def read_key(text: str) -> tuple[str, int] | None:
    """The keyboard and the place of a button; None for what no keyboard of ours carries."""
    found = _KEY.fullmatch(text)
    return (found[1], int(found[2])) if found else None


def rows(reply: Mapping[str, Any], say: Say, marks: Mapping[str, Any] | None = None) -> Rows:
    """The keyboard of a reply; empty when there is nothing to choose.

    Args:
        reply: as the gateway stored it.
        say: the wording.
        marks: what was marked so far, by number of the line; `page`, which buttons are shown; `hidden`, the places
            of buttons that are not shown any more.
    """
    marks = marks or {}
    if takes_marks(reply):
        return (*_lines(reply, say, marks), *_last_row(reply, say))
    hidden = marks.get("hidden") or ()
    choices = [choice for choice in _buttons(reply) if choice.place not in hidden]
    if len(choices) > MOST:
        choices = _page(choices, int(marks.get("page", 0)), say)
    return (*_arranged(choices), *_last_row(reply, say))


def find(reply: Mapping[str, Any], say: Say, marks: Mapping[str, Any], place: int) -> Choice | None:
    """The button at a place, whatever part of the keyboard is shown now."""
    if _PAGE <= place < _PAGE + 100:
        return Choice("", place, page=place - _PAGE)
    offered = [*_buttons(reply), *(choice for row in rows(reply, say, marks) for choice in row)]
    return next((choice for choice in offered if choice.place == place), None)


def numbers(reply: Mapping[str, Any]) -> dict[str, int]:
    """The number that the text gives to each choice, by its words in small letters.

    Empty where a phone shows every choice whole on its button: then the text need not list them too.
    """
    titles = {words(button["title"]) for button in reply.get("buttons") or ()}
    found = {words(title): number for number, title in listed(str(reply["text"]))}
    room = FITS - _MARK_ROOM if _is_multiple(reply) else FITS
    too_long = any(len(title) > room for title in found if title in titles)
    return {title: number for title, number in found.items() if title in titles} if too_long else {}


def listed(text: str) -> Iterator[tuple[int, str]]:
    """The numbered lines of a text."""
    for line in text.splitlines():
        if numbered := _NUMBERED.fullmatch(line):
            yield int(numbered[1]), numbered[2]


def words(title: str) -> str:
    """A choice as it is compared."""
    return title.strip().lower()


def _buttons(reply: Mapping[str, Any]) -> list[Choice]:
    numbered = numbers(reply)
    found = []
    for place, button in enumerate(reply.get("buttons") or ()):
        title = str(button["title"])
        number = numbered.get(words(title))
        label = _short(title) if number is None else _short(f"{number}. {title}", FITS)
        found.append(Choice(label, place, title, payload=button["payload"]))
    return found


def takes_marks(reply: Mapping[str, Any]) -> bool:
    """Whether several lines can be marked before the answer is given."""
    return is_checklist(reply) or _is_multiple(reply)


def is_checklist(reply: Mapping[str, Any]) -> bool:
    """Whether the lines of a checklist are asked. To be sure of "no to all" is a question of its own."""
    return bool(reply.get("checklist")) and reply["meta"]["kind"] == "question"


def _is_multiple(reply: Mapping[str, Any]) -> bool:
    follow_up = (reply["meta"].get("screening") or {}).get("follow_up") or {}
    return bool(follow_up.get("multiple")) and bool(reply.get("buttons"))


def lines(reply: Mapping[str, Any]) -> list[str]:
    """What can be marked, in order."""
    if is_checklist(reply):
        return [str(item["text"]) for item in reply["checklist"]["items"]]
    return [str(button["title"]) for button in reply["buttons"]]


def turned(reply: Mapping[str, Any], marks: Mapping[str, Any], place: int) -> dict[str, Any]:
    """The marks after a press on a line: yes, not sure, and free again; where lines are only chosen, on and off."""
    states = MARKS if is_checklist(reply) else MARKS[:2]
    now = states.index(marks.get(str(place)))
    new = {**marks, str(place): states[(now + 1) % len(states)]}
    return {name: value for name, value in new.items() if value is not None}


def answers(reply: Mapping[str, Any], marks: Mapping[str, Any]) -> dict[str, str]:
    """The answer to a checklist by its marks. Only "Done", which says so, makes a no of an unmarked line."""
    items = reply["checklist"]["items"]
    return {item["id"]: str(marks.get(str(place), "no")) for place, item in enumerate(items)}


def marked(marks: Mapping[str, Any]) -> list[tuple[int, str]]:
    """The marked lines by place."""
    return sorted((int(place), str(value)) for place, value in marks.items() if place.isdigit())


def _lines(reply: Mapping[str, Any], say: Say, marks: Mapping[str, Any]) -> Rows:
    found: list[tuple[Choice, ...]] = []
    for place, text in enumerate(lines(reply)):
        mark = say(f"telegram.line_{marks.get(str(place)) or 'free'}", number=place + 1)
        room = max(_LEAST_OF_A_LINE, FITS - len(mark) - 1)
        found.append((Choice(f"{mark} {_short(text, room)}", _LINE + place, mark=place),))
    count = len(marked(marks))
    if is_checklist(reply):
        title = say("telegram.done_marked", count=count) if count else say("telegram.done_none")
        found.append((Choice(title, _DONE, done=True),))
        found += _arranged(_buttons(reply))
    else:
        found.append((Choice(say("telegram.done_chosen", count=count), _DONE, done=True),))
    return tuple(found)


def _last_row(reply: Mapping[str, Any], say: Say) -> Rows:
    """Back, skip and stop, where a question of the health questions or of the booking is open."""
    meta = reply["meta"]
    if meta["kind"] not in ("question", "confirm"):
        return ()
    commands: tuple[str, ...] = ()
    if screening := meta.get("screening"):
        skips = bool(screening.get("follow_up")) or screening.get("step") == "T6"
        if screening.get("step") == "summary":
            commands = ("back",)
        elif screening.get("step") != "T1":
            commands = ("back", *(("skip",) if skips else ()), "stop")
    elif step := meta.get("booking_step"):
        commands = ("back", "stop") if step != "summary" else ("stop",)
    row = tuple(Choice(say(f"button.{name}"), _COMMAND + _COMMANDS.index(name), command=name) for name in commands)
    return (row,) if row else ()


def _arranged(choices: Sequence[Choice]) -> list[tuple[Choice, ...]]:
    """Rows of one, two or three buttons, by the length of the longest label."""
    longest = max((len(choice.label) for choice in choices), default=0)
    width = 3 if longest <= _SHORT and len(choices) > 3 else 2
    found: list[tuple[Choice, ...]] = []
    row: list[Choice] = []
    for choice in choices:
        if len(choice.label) > WIDE:
            found += [tuple(row)] if row else []
            found.append((choice,))
            row = []
            continue
        row.append(choice)
        if len(row) == width:
            found.append(tuple(row))
            row = []
    return [*found, tuple(row)] if row else found


def _page(choices: Sequence[Choice], page: int, say: Say) -> list[Choice]:
    size = MOST - 1
    pages = [choices[start : start + size] for start in range(0, len(choices), size)]
    shown = page % len(pages)
    following = (shown + 1) % len(pages)
    return [*pages[shown], Choice(say("telegram.more_buttons"), _PAGE + following, page=following)]


def _short(text: str, limit: int = LABEL_LIMIT) -> str:
    """A label that fits, cut after a word where one ends in its second half."""
    plain = " ".join(text.split())
    if len(plain) <= limit:
        return plain
    cut = plain[: limit - 1]
    whole = cut if plain[limit - 1] == " " else cut.rpartition(" ")[0]
    return f"{(whole if len(whole) > limit // 2 else cut).rstrip(' ,;:(/-')}…"
