"""The feedback function: EventBridge hands it SES's events, and it moves their notifications on in the ledger.

An event that tells nothing of our notifications is done with. One that the ledger could not take fails: Lambda
tries it again, and then keeps it in the function's dead letters.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import boto3

from functions.notify import aws, ses_events
from functions.notify.metrics import Metric, Metrics
from functions.notify.observability import logger, tracer
from functions.notify.outcomes import Effect, Feedback, Outcome, Outcomes
from functions.notify.ses_events import Ignored

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

METRICS = {
    Outcome.DELAYED: Metric.DELAYED,
    Outcome.SOFT_BOUNCED: Metric.SOFT_BOUNCED,
    Outcome.REJECTED: Metric.REJECTED,
    Outcome.DELIVERED: Metric.DELIVERED,
    Outcome.BOUNCED: Metric.BOUNCED,
    Outcome.COMPLAINED: Metric.COMPLAINED,
}

outcomes = Outcomes(client=boto3.client("dynamodb", config=aws.IMPATIENT), table=os.environ["NOTIFICATIONS_TABLE"])
metrics = Metrics()


@logger.inject_lambda_context(log_event=False)
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Write down what became of a mail. Raises LedgerUnavailableError."""
    match ses_events.read(event):
        case Feedback() as feedback:
            _record(feedback)
        case Ignored(reason=reason):
            metrics.count(Metric.FEEDBACK_IGNORED)
            logger.info("feedback ignored", extra={"reason": reason})
    metrics.flush()


def _record(feedback: Feedback) -> None:
    effect = outcomes.record(feedback)
    keys = {
        "order_id": feedback.order_id,
        "notification_id": feedback.notification_id,
        "message_id": feedback.message_id,
        "outcome": feedback.outcome,
        "reason": feedback.reason,
    }
    if effect is Effect.NO_ENTRY:
        metrics.count(Metric.FEEDBACK_IGNORED)
        logger.warning("feedback of an unknown notification", extra=keys)
        return
    if effect is Effect.MOVED:
        metrics.count(METRICS[feedback.outcome])
    logger.info("feedback", extra={**keys, "effect": effect})
