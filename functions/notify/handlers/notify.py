"""The notify function: Kafka's event source mapping passes it batches of order events, and it notifies the customers.

The answer names the records that failed, and Lambda delivers those again (partial batch response).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from functions.notify import aws_clients, bootstrap
from functions.notify.events.records import read_records
from functions.notify.handlers.observability import tracer
from functions.notify.logs import logger
from functions.notify.notifying.batch import process_batch
from functions.notify.notifying.delivery import Invocation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from functions.notify.notifying.delivery import ParsedRecord

notifier = bootstrap.notifier()
connections = bootstrap.connections()
# Kept from batch to batch: to start and end a hundred threads takes as long as ten mails.
threads = ThreadPoolExecutor(aws_clients.THREADS)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Notify the customers of a batch, and return the records that Lambda has to retry."""
    invocation = _invocation(context)
    notifier.finish_pending_writes(invocation, rounds=1, threads=threads)
    records = [notifier.parse(record) for record in read_records(event)]
    with connections.in_use():
        failed = process_batch(
            records,
            key=lambda parsed: parsed.record.key,
            process=lambda parsed: notifier.process_record(parsed, invocation),
            threads=threads,
        )
    notifier.finish_pending_writes(invocation, rounds=3, threads=threads)
    notifier.metrics.flush()
    return _partial_batch_response(failed)


def _invocation(context: LambdaContext) -> Invocation:
    remaining = timedelta(milliseconds=context.get_remaining_time_in_millis())
    return Invocation(id=f"{context.aws_request_id}/{uuid4().hex[:8]}", deadline=notifier.clock() + remaining)


def _partial_batch_response(failed: Iterable[ParsedRecord]) -> dict[str, Any]:
    return {
        "batchItemFailures": [
            {"itemIdentifier": {"partition": parsed.record.partition_id, "offset": parsed.record.offset}}
            for parsed in failed
        ]
    }
