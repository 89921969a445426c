"""The one place where an error becomes an answer: its status, its shape."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from satsuma.errors import SatsumaError
from satsuma.shapes import plain_value

#: The status of each code; what is not here is our own fault.
STATUS: dict[str, int] = {
    "wrong_use": 400,
    "malformed": 400,
    "not_signed_in": 401,
    "not_allowed": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "in_use": 409,
    "changed": 409,
    "not_run": 409,
    "gone": 410,
    "too_large": 413,
    "definition": 422,
    "source": 422,
    "evaluation": 422,
    "export": 422,
    "invalid": 422,
    "vendor": 422,
    "too_many": 429,
    "error": 500,
    "unforeseen": 500,
    "busy": 503,
    "stopped": 503,
    "workspace": 503,
}


class ErrorFacts(BaseModel):
    """What went wrong, in words for people and a code for programs."""

    model_config = ConfigDict(extra="allow")

    code: str = Field(description="Stable, for programs.")
    message: str = Field(description="What is wrong and where, in a sentence.")
    hint: str = Field(description="What is allowed, and what to do next.")
    details: list[dict[str, Any]] = Field(description="Each mistake with its place, where there are several.")


class ErrorAnswer(BaseModel):
    """The shape of every answer that is not a success."""

    error: ErrorFacts
    request_id: str


class Answer(BaseModel):
    """The shape of every success."""

    data: Any
    request_id: str


_MEANING = {
    400: "The request is malformed, or asks for what there is not.",
    401: "No key and no session, or ones that do not count.",
    403: "The key or the role does not allow this.",
    404: "A name that is not there, with the nearest known ones.",
    409: "Others use it, or somebody changed it meanwhile.",
    413: "Larger or deeper than allowed.",
    422: "Understood, and wrong: each mistake is named.",
    429: "Too many requests; Retry-After says how long to wait.",
    500: "Something nobody foresaw.",
    503: "Busy or stopping; Retry-After says how long to wait.",
}
#: For the description of every route.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": text} for status, text in _MEANING.items() if status != 500
}


def request_id(request: Request) -> str:
    """Return the id under which a request is found in the logs."""
    return str(request.scope.get("satsuma.request_id", ""))


def error_body(error: Mapping[str, Any], number: str) -> dict[str, Any]:
    """Return the one error shape."""
    facts = {"hint": "", "details": [], **error}
    return {"error": plain_value(facts), "request_id": number}


def error_answer(error: SatsumaError, number: str) -> JSONResponse:
    """Return the answer for an error that Satsuma raised on purpose."""
    headers = {}
    if "retry_after" in error.facts:
        headers["Retry-After"] = str(error.facts["retry_after"])
    if error.code == "not_signed_in":
        headers["WWW-Authenticate"] = 'Bearer realm="satsuma"'
    status = STATUS.get(error.code, 500)
    facts = {key: value for key, value in error.as_dict()["error"].items() if key not in ("log", "path")}
    return JSONResponse(error_body(facts, number), status_code=status, headers=headers)


def simple(code: str, message: str, number: str, hint: str = "", **facts: Any) -> JSONResponse:
    """Return the answer for an error that has no class of its own."""
    body = error_body({"code": code, "message": message, "hint": hint, **facts}, number)
    return JSONResponse(body, status_code=STATUS[code])


_FIELD = re.compile("[a-z_]{1,40}|[0-9]{1,6}")
_SENTENCES = {404: ("not_found", "There is nothing here."), 405: ("method_not_allowed", "This is not done here.")}


def install(app: FastAPI) -> None:
    """Let every error of an app be answered in the one shape."""

    @app.exception_handler(SatsumaError)
    async def own(request: Request, error: SatsumaError) -> JSONResponse:
        return error_answer(error, request_id(request))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # What was given is not repeated: it may be a customer's.
        found = [
            {"path": _place(item["loc"]), "line": None, "message": item["msg"], "nearest": []}
            for item in error.errors()
        ]  # fmt: skip
        if any(item["type"] == "json_invalid" for item in error.errors()):
            return simple("malformed", "The body is not JSON.", request_id(request), "Send one JSON value in UTF-8.")
        if any(item["type"] == "model_attributes_type" and item["loc"] == ("body",) for item in error.errors()):
            hint = "Send one JSON object, with the header Content-Type: application/json."
            return simple("invalid", "The body is not a JSON object.", request_id(request), hint, details=found)
        first = found[0]
        message = f"'{first['path']}': {first['message']}." if len(found) == 1 else f"{len(found)} mistakes were found."
        return simple("invalid", message, request_id(request), "Mend what is named and try again.", details=found)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        code, message = _SENTENCES.get(error.status_code, ("malformed", "The request cannot be read."))
        answer = simple(code, message, request_id(request), "See /api/v1/openapi.json.")
        if error.headers:
            answer.headers.update(error.headers)
        return answer


def _place(parts: Sequence[Any]) -> str:
    """Return where a mistake is: names of fields and numbers, not what somebody wrote in place of them."""
    return ".".join(str(part) for part in parts if _FIELD.fullmatch(str(part)))
