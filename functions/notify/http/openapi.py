"""OpenAPI document: its texts and answers, beside the models. People read it as a page."""

from __future__ import annotations

from typing import Any

from functions.notify.http import problems
from functions.notify.http.problems import ProblemDetails
from functions.notify.http.schema import OrderNotifications


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {problems.CONTENT_TYPE: {"model": ProblemDetails}}}


# API Gateway gives these answers, in front of the function. Without `content` Powertools would document them as a 200.
_UNAUTHORIZED = {"description": "The token is missing, expired or not for this API.", "content": {}}
_FORBIDDEN = {"description": "The token does not have the scope for this.", "content": {}}
_TOO_MANY = {
    "description": "More requests than the API takes in a second. Send the same request again, later.",
    "content": {},
}
_OUR_FAULT = _problem("An unexpected error. Send the same request again, later.")
_UNAVAILABLE = {
    **_problem("The ledger is unavailable or throttles. Send the same request again."),
    "headers": {"Retry-After": _header("Seconds to wait before that.")},
}

LIST_NOTIFICATIONS: dict[str, Any] = {
    "operation_id": "listNotifications",
    "summary": "List the notifications of an order",
    "description": (
        "For support staff, with the scope `notifications:read`: the notifications about an order, with their "
        "channel, their time and their status. The ledger keeps them for 30 days. The list is also empty for an order "
        "that does not exist."
    ),
    "responses": {
        200: {
            "description": "The notifications, oldest first.",
            "content": {"application/json": {"model": OrderNotifications}},
        },
        401: _UNAUTHORIZED,
        403: _FORBIDDEN,
        404: _problem("No order has an id of this form."),
        429: _TOO_MANY,
        500: _OUR_FAULT,
        503: _UNAVAILABLE,
    },
}
