"""Four pipelines on the same examples and the same held-out messages: `python -m evaluation pipelines`.

Each learns the first `PER_INTENT` examples of every intent, so that stock DIET ends within minutes; the shipped one is
measured with all examples as well. Trained pipelines are kept under the data directory and taken again as long as
their examples stay the same. Stores `evaluation/reports/pipelines.{json,md,svg}`.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from evaluation.understanding import figures, lists
from evaluation.understanding.engine import Readings, read
from evaluation.understanding.lists import HERE, Message

REPORTS = HERE.parent / "reports"
PER_INTENT = 10
AHEAD_OF_STOCK = 0.08
#: Below it a message is not answered; the shipped pipeline brings rules of its own.
THRESHOLD = 0.3
PIPELINES = (
    ("diet", "stock DIET", "#c0392b", PER_INTENT),
    ("sparse", "sparse features, logistic regression", "#e08e0b", PER_INTENT),
    ("embeddings", "embeddings, logistic regression", "#2980b9", PER_INTENT),
    ("shipped", "shipped", "#1e8449", PER_INTENT),
    ("shipped", "shipped, all examples", "#145a32", 0),
)


@dataclass(frozen=True, slots=True)
class Result:
    """One pipeline."""

    name: str
    examples: int
    top1: float
    top3: float
    acts: float
    rejected: float
    calibration_error: float
    p50_ms: float
    p95_ms: float
    training_s: float
    training_cpu_s: float


def run() -> bool:
    """Measure, print, store; True if the shipped pipeline is far enough ahead of stock DIET."""
    topics, acts, outside = lists.topics(), lists.acts(), lists.out_of_scope()
    asked = [*topics, *acts, *outside]
    results, curves = [], []
    for pipeline, name, colour, per_intent in PIPELINES:
        readings = read(pipeline, [one.text for one in asked], per_intent)
        results.append(judge(name, readings, topics, acts, outside, own_rules=pipeline == "shipped"))
        if per_intent:
            curves.append((name, colour, _bins(readings, asked)))
    ahead = results[3].top1 - results[0].top1
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    text = "\n".join(_lines(day, results, ahead, len(topics), len(acts), len(outside))) + "\n"
    stored = {"date": day, "per_intent": PER_INTENT, "ahead_of_stock": round(ahead, 4)}
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / "pipelines.json").write_text(
        json.dumps({**stored, "pipelines": [asdict(result) for result in results]}, indent=1) + "\n", encoding="utf-8"
    )
    (REPORTS / "pipelines.md").write_text(text, encoding="utf-8")
    (REPORTS / "pipelines.svg").write_text(figures.reliability_plot(curves), encoding="utf-8")
    print(text, end="")
    return ahead >= AHEAD_OF_STOCK


def judge(
    name: str,
    readings: Readings,
    topics: Sequence[Message],
    acts: Sequence[Message],
    outside: Sequence[Message],
    *,
    own_rules: bool,
) -> Result:
    """The figures of one pipeline. `readings` are of topics, acts and out-of-scope messages, in this order."""
    asked = [*topics, *acts, *outside]
    in_topics = range(len(topics))
    in_acts = range(len(topics), len(topics) + len(acts))
    in_outside = range(len(topics) + len(acts), len(asked))
    right = [readings.first(place) in one.right for place, one in enumerate(asked)]
    among = [bool(one.right & set(readings.leading(place, 3))) for place, one in enumerate(asked)]

    def rejects(place: int) -> bool:
        decided = readings.intents[place] if own_rules else readings.first(place)
        unsure = not own_rules and readings.sure(place) < THRESHOLD
        return unsure or decided.startswith("oos_") or decided == "nlu_fallback"

    facts = readings.facts
    return Result(
        name,
        int(facts["examples"]),
        round(figures.share([right[place] for place in in_topics]), 4),
        round(figures.share([among[place] for place in in_topics]), 4),
        round(figures.share([right[place] for place in in_acts]), 4),
        round(figures.share([rejects(place) for place in in_outside]), 4),
        round(figures.calibration_error(_bins(readings, asked)), 4),
        float(facts["p50_ms"]),
        float(facts["p95_ms"]),
        float(facts["wall_s"]),
        float(facts["cpu_s"]),
    )


def _bins(readings: Readings, asked: Sequence[Message]) -> list[figures.Bin]:
    places = range(len(asked))
    sure = [readings.sure(place) for place in places]
    return figures.bins(sure, [readings.first(place) in asked[place].right for place in places])


def _lines(day: str, results: Sequence[Result], ahead: float, topics: int, acts: int, outside: int) -> list[str]:
    return [
        "# Pipelines side by side",
        "",
        f"{day}, held-out halves: {topics} messages for topics, {acts} acts, {outside} out of scope. Each pipeline "
        f"but the last learned the first {PER_INTENT} examples of every intent. `./nmt evaluate pipelines` makes this "
        "anew.",
        "",
        "| | examples | topic first | among three | acts | out of scope rejected | calibration error | per message "
        "p50 / p95 | training |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {one.name} | {one.examples} | {one.top1:.1%} | {one.top3:.1%} | {one.acts:.1%} | {one.rejected:.1%} | "
            f"{one.calibration_error:.3f} | {one.p50_ms:.0f} / {one.p95_ms:.0f} ms | {one.training_s:.0f} s "
            f"({one.training_cpu_s:.0f} s CPU) |"
            for one in results
        ),
        "",
        f"The shipped pipeline is {100 * ahead:.1f} points ahead of stock DIET on the same examples "
        f"(floor {100 * AHEAD_OF_STOCK:.0f}).",
        "",
        "Rejected: understood as out of scope, or not sure enough "
        f"({THRESHOLD} for the first three, the rules of `config.yml` for the shipped one). Times depend on the "
        "machine and what else it does; CPU seconds depend on it less.",
        "",
        "![How often guesses of a confidence are right](pipelines.svg)",
    ]
