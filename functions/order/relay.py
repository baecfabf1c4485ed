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

from functions.order.drain import Drain, Drained
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
outbox = Outbox(client=dynamodb, table=table)
drain = Drain(
    outbox=outbox,
    publisher=kafka_publisher(budget=SEND_BUDGET, pause=0),
    clock=partial(datetime.now, UTC),
)
lease = Lease(client=dynamodb, table=table, name="relay", clock=time.time)


@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Publish what pends, and answer how much that was.

    The event `{"put_back": [order ids]}` puts orders back that were set aside, for a later run, and is answered with
    those that were. Of the schedule's event nothing is of use.
    """

    def time_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    if "put_back" in event:
        return {"put_back": [each for each in event["put_back"] if outbox.put_back(each, now=drain.clock())]}
    try:
        with lease.held(seconds=time_left() + LEASE_MARGIN):
            drained = drain.run(time_left=time_left)
    except LeaseTakenError:
        logger.info("another relay is at work")
        return {"skipped": "another relay is at work"}
    report = count(drained)
    logger.info("outbox drained", extra=report)
    return report


def count(drained: Drained) -> dict[str, Any]:
    """Count what a run did, and return the same in words."""
    oldest = drained.oldest_left
    age = (drain.clock() - oldest).total_seconds() if oldest else 0.0
    metrics.add_metric(name="EventsRelayed", unit=MetricUnit.Count, value=drained.published)
    metrics.add_metric(name="EventsUnpublishable", unit=MetricUnit.Count, value=drained.refused)
    if not drained.interrupted:  # else nobody knows, and the alarm takes that for bad news
        metrics.add_metric(name="OldestPendingSeconds", unit=MetricUnit.Seconds, value=age)
    return {
        "published": drained.published,
        "unpublishable": drained.refused,
        "left": len(drained.left),
        "oldest_pending_seconds": round(age, 3),
        "interrupted": drained.interrupted,
    }
