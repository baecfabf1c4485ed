"""Consumer function: grants the points of each paid order, and publishes the event at once.

Kafka's event source mapping passes it batches of order events, each at least once. The answer names the records that
failed, and Lambda delivers those again (partial batch response). An event that cannot be published is none of them: the
points are granted, and the relay publishes the event.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from reward.aws_config import SHORT_TIMEOUTS
from reward.events import OrderPaid
from reward.kafka_publisher import KafkaPublisher, producer_factory
from reward.logs import logger
from reward.outbox import Outbox
from reward.rewards import Rewards

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.kafka_event import KafkaEventRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

DEAD_LETTER_BUCKET = os.environ["DEAD_LETTER_BUCKET"]

metrics = Metrics()
processor = BatchProcessor(event_type=EventType.Kafka, raise_on_entire_batch_failure=False)
table = boto3.resource("dynamodb", config=SHORT_TIMEOUTS).Table(os.environ["REWARDS_TABLE"])
rewards = Rewards(table=table, clock=partial(datetime.now, UTC))
outbox = Outbox(
    table=table,
    publisher=KafkaPublisher(topic=os.environ["REWARD_EVENTS_TOPIC"], connect=producer_factory(os.environ)),
)
s3 = boto3.client("s3", config=SHORT_TIMEOUTS)


def grant(paid: OrderPaid, *, silently: bool) -> None:
    """Grant the points, unless they are granted already, and publish the event."""
    if event := rewards.grant(paid, silently=silently):
        outbox.publish(event)
    else:
        logger.info("nothing to publish")


def dead_letter(record: KafkaEventRecord, error: Exception) -> None:
    """Keep a record that breaks the contract, which no later attempt can change, where a person finds it."""
    place = f"{record.topic}-{record.partition}-{record.offset}"
    s3.put_object(Bucket=DEAD_LETTER_BUCKET, Key=f"unreadable/{place}.json", Body=json.dumps(record.raw_event))
    metrics.add_metric(name="RecordsDeadLettered", unit=MetricUnit.Count, value=1)
    metrics.flush_metrics()
    logger.error("record dead-lettered", extra={"record": place, "error_type": type(error).__name__})


def process_record(record: KafkaEventRecord) -> None:
    """Process one record. Raises what makes Lambda deliver it again."""
    try:
        paid = OrderPaid.model_validate_json(record.decoded_value)
        # An old event, which the order system's backfill repeats: no customer is to hear of it now.
        is_backfill = "backfill" in record.decoded_headers
    except (KeyError, TypeError, ValueError) as error:  # there is no value, or it has another form
        dead_letter(record, error)
        return
    with logger.append_context_keys(order_id=paid.data.order_id, correlation_id=paid.trace_id):
        try:
            grant(paid, silently=is_backfill)
        except Exception as error:
            logger.warning("record failed", extra={"error_type": type(error).__name__})
            raise


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process a batch, and return the records that Lambda has to deliver again."""
    return process_partial_response(event, process_record, processor, context)
