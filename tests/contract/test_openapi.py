"""The published description of the chat API names every route of the contract, and docs name what exists."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from tests.stack import Stack

ROOT = Path(__file__).parents[2]
ROUTES = {
    "/api/v1/conversations": {"post"},
    "/api/v1/conversations/{conversation_id}/messages": {"post", "get"},
    "/api/v1/conversations/{conversation_id}/events": {"get"},
    "/api/v1/conversations/{conversation_id}/export": {"get"},
    "/api/v1/conversations/{conversation_id}/telegram": {"post"},
    "/api/v1/conversations/{conversation_id}": {"delete"},
    "/api/v1/staff/screenings": {"get"},
    "/api/v1/staff/screenings/{id}": {"get"},
    "/api/v1/staff/screenings/{id}/claim": {"post"},
    "/api/v1/staff/screenings/{id}/decision": {"post"},
    "/api/v1/staff/bookings": {"get"},
    "/api/v1/staff/questions": {"get"},
    "/healthz": {"get"},
    "/readyz": {"get"},
    "/metrics": {"get"},
}


def test_every_route_of_the_contract_is_published(stack: Stack) -> None:
    paths = httpx.get(f"{stack.url}/api/v1/openapi.json", trust_env=False).json()["paths"]
    for path, methods in ROUTES.items():
        assert methods <= set(paths.get(path, {})), path
    for action in ("confirm", "decline", "propose", "cancel"):
        assert any(re.fullmatch(rf"/api/v1/staff/bookings/\{{\w+\}}/({action}|\{{\w+\}})", path) for path in paths), (
            action
        )


def test_reply_and_error_have_the_fields_of_the_contract(stack: Stack) -> None:
    schemas = httpx.get(f"{stack.url}/api/v1/openapi.json", trust_env=False).json()["components"]["schemas"]
    assert {"event_id", "text", "links", "buttons", "checklist", "meta"} <= set(schemas["Reply"]["properties"])
    assert set(schemas["ErrorBody"]["properties"]) == {"code", "message", "reference"}
    assert schemas["NewMessage"]["additionalProperties"] is False


def test_service_routes_answer(stack: Stack) -> None:
    assert httpx.get(f"{stack.url}/healthz", trust_env=False).json() == {"status": "up"}
    assert set(stack.ready()["parts"]) >= {"database", "engine", "model", "actions"}
    metrics = httpx.get(f"{stack.url}/metrics", trust_env=False).text
    assert "nmt_requests_total" in metrics
    missing = httpx.get(f"{stack.url}/nothing", trust_env=False)
    assert missing.status_code == 404
    assert missing.json()["error"]["code"] == "not_found"


def test_the_page_may_run_nothing_of_others(stack: Stack) -> None:
    page = httpx.get(stack.url, trust_env=False)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", page.text)


def test_rate_limits_say_when_to_come_back() -> None:
    from bot.channels.web.errors import ApiError
    from bot.channels.web.limits import RULES, Limits

    limits = Limits(enabled=True)
    allowed = int(RULES["messages"].split("/")[0])
    for _ in range(allowed):
        limits.check("messages", "one")
    with pytest.raises(ApiError) as refused:
        limits.check("messages", "one")
    assert refused.value.status == 429
    assert int((refused.value.headers or {})["Retry-After"]) >= 1
    limits.check("messages", "another")
    for _ in range(allowed + 5):
        Limits(enabled=False).check("messages", "one")


@pytest.mark.parametrize("page", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"], ids=lambda p: p.name)
def test_files_and_commands_that_docs_name_exist(page: Path) -> None:
    text = page.read_text()
    for link in re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", text):
        assert (page.parent / link).exists(), link
    named = re.findall(r"`((?:bot|actions|knowledge|data|domain|tests|scripts|docs|evaluation)/[\w./-]+)`", text)
    for path in named:
        assert (ROOT / path).exists() or list(ROOT.glob(path + "*")), path
