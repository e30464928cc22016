"""What a clinic can write wrong in the examples: found before training, with file, line and remedy.

A topic needs four things that agree: its file in `knowledge/topics/`, its name in `domain/education.yml` and in the
rule of `data/stories/education.yml`, and its examples in `data/nlu/education/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.check import Fault
from bot.knowledge import KnowledgeError, parse_yaml, read_text, read_yaml
from bot.masking import found as personal

FEWEST = 8
ENOUGH = 20
EDUCATION = Path("domain") / "education.yml"
RULE = Path("data") / "stories" / "education.yml"
PAYLOADS = frozenset({"topic"})  # of the education files: sent by buttons, never recognised from text

_MARKUP = re.compile(r"\[[^\]]*\]\s*[({]")


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence and what it means."""

    intent: str
    text: str
    file: Path
    line: int

    @property
    def letters(self) -> str:
        """What two examples must not share: the words without case and punctuation."""
        return " ".join(re.sub(r"[^\w\s]", "", self.text.casefold()).split()) or self.text


def run(root: Path, knowledge: Path) -> list[Fault]:
    """Everything that is wrong with the examples, errors first."""
    found: list[Fault] = []
    examples: list[Example] = []
    for path in sorted((root / "data" / "nlu").rglob("*.yml")):
        try:
            examples += read_examples(path)
        except KnowledgeError as error:
            found.append(_as_fault(error))
    try:
        intents = _intents(root)
        ruled = _ruled(root)
    except KnowledgeError as error:
        return [*found, _as_fault(error)]
    if not found:
        found += _each(examples, intents)
        found += _twice(examples)
        found += _topics(root, knowledge, examples, ruled)
    return sorted(found, key=lambda fault: (fault.warning, fault.file, fault.line))


def read_examples(path: Path) -> list[Example]:
    """The examples of one file with their lines.

    Raises:
        KnowledgeError: the file has another form than Rasa's.
    """
    parse_yaml(read_text(path), path)  # names what is no YAML at all
    node = yaml.compose(read_text(path), Loader=yaml.SafeLoader)
    blocks = _value(node, "nlu")
    if not isinstance(blocks, yaml.SequenceNode):
        raise KnowledgeError(path, "nlu", "is missing", "Begin with `nlu:` and a line `- intent: ...` for each intent")
    examples: list[Example] = []
    for block in blocks.value:
        intent, texts = _value(block, "intent"), _value(block, "examples")
        if intent is None:
            continue
        line = block.start_mark.line + 1
        if not isinstance(texts, yaml.ScalarNode) or texts.style != "|":
            remedy = "Write `examples: |` and below it one example on each line, after `- `"
            raise KnowledgeError(path, str(intent.value), "has no examples", remedy, line=line)
        examples += _lines(path, str(intent.value), texts)
    return examples


def _lines(path: Path, intent: str, block: yaml.ScalarNode) -> Iterator[Example]:
    first = block.start_mark.line + 2  # the mark is at the `|`
    for number, line in enumerate(str(block.value).splitlines(), start=first):
        if not line.strip():
            continue
        if not line.startswith("- ") or not line[2:].strip():
            raise KnowledgeError(path, intent, f"{line!r} is no example", "Begin the line with `- `", line=number)
        yield Example(intent, line[2:].strip(), path, number)


def _value(node: Any, key: str) -> Any:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _intents(root: Path) -> dict[str, Path]:
    """Every intent of the domain, with the file that names it."""
    found: dict[str, Path] = {}
    for path in sorted((root / "domain").glob("*.yml")):
        data = read_yaml(path)
        for name in data.get("intents", []) if isinstance(data, dict) else ():
            found[str(next(iter(name))) if isinstance(name, dict) else str(name)] = path
    return found


def _ruled(root: Path) -> set[str]:
    """The intents that the rule of the topics answers."""
    data = read_yaml(root / RULE)
    try:
        steps = data["rules"][0]["steps"][0]["or"]
        return {str(step["intent"]) for step in steps}
    except (KeyError, IndexError, TypeError) as error:
        raise KnowledgeError(
            root / RULE, "rules", "has no list of topics", "Put the list below `- or:` back as it was", line=1
        ) from error


def _each(examples: list[Example], intents: Mapping[str, Path]) -> Iterator[Fault]:
    for example in examples:
        if example.intent not in intents:
            remedy = f"Correct the name, or add it to {EDUCATION} and {RULE}"
            yield _fault(example, f"there is no intent {example.intent!r}", remedy)
        if example.intent != "oos_injection" and (_MARKUP.search(example.text) or re.match(r"/\w", example.text)):
            yield _fault(example, "holds signs that mean something to the program", "Leave out [ ] ( ) and a first /")
        for kind in _personal(example):
            what, remedy = f"seems to hold {kind}", "Leave it out: examples are kept for good and shared"
            yield _fault(example, what, remedy, warning=True)


def _personal(example: Example) -> list[str]:
    """Personal data in an example. Noise is made of digits, and "my name is ..." is how some people greet."""
    return [] if example.intent.startswith("oos_") else [kind for kind in personal(example.text) if kind != "a name"]


def _twice(examples: list[Example]) -> Iterator[Fault]:
    first: dict[str, Example] = {}
    for example in examples:
        known = first.setdefault(example.letters, example)
        same = known.intent == example.intent and known.text != example.text  # "Book" beside "book" does no harm
        if known is not example and not same:
            where = f"line {known.line}" if known.file == example.file else f"{known.file}, line {known.line}"
            what = f"{example.text!r} is an example of {known.intent} already ({where})"
            yield _fault(example, what, "Keep it in the one place that fits best")


def _topics(root: Path, knowledge: Path, examples: list[Example], ruled: set[str]) -> Iterator[Fault]:
    topics = {path.stem: path for path in sorted((knowledge / "topics").glob("*.md"))}
    named = {str(name) for name in read_yaml(root / EDUCATION).get("intents", [])} - PAYLOADS
    counts: dict[str, int] = {}
    for example in examples:
        counts[example.intent] = counts.get(example.intent, 0) + 1
    for name, path in topics.items():
        if name not in named:
            yield Fault(str(path), 2, "id", f"is not in {EDUCATION}", f"Add the line `- {name}` there, under intents")
        if name not in ruled:
            yield Fault(str(path), 2, "id", f"is not in {RULE}", f"Add the line `- intent: {name}` there, below `or:`")
        count = counts.get(name, 0)
        if count < ENOUGH:
            what = f"has {count} examples, and {FEWEST} are the least (aim at {ENOUGH})"
            remedy = f"Write more ways to ask it under `- intent: {name}` in data/nlu/education/"
            yield Fault(str(path), 2, "id", what, remedy, warning=count >= FEWEST)
    for name in sorted((named | (ruled - PAYLOADS)) - set(topics)):
        path = root / (EDUCATION if name in named else RULE)
        yield Fault(str(path), _line_of(path, name), name, "has no topic", f"Write knowledge/topics/{name}.md")


def _line_of(path: Path, name: str) -> int:
    lines = read_text(path).splitlines()
    return next(
        (n for n, line in enumerate(lines, start=1) if line.split() in (["-", name], ["-", "intent:", name])), 0
    )


def _fault(example: Example, what: str, remedy: str, *, warning: bool = False) -> Fault:
    return Fault(str(example.file), example.line, example.intent, what, remedy, warning)


def _as_fault(error: KnowledgeError) -> Fault:
    return Fault(error.file, error.line or 0, error.key, error.reason.rstrip("."), error.remedy.rstrip("."))


__all__ = ["ENOUGH", "FEWEST", "Example", "read_examples", "run"]
