"""Make the model: `python -m bot.engine.train [--force] [--check]`.

A model is named by the content it was trained from, so an up-to-date one is recognised at once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Optional, Sequence

from bot.engine.paths import ROOT, TRAINING, data_directory, model_fingerprint, model_path

EXIT_FAILED = 1
EXIT_STALE = 3
KEPT_MODELS = 3
ABANDONED_AFTER = 60 * 60


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Train if needed; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bot.engine.train", description="Make the engine's model.")
    parser.add_argument("--force", action="store_true", help="train even if the model is up to date")
    parser.add_argument("--check", action="store_true", help=f"only tell: exit code {EXIT_STALE} if training is needed")
    options = parser.parse_args(arguments)

    fingerprint = model_fingerprint()
    model = model_path(fingerprint)
    if model.exists() and not options.force:
        print(f"The model is up to date ({fingerprint}).")
        return 0
    if options.check:
        print("The model is missing or older than its files: run python -m bot.engine.train.")
        return EXIT_STALE
    began = time.monotonic()
    print("Training the model. The first time takes about a minute.", flush=True)
    try:
        _train(model)
    except Exception as error:  # whatever Rasa finds wrong with the files is told in its own words
        print(f"Training failed: {_reason(error)}", file=sys.stderr)
        return EXIT_FAILED
    _forget_old(model)
    print(f"Done in {time.monotonic() - began:.0f} s: {model.name}", flush=True)
    return 0


def _train(model: Path) -> None:
    # Rasa's own step cache would only repeat what the cache of vectors and the fingerprint already do.
    os.environ["RASA_MAX_CACHE_SIZE"] = "0"
    os.environ["RASA_CACHE_DIRECTORY"] = str(data_directory() / "cache" / "rasa")
    from bot.engine.server import prepare_process

    print("1/3 Loading Rasa and TensorFlow ...", flush=True)
    prepare_process()
    from rasa import model_training

    print("2/3 Reading the files ...", flush=True)
    partial = model.parent / f".partial-{os.getpid()}"
    partial.mkdir(parents=True, exist_ok=True)
    try:
        print("3/3 Learning examples and rules ...", flush=True)
        # Rasa's progress bars and notes would hide ours; errors are raised, not printed.
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
            result = model_training.train(
                domain=str(ROOT / "domain"),
                config=str(ROOT / "config.yml"),
                training_files=[str(ROOT / folder) for folder in TRAINING],
                output=str(partial),
                fixed_model_name=model.name,
                force_training=True,
            )
        if result.model is None:
            raise ValueError("there are no examples or no rules")
        # Only a whole model ever gets the final name.
        os.replace(result.model, model)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _reason(error: BaseException) -> str:
    """The innermost error: Rasa wraps it in the name of the step it happened in."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}"


def _forget_old(newest: Path) -> None:
    models = sorted(newest.parent.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in models[KEPT_MODELS:]:
        path.unlink()
    # What a killed training left behind; a younger one may belong to a training that still runs.
    for path in newest.parent.glob(".partial-*"):
        if time.time() - path.stat().st_mtime > ABANDONED_AFTER:
            shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
