"""`nmt read`: the clinical reading on the command line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def read(*arguments: str, stdin: str | None = None) -> list[dict[str, object]]:
    done = subprocess.run(
        [str(ROOT / "nmt"), "read", *arguments], cwd=ROOT, input=stdin, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_one_text() -> None:
    (reading,) = read("my chest feels tight and my left arm is numb", "--json")
    assert set(reading) == {"text", "findings", "emergency"}
    assert reading["emergency"] == {"condition": "chest_pain", "care": "ambulance", "asking": False}
    findings = reading["findings"]
    assert isinstance(findings, list)
    for finding in findings:
        assert set(finding) == {"condition", "text", "start", "end", "status"}
        assert str(reading["text"])[finding["start"] : finding["end"]] == finding["text"]


def test_one_line_of_json_for_each_line_of_input() -> None:
    readings = read("--json", stdin="no diabetes\nI take warfarin\nhello\n")
    assert [[(f["condition"], f["status"]) for f in r["findings"]] for r in readings] == [  # type: ignore[attr-defined]
        [("diabetes", "negated")],
        [("anticoagulants", "current")],
        [],
    ]
    assert all(reading["emergency"] is None for reading in readings)
