"""Everything a clinic can write wrong in `knowledge/`, found before a client reads it: `nmt check`.

The loaders refuse what cannot work. This goes further: what no sentence may say, how long and how hard it may be,
texts that the code asks for and nobody wrote, numbers and reviews that have grown old.
"""

from __future__ import annotations

import ast
import datetime
import re
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.channels.web.strings import load_strings
from bot.clinic import LOCALE_KEYS, Clinic, load_locale
from bot.clinical.answers import Phrases
from bot.clinical.model import Care, Emergency, Tier
from bot.clinical.rules import FollowUp, Rules
from bot.coverage import FILE as COVERAGE
from bot.coverage import Coverage
from bot.coverage import load as load_coverage
from bot.education import Renderer, Topic, load_sources, load_topics
from bot.emergency import sentence as emergency_sentence
from bot.knowledge import KnowledgeError, read_text, read_yaml
from bot.readability import grade

ROOT = Path(__file__).parents[1]
_READ = frozenset(
    {
        "answers.yml",
        "assertion.yml",
        "care.yml",
        "clinic.yml",
        "combinations.yml",
        "conditions.yml",
        "emergencies.yml",
        "glossary.yml",
        "language.yml",
        "lexicon.yml",
        "locales.yml",
        "mimics.yml",
        "must_cover.yml",
        "questions.yml",
        "replies.yml",
        "ruleset.yml",
        "sources.yml",
        "wording.yml",
    }
)
_SLOTS = frozenset({"emergency_number", "urgent_line", "crisis_name", "crisis_contact", "worse_signs"})
_SIMPLER = "Use shorter sentences and words, or list a word that cannot be shorter in glossary.yml"
_FEWEST_WORDS = 6  # the grade of a shorter text says nothing


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something to put right: where, what, how. A warning keeps nothing from starting."""

    file: str
    line: int
    key: str
    what: str
    remedy: str
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        subject = f"{place}: {self.key}" if self.key else place
        return f"{'warning: ' if self.warning else ''}{subject}: {self.what}. {self.remedy}."

    def as_error(self) -> KnowledgeError:
        """The same as the error that keeps the service from starting."""
        return KnowledgeError(self.file, self.key, self.what, self.remedy, line=self.line or None)


class _Limits(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    client_grade: float
    median_grade: float
    answer_words: int
    lead_sentences: int
    emergency_words: int
    number_within_words: int
    review_days: int
    verify_days: int


class Language(BaseModel):
    """What no sentence may say (`knowledge/language.yml`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    diagnosis: tuple[str, ...]
    clearance: tuple[str, ...]
    claims: tuple[str, ...]
    denials: tuple[str, ...]
    allowed: tuple[str, ...]
    limits: _Limits

    @staticmethod
    def load(knowledge: Path) -> Language:
        """Read the rules for sentences.

        Raises:
            KnowledgeError: the file is missing or malformed, or a pattern is no regular expression.
        """
        path = knowledge / "language.yml"
        try:
            language = Language.model_validate(read_yaml(path))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise KnowledgeError(path, key, first["msg"], "Correct this value") from error
        for kind in ("diagnosis", "clearance", "claims", "denials"):
            for pattern in getattr(language, kind):
                try:
                    re.compile(pattern)
                except re.error as error:
                    raise KnowledgeError(path, kind, f"{pattern!r} is no pattern: {error}", "Correct it") from error
        return language

    @cached_property
    def _compiled(self) -> Mapping[str, re.Pattern[str]]:
        kinds = {
            "diagnosis": self.diagnosis,
            "clearance": self.clearance,
            "claims": self.claims,
            "denials": self.denials,
        }
        return {kind: re.compile("|".join(patterns), re.IGNORECASE) for kind, patterns in kinds.items()}

    def objections(self, text: str) -> Iterator[tuple[str, str]]:
        """What a text must not say: (the words, why), one for each sentence and reason."""
        allowed = {_flat(sentence) for sentence in self.allowed}
        for sentence in _sentences(text):
            if _flat(sentence) in allowed:
                continue
            for kind, why in _WHY.items():
                found = self._compiled[kind].search(sentence)
                if found is None or (kind == "clearance" and sentence.endswith("?")):
                    continue
                denied = self._denied(sentence)
                if denied is not None and (kind == "claims" or denied.start() < found.start()):
                    continue
                yield found[0], why

    def denies(self, sentence: str) -> bool:
        """Whether a sentence says that something is not so."""
        return self._denied(sentence) is not None

    def _denied(self, sentence: str) -> re.Match[str] | None:
        return self._compiled["denials"].search(sentence)


_WHY = {
    "diagnosis": "names what somebody has, and only a doctor can",
    "clearance": "says that nothing is wrong, and nobody can know that here",
    "claims": "claims what evidence does not carry",
}


@dataclass(frozen=True, slots=True)
class Text:
    """Something the bot can say: where it stands and, filled as far as can be, what it says."""

    file: Path
    key: str
    text: str
    graded: bool = False


def run(knowledge: Path, *, code: Path = ROOT, today: datetime.date | None = None) -> list[Fault]:
    """Everything that is wrong in a knowledge folder, errors first.

    Args:
        knowledge: the folder.
        code: where the programs stand that ask for texts by their id.
        today: the day to count reviews from.
    """
    today = today or datetime.date.today()
    found: list[Fault] = []
    rules = _read(found, lambda: Rules.load(knowledge))
    clinic = _read(found, lambda: Clinic.load(knowledge))
    topics = _read(found, lambda: load_topics(knowledge))
    language = _read(found, lambda: Language.load(knowledge))
    wording = _read(found, lambda: _wording(knowledge))
    _read(found, lambda: Phrases.load(knowledge))
    _read(found, lambda: load_strings(knowledge))
    _read(found, lambda: _load_reader(knowledge))
    _read(found, lambda: _load_examples(knowledge))
    easy = _read(found, lambda: _glossary(knowledge))
    found += _strangers(knowledge)
    if language is not None:
        found += _numbers(knowledge, clinic, language, today)
    if rules is not None:
        found += _clinical(knowledge, rules)
    if wording is not None:
        found += _ids(knowledge, wording, code)
    if rules is not None and wording is not None:
        found += _reasons(knowledge, rules, wording)
    slots_known = rules is not None and all(
        set(re.findall(r"\{(\w*)\}", text)) <= _SLOTS for _, _, text in _filled_texts(knowledge, rules)
    )
    if rules is not None and clinic is not None and language is not None and slots_known:
        found += _emergencies(knowledge, rules, clinic, language)
    if language is not None:
        texts = _texts(knowledge, rules, topics, wording, clinic)
        found += _said(texts, language, easy or frozenset())
        if topics is not None:
            found += _reviews(topics.values(), language, today)
            found += _coverage(knowledge, topics, language)
            if clinic is not None:
                found += _answers(knowledge, topics, clinic, language, easy or frozenset())
    return sorted(dict.fromkeys(found), key=lambda f: (f.warning, f.file, f.line, f.key))


def _read[T](found: list[Fault], load: Callable[[], T]) -> T | None:
    try:
        return load()
    except KnowledgeError as error:
        path = Path(error.file)
        line = error.line or (_line(path, error.key) if path.is_file() else 0)
        found.append(Fault(error.file, line, error.key, error.reason.rstrip("."), error.remedy.rstrip(".")))
        return None


def _load_examples(knowledge: Path) -> None:
    from bot import safety_net  # needs the encoder's libraries: only where everything is checked

    safety_net.load_examples(knowledge)


def _load_reader(knowledge: Path) -> None:
    from bot.clinical.reading import Reader  # needs a language model: only where everything is checked

    try:
        Reader.load(knowledge)
    except KnowledgeError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        path, line = _phrase_in(str(error), [knowledge / name for name in _READER_FILES])
        reason = f"cannot be used to read messages: {error}"
        raise KnowledgeError(path, "", reason, "Correct this entry", line=line) from error


_READER_FILES = ("lexicon.yml", "emergencies.yml", "assertion.yml")


def _phrase_in(error: str, paths: list[Path]) -> tuple[Path, int | None]:
    """Where the phrase that an error quotes stands; the first of the files if it cannot be found."""
    for quoted in re.findall(r"phrase '([^']+)'", error):
        for path in paths:
            for number, line in enumerate(read_text(path).splitlines(), start=1):
                if quoted in line:
                    return path, number
    return paths[0], None


def _wording(knowledge: Path) -> dict[str, str]:
    path = knowledge / "wording.yml"
    data = read_yaml(path)
    if not isinstance(data, dict) or not all(isinstance(text, str) for text in data.values()):
        raise KnowledgeError(path, "", "is not a table of texts", "Write each line as `id: text`")
    return data


def _glossary(knowledge: Path) -> frozenset[str]:
    path = knowledge / "glossary.yml"
    data = read_yaml(path)
    if not isinstance(data, list) or not all(isinstance(word, str) for word in data):
        raise KnowledgeError(path, "", "is not a list of words", "Write one word on each line, after `- `")
    return frozenset(word.lower() for word in data)


# ------------------------------------------------------------------ what belongs together


def _strangers(knowledge: Path) -> Iterator[Fault]:
    for path in sorted(knowledge.glob("*.y*ml")):
        if path.name not in _READ:
            yield Fault(str(path), 0, "", "nobody reads this file", "Correct its name or take it away", warning=True)


def _numbers(knowledge: Path, clinic: Clinic | None, language: Language, today: datetime.date) -> Iterator[Fault]:
    """Every locale of the file has its numbers; those of this clinic have been tried by a person lately."""
    path = knowledge / "locales.yml"
    found: list[Fault] = []
    rows = _read(found, lambda: read_yaml(path))
    yield from found
    for name in rows if isinstance(rows, dict) else ():
        yield from _locale(knowledge, str(name))
    if clinic is None or not isinstance(rows, dict):
        return
    name = clinic.clinic.locale
    if not isinstance(rows.get(name), dict):
        known = ", ".join(sorted(map(str, rows)))
        yield _fault(knowledge / "clinic.yml", "clinic.locale", f"locales.yml has no {name}", f"Use one of: {known}")
        return
    verified = rows[name].get("verified_on")
    if not isinstance(verified, datetime.date):
        what = "nobody has tried these numbers yet"
    elif (today - verified).days > language.limits.verify_days:
        what = f"these numbers were last tried on {verified}"
    else:
        return
    remedy = "Call or look up each number of this locale and write the day under verified_on"
    yield _fault(path, name, what, remedy, warning=True)


def _locale(knowledge: Path, name: str) -> Iterator[Fault]:
    found: list[Fault] = []
    row = _read(found, lambda: load_locale(knowledge, name))
    yield from found
    if row is not None and not row.get("crisis_links"):
        path = knowledge / "locales.yml"
        remedy = "List at least one tel:, sms: or https: address"
        yield _fault(path, f"{name}.crisis_links", "is empty", remedy)


def _clinical(knowledge: Path, rules: Rules) -> Iterator[Fault]:
    conditions, combinations = knowledge / "conditions.yml", knowledge / "combinations.yml"
    found: list[Fault] = []
    sources = _read(found, lambda: load_sources(knowledge)) or {}
    yield from found
    for row in rules.conditions.values():
        for source in row.sources:
            if sources and source not in sources:
                what = f"{source!r} is not in sources.yml"
                yield _fault(conditions, f"{row.id}.sources", what, "Add it there or correct it")
        for follow_up in row.follow_up:
            says = [say for answer in follow_up.answers for say in answer.says]
            for say in sorted({say for say in says if says.count(say) > 1}):
                what = f"the reply {say!r} stands for two choices"
                yield _fault(conditions, f"{row.id}.follow_up", what, "Keep it at one of them")
    for path, key, text in _filled_texts(knowledge, rules):
        for slot in sorted(set(re.findall(r"\{(\w*)\}", text)) - _SLOTS):
            yield _fault(path, key, f"{{{slot}}} is no slot", f"Use one of: {', '.join(sorted(_SLOTS))}")
    for combination in rules.combinations:
        shown = rules.conditions[combination.shown]
        if combination.client is None and combination.tier not in shown.client:
            what = f"the row {shown.id} has no sentence for {combination.tier.name}"
            yield _fault(combinations, f"{combination.id}.shown", what, "Name a row that has one, or write one: client")


def _filled_texts(knowledge: Path, rules: Rules) -> Iterator[tuple[Path, str, str]]:
    """The texts with slots for the numbers of the locale: file, key, text."""
    for row in rules.conditions.values():
        for tier, text in row.client.items():
            yield knowledge / "conditions.yml", f"{row.id}.client.{tier.name}", text
    for combination in rules.combinations:
        yield knowledge / "combinations.yml", f"{combination.id}.client", combination.client or ""
    for care in Care:
        for name, text in rules.care.texts(care).model_dump().items():
            yield knowledge / "care.yml", f"{care.value}.{name}", text


def _fault(path: Path, key: str, what: str, remedy: str, *, warning: bool = False) -> Fault:
    return Fault(str(path), _line(path, key), key, what, remedy, warning)


def _reasons(knowledge: Path, rules: Rules, wording: Mapping[str, str]) -> Iterator[Fault]:
    questions = knowledge / "questions.yml"
    for name in [*(step.id for step in rules.steps), *rules.items]:
        if f"why.{name}" not in wording:
            remedy = f"Write why.{name} in wording.yml: one sentence on why this is asked"
            yield _fault(questions, name, "nobody can say why this is asked", remedy)


def _reviews(topics: Iterable[Topic], language: Language, today: datetime.date) -> Iterator[Fault]:
    for topic in topics:
        if topic.reviewed_on > today:
            remedy = "Write the day on which somebody read it against its sources"
            yield _fault(topic.file, "reviewed_on", f"{topic.reviewed_on} has not come yet", remedy)
        if (today - topic.reviewed_on).days > language.limits.review_days:
            what = f"was last reviewed on {topic.reviewed_on}"
            remedy = "Read it against its sources and write today's date"
            yield _fault(topic.file, "reviewed_on", what, remedy, warning=True)


# ------------------------------------------------------------------ answers


def _coverage(knowledge: Path, topics: Mapping[str, Topic], language: Language) -> Iterator[Fault]:
    """Every answer says what it has to say, and nothing that its topic must not."""
    path = knowledge / COVERAGE
    found: list[Fault] = []
    asked = _read(found, lambda: load_coverage(knowledge, topics))
    yield from found
    if asked is None:
        return
    for topic in topics.values():
        if topic.id not in asked:
            remedy = f"Add {topic.id} to {COVERAGE} with the facts that clients need"
            yield _fault(topic.file, "id", "nobody has written what this answer has to say", remedy, warning=True)
            continue
        yield from _uncovered(path, topic, asked[topic.id], language)


def _uncovered(path: Path, topic: Topic, asked: Coverage, language: Language) -> Iterator[Fault]:
    line = _answer_line(topic)
    for fact, words in asked.missing(topic.answer):
        what = f"no longer says: {fact} (looked for {words!r})"
        yield Fault(str(topic.file), line, "answer", what, f"Say it, or correct {topic.id} in {path.name}")
    for part in ("answer", "more"):
        for sentence in _sentences(_unfilled(getattr(topic, part) or "")):
            for never in asked.never:
                found = never.search(sentence)
                if found is not None and not language.denies(sentence):
                    place = _line_of(Text(topic.file, "id", ""), found[0])
                    remedy = "Say what is known, or deny it plainly"
                    yield Fault(str(topic.file), place, part, f"{found[0]!r} must not be said here", remedy)


def reading_grades(knowledge: Path) -> list[tuple[str, str, float, int]]:
    """How hard each text is to read that clients of this clinic get: (file, key, grade, words), the hardest first.

    Raises:
        KnowledgeError: the folder is not in order.
    """
    clinic, topics, rules = Clinic.load(knowledge), load_topics(knowledge), Rules.load(knowledge)
    easy = _glossary(knowledge)
    renderer = Renderer(clinic.tree, load_locale(knowledge, clinic.clinic.locale))
    texts = [Text(topic.file, "answer", renderer.answer(topic)) for topic in topics.values()]
    texts += [Text(topic.file, "More", renderer.more(topic) or "") for topic in topics.values()]
    texts += [text for text in _texts(knowledge, rules, None, _wording(knowledge), None) if text.graded]
    rows = [
        (text.file.name, text.key, grade(text.text, easy), len(text.text.split()))
        for text in texts
        if len(text.text.split()) >= _FEWEST_WORDS
    ]
    return sorted(rows, key=lambda row: (-row[2], row[0], row[1]))


def _answers(
    knowledge: Path, topics: Mapping[str, Topic], clinic: Clinic, language: Language, easy: frozenset[str]
) -> Iterator[Fault]:
    """Every answer as clients of this clinic get it: it can be filled, and it is short and plain."""
    try:
        renderer = Renderer(clinic.tree, load_locale(knowledge, clinic.clinic.locale))
    except KnowledgeError:
        return  # named already
    limits = language.limits
    grades: dict[str, float] = {}
    for topic in topics.values():
        found: list[Fault] = []
        answer = _read(found, partial(renderer.answer, topic))
        more = _read(found, partial(renderer.more, topic))
        _read(found, partial(renderer.table, topic))
        yield from (_at(fault, _answer_line(topic)) for fault in found)
        if answer is None:
            continue
        grades[topic.id] = grade(answer, easy)
        yield from _plain(topic, "answer", answer, limits, easy)
        if more is not None:
            yield from _plain(topic, "More", more, limits, easy)
        lead = re.split(r"\n\n|\n- ", answer)[0]
        if len(list(_sentences(lead))) > limits.lead_sentences:
            what = f"begins with more than {limits.lead_sentences} sentences at a stretch"
            yield Fault(
                str(topic.file), _answer_line(topic), "answer", what, "Put an empty line after what matters most"
            )
    if grades and statistics.median(grades.values()) > limits.median_grade:
        what = f"half of the answers read above grade {limits.median_grade:g}"
        yield Fault(str(knowledge / "topics"), 0, "", what, "Use shorter sentences and words in the hardest ones")


def _plain(topic: Topic, part: str, text: str, limits: _Limits, easy: frozenset[str]) -> Iterator[Fault]:
    line = _answer_line(topic) if part == "answer" else _heading_line(topic)
    count = sum(any(letter.isalnum() for letter in word) for word in text.split())
    if count > limits.answer_words:
        what = f"has {count} words, and {limits.answer_words} are the most"
        yield Fault(str(topic.file), line, part, what, "Shorten it, or move details below ## More")
    found = grade(text, easy)
    if found > limits.client_grade:
        what = f"reads at grade {found:.1f}, and {limits.client_grade:g} is the most"
        yield Fault(str(topic.file), line, part, what, _SIMPLER)


def _answer_line(topic: Topic) -> int:
    """The line on which the answer begins."""
    lines = read_text(topic.file).splitlines()
    below = lines.index("---", 1) + 1 if "---" in lines[1:] else 0
    return next((number for number in range(below, len(lines)) if lines[number].strip()), below) + 1


def _heading_line(topic: Topic) -> int:
    """The line of `## More`."""
    lines = read_text(topic.file).splitlines()
    return next((number for number, line in enumerate(lines, start=1) if line.split() == ["##", "More"]), 0)


def _at(fault: Fault, line: int) -> Fault:
    return fault if fault.line else replace(fault, line=line)


# ------------------------------------------------------------------ texts that the code asks for


_OTHER_NAMES = frozenset({"store", "engine", "console", "review"})  # folders whose dotted names are no text ids
_ID = re.compile(r"[A-Za-z0-9_.]+")


def _ids(knowledge: Path, wording: Mapping[str, str], code: Path) -> Iterator[Fault]:
    remedy = "Write this text in wording.yml, or correct the id"
    for path in sorted([*(code / "bot").rglob("*.py"), *(code / "actions").rglob("*.py")]):
        for line, pattern, shown in _asked_for(path, {key.split(".")[0] for key in wording if "." in key}):
            if not any(re.fullmatch(pattern, key) for key in wording):
                yield Fault(str(path), line, shown, "there is no such text", remedy)


def _asked_for(path: Path, groups: set[str]) -> Iterator[tuple[int, str, str]]:
    """Every text id in a program: what a text is looked up by, and constants that look like an id."""
    looked_up: set[int] = set()
    for node in ast.walk(ast.parse(read_text(path))):
        if isinstance(node, ast.Call) and _is_lookup(node.func) and node.args:
            looked_up.add(id(node.args[0]))
            chosen = [node.args[0].body, node.args[0].orelse] if isinstance(node.args[0], ast.IfExp) else [node.args[0]]
            for argument in chosen:
                yield from _id_of(argument)
        elif isinstance(node, ast.JoinedStr):
            looked_up.update(id(part) for part in node.values)
        elif not _OTHER_NAMES & set(path.parts) and id(node) not in looked_up:
            for line, pattern, shown in _id_of(node):
                if (
                    shown.partition(".")[0] in groups
                    and "." in shown
                    and not shown.endswith((".", ".yml", ".py", ".html"))
                ):
                    yield line, pattern, shown


def _id_of(node: ast.AST) -> Iterator[tuple[int, str, str]]:
    """A text id as (line, pattern, as shown); in an f-string each value may be anything."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ID.fullmatch(node.value):
        yield node.lineno, re.escape(node.value), node.value
    elif isinstance(node, ast.JoinedStr):
        constants = [str(part.value) for part in node.values if isinstance(part, ast.Constant)]
        if constants and all(_ID.fullmatch(constant) for constant in constants):
            parts = [str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values]
            pattern = "".join(".+" if part == "..." else re.escape(part) for part in parts)
            yield node.lineno, pattern, "".join(parts)


def _is_lookup(function: ast.expr) -> bool:
    """`self._say(...)` and `wording.text(...)`."""
    if not isinstance(function, ast.Attribute):
        return False
    owner = function.value
    owner_name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    return function.attr == "_say" or (function.attr == "text" and owner_name in ("wording", "_wording"))


# ------------------------------------------------------------------ sentences


def _texts(
    knowledge: Path,
    rules: Rules | None,
    topics: Mapping[str, Topic] | None,
    wording: Mapping[str, str] | None,
    clinic: Clinic | None,
) -> Iterator[Text]:
    if rules is not None:
        yield from _clinical_texts(knowledge, rules)
    if clinic is not None:
        yield from (Text(knowledge / "clinic.yml", key, text) for key, text in _leaves(clinic.tree))
    for key, template in (wording or {}).items():
        yield Text(knowledge / "wording.yml", key, _unfilled(template), graded=not key.startswith(_UNGRADED))
    for topic in (topics or {}).values():
        yield Text(topic.file, "title", topic.title)
        yield Text(topic.file, "answer", _unfilled(topic.answer))
        if topic.more is not None:
            yield Text(topic.file, "More", _unfilled(topic.more))
        if topic.table is not None:
            for row in (topic.table.columns, *topic.table.rows):
                for cell in row:
                    yield Text(topic.file, "table", _unfilled(cell))


def _leaves(tree: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text of the clinic's settings with its dotted key: most of them are read out in answers."""
    if isinstance(tree, str):
        yield key, tree
    elif isinstance(tree, Mapping):
        for name, part in tree.items():
            yield from _leaves(part, f"{key}.{name}" if key else str(name))
    elif isinstance(tree, list):
        for part in tree:
            yield from _leaves(part, key)


_UNGRADED = ("button.", "oos_language")  # too short, and in other languages


def _clinical_texts(knowledge: Path, rules: Rules) -> Iterator[Text]:
    conditions = knowledge / "conditions.yml"
    for row in rules.conditions.values():
        yield Text(conditions, row.id, row.choice_label)
        for tier, text in row.client.items():
            yield Text(conditions, f"{row.id}.client.{tier.name}", _unfilled(text), graded=True)
        for follow_up in row.follow_up:
            for asked in _questions(follow_up):
                yield Text(conditions, f"{row.id}.follow_up", asked)
    for item in rules.items.values():
        yield Text(knowledge / "questions.yml", item.id, item.text)
    for mimic in rules.mimics.questions:
        if mimic.question is not None:
            yield Text(knowledge / "mimics.yml", mimic.id, mimic.question)
    for combination in rules.combinations:
        if combination.client is not None:
            key = f"{combination.id}.client"
            yield Text(knowledge / "combinations.yml", key, _unfilled(combination.client), graded=True)
    care = knowledge / "care.yml"
    for kind in Care:
        for name, text in rules.care.texts(kind).model_dump().items():
            yield Text(care, f"{kind.value}.{name}", _unfilled(text), graded=True)
        yield Text(care, f"closing.{kind.value}", rules.care.closing[kind], graded=True)
    for name, text in rules.care.worse_signs.items():
        yield Text(care, f"worse_signs.{name}", f"If {text}, call.")


def _questions(follow_up: FollowUp) -> Iterator[str]:
    yield follow_up.q
    for answer in follow_up.answers:
        yield answer.answer
        if answer.ask is not None:
            yield from _questions(answer.ask)


def _said(texts: Iterable[Text], language: Language, easy: frozenset[str]) -> Iterator[Fault]:
    limit = language.limits.client_grade
    for text in texts:
        for words, why in language.objections(text.text):
            where = str(text.file), _line_of(text, words)
            remedy = (
                "Write it so that it names and promises nothing, or list the sentence under allowed in language.yml"
            )
            yield Fault(*where, text.key, f"{words!r} {why}", remedy)
        if text.graded and len(text.text.split()) >= _FEWEST_WORDS:
            found = grade(text.text, easy)
            if found > limit:
                what = f"reads at grade {found:.1f}, and {limit:g} is the most"
                yield _fault(text.file, text.key, what, _SIMPLER)


def _emergencies(knowledge: Path, rules: Rules, clinic: Clinic, language: Language) -> Iterator[Fault]:
    """Every emergency message as the client gets it: short, with the number at the start."""
    try:
        locale = load_locale(knowledge, clinic.clinic.locale)
    except KnowledgeError:
        return  # named already
    limits = language.limits
    numbers = [str(locale[key]) for key in LOCALE_KEYS if key != "crisis_name"]
    for key, path, message in _emergency_messages(knowledge, rules, locale):
        words = message.split()
        if len(words) > limits.emergency_words:
            what = f"the message has {len(words)} words, and {limits.emergency_words} are the most"
            yield _fault(path, key, what, "Shorten it: one thing to do, and the number")
        first_line = message.split("\n")[0]
        starts = [first_line.index(number) for number in numbers if number in first_line]
        if not starts or len(first_line[: min(starts)].split()) >= limits.number_within_words:
            what = f"no number stands within the first {limits.number_within_words} words"
            yield _fault(path, key, what, "Begin with what to do and the number")


def _emergency_messages(knowledge: Path, rules: Rules, locale: Mapping[str, Any]) -> Iterator[tuple[str, Path, str]]:
    conditions = knowledge / "conditions.yml"
    for row in rules.conditions.values():
        cares = {a.care for f in row.follow_up for a in f.answers if a.care is not None and a.tier is Tier.EMERGENCY}
        for care in sorted(cares | ({row.emergency_care()} if row.is_emergency else set())):
            for third, conditional in ((False, False), (True, False), (False, True)):
                found = Emergency(row.id, care, asking=False, third_person=third, conditional=conditional)
                text = emergency_sentence(row, care, rules, locale, found)
                closing = "" if conditional else f" {rules.care.closing[care]}"
                own = not third and not conditional and care is row.emergency_care() and care is not Care.CRISIS
                key = f"{row.id}.client.EMERGENCY" if own else f"{care.value}.{_variant(third, conditional)}"
                yield key, conditions if own else knowledge / "care.yml", f"{text}{closing}"
    for combination in rules.combinations:
        if combination.client is not None and combination.care is not None:
            text = combination.client.format_map({**locale, "worse_signs": ""})
            key = f"{combination.id}.client"
            yield key, knowledge / "combinations.yml", f"{text} {rules.care.closing[combination.care]}"
    for care in Care:
        yield f"{care.value}.repeat", knowledge / "care.yml", rules.care.texts(care).repeat.format_map(locale)


def _variant(third: bool, conditional: bool) -> str:
    return "third_person" if third else "conditional" if conditional else "text"


# ------------------------------------------------------------------ small helpers

_TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_VALUE = re.compile(r"\{\{.*?\}\}|\{\w+\}", re.DOTALL)


def _unfilled(template: str) -> str:
    """A template as it reads, with every branch, and a number for each value: nothing that a clinic sets is judged."""
    return _VALUE.sub("5", _TAG.sub(" ", template)).strip()


def _sentences(text: str) -> Iterator[str]:
    for part in re.split(r"(?<=[.!?])\s+|\n+|\s+\|\s+", text.replace("’", "'")):
        if part.strip():
            yield part.strip()


def _flat(text: str) -> str:
    return " ".join(text.replace("’", "'").split())


def _line(path: Path, key: str) -> int:
    """The line at which a key stands, part by part: the row, then what is asked for inside it. 0 if it is not there."""
    lines = read_text(path).splitlines()
    at, found = 0, 0
    for part in key.split(".") if not _has(lines, key) else [key]:
        pattern = _names(part)
        place = next((n for n in range(at, len(lines)) if pattern.search(lines[n])), None)
        if place is None:
            break
        at = place
        found = place + 1
    return found


def _has(lines: list[str], key: str) -> bool:
    pattern = _names(key)
    return any(pattern.search(line) for line in lines)


def _names(part: str) -> re.Pattern[str]:
    name = re.escape(part)
    return re.compile(rf"(?:^|[\s{{,])(?:-\s*\{{?)?(?:id:\s*['\"]?{name}['\"]?(?=[\s,}}]|$)|['\"]?{name}['\"]?\s*:)")


def _line_of(text: Text, words: str = "") -> int:
    """The line of a text: where the words stand if that can be seen, where its key stands otherwise."""
    at = _line(text.file, text.key)
    if words:
        for number, line in enumerate(read_text(text.file).splitlines()[max(at - 1, 0) :], start=max(at, 1)):
            if words in line.replace("’", "'"):
                return number
    return at


__all__ = ["Fault", "Language", "run"]
