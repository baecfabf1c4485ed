"""A batch that a mapping gave up, and the record that its destination gets of it.

https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure.html shows the record.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from kafka.consumer.fetcher import ConsumerRecord

from local.invoker import Answer
from local.mapping.batch import Batch, name_of
from local.model import KafkaMapping

# Of Kafka, AWS's documents name the first and the last; the second is what streams have.
Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded", "MaximumPayloadSizeExceeded"]


@dataclass(frozen=True, kw_only=True)
class Discarded:
    """A batch that was delivered `tries` times; `answer` is the last one, None if it never came to that."""

    batch: Batch
    condition: Condition
    tries: int
    answer: Answer | None
    at: datetime
    mapping: KafkaMapping
    bootstrap: str

    @property
    def payload(self) -> str:
        """The event of the invocation that did not succeed, as JSON."""
        return self.batch.event(self.bootstrap, source_arn=self.mapping.event_source_arn).decode()

    def metadata(self) -> dict[str, Any]:
        """Return the record without the payload; offsets are strings in it, and times ISO 8601."""
        mapping, answer = self.mapping, self.answer
        source = {"eventSourceArn": mapping.event_source_arn} if mapping.event_source_arn else {}
        return {
            "requestContext": {
                **({"requestId": answer.request_id} if answer else {}),
                "functionArn": mapping.function_arn,
                "condition": self.condition,
                "approximateInvokeCount": self.tries,
            },
            "responseContext": answer and _response(answer),
            "version": "1.0",
            "timestamp": _iso(self.at),
            "KafkaBatchInfo": {
                "batchSize": len(self.batch),
                **source,
                "bootstrapServers": self.bootstrap,
                "payloadSize": len(self.payload),
                "recordsInfo": {
                    name_of(partition): _span(records[0], records[-1])
                    for partition, records in self.batch.records.items()
                },
            },
        }


def _response(answer: Answer) -> dict[str, Any]:
    error = {"functionError": answer.function_error} if answer.function_error else {}
    return {"statusCode": 200, "executedVersion": "$LATEST", **error}


def _span(first: ConsumerRecord, last: ConsumerRecord) -> dict[str, str]:
    return {
        "firstRecordOffset": str(first.offset),
        "lastRecordOffset": str(last.offset),
        "firstRecordTimestamp": _iso(datetime.fromtimestamp(first.timestamp / 1000, UTC)),
        "lastRecordTimestamp": _iso(datetime.fromtimestamp(last.timestamp / 1000, UTC)),
    }


def _iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z"
