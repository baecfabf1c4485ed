"""On-failure destination of a stream's trigger: a queue or a topic that gets the metadata of discarded records.

A bucket gets the records themselves, too. https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
and https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html show what each gets.
"""

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from samrun.functions.invoker import InvocationResult
from samrun.rfc3339 import rfc3339
from samrun.services.message_sender import put_record, send_message, service_of
from samrun.streams.stream_source import StreamRecord
from samrun.template.model.triggers import StreamTrigger

Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded", "MaximumPayloadSizeExceeded"]


@dataclass(frozen=True, kw_only=True)
class DiscardedRecords:
    """Records of a shard that the trigger discarded, after `attempts` invocations and their last result."""

    trigger: StreamTrigger
    shard: str
    records: Sequence[StreamRecord]
    condition: Condition
    attempts: int
    result: InvocationResult | None

    def metadata(self) -> dict[str, Any]:
        """Return the message for a queue or a topic."""
        first, last, result = self.records[0], self.records[-1], self.result
        name = "DDBStreamBatchInfo" if self.trigger.service == "dynamodb" else "KinesisBatchInfo"
        error = {"functionError": result.function_error} if result and result.function_error else {}
        return {
            "requestContext": {
                "requestId": result.request_id if result else "",
                "functionArn": self.trigger.function_arn,
                "condition": self.condition,
                "approximateInvokeCount": self.attempts,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", **error},
            "version": "1.0",
            "timestamp": rfc3339(datetime.now(UTC), "milliseconds"),
            name: {
                "shardId": self.shard,
                "startSequenceNumber": first.sequence_number,
                "endSequenceNumber": last.sequence_number,
                "approximateArrivalOfFirstRecord": rfc3339(first.arrived.astimezone(UTC), "milliseconds"),
                "approximateArrivalOfLastRecord": rfc3339(last.arrived.astimezone(UTC), "milliseconds"),
                "batchSize": len(self.records),
                "streamArn": self.trigger.stream_arn,
            },
        }


def event(records: Sequence[StreamRecord]) -> str:
    """Return the event that a function gets of these records, in JSON."""
    return json.dumps({"Records": [record.entry for record in records]})


def send_to_destination(discarded: DiscardedRecords, arn: str, client: Callable[[str], Any]) -> None:
    """Send the metadata to a queue or a topic; a bucket gets the event with it. Raises the errors of boto3."""
    metadata = discarded.metadata()
    if service_of(arn) == "s3":
        body = json.dumps(metadata | {"payload": event(discarded.records)})
        mapping = uuid.uuid5(uuid.NAMESPACE_OID, discarded.trigger.logical_id)
        put_record(arn, body, client, folder=f"{mapping}/{discarded.shard}", at=datetime.now(UTC))
    else:
        send_message(arn, json.dumps(metadata), client)
