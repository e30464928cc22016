"""Folders of the project and of its data, and the fingerprint of everything a model is made of.

Kept free of Rasa and TensorFlow: whether a model is up to date must be known in an instant.
"""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Iterator

from bot.engine.weights import WEIGHTS_SHA256

ROOT = Path(__file__).resolve().parents[2]
# A change in one of these changes what a model contains.
COMPONENTS = (
    "classifier.py",
    "encoder.py",
    "freetext.py",
    "intents.py",
    "minilm.py",
    "policy.py",
    "shorthand.py",
    "speller.py",
    "spelling.py",
    "weights.py",
)


def data_directory() -> Path:
    """Where models, caches and the engine's own database live."""
    return Path(os.environ.get("NMT_DATA_DIR") or ROOT / ".nmt").resolve()


def model_inputs(root: Path = ROOT) -> Iterator[Path]:
    """Every file a model is trained from, in a fixed order."""
    yield root / "config.yml"
    for folder in ("domain", "data"):
        yield from sorted(path for path in (root / folder).rglob("*.yml") if path.is_file())
    for name in COMPONENTS:
        yield Path(__file__).with_name(name)


def model_fingerprint(root: Path = ROOT) -> str:
    """Names a model by its content: same inputs, same name."""
    digest = hashlib.sha256()
    try:
        engine = version("rasa")
    except PackageNotFoundError:
        engine = "none"
    for part in (engine, WEIGHTS_SHA256):
        digest.update(part.encode() + b"\0")
    for path in model_inputs(root):
        name = path.relative_to(root) if path.is_relative_to(root) else path.name
        digest.update(str(name).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:20]


def model_path(fingerprint: str) -> Path:
    """Where the model of this fingerprint is kept."""
    return data_directory() / "models" / f"{fingerprint}.tar.gz"
