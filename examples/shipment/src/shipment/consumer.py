"""Consumer function: plans the shipment of a paid order, and cancels that of a cancelled one.

Kafka's event source mapping passes it batches of order events, each at least once. The answer names the records that
failed, and Lambda delivers those again (partial batch response).
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

from shipment.aws_config import SHORT_TIMEOUTS
from shipment.events import OrderEvent
from shipment.logs import logger
from shipment.shipments import Change, Shipments

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.kafka_event import KafkaEventRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

DISPATCH_QUEUE_URL = os.environ["DISPATCH_QUEUE_URL"]
DEAD_LETTER_BUCKET = os.environ["DEAD_LETTER_BUCKET"]

metrics = Metrics()
processor = BatchProcessor(event_type=EventType.Kafka, raise_on_entire_batch_failure=False)
shipments = Shipments(
    table=boto3.resource("dynamodb", config=SHORT_TIMEOUTS).Table(os.environ["SHIPMENTS_TABLE"]),
    carrier=os.environ["CARRIER"],
    clock=partial(datetime.now, UTC),
)
sqs = boto3.client("sqs", config=SHORT_TIMEOUTS)
s3 = boto3.client("s3", config=SHORT_TIMEOUTS)


def plan(event: OrderEvent) -> None:
    """Plan the shipment, and put it into the queue that brings it to the dispatcher after DispatchDelay."""
    change = shipments.plan(event)
    # Also if it is planned already: the invocation that planned it may have died before it sent this message.
    sqs.send_message(QueueUrl=DISPATCH_QUEUE_URL, MessageBody=json.dumps({"order_id": event.data.order_id}))
    logger.info("shipment planned" if change is Change.MADE else "shipment planned or done already")


def cancel(event: OrderEvent) -> None:
    """Cancel the shipment, if it has not left."""
    change = shipments.cancel(event.data.order_id)
    logger.info("shipment cancelled" if change is Change.MADE else "shipment not cancelled: it is done")


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
        event = OrderEvent.model_validate_json(record.decoded_value)
    except (KeyError, TypeError, ValueError) as error:  # there is no value, or it has another form
        dead_letter(record, error)
        return
    with logger.append_context_keys(order_id=event.data.order_id, correlation_id=event.trace_id):
        try:
            plan(event) if event.type == "order.paid.v1" else cancel(event)
        except Exception as error:
            logger.warning("record failed", extra={"error_type": type(error).__name__})
            raise


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process a batch, and return the records that Lambda has to deliver again."""
    return process_partial_response(event, process_record, processor, context)
