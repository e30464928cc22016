"""The engine remembers which model worked: for a start in the middle of somebody's editing."""

import json
import os
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    os.environ["NMT_DATA_DIR"] = folder
    from bot.engine import paths

    assert paths.remembered() is None
    (Path(folder) / "models").mkdir()
    paths.model_path("abc").write_bytes(b"a model")
    paths.remember("abc")
    assert paths.remembered() == "abc"

    # Made for other components: it would not be understood.
    note = Path(folder) / "model.json"
    kept = note.read_text(encoding="utf-8")
    note.write_text(json.dumps({**json.loads(kept), "components": "others"}), encoding="utf-8")
    assert paths.remembered() is None

    note.write_text(kept, encoding="utf-8")
    paths.model_path("abc").unlink()
    assert paths.remembered() is None

    note.write_text("half", encoding="utf-8")
    assert paths.remembered() is None

# What lies beside Rasa's files in data/ is no input of the model.
inputs = {path.relative_to(paths.ROOT).parts[:2] for path in paths.model_inputs() if "data" in path.parts}
assert inputs <= {("data", "nlu"), ("data", "stories")}, inputs
print("ok")
