"""The sentences that the chat widget itself shows: one file per language in `knowledge/widget/`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bot.knowledge import KnowledgeError, read_yaml

FOLDER = "widget"
FIRST = "en"
"""The language that has to be there; the others have the same keys."""

_SLOT = re.compile(r"\{(\w+)\}")
_TAG = re.compile(r"[a-z]{2,3}")


def load_strings(knowledge: Path) -> dict[str, Mapping[str, str]]:
    """Every language of the widget, English first.

    Raises:
        KnowledgeError: a file is missing, or is not as complete as the English one.
    """
    folder = knowledge / FOLDER
    paths = sorted(folder.glob("*.yml"), key=lambda path: (path.stem != FIRST, path.stem))
    if not paths or paths[0].stem != FIRST:
        path = folder / f"{FIRST}.yml"
        raise KnowledgeError(path, "", "is missing", "Put the English sentences of the widget there")
    tables: dict[str, Mapping[str, str]] = {}
    for path in paths:
        tables[path.stem] = _language(path, tables.get(FIRST))
    return tables


def _language(path: Path, english: Mapping[str, str] | None) -> Mapping[str, str]:
    if not _TAG.fullmatch(path.stem):
        raise KnowledgeError(path, "", "is not named after a language", "Use its two letters: es.yml")
    table = read_yaml(path)
    if not isinstance(table, dict):
        raise KnowledgeError(path, "", "is not a table of sentences", "Write each line as `key: sentence`")
    for key, text in table.items():
        if not isinstance(text, str) or not text.strip():
            raise KnowledgeError(path, str(key), "is not a sentence", "Put the words in quotes")
    if table.get("dir") not in ("ltr", "rtl"):
        raise KnowledgeError(path, "dir", "must be ltr or rtl", "Say which way this script runs")
    if english is None:
        return table
    for key in sorted(english.keys() - table.keys()):
        raise KnowledgeError(path, key, "is missing", "Translate this line of en.yml")
    for key in sorted(table.keys() - english.keys()):
        raise KnowledgeError(path, key, "is not in en.yml", "Correct the key or take the line away")
    for key, text in table.items():
        wanted, given = set(_SLOT.findall(english[key])), set(_SLOT.findall(text))
        if wanted != given:
            names = ", ".join(f"{{{name}}}" for name in sorted(wanted)) or "none"
            raise KnowledgeError(path, key, f"must hold the same braces as en.yml: {names}", "Correct this line")
    return table
