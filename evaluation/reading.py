"""How hard the texts are to read: Flesch-Kincaid grades of what a client reads, words of the glossary exempt.

Stores `evaluation/reports/reading.md`. The floors: half of the answers at grade 6 or below, nothing above 8.
"""

from __future__ import annotations

import statistics
from pathlib import Path

from bot.check import Language, reading_grades

KNOWLEDGE = Path(__file__).parents[1] / "knowledge"
REPORT = Path(__file__).parent / "reports" / "reading.md"
_KINDS = {"answer": "answers", "More": "tell me more"}


def run() -> bool:
    """Measure, store the table and print its head; True if both floors are met."""
    limits = Language.load(KNOWLEDGE).limits
    rows = reading_grades(KNOWLEDGE)
    lines = [
        "# Reading grades",
        "",
        "Years of school that a text takes (Flesch-Kincaid); words of `knowledge/glossary.yml` count as easy.",
        f"Made by `./nmt evaluate reading`. Floors: median of the answers {limits.median_grade:g}, nothing above "
        f"{limits.client_grade:g}.",
        "",
        "| texts | number | median | hardest |",
        "|---|---|---|---|",
    ]
    groups: dict[str, list[float]] = {}
    for file, key, found, _ in rows:
        groups.setdefault(_KINDS.get(key, file), []).append(found)
    for name, grades in sorted(groups.items()):
        lines.append(f"| {name} | {len(grades)} | {statistics.median(grades):.1f} | {max(grades):.1f} |")
    print("\n".join(lines[6:]))
    lines += ["", "## Each answer", "", "| topic | answer | words | tell me more | words |", "|---|---|---|---|---|"]
    lines += _answers(rows)
    lines += ["", "## The hardest other texts", "", "| text | grade | words |", "|---|---|---|"]
    others = [row for row in rows if row[1] not in _KINDS][:20]
    lines += [f"| {file}: {key} | {found:.1f} | {words} |" for file, key, found, words in others]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    answers = groups["answers"]
    return statistics.median(answers) <= limits.median_grade and max(row[2] for row in rows) <= limits.client_grade


def _answers(rows: list[tuple[str, str, float, int]]) -> list[str]:
    """One line for each topic, the hardest answer first."""
    more = {file: (found, words) for file, key, found, words in rows if key == "More"}
    lines = []
    for file, key, found, words in rows:
        if key == "answer":
            grade, count = more.get(file, (None, None))
            cells = ("", "") if grade is None else (f"{grade:.1f}", str(count))
            lines.append(f"| {file.removesuffix('.md')} | {found:.1f} | {words} | {cells[0]} | {cells[1]} |")
    return lines
