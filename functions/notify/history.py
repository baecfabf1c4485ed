"""The history function: tells support staff what an order's customer was sent, for API Gateway's HTTP API."""

# Powertools leaves exception_handler() without types.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import os
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

import boto3
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field
from typing_extensions import TypedDict

from functions.notify import aws, problems, scopes
from functions.notify.ledger import LedgerUnavailableError
from functions.notify.listing import Entry, Listing
from functions.notify.observability import logger, tracer
from functions.notify.problems import ProblemDetails, problem

if TYPE_CHECKING:
    from datetime import datetime

    from aws_lambda_powertools.event_handler.exceptions import NotFoundError
    from aws_lambda_powertools.utilities.typing import LambdaContext

READ_SCOPE = os.environ["NOTIFICATIONS_READ_SCOPE"]
IS_SAM_LOCAL = os.environ.get("AWS_SAM_LOCAL") == "true"
LONGEST_ORDER_ID = 100  # of those that notify takes; DynamoDB refuses to look for very long ones

STATUSES = (
    "`claimed`, `waiting`, `unknown`, `sent`, `failed` or `expired`; once the mail service has told more, `delayed`, "
    "`soft_bounced`, `rejected`, `delivered`, `bounced` or `complained`."
)


class ToldNotification(TypedDict):
    """One event that the customer was told of over one channel, or was to be, and what became of that."""

    event_id: str
    event_type: str | None
    channel: Annotated[str, Field(description="`mail` or `text`.")]
    status: Annotated[str, Field(description=STATUSES)]
    reason: str | None
    attempts: int
    possible_duplicate: Annotated[bool, Field(description="It may have been sent twice: an answer was lost.")]
    sent_at: str | None
    updated_at: Annotated[str, Field(description="Since when the status is known.")]


class OrderNotifications(TypedDict):
    """The notifications about an order, oldest first."""

    order_id: str
    notifications: list[ToldNotification]


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {problems.CONTENT_TYPE: {"model": ProblemDetails}}}


LIST_NOTIFICATIONS: dict[str, Any] = {
    "operation_id": "listNotifications",
    "summary": "See what the customer was sent",
    "description": (
        "For support staff, with the scope `notifications:read`: the notifications about an order that were sent or "
        "are to be, when, over which channel, and what became of them. They are known for 30 days. The list is "
        "empty, too, for an order that does not exist."
    ),
    "responses": {
        200: {
            "description": "The notifications, oldest first.",
            "content": {"application/json": {"model": OrderNotifications}},
        },
        # API Gateway answers these, in front of the function; without `content` they would be documented as a 200.
        401: {"description": "The token is missing, expired or not for this API.", "content": {}},
        403: {"description": "The token has not the scope for this.", "content": {}},
        429: {
            "description": "More requests than the API takes in a second. Send the same request again, later.",
            "content": {},
        },
        500: _problem("Something that nobody expected. Send the same request again, later."),
        503: {
            **_problem("The ledger is away or throttles. Send the same request again."),
            "headers": {"Retry-After": {"description": "Seconds to wait before that.", "schema": {"type": "string"}}},
        },
    },
}

listing = Listing(client=boto3.client("dynamodb", config=aws.IMPATIENT), table=os.environ["NOTIFICATIONS_TABLE"])
app = APIGatewayHttpResolver(enable_validation=True)


@app.get("/orders/<order_id>/notifications", **LIST_NOTIFICATIONS)
def list_notifications(
    order_id: Annotated[str, Path(description="As it was answered when the order was placed.")],
) -> OrderNotifications:
    """Answer what is known of the order's notifications."""
    scopes.require(READ_SCOPE, app.current_event.raw_event, is_sam_local=IS_SAM_LOCAL)
    entries = listing.of_order(order_id) if len(order_id) <= LONGEST_ORDER_ID else []
    return {"order_id": order_id, "notifications": [_told(entry) for entry in entries]}


def _told(entry: Entry) -> ToldNotification:
    return {
        "event_id": entry.event_id,
        "event_type": entry.event_type,
        "channel": entry.channel,
        "status": entry.status,
        "reason": entry.reason,
        "attempts": entry.attempts,
        "possible_duplicate": entry.possible_duplicate,
        "sent_at": _to_text(entry.sent_at) if entry.sent_at else None,
        "updated_at": _to_text(entry.updated_at),
    }


def _to_text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@app.exception_handler(scopes.UnauthenticatedError)
def unauthenticated(_: scopes.UnauthenticatedError) -> Response[str]:
    """401: only what has passed the API's authorizer is served."""
    return problem(
        HTTPStatus.UNAUTHORIZED, "Send a token, as Authorization: Bearer …", headers={"WWW-Authenticate": "Bearer"}
    )


@app.exception_handler(scopes.ForbiddenError)
def forbidden(_: scopes.ForbiddenError) -> Response[str]:
    """403: the token has not the scope."""
    return problem(HTTPStatus.FORBIDDEN, "Your token has not the scope that reading notifications takes.")


@app.exception_handler(LedgerUnavailableError)
def ledger_unavailable(error: LedgerUnavailableError) -> Response[str]:
    """503: DynamoDB is away or throttles; repeating the request is safe."""
    logger.warning("ledger unavailable", extra={"reason": str(error)})
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Notifications cannot be read right now: send the same request again.",
        headers={"Retry-After": "1"},
    )


@app.not_found
def route_unknown(_: NotFoundError) -> Response[str]:
    """404: no such route."""
    return problem(HTTPStatus.NOT_FOUND, "This function has /orders/{order_id}/notifications.")


@app.exception_handler(Exception)
def bug(error: Exception) -> Response[str]:
    """500: whatever nobody expected."""
    # Where it happened, without its message, which could quote what the ledger holds.
    stack = traceback.format_tb(error.__traceback__)
    logger.error("request failed unexpectedly", extra={"error": type(error).__qualname__, "stack": stack})
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "This is our fault: send the same request again later.")


@logger.inject_lambda_context(log_event=False)
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an event of API Gateway's HTTP API, payload version 2."""
    return app.resolve(event, context)
