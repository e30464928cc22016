"""One running service for all tests that need it; each opens conversations of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import stack as running
from tests.stack import Client, Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    site = f"http://127.0.0.1:{running.free_ports(1)[0]}"  # of a website that may show the widget
    yield from running.running(running.start(tmp_path_factory.mktemp("service") / "data", NMT_EMBED_ORIGINS=site))


@pytest.fixture
def client(stack: Stack) -> Client:
    return stack.chat()


@pytest.fixture(scope="session")
def staff(stack: Stack) -> Iterator[httpx.Client]:
    with stack.staff("owner") as http:
        yield http


@pytest.fixture
def fresh_stack(tmp_path: Path) -> Iterator[Stack]:
    """A service of one's own, for tests that break it."""
    yield from running.running(running.start(tmp_path / "data"))
