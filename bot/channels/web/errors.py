"""Errors of the web role: a code, a message fit to show, a reference. Never a stack, never another client's data."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from bot.gateway import GONE, GatewayError, reference

logger = logging.getLogger(__name__)

_MESSAGES = {
    400: "That request could not be read.",
    401: "Please start the chat again.",
    403: "That is not allowed.",
    404: "There is nothing here.",
    405: "That is not possible here.",
    409: "I can't use that button any more.",
    413: "That message is too long for me.",
    415: "That request could not be read.",
    422: "Something in that request is not as it should be.",
    429: "Your messages came very fast. Please wait a moment and then go on.",
    503: "The service is not ready yet.",
}
_STATUS = {"payload_unknown": 409, GONE: 401}


class ApiError(Exception):
    """An error with a status of its own."""

    def __init__(
        self, status: int, code: str, message: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        self.status = status
        self.code = code
        self.message = message or _MESSAGES.get(status, "Something went wrong.")
        self.headers = headers
        super().__init__(code)


def response(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error in the form of the chat API, noted in the log by its reference."""
    number = reference()
    logger.info("Answered %s %s, reference %s", status, code, number)
    body = {"error": {"code": code, "message": message, "reference": number}}
    return JSONResponse(body, status_code=status, headers=headers)


def install(app: FastAPI) -> None:
    """Give every error of the application this form."""

    @app.exception_handler(ApiError)
    async def _api(_request: Request, error: ApiError) -> Response:
        return response(error.status, error.code, error.message, error.headers)

    @app.exception_handler(GatewayError)
    async def _gateway(_request: Request, error: GatewayError) -> Response:
        return response(_STATUS.get(error.code, 422), error.code, error.message)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> Response:
        if any(part["type"] == "json_invalid" for part in error.errors()):
            return response(400, "malformed_json", _MESSAGES[400])
        fields = sorted({".".join(str(p) for p in part["loc"][1:]) for part in error.errors()} - {""})
        message = _MESSAGES[422] + (f" Look at: {', '.join(fields[:5])}." if fields else "")
        return response(422, "invalid_request", message)

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, error: HTTPException) -> Response:
        code = {404: "not_found", 405: "method_not_allowed", 401: "unauthorized", 403: "forbidden"}.get(
            error.status_code, "refused"
        )
        headers: Any = error.headers
        return response(error.status_code, code, _MESSAGES.get(error.status_code, "Something went wrong."), headers)


def failed(error: Exception) -> JSONResponse:
    """The answer to an error that nobody foresaw. The log gets its kind and place: its message may hold client text."""
    number = reference()
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else "?"
    logger.error("Failed with %s in %s, reference %s", type(error).__name__, where, number)
    message = "Something went wrong on our side. Nothing you typed is lost. Please try again."
    return JSONResponse({"error": {"code": "failed", "message": message, "reference": number}}, status_code=500)
