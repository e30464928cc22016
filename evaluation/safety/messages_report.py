"""How well the clinical reading does on messages it was not written for.

Prints, from `messages.yml` beside this file: the sensitivity for emergencies and crises, false alarms, whether the
booking was locked or the row's question asked as expected, the recall of each row, the accuracy of the assertions, and
the time a message takes. From the public ConText test sentences, when they are at hand: precision, recall and F1 of
"negated", for the half used while writing the rules (odd numbers) and for the other one.

    python -m evaluation.safety.messages_report [--failures KIND]

`messages.yml` is held out: look at figures, not at its sentences, before changing the knowledge files.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.clinical.model import Reading, Signal, Status
from bot.clinical.reading import Reader

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CONTEXT_SENTENCES = ROOT.parent / "shared" / "data" / "context_test_sentences.tsv"
# Rows that are about the past themselves: "had a stroke" may be called current or past.
LOOKING_BACK = frozenset({"stroke_tia_history", "blood_clot_past", "cancer_history", "heart_disease"})
# Kinds in which nothing urgent is said: an emergency there is a false alarm.
QUIET_KINDS = ("look_alike", "plain")


@dataclass(frozen=True, slots=True)
class Item:
    """One annotated message."""

    text: str
    care: str
    lock: str
    rows: Mapping[str, str]
    kind: str


@dataclass(frozen=True, slots=True)
class Scores:
    """Precision, recall and F1 of a yes/no decision."""

    true_positive: int
    false_positive: int
    false_negative: int

    @property
    def precision(self) -> float:
        return _share(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        return _share(self.true_positive, self.true_positive + self.false_negative)

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def load_items(path: Path) -> list[Item]:
    """The annotated messages; `lock: null` and a missing `lock` both mean that nothing is expected."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries: Iterable[Mapping[str, Any]] = data["messages"] if isinstance(data, Mapping) else data
    return [
        Item(
            text=str(entry["text"]),
            care=str(entry.get("care") or "none"),
            lock=str(entry.get("lock")).lower(),
            rows={str(row): str(status) for row, status in (entry.get("rows") or {}).items()},
            kind=str(entry.get("kind", "")),
        )
        for entry in entries
    ]


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


def report(items: Sequence[Item], reader: Reader, failures: str | None) -> list[str]:
    """The lines of the report on `messages.yml`."""
    for item in items[:20]:
        reader.read(item.text)
    readings: list[Reading] = []
    times: list[float] = []
    for item in items:
        begun = time.process_time()
        readings.append(reader.read(item.text))
        times.append((time.process_time() - begun) * 1000)
    pairs = list(zip(items, readings, strict=True))
    lines = [f"messages: {len(items)}   kinds: {dict(sorted(Counter(i.kind for i in items).items()))}"]

    for name, wanted in (("emergency", {"ambulance", "same_day"}), ("crisis", {"crisis"})):
        # `lock: false`: denied or long past, so that nothing is to fire.
        chosen = [(i, r) for i, r in pairs if i.care in wanted and i.lock != "false"]
        fired = sum(r.emergency is not None for _, r in chosen)
        same = sum(care_of(r) == i.care for i, r in chosen)
        lines.append(
            f"{name}: {len(chosen)} messages, fired {fired} ({_share(fired, len(chosen)):.1%}), same care {same} "
            f"({_share(same, len(chosen)):.1%})"
        )
    over = [(i, r) for i, r in pairs if i.care == "crisis" and i.lock == "false"]
    offered = sum(Signal.CRISIS_PAST in r.signals and r.emergency is None for _, r in over)
    lines.append(f"crisis denied or long past: {len(over)} messages, line offered and nothing locked {offered}")
    quiet = [(i, r) for i, r in pairs if i.care == "none"]
    false = [(i, r) for i, r in quiet if r.emergency is not None]
    locked = [(i, r) for i, r in false if lock_of(r) == "true"]
    lines.append(f"no emergency expected: {len(quiet)} messages, fired {len(false)}, of them locked {len(locked)}")
    for kind in QUIET_KINDS:
        of_kind = [(i, r) for i, r in quiet if i.kind == kind]
        alarms = [(i, r) for i, r in of_kind if r.emergency is not None]
        lines.append(f"false alarms, {kind}: {len(alarms)} of {len(of_kind)} ({_share(len(alarms), len(of_kind)):.1%})")

    expected = [(i, r) for i, r in pairs if i.lock in {"true", "asking"}]
    agreed = sum(lock_of(r) == i.lock for i, r in expected)
    softened = sum(lock_of(r) != "true" for i, r in expected if i.lock == "true")
    lines.append(
        f"lock or question as expected: {agreed} of {len(expected)} ({_share(agreed, len(expected)):.1%}); "
        f"a lock expected and not given: {softened}"
    )
    lines.append("expected lock -> read lock: " + _pairs(Counter((i.lock, lock_of(r)) for i, r in pairs)))

    recall: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    confusion: Counter[tuple[str, str]] = Counter()
    quiet_rows = false_rows = 0
    for item, reading in pairs:
        found = statuses(reading)
        for row, status in item.rows.items():
            if status == Status.IDIOM.value:
                quiet_rows += 1
                false_rows += row in found
                continue
            recall[row][1] += 1
            if row in found:
                recall[row][0] += 1
                got = status if status in found[row] else min(found[row])
                if row in LOOKING_BACK and {status, got} == {"past", "current"}:
                    got = status
                confusion[(status, got)] += 1
    hits, total = sum(hit for hit, _ in recall.values()), sum(count for _, count in recall.values())
    lines.append(f"rows: {hits} of {total} found ({_share(hits, total):.1%})")
    lines += [f"    {row}: {hit} of {count}" for row, (hit, count) in sorted(recall.items()) if hit < count]
    lines.append(f"rows named only as a figure of speech: {quiet_rows}, read as meant {false_rows}")
    right = sum(n for (gold, got), n in confusion.items() if gold == got)
    judged = sum(confusion.values())
    lines.append(f"assertion of the found rows: {right} of {judged} ({_share(right, judged):.1%})")
    wrong = Counter({pair: n for pair, n in confusion.items() if pair[0] != pair[1]})
    lines.append("    expected -> read: " + _pairs(wrong))
    denied = sum(n for (gold, got), n in confusion.items() if got == "negated" and gold != "negated")
    lines.append(f"    read as denied and was not: {denied}")

    ordered = sorted(times)
    lines.append(
        f"processor time per message: median {statistics.median(ordered):.2f} ms, "
        f"95% {ordered[int(len(ordered) * 0.95)]:.2f} ms, longest {ordered[-1]:.2f} ms"
    )
    if failures is not None:
        lines += [
            f"    {i.kind}: {i.text!r} expected {i.care}/{i.lock}, read {care_of(r)}/{lock_of(r)}"
            for i, r in pairs
            if i.kind == failures and (care_of(r) != i.care or (i.lock in {"true", "asking"} and lock_of(r) != i.lock))
        ]
    return lines


def _pairs(counts: Counter[tuple[str, str]]) -> str:
    return ", ".join(f"{gold} -> {got}: {n}" for (gold, got), n in sorted(counts.items(), key=lambda pair: -pair[1]))


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=Path, default=HERE / "messages.yml")
    parser.add_argument("--failures", metavar="KIND", help="name the messages of this kind that were read wrongly")
    options = parser.parse_args()
    reader = Reader.load(ROOT / "knowledge")
    if options.messages.exists():
        print("\n".join(report(load_items(options.messages), reader, options.failures)))
    else:
        print(f"{options.messages.name} is not there: no figures on messages")
    if CONTEXT_SENTENCES.exists():
        for half, scores in negation_scores(CONTEXT_SENTENCES, reader).items():
            print(f"ConText negation, {half}: P {scores.precision:.3f} R {scores.recall:.3f} F1 {scores.f1:.3f}")
        print("    for comparison, all sentences: negspacy 1.1.0 F1 0.939, medSpaCy 1.3.1 F1 0.929")
    else:
        print("The ConText sentences are not there: negation F1 not measured")


if __name__ == "__main__":
    main()
