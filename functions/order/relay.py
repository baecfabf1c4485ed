"""The relay: each minute it publishes what the order function could not, so that no outage loses an event.

One relay works at a time. Its metric OldestPendingSeconds is how long the oldest event waits that it had to leave.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from functions.order.drain import Drain
from functions.order.dynamodb import dynamodb_client
from functions.order.lease import Lease, LeaseTakenError
from functions.order.observability import logger, metrics, tracer
from functions.order.outbox import Outbox
from functions.order.wiring import kafka_publisher

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Nobody waits for the relay: a slow broker gets more time than it has while a customer waits.
SEND_BUDGET = 8.0
# After the invocation's own end, for clocks that differ.
LEASE_MARGIN = 1.0

dynamodb = dynamodb_client()
table = os.environ["ORDERS_TABLE"]
drain = Drain(
    outbox=Outbox(client=dynamodb, table=table),
    publisher=kafka_publisher(budget=SEND_BUDGET, pause=0),
    clock=partial(datetime.now, UTC),
)
lease = Lease(client=dynamodb, table=table, name="relay", clock=time.time)


@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
@logger.inject_lambda_context(log_event=False)
def handler(_: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Publish what pends, and answer how much that was; the event that triggers it says nothing of use."""

    def time_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    try:
        with lease.held(owner=context.aws_request_id, seconds=time_left() + LEASE_MARGIN):
            drained = drain.run(time_left=time_left)
    except LeaseTakenError:
        logger.info("another relay is at work")
        return {"skipped": "another relay is at work"}
    oldest = drained.oldest_left
    age = (drain.clock() - oldest).total_seconds() if oldest else 0.0
    metrics.add_metric(name="EventsRelayed", unit=MetricUnit.Count, value=drained.published)
    metrics.add_metric(name="EventsUnpublishable", unit=MetricUnit.Count, value=drained.refused)
    metrics.add_metric(name="OldestPendingSeconds", unit=MetricUnit.Seconds, value=age)
    report = {
        "published": drained.published,
        "unpublishable": drained.refused,
        "left": len(drained.left),
        "oldest_pending_seconds": round(age, 3),
    }
    logger.info("outbox drained", extra=report)
    return report
