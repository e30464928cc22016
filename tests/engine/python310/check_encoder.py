"""The encoder gives the published vectors and refuses other weights."""

import sys
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf
from transformers import AutoTokenizer, TFAutoModel

from bot.encoder import Encoder
from bot.engine import weights
from bot.engine.encoder import VectorCache
from bot.engine.minilm import Floats, MiniLM

SENTENCES = [
    "What is neuromuscular therapy?",
    "does it hurt",
    "My neck is stiff since I slept badly, and my left arm tingles when I turn my head. Could a massage help me?",
    "¿Cuánto cuesta? 🙏",
    "word " * 400,
]


def expected(texts: list[str]) -> Floats:
    """The vectors as the model's own library computes them."""
    folder = str(weights.weights_directory())
    tokenizer, model = AutoTokenizer.from_pretrained(folder), TFAutoModel.from_pretrained(folder)
    rows = []
    for text in texts:
        tokens = tokenizer([text], return_tensors="tf", truncation=True, max_length=128)
        mean = tf.reduce_mean(model(**tokens).last_hidden_state, axis=1)
        rows.append(tf.math.l2_normalize(mean, axis=1).numpy()[0])
    return np.array(rows)


def earlier(texts: list[str]) -> Floats:
    """The means of the third and fourth layer, as the model's own library computes them."""
    folder = str(weights.weights_directory())
    tokenizer, model = AutoTokenizer.from_pretrained(folder), TFAutoModel.from_pretrained(folder)
    rows = []
    for text in texts:
        tokens = tokenizer([text], return_tensors="tf", truncation=True, max_length=128)
        states = model(**tokens, output_hidden_states=True).hidden_states
        means = [tf.reduce_mean(states[layer], axis=1) for layer in (3, 4)]
        rows.append([tf.math.l2_normalize(mean, axis=1).numpy()[0] for mean in means])
    return np.array(rows)


def main() -> None:
    """Run all checks."""
    encoder = MiniLM.load()
    together = encoder.encode(SENTENCES)
    assert np.abs(together - expected(SENTENCES)).max() < 1e-5
    alone = np.vstack([encoder.encode([text]) for text in SENTENCES])
    assert np.abs(together - alone).max() < 1e-5
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert encoder.encode([]).shape == (0, 384)
    layers = encoder.encode_layers(SENTENCES)
    assert np.allclose(layers[:, :384], together, atol=1e-5)
    assert np.allclose(layers[:, 384:].reshape(len(SENTENCES), -1, 384), earlier(SENTENCES), atol=1e-5)

    # The service computes the same network in NumPy, down to its approximate activation.
    assert np.abs(Encoder.load(layers=6).encode(SENTENCES[:4]) - together[:4]).max() < 5e-3

    with tempfile.TemporaryDirectory() as folder:
        forged = Path(folder) / "model.safetensors"
        forged.write_bytes(b"not the weights")
        try:
            weights.read_verified(forged, weights.WEIGHTS_SHA256)
        except weights.WeightsError:
            pass
        else:
            sys.exit("forged weights were accepted")
        path = Path(folder) / "cache" / "vectors.npz"
        first = VectorCache(path).encode(["a", "b", "a"])
        assert np.array_equal(first[0], first[2])
        again = VectorCache(path).encode(["b", "a"])
        assert np.array_equal(again[1], first[0])
        assert b"hello" not in path.read_bytes()


main()
