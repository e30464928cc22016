"""The safety net on disk: learned from `knowledge/emergency_examples/` once, then read at every start.

Learning takes less than two minutes of one core and needs neither the engine nor its runtime. The file is named by
what it was learned from, so a changed example makes a new one and an unchanged one is never learned again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bot import encoder
from bot.clinical import safety_net
from bot.clinical.model import Care
from bot.clinical.safety_net import CALM, CLASSES, SafetyNet
from bot.encoder import Encoder
from bot.engine.weights import WEIGHTS_SHA256
from bot.knowledge import KnowledgeError, read_yaml
from bot.settings import ROOT

FOLDER = "emergency_examples"
ORDINARY = ROOT / "data" / "nlu"
FEWEST = 100
_KEPT = 3
# A group of letters that stands in one example only says nothing about the next client.
_SEEN_IN = 2
_STRENGTH = 30.0  # inverse regularisation, by cross-validation (docs/decisions/0012-safety-net.md)


def load_examples(knowledge: Path) -> dict[str, list[str]]:
    """The sentences of each class, as people type them. A class is a folder; its files are for people who read them.

    Raises:
        KnowledgeError: a class has too few sentences, a line is none, or one stands twice.
    """
    found: dict[str, list[str]] = {}
    classes: dict[str, str] = {}
    for name in (CALM, *Care):
        folder = knowledge / FOLDER / name
        sentences: list[str] = []
        for path in sorted(folder.glob("*.yml")):
            for group, line in _lines(path):
                plain = _plain(line)
                if plain in classes:
                    raise KnowledgeError(
                        path, group, f"{line!r} stands in {classes[plain]}, too", "Remove one of the two"
                    )
                classes[plain] = f"{name}/{path.name}"
                sentences.append(line)
        if len(sentences) < FEWEST:
            raise KnowledgeError(folder, "", f"has only {len(sentences)} sentences", f"Write at least {FEWEST}")
        found[name] = sentences
    return found


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Group and sentence of everything in a file."""
    data = read_yaml(path)
    if not isinstance(data, dict) or not all(isinstance(group, list) for group in data.values()):
        raise KnowledgeError(path, "", "is not a list of groups", "Write a group name, then its sentences as a list")
    for group, lines in data.items():
        for line in lines:
            if not isinstance(line, str) or not line.strip():
                raise KnowledgeError(path, str(group), f"{line!r} is not a sentence", "Put it in quotes")
            yield str(group), line


def ordinary_requests(folder: Path) -> list[str]:
    """The sentences that the engine learns from: what people ask a clinic all day is calm."""
    sentences: list[str] = []
    for path in sorted(folder.rglob("*.yml")):
        for intent in read_yaml(path).get("nlu", ()):
            sentences += [line[2:].strip() for line in intent["examples"].splitlines() if line.startswith("- ")]
    return sentences


def path_of(knowledge: Path, models: Path) -> Path:
    """Where the net that belongs to these examples and this code is kept.

    A new topic brings new ordinary requests, which are heard well enough without learning everything again: they are
    read along when something else asks for it.
    """
    digest = hashlib.sha256(WEIGHTS_SHA256.encode())
    code = [Path(module) for module in (__file__, encoder.__file__, safety_net.__file__)]
    for path in [*sorted((knowledge / FOLDER).glob("*/*.yml")), *code]:
        digest.update(f"{path.parent.name}/{path.name}".encode() + b"\0" + path.read_bytes())
    return models / f"safety-net-{digest.hexdigest()[:20]}.npz"


def load(knowledge: Path, models: Path) -> SafetyNet:
    """The net of these examples; it is learned first if it is not there yet.

    Raises:
        KnowledgeError: the examples cannot be used.
        WeightsError: the encoder's files are not the published ones.
    """
    path = path_of(knowledge, models)
    if not path.exists():
        examples = load_examples(knowledge)
        alarming = {_plain(text) for name in Care for text in examples[name]}
        examples[CALM] += [text for text in ordinary_requests(ORDINARY) if _plain(text) not in alarming]
        _write(path, learn(examples))
    with np.load(path, allow_pickle=False) as stored:
        groups = {group: place for place, group in enumerate(json.loads(str(stored["groups"])))}
        return SafetyNet(
            Encoder.load().encode,
            stored["vector_weights"],
            stored["bias"],
            groups,
            stored["rarity"],
            stored["group_weights"],
        )


def learn(examples: dict[str, list[str]]) -> SafetyNet:
    """Weights for the sentences of each class."""
    # Only learning needs these; a start without it does not pay for their import.
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    encode = Encoder.load().encode
    texts = [_plain(text) for name in CLASSES for text in examples[name]]
    labels = [at for at, name in enumerate(CLASSES) for _ in examples[name]]
    seen = Counter(group for text in texts for group in safety_net.groups_of(text))
    known = sorted(group for group, count in seen.items() if count >= _SEEN_IN)
    rarity = np.array([np.log((1 + len(texts)) / (1 + seen[group])) + 1 for group in known], dtype=np.float32)
    groups = {group: place for place, group in enumerate(known)}
    with threadpool_limits(1):  # learnt beside the engine's model: threads that wait for a busy core cost minutes
        vectors = safety_net.scaled(encode(texts))
    found = [safety_net.known_groups(text, groups, rarity) for text in texts]
    rows = np.cumsum([0, *(len(places) for places, _ in found)])
    places = np.concatenate([np.array(places, dtype=int) for places, _ in found])
    values = np.concatenate([values for _, values in found])
    matrix = csr_matrix((values, places, rows), shape=(len(texts), len(groups)))
    model = LogisticRegression(C=_STRENGTH, max_iter=3000)
    with threadpool_limits(1):
        model.fit(hstack([csr_matrix(vectors), matrix]).tocsr(), labels)
    weights = model.coef_.T.astype(np.float32)
    width = vectors.shape[1]
    return SafetyNet(
        encode=encode,
        vector_weights=weights[:width],
        bias=model.intercept_.astype(np.float32),
        groups=groups,
        rarity=rarity,
        group_weights=np.ascontiguousarray(weights[width:]),
    )


def _plain(text: str) -> str:
    """An example as the net reads it: small letters, no signs."""
    return " ".join(safety_net.words_of(text))


def _write(path: Path, net: SafetyNet) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    with partial.open("wb") as file:
        np.savez(
            file,
            groups=np.array(json.dumps(list(net.groups))),
            vector_weights=net.vector_weights,
            bias=net.bias,
            rarity=net.rarity,
            group_weights=net.group_weights,
        )
    os.replace(partial, path)
    older = sorted(path.parent.glob("safety-net-*.npz"), key=lambda one: one.stat().st_mtime, reverse=True)
    for old in older[_KEPT:]:
        old.unlink(missing_ok=True)
