"""The notify function: Kafka's event source mapping hands it batches of order events, it mails their customers.

What is not done comes again: the answer names it, and the mapping delivers it once more.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3

from functions.notify import aws, ledger, mailer
from functions.notify.batch import work_off
from functions.notify.breaker import CircuitBreaker
from functions.notify.channels import MailChannel, TextChannel
from functions.notify.connections import Connections
from functions.notify.deadletters import DeadLetters
from functions.notify.messages import Messages
from functions.notify.metrics import Metrics
from functions.notify.notifier import Invocation, Notifier
from functions.notify.observability import logger, tracer
from functions.notify.pace import Pace
from functions.notify.records import read_records
from functions.notify.statements import Statements
from functions.notify.texter import Texter

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

clock = partial(datetime.now, UTC)
ses = boto3.client("sesv2", config=aws.SENDS)
sns = boto3.client("sns", config=aws.SENDS)
sends = Connections([ses, sns], clock=clock)
messages = Messages(shop_name=os.environ["SHOP_NAME"])
# All environments together keep below what the account may send in a second.
environments = int(os.environ["MOST_ENVIRONMENTS"])
reply_to = os.environ["REPLY_TO_ADDRESS"]
mail = MailChannel(
    messages=messages,
    mailer=mailer.Mailer(
        client=ses,
        sender=mailer.parse_address(os.environ["SENDER_ADDRESS"], name=os.environ["SHOP_NAME"]),
        configuration_set=os.environ["CONFIGURATION_SET"],
        reply_to=mailer.parse_address(reply_to, name=os.environ["SHOP_NAME"]) if reply_to else None,
    ),
    pace=Pace(float(os.environ["MAILS_PER_SECOND"]) / environments),
    breaker=CircuitBreaker(),
)
text = TextChannel(
    messages=messages,
    texter=Texter(client=sns, sender_id=os.environ["TEXT_SENDER_ID"]),
    pace=Pace(float(os.environ["TEXTS_PER_SECOND"]) / environments),
    breaker=CircuitBreaker(),
)
dynamodb = boto3.client("dynamodb", config=aws.IMPATIENT)
notifier = Notifier(
    ledger=ledger.Ledger(
        client=dynamodb,
        statements=Statements(dynamodb),
        table=os.environ["NOTIFICATIONS_TABLE"],
        unknown_policy=ledger.UnknownPolicy(os.environ["UNKNOWN_POLICY"]),
    ),
    messages=messages,
    channels={channel.name: channel for channel in (mail, text)},
    dead_letters=DeadLetters(
        client=boto3.client("sqs", config=aws.IMPATIENT), queue_url=os.environ["DEAD_LETTER_QUEUE_URL"]
    ),
    metrics=Metrics(),
    maximum_age=timedelta(seconds=int(os.environ["MAXIMUM_EVENT_AGE_SECONDS"])),
    clock=clock,
)
# Kept from batch to batch: to start and end a hundred threads takes as long as ten mails.
threads = ThreadPoolExecutor(aws.THREADS)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Notify of a batch, and answer which of its records are to come again."""
    remaining = timedelta(milliseconds=context.get_remaining_time_in_millis())
    invocation = Invocation(id=f"{context.aws_request_id}/{uuid4().hex[:8]}", deadline=notifier.clock() + remaining)
    readings = [notifier.read(record) for record in read_records(event)]
    with sends.in_use():
        undone = work_off(
            readings,
            key=lambda reading: reading.record.key,
            work=lambda reading: notifier.work_off(reading, invocation),
            threads=threads,
        )
    notifier.metrics.flush()
    return {
        "batchItemFailures": [
            {"itemIdentifier": {"partition": reading.record.partition_id, "offset": reading.record.offset}}
            for reading in undone
        ]
    }
