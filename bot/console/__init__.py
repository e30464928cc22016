"""The staff console: server-drawn pages under /console that work without JavaScript."""

from __future__ import annotations

from starlette.routing import BaseRoute, Mount, Route

from bot.console import account_pages, work_pages
from bot.console.app import HOME, Console, see
from bot.review import StaffContext

PAGES = (*work_pages.PAGES, *account_pages.PAGES)
"""Every page that needs an account, with the roles it lets in."""


def console_routes(context: StaffContext) -> list[BaseRoute]:
    """The console's routes, for the web application to include."""
    application = Console(context).application(PAGES, account_pages.PUBLIC)

    async def home(_request: object) -> object:
        return see(f"{HOME}/queue")

    return [Route(HOME, home), Mount(HOME, application)]


__all__ = ["PAGES", "console_routes"]
