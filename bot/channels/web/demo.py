"""A small website of another origin that shows the widget: for a look at it, and for the tests.

`/` is styled as a clinic's site may be. `/strict` is the same page under the strictest policy that the widget runs
under: no style sheet, no inline anything, nothing but the service's scripts and answers.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

OPTIONS = frozenset({"title", "accent", "locale", "label", "position", "theme", "dir"})

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<title>A clinic's website</title>
{style}
</head>
<body>
<header><strong>Willow Lane Clinic</strong><nav><a href="#team">Team</a><a href="#prices">Prices</a></nav></header>
<main>
<h1>Neuromuscular therapy in Springfield</h1>
<p>This page stands for the website of a clinic. It is of another origin than the chat.</p>
<p><a href="{service}/chat" data-nmt-open>Ask our assistant</a></p>
<h2 id="team">Team</h2>
{filler}
<h2 id="prices">Prices</h2>
{filler}
</main>
<noscript><p><a href="{service}/chat">Contact the clinic</a></p></noscript>
<script src="{service}/widget.js" defer{options}></script>
</body>
</html>
"""
_FILLER = "<p>A website has more to say than its chat, so that there is something to scroll behind it.</p>\n" * 9
_STYLE = """
html { font-size: 62.5%; }
* { letter-spacing: 0.01em; }
body { margin: 0; background: #fdfbf7; color: #2b2a27; font: 1.8rem/1.7 Georgia, serif; }
header { display: flex; justify-content: space-between; padding: 2rem max(2rem, 10vw); }
nav { display: flex; gap: 2.4rem; }
main { max-width: 68rem; margin: 0 auto; padding: 5rem 2rem 12rem; }
h1 { font-size: 4rem; line-height: 1.2; }
a { color: #0e655d; }
button { text-transform: uppercase; background: red; border-radius: 0; }
p { margin: 1.6rem 0; }
@media (prefers-color-scheme: dark) { body { background: #171a19; color: #e6e2da; } a { color: #7fd3c6; } }
"""


def strict_policy(service: str) -> str:
    """What the widget needs of a website's Content-Security-Policy, and nothing more."""
    return (
        f"default-src 'none'; script-src {service}; connect-src {service}; style-src 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def demo_app(service: str) -> Starlette:
    """The website. `service` is the origin of the running chat; a query such as `?accent=%23924` sets options."""

    def page(style: str, policy: str) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            given = {key: value for key, value in parse_qsl(request.url.query) if key in OPTIONS}
            options = "".join(f' data-{key}="{html.escape(value)}"' for key, value in given.items())
            text = _PAGE.format(service=service, options=options, style=style, filler=_FILLER)
            return HTMLResponse(text, headers={"Content-Security-Policy": policy})

        return answer

    def style(_request: Request) -> Response:
        return Response(_STYLE, media_type="text/css")

    strict = strict_policy(service)
    return Starlette(
        routes=[
            Route("/", page('<link rel="stylesheet" href="/site.css">', strict.replace("'none'; req", "'self'; req"))),
            Route("/strict", page("", strict)),
            Route("/site.css", style),
        ]
    )
