"""An address of the engine at which a test stands between the question and the answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.stack import Stack, free_ports


class EngineProxy:
    """Passes everything on to the engine of a service. Use it as a context manager."""

    def __init__(self, stack: Stack) -> None:
        self.url = f"http://127.0.0.1:{free_ports(1)[0]}"
        self.before_answer: Callable[[str], None] = lambda path: None
        """Called with the path when the engine has answered and the answer is not yet on its way."""
        proxy, engine = self, f"http://127.0.0.1:{stack.env['NMT_ENGINE_PORT']}"

        class Handler(BaseHTTPRequestHandler):
            def _pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                kept = {name: self.headers[name] for name in ("X-NMT-Secret", "Content-Type") if self.headers[name]}
                answer = httpx.request(
                    self.command, engine + self.path, content=body, headers=kept, timeout=60, trust_env=False
                )
                proxy.before_answer(self.path)
                try:
                    self.send_response(answer.status_code)
                    self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
                    self.send_header("Content-Length", str(len(answer.content)))
                    self.end_headers()
                    self.wfile.write(answer.content)
                except OSError:
                    return  # who asked is gone

            do_GET = do_POST = do_DELETE = _pass_on

            def log_message(self, *_: Any) -> None:
                """Nothing of it belongs into the output of a test."""

        self._server = ThreadingHTTPServer(("127.0.0.1", int(self.url.rpartition(":")[2])), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="engine proxy", daemon=True)

    def __enter__(self) -> EngineProxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
