"""Where Telegram calls, in the web role: the update is stored, and only then Telegram is told that it has arrived."""

from __future__ import annotations

import hmac
import logging
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.channels.telegram.inbox import Inbox, parse
from bot.context import Context
from bot.gateway import reference

logger = logging.getLogger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
BODY_LIMIT = 256 * 1024  # bytes; an update with everything in it is far smaller


def webhook_routes(context: Context) -> list[Route]:
    """The route of the webhook; none while Telegram is polled, or not used at all."""
    settings = context.settings
    if settings.telegram_token is None or settings.telegram_mode != "webhook":
        return []
    inbox = Inbox(context.database, int(settings.telegram_token.get_secret_value().partition(":")[0]))
    secret = settings.telegram_webhook_secret.get_secret_value().encode()

    async def called(request: Request) -> Response:
        """One update of Telegram. Whoever does not know the secret is not Telegram."""
        if not hmac.compare_digest(request.headers.get(SECRET_HEADER, "").encode(), secret):
            return Response(status_code=403)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_LIMIT:
                return Response(status_code=413)
        update = parse(body)
        if update is None:  # Telegram would bring it again and again
            logger.warning("Telegram sent something that is no update, reference %s", reference())
            return Response()
        try:
            await run_in_threadpool(inbox.store, [update])
        except (KeyError, TypeError, ValueError) as error:
            logger.error("An update has a form that is not known: %s, reference %s", type(error).__name__, reference())
        return Response()

    path = urlsplit(settings.telegram_webhook_url).path
    return [Route(path, called, methods=["POST"], include_in_schema=False)]
