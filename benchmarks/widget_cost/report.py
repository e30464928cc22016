"""Writes what was measured, for people and for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.widget_cost.before_click import SLOWED, Load
from benchmarks.widget_cost.others import OTHERS, Fetched

REPORTS = Path(__file__).resolve().parent.parent / "reports"
LOADER_MOST = 3 * 1024
ALL_MOST = 30 * 1024

_HASH = re.compile(r"\.[0-9a-f]{12}(?=\.)")


@dataclass(frozen=True)
class Times:
    """Milliseconds from pressing send: until the reply is rendered, and of that the request."""

    messages: int
    rendered_p50: float
    rendered_p95: float
    request_p50: float
    request_p95: float

    @staticmethod
    def of(rendered: Sequence[float], request: Sequence[float]) -> Times:
        """Their middle, and what 95 of 100 do not exceed."""
        return Times(len(rendered), _rank(rendered, 50), _rank(rendered, 95), _rank(request, 50), _rank(request, 95))


@dataclass(frozen=True)
class Result:
    """Everything of one run."""

    made: str
    chromium: str
    machine: str
    load_before: tuple[float, float, float]
    load_after: tuple[float, float, float]
    rounds: int
    embedded: Mapping[str, int]
    own_page: Mapping[str, int]
    plain: Load
    ours: Load
    others: Mapping[str, tuple[Fetched, Load | None]]
    replies: Times | None  # None where only the files were measured

    @property
    def within_limits(self) -> bool:
        """Whether what is served keeps the sizes that were promised, and nothing is loaded before the click."""
        return (
            self.embedded["/widget.js"] <= LOADER_MOST
            and sum(self.embedded.values()) <= ALL_MOST
            and self.ours.requests == 1
        )


def write(result: Result, folder: Path = REPORTS) -> str:
    """Store both forms; returns the one for people."""
    folder.mkdir(exist_ok=True)
    text = _text(result)
    (folder / "widget.md").write_text(text, "utf-8")
    (folder / "widget.json").write_text(json.dumps(_data(result), indent=1) + "\n", "utf-8")
    return text


def _rank(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[-(-len(ordered) * percent // 100) - 1]


def _stable(sizes: Mapping[str, int]) -> dict[str, int]:
    return {_HASH.sub("", path): size for path, size in sizes.items()}


def _data(result: Result) -> dict[str, Any]:
    return {
        "made": result.made,
        "chromium": result.chromium,
        "machine": result.machine,
        "load_average": {"before": result.load_before, "after": result.load_after},
        "gzip_bytes": {"embedded": _stable(result.embedded), "own_page": _stable(result.own_page)},
        "limits": {"loader": LOADER_MOST, "all": ALL_MOST, "kept": result.within_limits},
        "before_click": {
            "rounds": result.rounds,
            "slowed": SLOWED,
            "page_alone": asdict(result.plain),
            "nmt_guide": asdict(result.ours),
            **{
                name: {"version": fetched.version, "missing": fetched.missing, **(asdict(load) if load else {})}
                for name, (fetched, load) in result.others.items()
            },
        },
        "reply": asdict(result.replies) if result.replies else None,
    }


def _text(result: Result) -> str:
    return "\n".join([*_head(result), *_sizes(result), *_before_click(result), *_replies(result)])


def _head(result: Result) -> list[str]:
    return [
        "# What the widget costs",
        "",
        f"`python -m benchmarks.widget_cost{'' if result.replies else ' --files-only'}`, {result.made},",
        f"Chromium {result.chromium}, {result.machine}.",
        f"Load average {result.load_before[0]:.1f} before and {result.load_after[0]:.1f} after: times on a machine",
        "that does other work too are longer than on an idle one; sizes and counts are not touched by it.",
        "",
    ]


def _sizes(result: Result) -> list[str]:
    total = sum(result.embedded.values())
    loader = result.embedded["/widget.js"]
    return [
        "## Size",
        "",
        "Bytes as served with gzip, without headers.",
        "",
        "| | bytes | limit |",
        "| --- | ---: | ---: |",
        f"| before the first click: `/widget.js` | {loader} | {LOADER_MOST} |",
        *(f"| then `{path}` | {size} | |" for path, size in _stable(result.embedded).items() if path != "/widget.js"),
        f"| **all of the widget** | **{total}** | {ALL_MOST} |",
        f"| the page of its own, `/chat`, with everything it loads | {sum(result.own_page.values())} | |",
        "",
        f"The limits are {'kept' if result.within_limits else '**not** kept'}.",
        "",
    ]


def _before_click(result: Result) -> list[str]:
    rows = [_row("NMT Guide", result.ours, result.plain)]
    notes = []
    for other in OTHERS:
        fetched, load = result.others[other.name]
        if load:
            rows.append(_row(f"{other.name} {fetched.version}", load, result.plain))
        else:
            rows.append(f"| {other.name} | not measured: {fetched.missing} | | | | | |")
        notes.append(f"- {other.name} (`{other.package}`): {other.note}")
    plain = result.plain
    return [
        "## Before the first click",
        "",
        f"What the tag adds to a plain page: median of {result.rounds} loads by turns, each in a new profile, phone",
        f"viewport. Times: milliseconds of processor time of the main thread, times {SLOWED} for a phone. Third party:",
        "requests to another host, which are refused here and so weigh nothing.",
        "",
        "| | requests | of them to a third party | bytes | script | layout and style | all tasks |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        *rows,
        "",
        f"The page alone: script {plain.script:.0f}, layout and style {plain.layout:.0f}, all tasks {plain.task:.0f}.",
        "",
        *notes,
        "",
    ]


def _row(name: str, load: Load, plain: Load) -> str:
    return (
        f"| {name} | {load.requests:.0f} | {load.elsewhere:.0f} | {load.bytes - plain.bytes:.0f} | "
        f"{load.script - plain.script:.0f} | {load.layout - plain.layout:.0f} | {load.task - plain.task:.0f} |"
    )


def _replies(result: Result) -> list[str]:
    times = result.replies
    title = "## From pressing send to the rendered reply"
    if not times:
        return [title, "", "Not measured in this run, which was of the files only (`--files-only`).", ""]
    return [
        title,
        "",
        f"{times.messages} typed messages in one conversation, in the widget on a website of another origin, the whole",
        "service behind it on the same machine; milliseconds, browser not slowed. Rendered: after the frame that shows",
        "the first reply.",
        "",
        "| | p50 | p95 |",
        "| --- | ---: | ---: |",
        f"| rendered | {times.rendered_p50:.0f} | {times.rendered_p95:.0f} |",
        f"| of that the request | {times.request_p50:.0f} | {times.request_p95:.0f} |",
        "",
    ]
