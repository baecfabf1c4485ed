"""Batch that a mapping discarded, and what its on-failure destination gets of it.

https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure.html shows the metadata for queues, topics of SNS and
buckets, https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure-destination.html the messages for Kafka.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from samrun.functions.invoker import InvocationResult
from samrun.mapping.batch import Batch
from samrun.mapping.records import KafkaRecord
from samrun.rfc3339 import instant, rfc3339
from samrun.template.model.kafka_mappings import KafkaMapping

# For Kafka, AWS documents the first condition and the third. The second is the condition that streams have. The last
# two are AWS's reason codes of records that cannot be validated; their place in the metadata is not documented.
Condition = Literal[
    "RetryAttemptsExhausted",
    "RecordAgeExceeded",
    "MaximumPayloadSizeExceeded",
    "SCHEMA_NOT_FOUND",
    "DESERIALIZATION_ERROR",
]


@dataclass(frozen=True, kw_only=True)
class DiscardedBatch:
    """A batch that the mapping discarded at `at`, after `attempts` invocations.

    `last_result` is the result of the last invocation, or None if there was no invocation.
    """

    batch: Batch
    condition: Condition
    attempts: int
    last_result: InvocationResult | None
    at: datetime
    mapping: KafkaMapping
    bootstrap: str

    @property
    def payload(self) -> str:
        """The event of the invocation that did not succeed, as JSON."""
        return self._event(self.batch)

    def metadata(self) -> dict[str, Any]:
        """Return all but the payload. Offsets are strings, and times RFC 3339."""
        records_info = {
            str(partition): _records_info(records[0], records[-1]) for partition, records in self.batch.records.items()
        }
        return self._invocation_record(self.batch, self.mapping.function_arn, self.condition, recordsInfo=records_info)

    def invocation_record(self, record: KafkaRecord) -> dict[str, Any]:
        """Return the message that a Kafka topic gets for one of the records: its metadata, and its event as an object.

        AWS's example names the condition and the function otherwise than those for the other destinations.
        """
        batch = Batch({record.topic_partition: (record,)})
        condition = "RetriesExhausted" if self.condition == "RetryAttemptsExhausted" else self.condition
        function_arn = self.mapping.function_arn if self.mapping.qualifier else f"{self.mapping.function_arn}:$LATEST"
        record_info = {"offset": str(record.offset), "timestamp": instant(record.timestamp)}
        return {
            **self._invocation_record(batch, function_arn, condition, recordInfo=record_info),
            "payload": json.loads(self._event(batch)),
        }

    def _invocation_record(self, batch: Batch, function_arn: str, condition: str, **info: Any) -> dict[str, Any]:
        result, source_arn = self.last_result, self.mapping.event_source_arn
        return {
            "requestContext": {
                **({"requestId": result.request_id} if result else {}),
                "functionArn": function_arn,
                "condition": condition,
                "approximateInvokeCount": self.attempts,
            },
            "responseContext": result and _response_context(result),
            "version": "1.0",
            "timestamp": rfc3339(self.at, "milliseconds"),
            "KafkaBatchInfo": {
                "batchSize": len(batch),
                **({"eventSourceArn": source_arn} if source_arn else {}),
                "bootstrapServers": self.bootstrap,
                "payloadSize": len(self._event(batch)),
                **info,
            },
        }

    def _event(self, batch: Batch) -> str:
        return batch.event(self.bootstrap, source_arn=self.mapping.event_source_arn).decode()


def _response_context(result: InvocationResult) -> dict[str, Any]:
    error = {"functionError": result.function_error} if result.function_error else {}
    return {"statusCode": 200, "executedVersion": "$LATEST", **error}


def _records_info(first: KafkaRecord, last: KafkaRecord) -> dict[str, str]:
    return {
        "firstRecordOffset": str(first.offset),
        "lastRecordOffset": str(last.offset),
        "firstRecordTimestamp": instant(first.timestamp),
        "lastRecordTimestamp": instant(last.timestamp),
    }
