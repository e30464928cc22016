"""Other chat widgets, fetched from npm for the measurement only and forgotten afterwards."""

from __future__ import annotations

import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

FETCH_WITHIN_S = 90


@dataclass(frozen=True)
class Other:
    """A widget of somebody else, embedded as its own documentation says.

    Attributes:
        name: also the path of its page.
        package: its name in npm.
        tags: what a page needs; `{files}` is where the package is served.
        ready: a selector of what is there once it is shown.
        note: what one has to know to compare it.
    """

    name: str
    package: str
    tags: str
    ready: str
    note: str


OTHERS = (
    Other(
        "rasa-chat-widget",
        "@rasahq/chat-widget-ui",
        '<link rel="stylesheet" href="{files}/dist/rasa-chatwidget/rasa-chatwidget.css">'
        '<script type="module" src="{files}/dist/rasa-chatwidget/rasa-chatwidget.esm.js"></script>'
        '<rasa-chatbot-widget server-url="{files}"></rasa-chatbot-widget>',
        "rasa-chatbot-widget",
        "Rasa's own widget, under the package name that its README gives.",
    ),
    Other(
        "rasa-webchat",
        "rasa-webchat",
        '<script src="{files}/lib/index.js"></script>'
        '<script>WebChat.default({{socketUrl: "{files}", title: "Chat", connectOn: "open", '
        "hideWhenNotConnected: false}}, null);</script>",
        ".rw-launcher",
        "botfront's. Without the connection that it makes at once otherwise (`connectOn: open`).",
    ),
    Other(
        "deep-chat",
        "deep-chat",
        '<script type="module" src="{files}/dist/deepChat.bundle.js"></script>'
        """<deep-chat connect='{{"url": "{files}/answer"}}'></deep-chat>""",
        "deep-chat #text-input",
        "Has no button to open it: the chat itself is on the page.",
    ),
)


@dataclass(frozen=True)
class Fetched:
    """Where a package lies; without a folder, `missing` says why there is none."""

    version: str = ""
    folder: Path | None = None
    missing: str = ""


def fetch(package: str, folder: Path) -> Fetched:
    """Get the newest version of a package. None of its scripts is run, and nothing that it depends on is fetched."""
    folder.mkdir(parents=True)
    command = ["npm", "pack", "--ignore-scripts", "--pack-destination", str(folder), package]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=FETCH_WITHIN_S)
    except FileNotFoundError:
        return Fetched(missing="npm is not installed")
    except subprocess.TimeoutExpired:
        return Fetched(missing=f"npm did not answer within {FETCH_WITHIN_S} s")
    if done.returncode:
        gone = "E404" in done.stdout + done.stderr
        return Fetched(missing="npm knows no such package" if gone else "npm could not fetch it")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    version = json.loads((folder / "package" / "package.json").read_text("utf-8"))["version"]
    return Fetched(version, folder / "package")
