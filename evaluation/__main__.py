"""Measures the assistant on data that it was never shown: `python -m evaluation [PART]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping

from evaluation import reading
from evaluation.safety import report as safety
from evaluation.understanding import pipelines
from evaluation.understanding import report as understanding

PARTS: Mapping[str, Callable[[], bool]] = {
    "reading": reading.run,
    "safety": safety.run,
    "understanding": understanding.run,
    "pipelines": pipelines.run,
}


def run(part: str = "all") -> bool:
    """Measure one part, or all; True if every floor is met."""
    results = [measure() for name, measure in PARTS.items() if part in (name, "all")]
    return all(results)


def main() -> None:
    """Runs the reports that were asked for; the exit status is 1 where a floor is not met."""
    parser = argparse.ArgumentParser(prog="python -m evaluation", description=__doc__)
    parser.add_argument("part", nargs="?", default="all", choices=(*PARTS, "all"))
    sys.exit(0 if run(parser.parse_args().part) else 1)


if __name__ == "__main__":
    main()
