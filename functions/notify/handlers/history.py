"""History function: tells support staff which notifications the customer of an order was sent, behind the HTTP API."""

# Powertools leaves exception_handler() without types.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.notify import bootstrap
from functions.notify.handlers.error_answers import ANSWERS, answer_to
from functions.notify.http import authorization, openapi
from functions.notify.http.schema import (  # noqa: TC001 - Powertools reads the annotations of routes
    NotificationRecord,
    OrderNotifications,
)
from functions.notify.logs import logger
from functions.notify.timestamps import api_form

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from functions.notify.ledger.queries import NotificationStatus

MAX_ORDER_ID = 100  # the longest that notify takes; DynamoDB refuses to query very long keys

settings = bootstrap.history_settings()
queries = bootstrap.ledger_queries()
app = APIGatewayHttpResolver(enable_validation=True)
app.exception_handler(list(ANSWERS))(answer_to)


@app.get("/orders/<order_id>/notifications", **openapi.LIST_NOTIFICATIONS)
def list_notifications(
    order_id: Annotated[str, Path(description="The id in the answer to the order.")],
) -> OrderNotifications:
    """Return the notifications about the order."""
    authorization.require(settings.read_scope, app.current_event.raw_event, is_sam_local=settings.is_sam_local)
    found = queries.of_order(order_id) if len(order_id) <= MAX_ORDER_ID else []
    return {"order_id": order_id, "notifications": [notification_record(each) for each in found]}


def notification_record(notification: NotificationStatus) -> NotificationRecord:
    """Build the API's answer for a notification."""
    return {
        "event_id": notification.event_id,
        "event_type": notification.event_type,
        "channel": notification.channel,
        "status": notification.status,
        "reason": notification.reason,
        "attempts": notification.attempts,
        "possible_duplicate": notification.possible_duplicate,
        "sent_at": api_form(notification.sent_at) if notification.sent_at else None,
        "updated_at": api_form(notification.updated_at),
    }


@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an event of API Gateway's HTTP API, payload version 2."""
    return app.resolve(event, context)
