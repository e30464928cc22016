"""State lives in SQL and in the engine: nothing of python-telegram-bot keeps any (T22)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

CHANNEL = Path(__file__).parents[2] / "bot" / "channels" / "telegram"
KEEPERS = frozenset({"pickle", "shelve", "marshal", "dill"})
FROM_TELEGRAM_EXT = frozenset({"ExtBot", "AIORateLimiter"})
"""What is used of the library's upper layer: none of its queues, handlers or persistence."""


@pytest.mark.parametrize("path", sorted(CHANNEL.glob("*.py")), ids=lambda path: path.name)
def test_the_channel_keeps_no_state_beside_the_store(path: Path) -> None:
    taken, modules = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(str(node.module))
            taken |= {alias.name for alias in node.names if str(node.module).startswith("telegram.ext")}
    assert taken <= FROM_TELEGRAM_EXT
    assert not {module.partition(".")[0] for module in modules} & KEEPERS
