"""How well the clinical reading does on single messages that were written by somebody who had not seen it.

Measures on `messages.yml` beside this file: how many emergencies and crises fire, false alarms, whether the booking is
locked or the row's question asked as expected, the rows found and not found, what is said about them, and the time a
message takes. The items at even positions are for development, those at odd positions are held out and only counted;
see README.md. From the public ConText test sentences, when they are at hand: precision, recall and F1 of "negated", for
the half used while the rules were written (odd numbers) and for the other one.

    python -m evaluation.safety.messages_report [--development-misses] [--write FILE]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot import safety_net
from bot.clinical.model import Reading, Signal, Status
from bot.clinical.reading import Reader
from bot.settings import load_settings

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CONTEXT_SENTENCES = ROOT.parent / "shared" / "data" / "context_test_sentences.tsv"
# Rows that are about the past themselves: "had a stroke" may be called current or past.
LOOKING_BACK = frozenset(
    {"stroke_tia_history", "blood_clot_past", "cancer_history", "heart_disease", "recent_surgery", "recent_injections"}
)
# Kinds of the fresh list: those that show the numbers and hold nothing, and its other names for the same thing.
_NUMBERS_ONLY = frozenset({"question", "violence"})
_SAME_KIND = {"lookalike": "look_alike"}
RAISED = frozenset({Status.CURRENT.value, Status.UNCERTAIN.value})


@dataclass(frozen=True, slots=True)
class Item:
    """One annotated message."""

    text: str
    care: str
    lock: str
    rows: Mapping[str, str]
    may: frozenset[str]
    kind: str


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole."""

    part: int
    whole: int

    def __str__(self) -> str:
        return f"{self.part} of {self.whole} ({self.part / self.whole:.1%})" if self.whole else "none"


@dataclass(frozen=True, slots=True)
class Scores:
    """Precision, recall and F1 of a yes/no decision."""

    true_positive: int
    false_positive: int
    false_negative: int

    @property
    def precision(self) -> float:
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(slots=True)
class Figures:
    """What is counted over one half of the messages. `errors` name the text; they are printed for one half only."""

    rates: dict[str, Share] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def load_items(path: Path) -> list[Item]:
    """The annotated messages; `lock: null` and a missing `lock` both mean that nothing is expected.

    The fresh list names rows without what is said about them: its rows are not scored.
    """
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries: Iterable[Mapping[str, Any]] = data["messages"] if isinstance(data, Mapping) else data
    return [_item(entry) for entry in entries]


def _item(entry: Mapping[str, Any]) -> Item:
    rows = entry.get("rows") or {}
    kind = str(entry.get("kind", ""))
    care = str(entry.get("care") or "none")
    lock = str(entry.get("lock")).lower()
    if lock == "false" and care != "none" and kind in _NUMBERS_ONLY:
        lock = "asking"
    return Item(
        text=str(entry["text"]),
        care=care,
        lock=lock,
        rows={str(row): str(status) for row, status in rows.items()} if isinstance(rows, Mapping) else {},
        may=frozenset(entry.get("may") or ()),
        kind=_SAME_KIND.get(kind, kind),
    )


def halves(items: Sequence[Item]) -> dict[str, Sequence[Item]]:
    """Development and held-out items, told apart by their position in the file."""
    return {"development": items[0::2], "held out": items[1::2]}


def care_of(reading: Reading) -> str:
    """The care a reading calls for, "none" if no emergency fired."""
    return reading.emergency.care.value if reading.emergency else "none"


def lock_of(reading: Reading) -> str:
    """ "true": locks now; "asking": asks or shows the numbers only; "false": nothing."""
    if reading.emergency is None:
        return "false"
    return "asking" if reading.emergency.asking else "true"


def statuses(reading: Reading) -> dict[str, set[str]]:
    """For each row that was read, what is said about it. A figure of speech counts as not read."""
    found: dict[str, set[str]] = defaultdict(set)
    for mention in reading.mentions:
        if mention.status is not Status.IDIOM:
            found[mention.condition].add(mention.status.value)
    return found


def measure(items: Sequence[Item], read: Callable[[str], Reading]) -> Figures:
    """Counts over one half."""
    pairs = [(item, read(item.text)) for item in items]
    figures = Figures()
    _measure_emergencies(pairs, figures)
    _measure_rows(pairs, figures)
    return figures


def _measure_emergencies(pairs: Sequence[tuple[Item, Reading]], figures: Figures) -> None:
    def rate(name: str, chosen: Sequence[tuple[Item, Reading]], good: Callable[[Item, Reading], bool]) -> None:
        figures.rates[name] = Share(sum(good(i, r) for i, r in chosen), len(chosen))

    def fired(_: Item, reading: Reading) -> bool:
        return reading.emergency is not None

    for name, cares in (("emergencies", {"ambulance", "same_day"}), ("crises", {"crisis"})):
        # `lock: false`: denied or long past, so that nothing is to fire.
        chosen = [(i, r) for i, r in pairs if i.care in cares and i.lock != "false"]
        rate(f"{name} that fire", chosen, fired)
        rate(f"{name} with the care expected", chosen, lambda i, r: care_of(r) == i.care)
        figures.errors += [
            f"MISSED {i.kind}: {i.text!r}: {i.care}/{i.lock}, read {care_of(r)}/{lock_of(r)}"
            for i, r in chosen
            if care_of(r) != i.care or lock_of(r) != i.lock
        ]
    over = [(i, r) for i, r in pairs if i.care == "crisis" and i.lock == "false"]
    rate(
        "crises denied or past: line offered, no lock",
        over,
        lambda _, r: Signal.CRISIS_PAST in r.signals and not r.emergency,
    )
    locking = [(i, r) for i, r in pairs if i.lock == "true"]
    rate("locks given where one is expected", locking, lambda _, r: lock_of(r) == "true")
    rate(
        "lock or question as expected",
        [(i, r) for i, r in pairs if i.lock in {"true", "asking"}],
        lambda i, r: lock_of(r) == i.lock,
    )
    quiet = [(i, r) for i, r in pairs if i.care == "none"]
    rate("false alarms, all without an emergency", quiet, fired)
    rate(
        "false alarms, look-alikes and plain messages",
        [p for p in quiet if p[0].kind in {"look_alike", "plain"}],
        fired,
    )
    figures.errors += [
        f"FALSE ALARM {i.kind}: {i.text!r}: {care_of(r)}/{lock_of(r)} of {r.emergency.condition}"
        for i, r in quiet
        if r.emergency is not None
    ]


def _measure_rows(pairs: Sequence[tuple[Item, Reading]], figures: Figures) -> None:
    named = found = raised = extra = denied = idioms = idioms_read = 0
    judged: Counter[tuple[str, str]] = Counter()
    for item, reading in pairs:
        seen = statuses(reading)
        for row, status in item.rows.items():
            if status == Status.IDIOM.value:
                idioms += 1
                idioms_read += bool(seen.get(row, set()) & RAISED)
                continue
            named += 1
            if row not in seen:
                figures.errors.append(f"ROW {row} ({status}) not in {item.text!r}")
                continue
            found += 1
            got = status if status in seen[row] else min(seen[row])
            if row in LOOKING_BACK and {status, got} == {"past", "current"}:
                got = status
            judged[(status, got)] += 1
            denied += got == Status.NEGATED.value and status != got
            if got != status:
                figures.errors.append(f"STATUS {row}: {status}, read {got}: {item.text!r}")
        for row, said in seen.items():
            if said & RAISED:
                raised += 1
                if row not in item.rows and row not in item.may:
                    extra += 1
                    figures.errors.append(f"EXTRA {row} in {item.text!r}")
    figures.rates["rows found"] = Share(found, named)
    figures.rates["assertion right, of the rows found"] = Share(
        sum(n for (gold, got), n in judged.items() if gold == got), found
    )
    figures.rates["read as denied and was not"] = Share(denied, found)
    figures.rates["raised without being named, of the rows raised"] = Share(extra, raised)
    figures.rates["figures of speech read as meant"] = Share(idioms_read, idioms)


def table(columns: Mapping[str, Figures]) -> list[str]:
    """The figures of both halves side by side, in Markdown."""
    lines = [f"| | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for name in next(iter(columns.values())).rates:
        lines.append(f"| {name} | {' | '.join(str(figures.rates[name]) for figures in columns.values())} |")
    return lines


def timing(items: Sequence[Item], reader: Reader) -> str:
    """Processor time per message; a message seen before is no faster, except that its words are known."""
    times: list[float] = []
    for item in items:
        begun = time.process_time()
        reader.read(item.text)
        times.append((time.process_time() - begun) * 1000)
    ordered = sorted(times)
    return (
        f"Processor time per message: median {statistics.median(ordered):.1f} ms, "
        f"95 % {ordered[int(len(ordered) * 0.95)]:.1f} ms, longest {ordered[-1]:.0f} ms."
    )


def negation_scores(path: Path, reader: Reader) -> dict[str, Scores]:
    """Scores of "negated" on the ConText sentences, by half."""
    counts: dict[str, Counter[tuple[bool, bool]]] = {"odd (development)": Counter(), "even (held out)": Counter()}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        number, _, concept, sentence, truth, *_ = line.split("\t")
        start = sentence.upper().find(concept.strip().upper())
        if start < 0:
            continue
        half = "odd (development)" if int(number) % 2 else "even (held out)"
        denied = reader.assess(sentence, start, start + len(concept.strip())).negated
        counts[half][(denied, truth == "Negated")] += 1
    counts["all"] = sum(counts.values(), Counter())
    return {half: Scores(c[(True, True)], c[(True, False)], c[(False, True)]) for half, c in counts.items()}


def load_reader() -> Reader:
    """The clinical reading as the service has it: the rules, and the safety net behind them."""
    settings = load_settings()
    return Reader.load(ROOT / "knowledge", safety_net.load(ROOT / "knowledge", settings.models_dir).hear)


def report(items: Sequence[Item], reader: Reader) -> tuple[list[str], Figures]:
    """The report in Markdown, and the figures of the development half."""
    speed = timing(items, reader)
    columns = {half: measure(chosen, reader.read) for half, chosen in halves(items).items()}
    sizes = ", ".join(f"{len(chosen)} {half}" for half, chosen in halves(items).items())
    lines = ["# Clinical reading on single messages", "", f"{len(items)} messages of `messages.yml`: {sizes}."]
    lines += ["Held-out items (odd positions, from 0) are only counted, never read, quoted or tuned on one by one.", ""]
    lines += [*table(columns), "", speed]
    if CONTEXT_SENTENCES.exists():
        lines += [
            "",
            '"Negated" on the ConText test sentences:',
            "",
            "| | precision | recall | F1 |",
            "|---|---|---|---|",
        ]
        for half, scores in negation_scores(CONTEXT_SENTENCES, reader).items():
            lines.append(f"| {half} | {scores.precision:.3f} | {scores.recall:.3f} | {scores.f1:.3f} |")
    else:
        lines += ["", "The ConText sentences are not at hand: negation was not measured on them."]
    return lines, columns["development"]


def main() -> None:
    """Prints the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=Path, default=HERE / "messages.yml")
    parser.add_argument(
        "--development-misses", action="store_true", help="name what was read wrongly, development only"
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the report to this file")
    options = parser.parse_args()
    lines, development = report(load_items(options.messages), load_reader())
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if options.write is not None:
        options.write.parent.mkdir(parents=True, exist_ok=True)
        options.write.write_text(text, encoding="utf-8")
    if options.development_misses:
        print("\n".join(development.errors))


if __name__ == "__main__":
    main()
