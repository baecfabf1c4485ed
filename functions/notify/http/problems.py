"""Error responses, as problem details (RFC 9457)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_lambda_powertools.event_handler import Response
from typing_extensions import TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http import HTTPStatus

CONTENT_TYPE = "application/problem+json"


class ProblemDetails(TypedDict):
    """Problem details for HTTP APIs, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str


def problem(status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None) -> Response[str]:
    """Return the response for `status`; `detail` is a sentence that says what to do."""
    document: ProblemDetails = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}
    return Response(
        status_code=status, content_type=CONTENT_TYPE, body=json.dumps(document), headers=dict(headers or {})
    )
