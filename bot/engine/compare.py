"""Train one of the pipelines that are compared and let it read texts: `python -m bot.engine.compare NAME ...`.

Each learns the same examples: of every intent the first so many in the order of the files, so the choice is the same on
every machine and a new example at the end of a list changes nothing. `python -m evaluation pipelines` runs all of them
and writes the report.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import statistics
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Dict, List, Sequence

import yaml  # type: ignore[import-untyped]

from bot.engine.freetext import as_free_text
from bot.engine.paths import ROOT, data_directory, model_fingerprint, model_inputs, model_path

RANKING = 10
_WORDS: List[Dict[str, Any]] = [
    {"name": "WhitespaceTokenizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
]
#: What a fresh Rasa project gets (rasa/engine/recipes/config_files/default_config.yml), without the part for
#: retrieval intents, of which there are none, and without the fallback, which the report applies itself.
_STOCK: List[Dict[str, Any]] = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    *_WORDS[1:],
    {"name": "DIETClassifier", "epochs": 100, "constrain_similarities": True, "random_seed": 1},
]


def shipped() -> List[Dict[str, Any]]:
    """The pipeline of config.yml without its fallback."""
    pipeline = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
    return [part for part in pipeline if not part["name"].endswith("FallbackClassifier")]


def embeddings() -> List[Dict[str, Any]]:
    """The sentence vectors of the shipped pipeline alone: no mending, no letters."""
    return [
        {"name": "bot.engine.spelling.Spelling", "mend": False},
        {"name": "bot.engine.encoder.SentenceEncoder", "earlier_layers": 0.0},
        {"name": "bot.engine.classifier.IntentsOfSentences", "inverse_regularisation": 10.0, "letter_weight": 0.0},
    ]


def pipeline(name: str) -> List[Dict[str, Any]]:
    """The components of a pipeline."""
    if name == "diet":
        return _STOCK
    if name == "sparse":
        return [*_WORDS, {"name": "LogisticRegressionClassifier"}]
    return embeddings() if name == "embeddings" else shipped()


def sample(per_intent: int) -> Dict[str, List[str]]:
    """The first examples of every intent; all of them where `per_intent` is 0."""
    found: Dict[str, List[str]] = {}
    for path in sorted((ROOT / "data" / "nlu").rglob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            lines = [line[2:] for line in block["examples"].splitlines() if line.startswith("- ")]
            found.setdefault(block["intent"], []).extend(as_free_text(line) for line in lines)
    return {intent: texts[: per_intent or None] for intent, texts in found.items()}


def fingerprint(parts: Sequence[Dict[str, Any]], examples: Dict[str, List[str]]) -> str:
    """Names a trained pipeline by what it was made of."""
    digest = hashlib.sha256(json.dumps([parts, examples], sort_keys=True).encode())
    if any(part["name"].startswith("bot.") for part in parts):
        for path in model_inputs():
            if path.suffix == ".py":
                digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def train(name: str, per_intent: int, folder: Path) -> Path:
    """A trained pipeline; one that was trained from the same examples before is taken as it is."""
    parts, examples = pipeline(name), sample(per_intent)
    model = folder / f"{name}-{fingerprint(parts, examples)}.tar.gz"
    note = model.with_name(model.name.replace(".tar.gz", ".json"))
    if model.exists() and note.exists():
        return model
    folder.mkdir(parents=True, exist_ok=True)
    config, data = folder / f"{name}.config.yml", folder / f"{name}.nlu.yml"
    config.write_text(yaml.safe_dump({"recipe": "default.v1", "language": "en", "pipeline": parts}), encoding="utf-8")
    blocks = [{"intent": intent, "examples": "".join(f"- {t}\n" for t in texts)} for intent, texts in examples.items()]
    data.write_text(yaml.safe_dump({"version": "3.1", "nlu": blocks}, allow_unicode=True), encoding="utf-8")
    from rasa.model_training import train_nlu

    began, busy = time.monotonic(), time.process_time()
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        made = train_nlu(str(config), str(data), str(folder), fixed_model_name=f"partial-{name}")
    if made is None:
        raise ValueError(f"the pipeline {name} could not be trained")
    counts = {"examples": sum(len(texts) for texts in examples.values()), "intents": len(examples)}
    times = {"wall_s": round(time.monotonic() - began, 1), "cpu_s": round(time.process_time() - busy, 1)}
    note.write_text(json.dumps({**counts, **times}), encoding="utf-8")
    os.replace(made, model)
    return model


async def read(model: Path, texts: Sequence[str]) -> Dict[str, Any]:
    """What the pipeline makes of every text, and how long one takes."""
    from rasa.core.agent import Agent

    agent = Agent.load(str(model))
    rankings, intents, times = [], [], []
    for text in texts:
        began = time.perf_counter()
        parsed = await agent.parse_message(as_free_text(text))
        times.append(time.perf_counter() - began)
        intents.append(parsed["intent"]["name"])
        ranking = parsed.get("intent_ranking", [])[:RANKING]
        rankings.append([[guess["name"], round(float(guess["confidence"]), 4)] for guess in ranking])
    times.sort()
    return {
        "intents": intents,
        "rankings": rankings,
        "p50_ms": round(1000 * statistics.median(times), 1),
        "p95_ms": round(1000 * times[int(0.95 * len(times))], 1),
    }


def main() -> int:
    """Train, read the texts of a file, write what was found."""
    parser = argparse.ArgumentParser(prog="python -m bot.engine.compare")
    parser.add_argument("name", choices=("diet", "sparse", "embeddings", "shipped", "model"))
    parser.add_argument("--per-intent", type=int, default=10)
    parser.add_argument("--texts", type=Path, help="a JSON list of texts; without it the pipeline is only trained")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    os.environ["RASA_MAX_CACHE_SIZE"] = "0"
    os.environ["RASA_CACHE_DIRECTORY"] = str(data_directory() / "cache" / "rasa")
    from bot.engine.server import prepare_process

    prepare_process()
    note: Dict[str, Any] = {}
    if options.name == "model":  # the one that answers, as `nmt train` made it
        model = model_path(model_fingerprint())
    else:
        model = train(options.name, options.per_intent, data_directory() / "cache" / "pipelines")
        note = json.loads(model.with_name(model.name.replace(".tar.gz", ".json")).read_text(encoding="utf-8"))
        print(f"{options.name}: {note}", flush=True)
    if options.texts and options.out:
        found = asyncio.run(read(model, json.loads(options.texts.read_text(encoding="utf-8"))))
        options.out.write_text(json.dumps({**note, **found}), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
