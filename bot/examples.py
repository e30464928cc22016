"""What staff marked, as training examples for a person to read: `nmt knowledge export`."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from bot.masking import masked
from bot.staff import COMMAND_LINE, audit
from bot.store.database import Database, now
from bot.store.models import Unanswered
from bot.training_check import Example, read_examples

_HEAD = """# Sentences of clients that staff marked as examples, {day}. For a person to read before any of it is used.
#
# 1. Read each line. Take out whatever tells who wrote it: names can be left, and health stories, too.
#    <name>, <phone>, <email> and the like stand for what was masked. Put ordinary words there, or leave the line out.
# 2. Move the lines that are left to their intent in data/nlu/ (topics: data/nlu/education/).
# 3. ./nmt check, then ./nmt train. Delete this file.
version: "3.1"

nlu:
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """What came of an export: the file where there was anything to write, and what was left out, with the reason."""

    file: Path | None
    count: int
    left_out: tuple[str, ...]


def export(database: Database, root: Path, folder: Path, *, again: bool = False) -> Exported:
    """Write marked questions as Rasa examples, masked and without those that are examples already.

    Args:
        again: those that were exported before, too.
    """
    moment = now()
    known: dict[str, Example] = {}
    for path in sorted((root / "data" / "nlu").rglob("*.yml")):
        for example in read_examples(path):
            known.setdefault(example.letters, example)
    with database.session() as session:
        query = select(Unanswered).where(Unanswered.label.is_not(None)).order_by(Unanswered.id)
        rows = list(session.scalars(query if again else query.where(Unanswered.exported_at.is_(None))))
        chosen, left_out = _chosen([(str(row.label), row.text) for row in rows], known)
        file = _write(folder, chosen, moment.date()) if chosen else None
        for row in rows:
            row.exported_at = moment
        count = sum(map(len, chosen.values()))
        if rows:
            subject = "examples"
            audit(session, COMMAND_LINE, "knowledge.exported", subject, moment, count=count, left_out=len(left_out))
    return Exported(file, count, tuple(left_out))


def _chosen(marked: Sequence[tuple[str, str]], known: Mapping[str, Example]) -> tuple[dict[str, list[str]], list[str]]:
    """Examples by intent, and why the others are left out."""
    chosen: dict[str, list[str]] = {}
    left_out: list[str] = []
    new: dict[str, str] = {}
    for label, text in marked:
        line = plain(text)
        letters = Example(label, line, Path(), 0).letters
        if letters in known:
            example = known[letters]
            left_out.append(
                f"{line!r} for {label}: an example of {example.intent} already ({example.file.name}, line "
                f"{example.line})"
            )
        elif letters in new:
            left_out.append(
                f"{line!r} for {label}: marked twice"
                if new[letters] == label
                else f"{line!r}: marked as {new[letters]} and as {label}; only the first is written"
            )
        elif line:
            new[letters] = label
            chosen.setdefault(label, []).append(line)
    return chosen, left_out


def plain(text: str) -> str:
    """A client's sentence as one line of examples: masked, without line breaks and signs of the program."""
    line = "".join(letter if letter.isprintable() else " " for letter in masked(text))
    line = line.replace("[", "(").replace("]", ")").replace("{", "(").replace("}", ")")
    return " ".join(line.split()).lstrip("/-# ").strip()


def _write(folder: Path, chosen: Mapping[str, Sequence[str]], day: datetime.date) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    number = 1
    while (path := folder / f"examples-{day.isoformat()}{f'-{number}' if number > 1 else ''}.yml").exists():
        number += 1
    blocks = []
    for label, lines in sorted(chosen.items()):
        examples = "".join(f"    - {line}\n" for line in lines)
        blocks.append(f"- intent: {label}\n  examples: |\n{examples}")
    path.write_text(_HEAD.format(day=day.isoformat()) + "".join(blocks), encoding="utf-8")
    path.chmod(0o600)
    return path


__all__ = ["Exported", "export", "plain"]
