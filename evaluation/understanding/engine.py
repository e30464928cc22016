"""Readings by the engine's own Python: of the shipped model or of a pipeline trained for comparison."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ENGINE_PYTHON = ROOT / ".venv" / "engine" / "bin" / "python"
DEADLINE_S = 4 * 60 * 60


@dataclass(frozen=True, slots=True)
class Readings:
    """What a pipeline makes of a list of texts. `intents` are its decisions, `rankings` its guesses in order."""

    intents: list[str]
    rankings: list[list[tuple[str, float]]]
    facts: dict[str, Any]

    def first(self, place: int) -> str:
        """The likeliest intent of a text."""
        return self.rankings[place][0][0] if self.rankings[place] else ""

    def sure(self, place: int) -> float:
        """How sure the pipeline is of it."""
        return self.rankings[place][0][1] if self.rankings[place] else 0.0

    def leading(self, place: int, count: int) -> list[str]:
        """The likeliest intents."""
        return [name for name, _ in self.rankings[place][:count]]


def read(pipeline: str, texts: Sequence[str], per_intent: int = 0) -> Readings:
    """Train the pipeline if it is not there yet, and let it read the texts."""
    with tempfile.TemporaryDirectory(prefix="nmt-evaluation-") as folder:
        asked, found = Path(folder) / "texts.json", Path(folder) / "found.json"
        asked.write_text(json.dumps(list(texts)), encoding="utf-8")
        command = [str(ENGINE_PYTHON), "-m", "bot.engine.compare", pipeline, "--per-intent", str(per_intent)]
        done = subprocess.run(
            [*command, "--texts", str(asked), "--out", str(found)],
            cwd=ROOT,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"the pipeline {pipeline} could not be measured: {done.stderr.strip()[-500:]}")
        data = json.loads(found.read_text(encoding="utf-8"))
    rankings = [[(str(name), float(sure)) for name, sure in ranking] for ranking in data.pop("rankings")]
    return Readings([str(name) for name in data.pop("intents")], rankings, data)
