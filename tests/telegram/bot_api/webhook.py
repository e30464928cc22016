"""Delivery of updates to a webhook.

Facts ("setWebhook", and how Telegram's own server does it): POST of one Update as JSON with the secret in
`X-Telegram-Bot-Api-Secret-Token`; anything but 2xx is tried again, after one second, then after twice as long each
time, `Retry-After` obeyed; the updates of one kind of one chat or person come one after the other, the others at the
same time over at most `max_connections` connections. So a message and a press of a button that follow each other may
arrive side by side, in any order.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from tests.telegram.bot_api.world import Waiting, Webhook, World


class Delivery:
    """Sends what waits to the webhook, as long as there is one. Lives in the server's loop.

    `routes` leads a public https address to where the service listens on this machine, as the reverse proxy in front
    of a real installation does.
    """

    def __init__(self, world: World, routes: Mapping[str, str], *, first_retry_s: float = 1.0) -> None:
        self._world = world
        self._routes = routes
        self._first_retry_s = first_retry_s
        self._busy: set[tuple[str, int]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self.attempts: list[tuple[int, int]] = []
        """Id of the update and HTTP status of each try; status 0 where there was no answer."""

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            try:
                while True:
                    await self._wake.wait()
                    self._wake.clear()
                    self._start(client)
            finally:
                for task in self._tasks:
                    task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, client: httpx.AsyncClient) -> None:
        with self._world.lock:
            hook = self._world.webhook
            if hook is None:
                return
            for update in self._world.waiting:
                if len(self._busy) >= hook.max_connections:
                    return
                if update.queue not in self._busy:
                    self._busy.add(update.queue)
                    task = asyncio.create_task(self._deliver(client, hook, update))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)

    async def _deliver(self, client: httpx.AsyncClient, hook: Webhook, update: Waiting) -> None:
        delay = self._first_retry_s
        try:
            while True:
                status, asked = await self._post(client, hook, update)
                if 200 <= status < 300:
                    with self._world.lock:
                        self._world.waiting = [one for one in self._world.waiting if one.id != update.id]
                        self._world.tell()
                    return
                await asyncio.sleep(asked or delay)
                delay *= 2
                with self._world.lock:
                    if self._world.webhook is not hook or update not in self._world.waiting:
                        return
        finally:
            self._busy.discard(update.queue)
            self._wake.set()

    async def _post(self, client: httpx.AsyncClient, hook: Webhook, update: Waiting) -> tuple[int, float]:
        headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret} if hook.secret else {}
        status, asked = 0, 0.0
        try:
            answer = await client.post(self._routed(hook.url), json=update.as_json(), headers=headers)
            status, error = answer.status_code, f"Wrong response from the webhook: {answer.status_code}"
            asked = float(answer.headers.get("Retry-After", 0))
        except httpx.HTTPError as failure:
            error = f"Connection failed: {type(failure).__name__}"
        with self._world.lock:
            self.attempts.append((update.id, status))
            if not 200 <= status < 300:
                hook.last_error, hook.last_error_date = error, int(self._world.wall())
        return status, asked

    def _routed(self, url: str) -> str:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        return url.replace(origin, self._routes.get(origin, origin), 1)
