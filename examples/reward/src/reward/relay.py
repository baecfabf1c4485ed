"""Relay function: each minute it publishes the events that the consumer could not.

Its metric OldestPendingSeconds is the age of the oldest event that it had to leave.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from reward.aws_config import SHORT_TIMEOUTS
from reward.events import rfc3339
from reward.kafka_publisher import BUDGET, KafkaPublisher, producer_factory
from reward.logs import logger
from reward.outbox import Outbox

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# For so long the consumer may still be publishing an event that it recorded: its timeout, and clocks differ.
MIN_AGE = timedelta(seconds=40)

metrics = Metrics()
outbox = Outbox(
    table=boto3.resource("dynamodb", config=SHORT_TIMEOUTS).Table(os.environ["REWARDS_TABLE"]),
    # Nobody waits for the relay, so it needs no pause: one event that fails does not keep the others.
    publisher=KafkaPublisher(topic=os.environ["REWARD_EVENTS_TOPIC"], connect=producer_factory(os.environ), pause=0),
)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, float]:
    """Publish the pending events, and return how many, and the age of the oldest one that is left."""

    def has_time() -> bool:
        return context.get_remaining_time_in_millis() > (BUDGET + 1) * 1000

    now = datetime.now(UTC)
    result = outbox.publish_pending(before=rfc3339(now - MIN_AGE), has_time=has_time)
    age = (now - datetime.fromisoformat(result.oldest_deferred)).total_seconds() if result.oldest_deferred else 0.0
    metrics.add_metric(name="EventsRelayed", unit=MetricUnit.Count, value=result.published)
    metrics.add_metric(name="OldestPendingSeconds", unit=MetricUnit.Seconds, value=age)
    return {"published": result.published, "oldest_pending_seconds": age}
