"""Relay function: each minute it publishes the events that the order function could not, so that no outage loses one.

One relay works at a time. Its metric OldestPendingSeconds is the age of the oldest event that it had to defer.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from functions.order import bootstrap
from functions.order.handlers.powertools_metrics import metrics
from functions.order.handlers.relay_event import orders_to_requeue
from functions.order.logs import logger
from functions.order.outbox.lease import LeaseTakenError
from functions.order.outbox.relay import LEASE
from functions.order.settings import RelaySettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from functions.order.outbox.relay import RelayResult

settings = RelaySettings.from_environment(os.environ)
outbox = bootstrap.outbox(settings)
outbox_relay = bootstrap.outbox_relay(settings)
lease = bootstrap.relay_lease(settings)


def requeue(order_ids: list[str]) -> dict[str, Any]:
    """Put quarantined orders back for a later run, and return those that were quarantined."""
    return {"requeue": [each for each in order_ids if outbox.requeue(each, now=outbox_relay.clock())]}


def relay(context: LambdaContext) -> dict[str, Any]:
    """Publish pending events, and return how many, unless another relay is at work."""

    def time_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    try:
        with lease.held(seconds=LEASE) as renew_lease:
            result = outbox_relay.run(time_left=time_left, renew_lease=renew_lease)
    except LeaseTakenError:
        logger.info("another relay is at work")
        return {"skipped": "another relay is at work"}
    report = count(result)
    # An idle relay says nothing: its metrics tell that it runs.
    has_worked = any((result.published, result.quarantined, result.deferred, result.interrupted))
    log = logger.info if has_worked else logger.debug
    log("relay finished", extra=report)
    return report


def count(result: RelayResult) -> dict[str, Any]:
    """Count the result of a run as metrics, and return it as a report."""
    oldest = result.oldest_deferred
    age = (outbox_relay.clock() - oldest).total_seconds() if oldest else 0.0
    metrics.add_metric(name="EventsRelayed", unit=MetricUnit.Count, value=result.published)
    metrics.add_metric(name="EventsQuarantined", unit=MetricUnit.Count, value=result.quarantined)
    if not result.interrupted:  # else nobody knows the age, and the alarm takes a missing metric for bad news
        metrics.add_metric(name="OldestPendingSeconds", unit=MetricUnit.Seconds, value=age)
    return {
        "published": result.published,
        "quarantined": result.quarantined,
        "deferred": len(result.deferred),
        "oldest_pending_seconds": round(age, 3),
        "interrupted": result.interrupted,
    }


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle the schedule's event, whose content is ignored, an empty one, or `{"requeue": [order ids]}`."""
    order_ids = orders_to_requeue(event)
    return relay(context) if order_ids is None else requeue(order_ids)
