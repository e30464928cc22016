"""Begin a new topic: every file that a topic needs, written so that only words are left to fill in."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from pathlib import Path

from bot.education import GROUPS
from bot.knowledge import KnowledgeError, read_text
from bot.training_check import EDUCATION, RULE

_NAME = re.compile(r"[a-z][a-z0-9_]{2,39}")
_TOPIC = """---
id: {name}
title: {title}
group: {group}
evidence: {evidence}
reviewed_on: {today}
needs_screen: false
sources: [CLINIC]
follow_ups: [what_is_nmt, price]
---
"""
_EXAMPLES = """- intent: {name}
  examples: |
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next words go."""

    file: Path
    line: int
    what: str


def new_topic(root: Path, knowledge: Path, name: str, title: str, group: str, today: datetime.date) -> list[Place]:
    """Write the files of a topic. Returns where its words are to be filled in.

    Raises:
        KnowledgeError: the name, the title or the group cannot be used; nothing was written.
    """
    path = knowledge / "topics" / f"{name}.md"
    if not _NAME.fullmatch(name):
        raise KnowledgeError(path, "id", f"{name!r} is no name", "Use small letters, digits and _, like hot_stones")
    if path.exists():
        raise KnowledgeError(path, "id", "is there already", "Change that file, or choose another name")
    if group not in GROUPS:
        raise KnowledgeError(path, "group", f"{group!r} is not known", f"Use one of: {', '.join(sorted(GROUPS))}")
    if not title.strip() or "\n" in title:
        raise KnowledgeError(path, "title", "is empty", "Write what clients see on the button")
    examples = root / "data" / "nlu" / "education" / f"{group}.yml"
    changed = {
        root / EDUCATION: _before(root / EDUCATION, "# sent by", f"- {name}\n"),
        root / RULE: _before(root / RULE, "    - intent: topic", f"    - intent: {name}\n"),
        examples: read_text(examples).rstrip("\n") + "\n" + _EXAMPLES.format(name=name),
        path: _TOPIC.format(
            name=name,
            title=_quoted(title.strip()),
            group=group,
            evidence="clinic" if group == "practical" else "C",
            today=today.isoformat(),
        ),
    }
    for file, text in changed.items():
        file.write_text(text, encoding="utf-8")
    return [
        Place(path, len(changed[path].splitlines()) + 1, "the answer: two or three short sentences first"),
        Place(examples, len(changed[examples].splitlines()) + 1, "what clients ask, one on each line, after `    - `"),
    ]


def _before(path: Path, mark: str, line: str) -> str:
    """The text of a file with a line put before the first one that begins with a mark."""
    lines = read_text(path).splitlines(keepends=True)
    for number, found in enumerate(lines):
        if found.startswith(mark):
            return "".join([*lines[:number], line, *lines[number:]])
    raise KnowledgeError(path, "", f"has no line that begins with {mark!r}", "Put the file back as it was")


def _quoted(title: str) -> str:
    """A title as YAML reads it, whatever signs it has."""
    escaped = title.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


__all__ = ["Place", "new_topic"]
