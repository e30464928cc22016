"""A plain website on loopback with one page per widget, and a host for the files of the others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>A website</title>
</head>
<body>
<h1>A clinic's website</h1>
{paragraphs}
{tags}
</body>
</html>
"""
_PARAGRAPHS = "<p>What a clinic has to say about itself, its people and its prices.</p>\n" * 20


def website_of(pages: Mapping[str, str]) -> Starlette:
    """The website: the same page at every path of `pages`, with the tags given for it. They may be added later."""

    def page(request: Request) -> HTMLResponse:
        tags = pages.get(request.path_params["name"])
        if tags is None:
            return HTMLResponse("no such page", 404)
        return HTMLResponse(_PAGE.format(paragraphs=_PARAGRAPHS, tags=tags))

    return Starlette(routes=[Route("/{name}", page)])


def host_of(folders: Mapping[str, Path]) -> Starlette:
    """Serves the packages compressed, as a content network does."""
    return Starlette(
        routes=[Mount(f"/{name}", StaticFiles(directory=folder)) for name, folder in folders.items()],
        middleware=[
            Middleware(CORSMiddleware, allow_origins=["*"]),
            Middleware(GZipMiddleware, minimum_size=500, compresslevel=9),
        ],
    )
