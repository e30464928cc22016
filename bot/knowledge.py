"""Reading the files of `knowledge/`: one YAML reader and one error for every loader.

The people who edit these files are therapists and clinic owners, so an error names the file, the key and
what to do about it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml


class KnowledgeError(Exception):
    """Something in a knowledge file is wrong: where, what, and how to put it right."""

    def __init__(self, file: Path | str, key: str, reason: str, remedy: str, *, line: int | None = None) -> None:
        self.file = str(file)
        self.key = key
        self.reason = reason
        self.remedy = remedy
        self.line = line
        super().__init__(file, key, reason, remedy, line)

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}, line {self.line}"
        subject = f"{place}: {self.key}" if self.key else place
        return f"{subject}: {self.reason}. {self.remedy}"


class _PlainLoader(yaml.SafeLoader):
    """Safe YAML without its surprises: `no` is a word, `9:30` is a text, and a key given twice is an error.

    PyYAML reads YAML 1.1, where an unquoted `no` is false and `9:30` is the number 570. In these files both
    are words that clients read, so only `true` and `false` are truth values and only plain digits are numbers.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        self.flatten_mapping(node)
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                continue  # the base class reports it
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def _without(*tags: str) -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """The resolvers of SafeLoader, less those of some tags."""
    return {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in tags]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float"))
_PlainLoader.yaml_implicit_resolvers = _without(_BOOL, _INT, _FLOAT)
_PlainLoader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_PlainLoader.add_implicit_resolver(_INT, re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
_PlainLoader.add_implicit_resolver(
    _FLOAT, re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$"), list("-+.0123456789")
)


def parse_yaml(text: str, file: Path | str, *, first_line: int = 1) -> Any:
    """Parse YAML `text` of `file`; `first_line` is the line of the file at which the text begins."""
    try:
        return _PlainLoader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise KnowledgeError(
            file,
            "",
            f"cannot be read as YAML: {error.problem or error.context}",
            "Check quotes, colons and indentation on this line and the one above",
            line=mark.line + first_line if mark else None,
        ) from error
    except yaml.YAMLError as error:
        raise KnowledgeError(file, "", f"cannot be read as YAML: {error}", "Remove the odd character") from error
    except ValueError as error:  # e.g. a date that does not exist
        raise KnowledgeError(file, "", f"holds an impossible value: {error}", "Correct the date") from error


def read_text(path: Path) -> str:
    """The text of a knowledge file (UTF-8)."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise KnowledgeError(path, "", "is missing", "Put the file back or correct its name") from error
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeError(path, "", f"cannot be read: {error}", "Save it as plain UTF-8 text") from error


def read_yaml(path: Path) -> Any:
    """The content of a YAML file, with the line named when it cannot be read."""
    return parse_yaml(read_text(path), path)
