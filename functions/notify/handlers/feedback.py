"""The feedback function: EventBridge passes it SES's events, and it writes their delivery status into the ledger.

It ignores an event that is not about a notification in the ledger. If the ledger cannot be written, the function
fails: Lambda retries the event, and then puts it into the function's dead-letter queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.notify import bootstrap
from functions.notify.feedback import ses_events
from functions.notify.feedback.delivery_status import DeliveryStatus, Feedback, UpdateResult
from functions.notify.feedback.ses_events import Ignored
from functions.notify.logs import logger
from functions.notify.metrics import Metric

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

METRICS = {
    DeliveryStatus.DELAYED: Metric.DELAYED,
    DeliveryStatus.SOFT_BOUNCED: Metric.SOFT_BOUNCED,
    DeliveryStatus.REJECTED: Metric.REJECTED,
    DeliveryStatus.DELIVERED: Metric.DELIVERED,
    DeliveryStatus.BOUNCED: Metric.BOUNCED,
    DeliveryStatus.COMPLAINED: Metric.COMPLAINED,
}

store = bootstrap.delivery_status_store()
metrics = bootstrap.metrics()


@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Write the delivery status of a mail into the ledger. Raises LedgerUnavailableError."""
    match ses_events.read(event):
        case Feedback() as feedback:
            _record(feedback)
        case Ignored(reason=reason):
            metrics.count(Metric.FEEDBACK_IGNORED)
            logger.info("feedback ignored", extra={"reason": reason})
    metrics.flush()


def _record(feedback: Feedback) -> None:
    result = store.record(feedback)
    keys = {
        "order_id": feedback.order_id,
        "notification_id": feedback.notification_id,
        "message_id": feedback.message_id,
        "status": feedback.status,
        "reason": feedback.reason,
    }
    if result is UpdateResult.NO_ENTRY:
        metrics.count(Metric.FEEDBACK_IGNORED)
        logger.warning("feedback of an unknown notification", extra=keys)
        return
    if result is UpdateResult.UPDATED:
        metrics.count(METRICS[feedback.status])
    logger.info("feedback", extra={**keys, "result": result})
