"""The conversation in a terminal, over the chat API like every other channel: `nmt chat`.

Buttons and the lines of a checklist are numbered; a number that is typed presses them, anything else is sent as text.
What the team writes appears as it comes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

import httpx

QUIT = "/quit"
WIDTH = 78
ANSWER_WITHIN_S = 45.0
SILENCE_WITHIN_S = 45.0  # three heartbeats
TRIES = 4
LONGEST_PAUSE_S = 30.0
SHORT_LINE = 40

CHOICES = {"yes": "yes", "y": "yes", "no": "no", "n": "no", "not sure": "unsure", "unsure": "unsure", "?": "unsure"}


class TerminalError(Exception):
    """The conversation could not go on; the text says why and what to do."""


class Reader(Protocol):
    """Gives the next line without its end; raises EOFError when there is none."""

    def __call__(self, prompt: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class _Style:
    """Terminal colours, or nothing."""

    on: bool

    def __call__(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.on else text

    def alarm(self, text: str) -> str:
        return self(text, "1;31")

    def quiet(self, text: str) -> str:
        return self(text, "2")

    def strong(self, text: str) -> str:
        return self(text, "1")


def _style(output: TextIO) -> _Style:
    return _Style(on=output.isatty() and "NO_COLOR" not in os.environ)


class _Client:
    """One conversation of the chat API."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._path = ""
        self._headers: dict[str, str] = {}
        self._stream: Any = None

    def open(self) -> list[dict[str, Any]]:
        """Begin a conversation; the greeting."""
        data = self._request("POST", "/api/v1/conversations", json={})
        self._path = f"/api/v1/conversations/{data['id']}"
        self._headers = {"Authorization": f"Bearer {data['token']}"}
        return list(data["replies"])

    def send(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Say something. The id stays the same over all tries, so the server takes it once."""
        message = {"client_message_id": str(uuid.uuid4()), **body}
        return list(self._request("POST", f"{self._path}/messages", json=message)["replies"])

    def messages(self, after: int) -> list[dict[str, Any]]:
        """What was said after an event."""
        return list(self._request("GET", f"{self._path}/messages", params={"after": after})["messages"])

    def events(self, after: int) -> Iterator[dict[str, Any]]:
        """What is said from now on; ends when the server closes the stream."""
        timeout = httpx.Timeout(ANSWER_WITHIN_S, read=SILENCE_WITHIN_S)
        with self._http.stream(
            "GET", f"{self._path}/events", params={"after": after}, headers=self._headers, timeout=timeout
        ) as response:
            response.raise_for_status()
            self._stream = response.extensions.get("network_stream")
            data: list[str] = []
            for line in response.iter_lines():
                if line.startswith("data:"):
                    data.append(line[5:].removeprefix(" "))
                elif not line and data:
                    yield json.loads("\n".join(data))
                    data = []

    def hang_up(self) -> None:
        """End a stream that another thread is reading: it waits in the socket, up to a heartbeat long."""
        connection = self._stream.get_extra_info("socket") if self._stream is not None else None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _request(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            try:
                response = self._http.request(method, path, headers=self._headers, **options)
            except httpx.TransportError as error:
                if last:
                    where = self._http.base_url
                    raise TerminalError(f"No answer from {where}: {error}. Is the service running?") from error
                time.sleep(min(2.0**attempt, LONGEST_PAUSE_S))
                continue
            if response.is_success:
                return dict(response.json())
            if last or not (response.status_code >= 500 or response.status_code == 429):
                raise TerminalError(_message(response))
            wait = response.headers.get("Retry-After", "")
            time.sleep(min(float(wait) if wait.isdigit() else 2.0**attempt, LONGEST_PAUSE_S))
        raise AssertionError("every try returns or raises")


def _message(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"The service answered with {response.status_code}."


class _Screen:
    """Writes messages, each once. Two threads write: the talk and the listener."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._style = _style(output)
        self._seen: set[int] = set()
        self._guard = threading.Lock()
        self.last = 0
        self._offered: Mapping[str, Any] | None = None

    def replies(self, replies: Sequence[Mapping[str, Any]]) -> None:
        """The bot's replies to what was just sent."""
        for reply in replies:
            self._show(reply, "bot")

    def messages(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Entries of the transcript or the stream; what the client wrote is on the screen already."""
        for message in messages:
            with self._guard:
                self.last = max(self.last, message["event_id"])
            if message["author"] != "client":
                reply = message.get("reply") or {"event_id": message["event_id"], "text": message["text"]}
                self._show(reply, message["author"])

    def take_offered(self) -> Mapping[str, Any] | None:
        """The latest message with something to choose from; it can be answered once."""
        with self._guard:
            offered, self._offered = self._offered, None
        return offered

    def put_back(self, offered: Mapping[str, Any] | None) -> None:
        """The answer was not sent, so the question stands, unless a newer one has come."""
        with self._guard:
            self._offered = self._offered or offered

    def line(self, text: str = "") -> None:
        with self._guard:
            self._write(text)

    def _show(self, reply: Mapping[str, Any], author: str) -> None:
        with self._guard:
            if reply["event_id"] in self._seen:
                return
            self._seen.add(reply["event_id"])
            if reply.get("checklist") or _choices(reply):
                self._offered = reply
            self._render(reply, author)

    def _render(self, reply: Mapping[str, Any], author: str) -> None:
        style = self._style
        meta = reply.get("meta") or {}
        self._write()
        if author == "staff":
            self._write(style.strong("Team:"))
        screening = meta.get("screening") or {}
        if "index" in screening and meta.get("kind") != "emergency":  # there the number comes first
            self._write(style.quiet(f"Step {screening['index']} of {screening['total']}"))
        if meta.get("kind") == "emergency":
            rule = "!" * WIDTH
            self._write(style.alarm(rule))
            for line in _wrapped(_without_lines(reply), "!! "):
                self._write(style.alarm(line))
            for link in reply.get("links") or ():
                self._write(style.alarm(f"!! {link['title']}: {_readable(link['url'])}"))
            self._write(style.alarm(rule))
        else:
            for line in _wrapped(_without_lines(reply), ""):
                self._write(line)
            for link in reply.get("links") or ():
                self._write(f"  {link['title']}: {_readable(link['url'])}")
        if reply.get("table"):
            for line in _table(reply["table"]):
                self._write(line)
        if reply.get("checklist"):
            for number, item in _numbered(reply["checklist"]["items"]).items():
                lead = f"  {number}. "
                hang = " " * len(lead)
                for line in textwrap.wrap(_clean(item["text"]), WIDTH, initial_indent=lead, subsequent_indent=hang):
                    self._write(line)
            self._write(style.quiet("Answer each line, for example: 1 no, 2 yes, 3 not sure. For a no to all: none"))
        for number, button in _choices(reply).items():
            self._write(style.strong(f"  [{number}] ") + _clean(button["title"]))
        if meta.get("sources"):
            names = "; ".join(_clean(str(source.get("title") or source.get("ref"))) for source in meta["sources"])
            for line in textwrap.wrap(f"Sources: {names}", WIDTH):
                self._write(style.quiet(line))

    def _write(self, text: str = "") -> None:
        self._output.write(text + "\n")
        self._output.flush()


def _numbered(items: Sequence[Mapping[str, Any]]) -> dict[int, Mapping[str, Any]]:
    """Lines by place, as the bot counts them."""
    return dict(enumerate(items, 1))


def _choices(reply: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    """Buttons by number, above those of the lines; the choices of a follow-up where it has no buttons."""
    lines = _numbered(reply["checklist"]["items"]) if reply.get("checklist") else {}
    buttons = reply.get("buttons") or [{"title": title} for title in _follow_up(reply).get("choices", ())]
    return dict(enumerate(buttons, max(lines, default=0) + 1))


def _follow_up(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    screening = (reply.get("meta") or {}).get("screening") or {}
    return screening.get("follow_up") or {}


def _clean(text: str) -> str:
    """Without control characters: what a person typed must not steer the terminal."""
    return "".join(character for character in text if character.isprintable())


def _readable(url: str) -> str:
    scheme, _, rest = _clean(url).partition(":")
    return rest if scheme in {"tel", "sms", "mailto"} else _clean(url)


def _wrapped(text: str, indent: str) -> Iterator[str]:
    for line in text.splitlines():
        hang = indent + ("  " if line.startswith("- ") else "")
        wrapped = textwrap.wrap(_clean(line), WIDTH, initial_indent=indent, subsequent_indent=hang)
        yield from wrapped or [indent.rstrip()]


_NUMBERED = re.compile(r"\s*(?:[-•]|\d+\.)\s+(.*)")


def _without_lines(reply: Mapping[str, Any]) -> str:
    """The text without what follows in its own form: step, lines of a checklist, choices, rows of a table."""
    lines = str(reply["text"]).splitlines()
    screening = (reply.get("meta") or {}).get("screening") or {}
    step = [str(screening.get("index")), str(screening.get("total"))]
    if lines and len(lines[0]) < SHORT_LINE and re.findall(r"\d+", lines[0]) == step:
        lines = lines[1:]
    items = [item["text"] for item in (reply.get("checklist") or {}).get("items", ())]
    for index, line in enumerate(lines):
        if any(item in line for item in items):
            lines = lines[:index]
            break
    offered = {choice["title"].strip().lower() for choice in _choices(reply).values()}
    offered |= {str(choice).strip().lower() for choice in _follow_up(reply).get("choices", ())}
    lines = [
        line for line in lines if not ((found := _NUMBERED.fullmatch(line)) and found[1].strip().lower() in offered)
    ]
    rows = [[cell for cell in row if cell] for row in (reply.get("table") or {}).get("rows", ())]
    kept = [line for line in lines if not any(len(row) > 1 and all(cell in line for cell in row) for row in rows)]
    return "\n".join(kept).strip()


def _table(table: Mapping[str, Any]) -> Iterator[str]:
    columns = [_clean(column) for column in table["columns"]]
    for row in table["rows"]:
        first, *rest = (_clean(cell) for cell in row)
        yield f"  {first}"
        for column, cell in zip(columns[1:], rest, strict=True):
            yield from textwrap.wrap(f"{column}: {cell}", WIDTH - 4, initial_indent="    ", subsequent_indent="      ")


def _body(typed: str, offered: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a typed line means where `offered` is the latest message with something to choose."""
    if offered is None:
        return {"text": typed}
    choices = _choices(offered)
    numbers = [part.strip() for part in typed.split(",")]
    chosen = [choices[int(number)] for number in numbers if number.isdecimal() and int(number) in choices]
    if len(chosen) == len(numbers) == 1:
        (button,) = chosen
        return {"payload": button["payload"]} if "payload" in button else {"text": button["title"]}
    if len(chosen) == len(numbers) and _follow_up(offered).get("multiple"):
        return {"text": ", ".join(button["title"] for button in chosen)}
    answers = _answers(typed, _numbered((offered.get("checklist") or {}).get("items", ())))
    return {"answers": answers} if answers else {"text": typed}


def _answers(typed: str, lines: Mapping[int, Mapping[str, Any]]) -> dict[str, str] | None:
    """`1 no, 2 yes, 3 not sure`, a line each. Anything else goes to the bot as it was typed, `none` too: the bot asks
    back before it takes a no for every line."""
    found: dict[str, str] = {}
    for part in typed.lower().split(","):
        number, _, word = part.strip().partition(" ")
        choice = CHOICES.get(word.strip())
        if choice is None or not number.isdecimal() or int(number) not in lines:
            return None
        found[lines[int(number)]["id"]] = choice
    return found


def _listen(client: _Client, screen: _Screen, stopped: threading.Event) -> None:
    """Show what comes by itself. A broken stream is opened again; the poll before each prompt fills the gap."""
    pause = 1.0
    while not stopped.is_set():
        try:
            for message in client.events(screen.last):
                if stopped.is_set():
                    return
                screen.messages([message])
                pause = 1.0
        except (httpx.HTTPError, ValueError):
            pause = min(pause * 2, LONGEST_PAUSE_S)
        stopped.wait(pause)


def _ask(prompt: str) -> str:
    return input(prompt)


def chat(base_url: str, *, input: Reader | TextIO | None = None, output: TextIO | None = None) -> int:  # noqa: A002
    """Talk until `/quit` or the end of the input; 0 when all went well, 1 when the service was not there.

    `input` is asked for each line, or read line by line where it is a text stream.
    """
    out = output or sys.stdout
    screen = _Screen(out)
    read = _reader(input, out)
    stopped = threading.Event()
    listener: threading.Thread | None = None
    with httpx.Client(base_url=base_url, timeout=ANSWER_WITHIN_S) as http:
        client = _Client(http)
        try:
            screen.replies(client.open())
            listener = threading.Thread(target=_listen, args=(client, screen, stopped), name="listener", daemon=True)
            listener.start()
            screen.line()
            screen.line(f"Type a number or your own words. {QUIT} leaves.")
            _talk(client, screen, read)
        except TerminalError as error:
            screen.line(str(error))
            return 1
        except KeyboardInterrupt:
            screen.line()
        finally:
            stopped.set()
            client.hang_up()
            if listener is not None:
                listener.join(timeout=5)
    return 0


def _talk(client: _Client, screen: _Screen, read: Reader) -> None:
    while True:
        screen.messages(client.messages(screen.last))
        screen.line()
        try:
            typed = read("> ").strip()
        except EOFError:
            return
        if typed == QUIT:
            return
        if not typed:
            continue
        offered = screen.take_offered()  # before sending: the stream may bring the reply first, with new choices
        try:
            replies = client.send(_body(typed, offered))
        except TerminalError as error:
            screen.put_back(offered)
            screen.line(f"Not sent: {error}")
            continue
        screen.replies(replies)


def _reader(source: Reader | TextIO | None, output: TextIO) -> Reader:
    if source is None:
        if sys.stdin.isatty():
            return _ask
        source = sys.stdin
    if callable(source):
        return source
    stream = source

    def read(prompt: str, /) -> str:
        line = stream.readline()
        if not line:
            raise EOFError
        output.write(f"{prompt}{_clean(line.rstrip())}\n")  # what was piped in stands in the transcript
        return line.rstrip("\n")

    return read
