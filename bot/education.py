"""Education: what the clinic can explain. Pure; the only I/O is reading `knowledge/`.

A topic is a Markdown file in `knowledge/topics/`: front matter, the answer, and optionally `## More`. Both texts
are templates, because prices, hours and names belong to the clinic and stand in `knowledge/clinic.yml` only.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateRuntimeError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.knowledge import KnowledgeError, parse_yaml, read_text, read_yaml

GROUPS = frozenset({"concept", "compare", "evidence", "conditions", "expect", "aftercare", "safety", "practical"})
EVIDENCE = frozenset({"A", "B", "C", "D", "X", "clinic"})

_REQUIRED = ("id", "title", "group", "evidence", "reviewed_on", "needs_screen", "sources", "follow_ups")
_OPTIONAL = ("table",)
_MOST_SOURCES = 6
_LONGEST_TITLE = 60

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?P<front>.*?\n)---[ \t]*\n(?P<body>.*)\Z", re.DOTALL)
_HEADING = re.compile(r"^#{1,6}[ \t]+(?P<name>.*?)[ \t]*$", re.MULTILINE)

_SYMBOLS = {"USD": "$", "CAD": "$", "AUD": "$", "NZD": "$", "GBP": "£", "EUR": "€"}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement comes from."""

    id: str
    title: str
    ref: str
    url: str | None

    def public(self) -> dict[str, str]:
        """What a client is shown: title, reference and, where there is one, the page."""
        shown = {"title": self.title, "ref": self.ref}
        return shown | {"url": self.url} if self.url else shown


@dataclass(frozen=True, slots=True)
class Table:
    """A small comparison: the first column names the rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing the clinic can explain. `answer` and `more` are templates: see `Renderer`."""

    id: str
    title: str
    group: str
    evidence: str
    reviewed_on: datetime.date
    needs_screen: bool
    sources: tuple[Source, ...]
    follow_ups: tuple[str, ...]
    answer: str
    more: str | None
    table: Table | None
    file: Path


def load_sources(knowledge: Path) -> dict[str, Source]:
    """The sources of `sources.yml` by id."""
    path = knowledge / "sources.yml"
    rows = read_yaml(path)
    if not isinstance(rows, list):
        raise KnowledgeError(path, "", "is not a list", "Begin each source with `- id:`")
    sources: dict[str, Source] = {}
    for number, row in enumerate(rows, start=1):
        name = row.get("id") if isinstance(row, dict) else None
        where = name if isinstance(name, str) else f"source {number}"
        if not isinstance(row, dict) or any(not _is_text(row.get(key)) for key in ("id", "title", "ref")):
            raise KnowledgeError(path, where, "lacks an id, a title or a ref", "Give all three as text, in quotes")
        url = row.get("url")
        if url is not None and not (isinstance(url, str) and url.startswith("https://")):
            raise KnowledgeError(path, f"{where}.url", "is not an https address", "Correct it or leave it out")
        if row["id"] in sources:
            raise KnowledgeError(path, where, "is listed twice", "Keep one of the two")
        sources[row["id"]] = Source(id=row["id"], title=row["title"], ref=row["ref"], url=url)
    return sources


def load_topics(knowledge: Path) -> dict[str, Topic]:
    """Every topic of `topics/*.md` by id, checked."""
    sources = load_sources(knowledge)
    paths = sorted((knowledge / "topics").glob("*.md"))
    if not paths:
        raise KnowledgeError(knowledge / "topics", "", "holds no topic", "Put the *.md files back")
    topics = {path.stem: _read_topic(path, sources) for path in paths}
    for topic in topics.values():
        for name in topic.follow_ups:
            if name not in topics or name == topic.id:
                raise KnowledgeError(
                    topic.file, "follow_ups", f"{name!r} is not another topic", "Use the name of a file in topics/"
                )
    return topics


class Renderer:
    """Fills topics with what this clinic has set.

    `clinic` is the tree of `clinic.yml`; `locale` holds the emergency, urgent and crisis numbers. A value that is
    not set is null, and a template has to say so honestly: printing a null is an error, never an empty gap.
    """

    def __init__(self, clinic: Mapping[str, Any], locale: Mapping[str, Any]) -> None:
        self._environment = _environment()
        self._values: dict[str, Any] = {
            **clinic,
            # What is switched off is not offered to anybody.
            "services": _active(clinic.get("services")),
            "therapists": _active(clinic.get("therapists")),
            # An empty urgent line falls back to the emergency number, never to nothing.
            "locale": {**locale, "urgent_line": locale.get("urgent_line") or locale.get("emergency_number")},
        }

    def answer(self, topic: Topic) -> str:
        """The answer, as plain text with `- ` lists."""
        return self._render(topic, "answer", topic.answer)

    def more(self, topic: Topic) -> str | None:
        """What "tell me more" adds, or None."""
        return None if topic.more is None else self._render(topic, "More", topic.more)

    def table(self, topic: Topic) -> Table | None:
        """The comparison that goes with the answer, or None."""
        if topic.table is None:
            return None
        rows = (tuple(self._render(topic, "table", cell) for cell in row) for row in topic.table.rows)
        return Table(columns=topic.table.columns, rows=tuple(rows))

    def _render(self, topic: Topic, part: str, text: str) -> str:
        try:
            rendered = self._environment.from_string(text).render(self._values)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise KnowledgeError(
                topic.file,
                part,
                f"cannot be filled: {error}",
                "Correct the name, or put the value between {% if %} and {% else %}",
            ) from error
        return _tidy(rendered)


# ------------------------------------------------------------------ reading


def _read_topic(path: Path, sources: Mapping[str, Source]) -> Topic:
    text = read_text(path).replace("\r\n", "\n")
    match = _FRONT_MATTER.match(text)
    if match is None:
        raise KnowledgeError(path, "", "has no front matter", "Begin with a line ---, the keys, and a line ---", line=1)
    front = parse_yaml(match["front"], path, first_line=2)
    if not isinstance(front, dict):
        raise KnowledgeError(path, "", "has no keys in its front matter", "Write `id: ...` and so on", line=2)
    for key in front:  # first: a key that is misspelt is better named than one that is missing
        if key not in _REQUIRED + _OPTIONAL:
            known = ", ".join(_REQUIRED + _OPTIONAL)
            raise KnowledgeError(path, str(key), "is not a key of a topic", f"Use one of: {known}")
    for key in _REQUIRED:
        if key not in front:
            raise KnowledgeError(path, key, "is missing", "Add it to the front matter", line=1)
    if front["id"] != path.stem:
        raise KnowledgeError(path, "id", f"{front['id']!r} is not the name of the file", f"Write `id: {path.stem}`")
    if not _is_text(front["title"]) or len(front["title"]) > _LONGEST_TITLE:
        raise KnowledgeError(path, "title", "is empty or too long", f"Write at most {_LONGEST_TITLE} characters")
    _one_of(path, "group", front["group"], GROUPS)
    _one_of(path, "evidence", front["evidence"], EVIDENCE)
    if type(front["reviewed_on"]) is not datetime.date:
        raise KnowledgeError(path, "reviewed_on", "is not a date", "Write it like 2026-11-20")
    if not isinstance(front["needs_screen"], bool):
        raise KnowledgeError(path, "needs_screen", "is neither true nor false", "Write true or false")
    names = _names(path, "sources", front["sources"])
    if not 1 <= len(names) <= _MOST_SOURCES:
        raise KnowledgeError(path, "sources", f"names {len(names)} sources", f"Name one to {_MOST_SOURCES}")
    for name in names:
        if name not in sources:
            raise KnowledgeError(path, "sources", f"{name!r} is not in sources.yml", "Add it there or correct its id")
    answer, more = _parts(path, match["body"], first_line=text.count("\n", 0, match.start("body")) + 1)
    return Topic(
        id=path.stem,
        title=front["title"],
        group=front["group"],
        evidence=front["evidence"],
        reviewed_on=front["reviewed_on"],
        needs_screen=front["needs_screen"],
        sources=tuple(sources[name] for name in names),
        follow_ups=_names(path, "follow_ups", front["follow_ups"]),
        answer=answer,
        more=more,
        table=_table(path, front.get("table")),
        file=path,
    )


def _parts(path: Path, body: str, *, first_line: int) -> tuple[str, str | None]:
    """The answer and what stands under `## More`; both must be valid templates."""
    try:
        _environment().parse(body)
    except TemplateSyntaxError as error:
        line = first_line + error.lineno - 1
        reason = f"is not a valid template: {error.message}"
        raise KnowledgeError(
            path, "", reason, "Check the braces and that each if and for is closed", line=line
        ) from error
    headings = list(_HEADING.finditer(body))
    for number, heading in enumerate(headings):
        if number > 0 or heading[0].split() != ["##", "More"]:
            line = first_line + body.count("\n", 0, heading.start())
            raise KnowledgeError(
                path, heading[0], "is not expected here", "Only one heading, ## More, is used", line=line
            )
    answer = (body[: headings[0].start()] if headings else body).strip()
    more = body[headings[0].end() :].strip() if headings else None
    if not answer:
        remedy = "Write the answer below the front matter"
        raise KnowledgeError(path, "answer", "is empty", remedy, line=first_line)
    if more == "":
        raise KnowledgeError(path, "More", "is empty", "Write something below ## More or remove the heading")
    return answer, more


def _table(path: Path, table: Any) -> Table | None:
    if table is None:
        return None
    if not isinstance(table, dict) or set(table) != {"columns", "rows"}:
        raise KnowledgeError(path, "table", "has other keys than columns and rows", "Give exactly these two")
    rows = [table["columns"], *table["rows"]] if isinstance(table["rows"], list) else []
    if len(rows) < 2 or any(
        not isinstance(row, list) or not all(isinstance(cell, str) for cell in row) for row in rows
    ):
        raise KnowledgeError(path, "table", "holds something that is not text", "Write each row as a list of texts")
    columns, *cells = (tuple(row) for row in rows)
    if any(len(row) != len(columns) for row in cells):
        raise KnowledgeError(path, "table.rows", "has a row of another length", "Give each row a cell for every column")
    return Table(columns=columns, rows=tuple(cells))


def _names(path: Path, key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(_is_text(item) for item in value) or len(set(value)) != len(value):
        raise KnowledgeError(path, key, "is not a list of different names", "Write it like [one, two]")
    return tuple(value)


def _one_of(path: Path, key: str, value: Any, allowed: frozenset[str]) -> None:
    if value not in allowed:
        raise KnowledgeError(path, key, f"{value!r} is not known", f"Use one of: {', '.join(sorted(allowed))}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


# ------------------------------------------------------------------ writing


def money(amount: float | str, currency: str) -> str:
    """An amount as clients read it: 95 USD is `$95`, 37.5 EUR is `€37.50`, 80 CHF is `80 CHF`."""
    number = float(amount)
    figure = f"{number:,.0f}" if number.is_integer() else f"{number:,.2f}"
    symbol = _SYMBOLS.get(currency.upper())
    return f"{symbol}{figure}" if symbol else f"{figure} {currency}"


def human_time(clock: str | datetime.time) -> str:
    """A time of day as clients read it: `09:00` is `9 am`, `12:30` is `12:30 pm`, `12:00` is `noon`."""
    time = clock if isinstance(clock, datetime.time) else datetime.time.fromisoformat(clock.zfill(5))
    if (time.hour % 12, time.minute) == (0, 0):
        return "noon" if time.hour else "midnight"
    hour = time.hour % 12 or 12
    minutes = f":{time.minute:02}" if time.minute else ""
    return f"{hour}{minutes} {'am' if time.hour < 12 else 'pm'}"


def human_date(day: str | datetime.date) -> str:
    """A date that reads the same everywhere: `24 December 2026`."""
    date = datetime.date.fromisoformat(day) if isinstance(day, str) else day
    return f"{date.day} {date:%B %Y}"


def sentence(text: str) -> str:
    """What the clinic has written, as a sentence: a capital first, a full stop last."""
    words = text.strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")


def human_zone(timezone: str) -> str:
    """A time zone as clients know it: `America/New_York` is `New York`."""
    return timezone.rpartition("/")[2].replace("_", " ")


def by_day(hours: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Opening hours with equal neighbours taken together: `Monday to Wednesday`, `9 am to noon, 1 pm to 6 pm`."""
    times: dict[str, list[str]] = {}
    for entry in sorted(hours, key=lambda entry: str(entry["from"]).zfill(5)):
        span = f"{human_time(entry['from'])} to {human_time(entry['to'])}"
        times.setdefault(str(entry["weekday"]).lower(), []).append(span)
    groups: list[tuple[list[str], str]] = []
    previous = None
    for number, day in enumerate(_WEEKDAYS):
        if day not in times:
            continue
        spans = ", ".join(times[day])
        if groups and previous == number - 1 and groups[-1][1] == spans:
            groups[-1][0].append(day.capitalize())
        else:
            groups.append(([day.capitalize()], spans))
        previous = number
    return [{"days": _span(days), "times": spans} for days, spans in groups]


def _span(days: list[str]) -> str:
    if len(days) == 1:
        return days[0]
    return f"{days[0]} {'and' if len(days) == 2 else 'to'} {days[-1]}"


def _environment() -> ImmutableSandboxedEnvironment:
    # Plain text for every channel: each channel escapes for itself.
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_never_null, autoescape=False
    )
    environment.filters.update(
        money=money,
        human_time=human_time,
        human_date=human_date,
        human_zone=human_zone,
        sentence=sentence,
        by_day=by_day,
    )
    return environment


def _never_null(value: Any) -> Any:
    if value is None:
        raise TemplateRuntimeError("a value that is not set would be printed")
    return value


def _active(entries: Sequence[Mapping[str, Any]] | None) -> list[Mapping[str, Any]]:
    return [entry for entry in entries or [] if entry.get("active", True)]


def _tidy(text: str) -> str:
    """Join wrapped lines; keep paragraphs, list lines (`- `) and what stands on its own line after a list."""
    paragraphs = []
    for block in re.split(r"\n[ \t]*\n", text.strip()):
        lines: list[str] = []
        for raw in block.splitlines():
            line = " ".join(raw.split())
            if not line:
                continue
            in_list = bool(lines) and lines[-1].startswith("- ")
            wrapped = bool(lines) and not line.startswith("- ") and (not in_list or raw[:1].isspace())
            if wrapped:
                lines[-1] += f" {line}"
            else:
                lines.append(line)
        if lines:
            paragraphs.append("\n".join(lines))
    return "\n\n".join(paragraphs)
