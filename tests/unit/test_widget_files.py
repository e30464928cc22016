"""The widget's files as they are put together, its sentences, and which origins are let in."""

from __future__ import annotations

import asyncio
import gzip
import re
import shutil
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.channels.web import assets, embedding
from bot.channels.web.strings import load_strings
from bot.knowledge import KnowledgeError

KNOWLEDGE = Path(__file__).parents[2] / "knowledge"
STRINGS = load_strings(KNOWLEDGE)
BUILT = assets.build(STRINGS, phone="+1 202-555-0143", emergency="911", locale="en")


def ask(app: Starlette, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """What an application answers; `_` in the name of a header stands for `-`."""

    async def sent() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            return await client.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return asyncio.run(sent())


# ---------------------------------------------------------------- files


def test_names_change_with_the_content_and_only_then() -> None:
    again = assets.build(STRINGS, phone="+1 202-555-0143", emergency="911", locale="en")
    assert set(again.files) == set(BUILT.files)
    other = assets.build(
        {**STRINGS, "es": {**STRINGS["es"], "page.title": "Otra"}}, phone=None, emergency=None, locale="en"
    )
    changed = {path for path in set(other.files) - set(BUILT.files) if path.startswith("/widget/es.")}
    assert len(changed) == 1
    assert other.app == BUILT.app


def test_modules_are_one_file_without_a_way_out() -> None:
    code = BUILT.files[BUILT.app].body.decode()
    assert not re.search(r"\b(?:import|require)\b[({'\"]|from\"|sourceMappingURL|__STYLE__", code)
    assert code.rstrip().endswith("export{mount};")
    loader = BUILT.files["/widget.js"].body.decode()
    assert loader.startswith('(()=>{"use strict";')
    assert BUILT.app in loader
    assert "__BUILT__" not in loader


_BANNED = r"(?:inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|DOMParser|\.cssText"


def test_nothing_in_the_widget_makes_markup_or_code_of_text() -> None:
    for path in assets.SOURCE.glob("*.js"):
        code = path.read_text("utf-8")
        banned = (
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|DOMParser|\.cssText"
        )
        assert not re.search(banned, code), path.name


def test_no_other_host_is_named() -> None:
    for path, asset in BUILT.files.items():
        found = set(re.findall(rb"https?://[^\s\"'<>)]+", asset.body)) - {b"http://www.w3.org/2000/svg"}
        assert not found, path


def test_a_name_at_the_top_of_two_modules_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.js").write_text('import { a } from "./two.js";\nconst SAME = 1;\nexport function b() {}\n')
    (tmp_path / "two.js").write_text("const SAME = 2;\nexport const a = 1;\n")
    monkeypatch.setattr(assets, "SOURCE", tmp_path)
    with pytest.raises(ValueError, match=r"SAME is in two\.js and in one\.js"):
        assets._bundle("one.js", "b")


def test_private_names_are_short_and_strings_are_left_alone() -> None:
    code = (
        "class A {\n  #long = 1;\n  get #other() { return this.#long; }\n"
        '  f() { return ["#long", "#other-id", #long in this]; }\n}\n'
    )
    short = assets._shortened(code)
    assert '"#long", "#other-id"' in short
    assert "this.#long" not in short
    assert short.count("#a") == 3


def test_files_are_sent_compressed_lasting_and_to_everybody() -> None:
    def send(request: Request) -> Response:
        return embedding.answered(request, BUILT.files[BUILT.app])

    app = Starlette(routes=[Route("/", send)])
    answer = ask(app, "/", accept_encoding="gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.content == BUILT.files[BUILT.app].body == gzip.decompress(BUILT.files[BUILT.app].compressed)
    assert "content-encoding" not in ask(app, "/", accept_encoding="identity").headers
    again = ask(app, "/", if_none_match=answer.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    loader = BUILT.files["/widget.js"]
    assert not loader.lasting  # its name stays, so it is asked for again


# ---------------------------------------------------------------- sentences


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("page.title: Chat\n", "", "page.title: is missing"),
        ("page.title: Chat\n", "page.title: Chat\npage.titel: Chat\n", "page.titel: is not in en.yml"),
        ('"Paso {index} de {total}"', '"Paso {index}"', "must hold the same braces as en.yml: {index}, {total}"),
        ("dir: ltr", "dir: left", "must be ltr or rtl"),
        ("page.title: Chat\n", "page.title: 4\n", "page.title: is not a sentence"),
    ],
)
def test_a_language_that_is_not_complete_stops_the_start(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = Path(shutil.copytree(KNOWLEDGE / "widget", tmp_path / "widget"))
    text = (folder / "es.yml").read_text("utf-8")
    assert old in text
    (folder / "es.yml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(KnowledgeError, match=re.escape(message)):
        load_strings(tmp_path)


def test_english_has_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "widget").mkdir()
    (tmp_path / "widget" / "es.yml").write_text("dir: ltr\n")
    with pytest.raises(KnowledgeError, match=r"en\.yml: is missing"):
        load_strings(tmp_path)


def test_every_sentence_is_used_and_every_used_one_is_there() -> None:
    code = "\n".join(path.read_text("utf-8") for path in assets.SOURCE.glob("*.js"))
    served = Path(assets.__file__).read_text("utf-8") + Path(embedding.__file__).read_text("utf-8")
    named = set(re.findall(r'"([a-z]+(?:\.[a-z_]+)*)"', code + served))
    families = ("author.", "booking.state.", "list.choice.", "again.", "erase.")  # put together from two parts
    unused = {key for key in STRINGS["en"].keys() - named if not key.startswith(families)}
    assert unused == set()
    assert set(re.findall(r'\bt\(\s*"([a-z_.]+)"', code)) <= STRINGS["en"].keys()


# ---------------------------------------------------------------- origins


@pytest.fixture
def guarded() -> Starlette:
    def answer(_request: Request) -> Response:
        return PlainTextResponse("in")

    routes = [Route(path, answer) for path in ("/api/v1/page", "/api/v1/conversations/1", "/api/v1/staff/screenings")]
    origins = embedding.Origins(("https://www.example.com",), "https://chat.example.com/")
    return Starlette(routes=routes, middleware=[Middleware(BaseHTTPMiddleware, dispatch=origins)])


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("https://www.example.com", 200),
        ("https://chat.example.com", 200),  # its own, behind a proxy
        ("http://127.0.0.1:8080", 200),  # its own, by the name that was asked for
        ("https://evil.example", 403),
        ("https://www.example.com.evil.example", 403),
        ("http://www.example.com", 403),
        ("null", 403),
    ],
)
def test_only_listed_origins_reach_the_client_api(guarded: Starlette, origin: str | None, status: int) -> None:
    for path in ("/api/v1/page", "/api/v1/conversations/1"):
        answer = ask(guarded, path, **({"origin": origin} if origin else {}))
        assert answer.status_code == status
        listed = origin == "https://www.example.com"
        assert answer.headers.get("access-control-allow-origin") == (origin if listed else None)


def test_the_staff_side_is_for_no_other_origin(guarded: Starlette) -> None:
    path, origin = "/api/v1/staff/screenings", "https://www.example.com"
    assert "access-control-allow-origin" not in ask(guarded, path, origin=origin).headers
    assert ask(guarded, path, "OPTIONS", origin=origin, access_control_request_method="GET").status_code == 405


def test_the_page_may_be_framed_by_listed_origins_only() -> None:
    assert "frame-ancestors 'none'" in embedding.policy(())
    assert "frame-ancestors https://a.example https://b.example;" in embedding.policy(
        ("https://a.example", "https://b.example")
    )
