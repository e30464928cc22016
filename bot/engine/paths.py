"""Folders of the project and of its data, and the fingerprint of everything a model is made of.

Kept free of Rasa and TensorFlow: whether a model is up to date must be known in an instant.
"""

from __future__ import annotations

import hashlib
import json
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Iterator, Optional

from bot.engine.weights import WEIGHTS_SHA256

ROOT = Path(__file__).resolve().parents[2]
# A change in one of these changes what a model contains.
COMPONENTS = (
    "classifier.py",
    "encoder.py",
    "freetext.py",
    "intents.py",
    "minilm.py",
    "parts.py",
    "policy.py",
    "shorthand.py",
    "speller.py",
    "spelling.py",
    "weights.py",
)

# Rasa's files; what else is in `data/` is for other parts of the service.
TRAINING = ("data/nlu", "data/stories")


def data_directory() -> Path:
    """Where models, caches and the engine's own database live."""
    return Path(os.environ.get("NMT_DATA_DIR") or ROOT / ".nmt").resolve()


def model_inputs(root: Path = ROOT) -> Iterator[Path]:
    """Every file a model is trained from, in a fixed order."""
    yield root / "config.yml"
    for folder in ("domain", *TRAINING):
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


def remember(fingerprint: str) -> None:
    """Note which model works, for a start in the middle of somebody's editing."""
    path = _memory()
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(json.dumps({"model": fingerprint, "components": _components()}), encoding="utf-8")
    os.replace(partial, path)


def remembered() -> Optional[str]:
    """The model that worked last, if it is still there and was made for the components that run now."""
    try:
        noted = json.loads(_memory().read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    usable = noted["components"] == _components() and model_path(noted["model"]).exists()
    return str(noted["model"]) if usable else None


def _memory() -> Path:
    return data_directory() / "model.json"


def _components() -> str:
    digest = hashlib.sha256()
    for name in COMPONENTS:
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()


def model_path(fingerprint: str) -> Path:
    """Where the model of this fingerprint is kept."""
    return data_directory() / "models" / f"{fingerprint}.tar.gz"
