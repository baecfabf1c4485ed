"""Problem details: answers that say what went wrong (RFC 9457)."""

from __future__ import annotations

import json
import re
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Annotated, Any, NotRequired

from aws_lambda_powertools.event_handler import Response
from pydantic import Field
from typing_extensions import TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from http import HTTPStatus

CONTENT_TYPE = "application/problem+json"
MAX_ERRORS = 100

# Pydantic's messages name types of Python; these name the types of JSON.
_MESSAGES = {
    "dict_type": "Input should be a JSON object",
    "list_type": "Input should be a JSON array",
    "string_unicode": "Input should be Unicode text without lone surrogates",
}
_PRESENTABLE = re.compile(r"[A-Za-z0-9_-]{1,64}")


class WrongField(TypedDict):
    """An error of one field."""

    field: Annotated[str, Field(description="JSON pointer of the field.")]
    message: str


class Problem(TypedDict):
    """Problem details for HTTP APIs, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[list[WrongField]]


def problem(
    status: HTTPStatus,
    detail: str,
    *,
    errors: Iterable[WrongField] = (),
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """Build the answer for `status`. `detail` is a sentence that says what to do."""
    document: Problem = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}
    if errors := list(errors):
        document["errors"] = errors
    return Response(
        status_code=status,
        content_type=CONTENT_TYPE,
        body=json.dumps(document),
        headers=dict(headers or {}),
    )


def gateway_answer(response: Response[str]) -> dict[str, Any]:
    """Return `response` in the form of API Gateway, for answers before the resolver has the request."""
    return {"statusCode": response.status_code, "headers": response.headers, "body": response.body}


def wrong_fields(errors: Iterable[Mapping[str, Any]]) -> list[WrongField]:
    """Return Pydantic's errors about a body, at most MAX_ERRORS. They contain only field names of the body."""
    return [
        {"field": _pointer(error["loc"][1:]), "message": _MESSAGES.get(error["type"], error["msg"])}
        for error in islice(errors, MAX_ERRORS)
    ]


def _pointer(location: Iterable[str | int]) -> str:
    """Return the JSON pointer. It ends before a name that the caller invented and that could contain anything."""
    return "".join(f"/{name}" for name in takewhile(_PRESENTABLE.fullmatch, map(str, location)))
