"""The widget as it is served: its modules put together, made small, compressed once, named after their content."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import rcssmin  # type: ignore[import-untyped]
import rjsmin  # type: ignore[import-untyped]

SOURCE = Path(__file__).parent / "widget"
YEAR_S = 365 * 24 * 3600

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const)\b)", re.MULTILINE)
_NAME = re.compile(r"^(?:async )?(?:function\*?|class|const|let) (\w+)", re.MULTILINE)
_PRIVATE = re.compile(r"^\s+(?:async |get |set |static )*\*?#(\w+)", re.MULTILINE)

_AT_ONCE = {"label": "launcher.label", "open": "launcher.open", "failed": "launcher.failed"}
"""The sentences of the button, which needs them before it may ask for anything."""


@dataclass(frozen=True)
class Asset:
    """One file, ready to be sent."""

    body: bytes
    media_type: str
    lasting: bool = False  # its name changes with its content
    compressed: bytes = field(init=False)
    tag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compressed", gzip.compress(self.body, 9, mtime=0))
        object.__setattr__(self, "tag", hashlib.sha256(self.body).hexdigest()[:12])


@dataclass(frozen=True)
class Assets:
    """Every file of the widget by its path, and where the page of its own finds what it needs."""

    files: Mapping[str, Asset]
    app: str
    page_script: str
    page_style: str


def build(strings: Mapping[str, Mapping[str, str]], *, phone: str | None, emergency: str | None, locale: str) -> Assets:
    """Put the files together.

    Args:
        strings: the sentences by language (`load_strings`).
        phone: the clinic's number, shown where the widget cannot be loaded or the service is not there.
        emergency: the emergency number, shown as long as nobody reads what is typed.
        locale: the language to use where the page and the browser name none that there is.
    """
    files: dict[str, Asset] = {}

    def lasting(stem: str, ending: str, text: str, media_type: str) -> str:
        asset = Asset(text.encode(), media_type, lasting=True)
        path = f"/widget/{stem}.{asset.tag}.{ending}"
        files[path] = asset
        return path

    style = _style("style.css")
    app = lasting("app", "js", _filled(_bundle("panel.js", "mount"), STYLE=style), "text/javascript")
    languages = {
        tag: {"url": lasting(tag, "json", _json(_own(table)), "application/json"), **_launcher(table)}
        for tag, table in strings.items()
    }
    numbers = {"phone": phone or "", "emergency": emergency or ""}
    loader = {
        "app": app,
        "style": _style("launcher.css"),
        **numbers,
        "locale": locale,
        "languages": languages,
    }
    files["/widget.js"] = Asset(_filled(_bundle("loader.js"), BUILT=loader).encode(), "text/javascript")
    urls = {
        **numbers,
        "locale": locale,
        "languages": {tag: {"url": language["url"]} for tag, language in languages.items()},
    }
    script = lasting("page", "js", _filled(_bundle("page.js", ""), BUILT=urls, APP=app), "text/javascript")
    page_style = lasting("page", "css", _style("page.css"), "text/css")
    files["/widget/favicon.svg"] = Asset((SOURCE / "favicon.svg").read_bytes(), "image/svg+xml")
    return Assets(files, app, script, page_style)


def _style(name: str) -> str:
    return str(rcssmin.cssmin((SOURCE / name).read_text("utf-8")))


def _own(table: Mapping[str, str]) -> Mapping[str, str]:
    """What is needed once the chat was opened."""
    return {key: text for key, text in table.items() if key not in (*_AT_ONCE.values(), "language")}


def _launcher(table: Mapping[str, str]) -> Mapping[str, str]:
    return {name: table[key] for name, key in _AT_ONCE.items()} | {"dir": table["dir"]}


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _filled(code: str, **values: object) -> str:
    for name, value in values.items():
        code = code.replace(f'"__{name}__"', _json(value))
    return code


def _bundle(entry: str, exports: str | None = None) -> str:
    """A module and everything it imports as one file, in the order in which they need each other.

    The modules share one scope in it, so a name may be given at the top of one module only.

    Args:
        entry: the file to begin with.
        exports: what the made module exports; None makes a classic script of it.
    """
    parts: dict[str, str] = {}
    _gather(entry, parts)
    owners: dict[str, str] = {}
    for name, code in parts.items():
        for given in _NAME.findall(code):
            if given in owners:
                raise ValueError(f"{given} is in {owners[given]} and in {name}")
            owners[given] = name
    code = str(rjsmin.jsmin(_shortened("\n".join(parts.values()))))
    if exports is None:
        return f'(()=>{{"use strict";{code}}})();'
    return f"{code}\nexport{{{exports}}};" if exports else code


def _shortened(code: str) -> str:
    """Private names made short: nothing outside their class can know them, so this is safe."""
    names = sorted(set(_PRIVATE.findall(code)))
    short = {name: f"{string.ascii_letters[place % 52]}{place // 52 or ''}" for place, name in enumerate(names)}
    pattern = re.compile(rf"(?<![\w\"'])#({'|'.join(names)})\b(?!-)")
    return pattern.sub(lambda found: f"#{short[found[1]]}", code) if names else code


def _gather(name: str, parts: dict[str, str]) -> None:
    if name in parts:
        return
    code = (SOURCE / name).read_text("utf-8")
    for needed in _IMPORT.findall(code):
        _gather(needed, parts)
    parts[name] = _EXPORT.sub("", _IMPORT.sub("", code))
