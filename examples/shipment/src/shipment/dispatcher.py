"""Dispatcher function: the queue brings it each shipment after DispatchDelay, and it dispatches what is still planned.

It publishes the event at once. If it cannot, the relay does.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from shipment.aws_config import SHORT_TIMEOUTS
from shipment.kafka_publisher import KafkaPublisher, producer_factory
from shipment.logs import logger
from shipment.outbox import Outbox
from shipment.shipments import Shipments

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
table = boto3.resource("dynamodb", config=SHORT_TIMEOUTS).Table(os.environ["SHIPMENTS_TABLE"])
shipments = Shipments(table=table, carrier=os.environ["CARRIER"], clock=partial(datetime.now, UTC))
outbox = Outbox(
    table=table,
    publisher=KafkaPublisher(topic=os.environ["SHIPMENT_EVENTS_TOPIC"], connect=producer_factory(os.environ)),
)


def process_message(record: SQSRecord) -> None:
    """Dispatch one shipment. Raises what makes SQS deliver the message again."""
    order_id = record.json_body["order_id"]
    try:
        event = shipments.dispatch(order_id)
    except Exception as error:
        logger.warning("message failed", extra={"order_id": order_id, "error_type": type(error).__name__})
        raise
    if event:
        outbox.publish(event)
    else:
        logger.info("nothing to dispatch", extra={"order_id": order_id})


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Dispatch a batch of shipments, and return the messages that SQS has to deliver again."""
    return process_partial_response(event, process_message, processor, context)
