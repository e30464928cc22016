"""Measure the choices in config.yml: `python -m bot.engine.tune [development.yml ...]`.

Cross-validation over the training examples for the settings of the classifier, with and without mending and with
misspelt copies; for the threshold, files of `label: [text or {text, any_of}]` whose even positions are for development.
Training never runs this; its tables are in docs/decisions/0003-engine.md.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Sequence

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import yaml  # type: ignore[import-untyped]
from sklearn.model_selection import StratifiedKFold

from bot.engine.freetext import as_free_text
from bot.engine.intents import IntentModel, Settings
from bot.engine.minilm import WIDTH, Floats, MiniLM, dictionary
from bot.engine.paths import ROOT
from bot.engine.speller import Speller

FOLDS = 3
EARLIER_LAYERS = 0.7
TEMPERATURE = 0.65
CHOSEN = Settings(inverse_regularisation=10.0, letter_weight=1.0, neighbour_weight=0.35)
CANDIDATES = (
    Settings(3.0, 0.0),
    Settings(10.0, 0.0),
    Settings(30.0, 0.0),
    Settings(10.0, 1.0),
    Settings(10.0, 1.5),
    Settings(10.0, 1.0, 0.2),
    CHOSEN,
    Settings(10.0, 1.0, 0.5),
)
THRESHOLDS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5)


class Case(NamedTuple):
    """A text and the intents that are right for it."""

    text: str
    right: Sequence[str]


def training_examples() -> List[Case]:
    """All examples of data/nlu/."""
    return [
        Case(as_free_text(line[2:]), [block["intent"]])
        for path in sorted((ROOT / "data" / "nlu").rglob("*.yml"))
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]
        for line in block["examples"].splitlines()
        if line.startswith("- ")
    ]


def development_cases(paths: Sequence[Path]) -> Iterator[Case]:
    """The even positions of the lists; the odd ones are for the final measurement only."""
    for path in paths:
        for label, items in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            for item in items[::2]:
                if isinstance(item, str):
                    yield Case(as_free_text(item), [label])
                else:
                    yield Case(as_free_text(item["text"]), item.get("any_of", [label]))


def misspelt(text: str, chance: random.Random) -> str:
    """A copy with one slip in about every third longer word."""
    words = text.split(" ")
    places = [index for index, word in enumerate(words) if len(word) >= 4 and word.isalpha()]
    for index in chance.sample(places, (len(places) + 2) // 3):
        word, at = words[index], chance.randrange(1, len(words[index]) - 1)
        words[index] = chance.choice(
            [
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                word[:at] + chance.choice("abcdefghijklmnopqrstuvwxyz") + word[at + 1 :],
            ]
        )
    return " ".join(words)


class Prepared(NamedTuple):
    """Texts with their vectors."""

    texts: List[str]
    vectors: Floats

    def at(self, places: Sequence[int]) -> Prepared:
        """Some of them."""
        return Prepared([self.texts[place] for place in places], self.vectors[places])


def weighed(encoder: MiniLM, texts: Sequence[str]) -> Floats:
    """Vectors as the shipped pipeline makes them."""
    vectors = encoder.encode_layers(texts)
    return np.hstack([vectors[:, :WIDTH], EARLIER_LAYERS * vectors[:, WIDTH:]])


def right_share(model: IntentModel, prepared: Prepared, cases: Sequence[Case]) -> float:
    """How often the likeliest intent is right."""
    first = [
        model.rank(text, vector, 1, TEMPERATURE)[0].intent
        for text, vector in zip(prepared.texts, prepared.vectors, strict=True)
    ]
    return float(np.mean([intent in case.right for intent, case in zip(first, cases, strict=True)]))


def compare_settings(cases: Sequence[Case], sets: Dict[str, Prepared]) -> None:
    """Print the cross-validated share of right answers for every candidate."""
    labels = [case.right[0] for case in cases]
    splits = list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(labels, labels))
    print(f"{len(cases)} examples, {len(set(labels))} intents, {FOLDS} folds\n")
    print("regularisation  letters  neighbours  mended   right   right of misspelt")
    for settings in CANDIDATES:
        for kind in ("raw", "mended"):
            clean, noisy = [], []
            for train, test in splits:
                seen = sets[kind].at(train)
                model = IntentModel.fit(seen.texts, seen.vectors, [labels[place] for place in train], settings)
                asked = [cases[place] for place in test]
                clean.append(right_share(model, sets[kind].at(test), asked))
                noisy.append(right_share(model, sets[f"{kind} misspelt"].at(test), asked))
            print(
                f"{settings.inverse_regularisation:14.0f}  {settings.letter_weight:7.1f}  "
                f"{settings.neighbour_weight:10.2f}  {kind:6}  "
                f"{np.mean(clean):6.1%}  {np.mean(noisy):6.1%}",
                flush=True,
            )


def compare_thresholds(model: IntentModel, prepared: Prepared, cases: Sequence[Case]) -> None:
    """Print what every threshold does to sentences in and out of scope."""
    guesses = [
        model.rank(text, vector, 1, TEMPERATURE)[0]
        for text, vector in zip(prepared.texts, prepared.vectors, strict=True)
    ]
    outside = np.array([case.right[0].startswith("oos_") for case in cases])
    right = np.array([guess.intent in case.right for guess, case in zip(guesses, cases, strict=True)])
    refused = np.array([guess.intent.startswith("oos_") for guess in guesses])
    sure = np.array([guess.confidence for guess in guesses])
    print(f"\n{len(cases)} development sentences, {outside.sum()} of them out of scope\n")
    print("threshold  in scope: right  wrong  asked back   out of scope: taken for a topic or act")
    for threshold in THRESHOLDS:
        above = sure >= threshold
        print(
            f"{threshold:9.2f}  {(right & above)[~outside].mean():15.1%}  {(~right & above)[~outside].mean():5.1%}  "
            f"{(~above)[~outside].mean():10.1%}  {(~refused & above)[outside].mean():14.1%}"
        )


def main(paths: Sequence[str]) -> None:
    """Print all tables."""
    chance = random.Random(7)
    encoder, cases = MiniLM.load(), training_examples()
    speller = Speller.learn([case.text for case in cases], dictionary())
    raw = [case.text for case in cases]
    noisy = [misspelt(text, chance) for text in raw]
    texts = {
        "raw": raw,
        "raw misspelt": noisy,
        "mended": [speller.mend(text) for text in raw],
        "mended misspelt": [speller.mend(text) for text in noisy],
    }
    sets = {kind: Prepared(some, weighed(encoder, some)) for kind, some in texts.items()}
    compare_settings(cases, sets)
    development = list(development_cases([Path(path) for path in paths]))
    if development:
        known = sets["mended"]
        model = IntentModel.fit(known.texts, known.vectors, [case.right[0] for case in cases], CHOSEN)
        for spoil in (False, True):
            some = [misspelt(case.text, chance) if spoil else case.text for case in development]
            mended = [speller.mend(text) for text in some]
            print("\nmisspelt copies" if spoil else "\nas written", end="")
            compare_thresholds(model, Prepared(mended, weighed(encoder, mended)), development)


if __name__ == "__main__":
    main(sys.argv[1:])
