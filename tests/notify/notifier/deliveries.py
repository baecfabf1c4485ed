"""Deliveries of single records to the notifier, and what the tests read of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from functions.notify.notifying.delivery import Invocation, Result

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.notify.notifying.notifier import Notifier
    from tests.notify.fakes import FakeClock
    from tests.notify.samples import RecordMaker


ADDRESS = "ada@example.com"
LOST = ReadTimeoutError(endpoint_url="https://email.example")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"  # of the request that placed the sample order
THROTTLED = ClientError(
    {"Error": {"Code": "TooManyRequestsException", "Message": "Maximum sending rate exceeded."}}, "SendEmail"
)
LATER = EndpointConnectionError(endpoint_url="https://email.example")
_REFUSAL: Any = {
    "Error": {"Code": "NewInThisYear", "Message": "about ada@example.com"},
    "ResponseMetadata": {"HTTPStatusCode": 400},
}
UNLISTED = ClientError(_REFUSAL, "SendEmail")


DONE, RETRY = Result.DONE, Result.RETRY
ONE_THREAD = ThreadPoolExecutor(1)


@dataclass
class Mapping:
    """Delivers records to the notifier as the function's handler does, each in an invocation of 15 s."""

    notifier: Notifier
    clock: FakeClock
    make_record: RecordMaker
    event: dict[str, Any]
    invocations: int = 0

    def deliver(self, value: Any = ..., *, seconds: float = 15, **options: Any) -> Result:
        """Deliver the event, or another value."""
        self.invocations += 1
        invocation = Invocation(id=f"request-{self.invocations}", deadline=self.clock.now + timedelta(seconds=seconds))
        record = self.make_record(self.event if value is ... else value, **options)
        self.notifier.finish_pending_writes(invocation, rounds=1, threads=ONE_THREAD)
        result = self.notifier.process_record(self.notifier.parse(record), invocation)
        self.notifier.finish_pending_writes(invocation, rounds=3, threads=ONE_THREAD)
        return result


def status(dynamodb: DynamoDBClient) -> str | None:
    items = dynamodb.scan(TableName="notifications")["Items"]
    return items[0]["status"]["S"] if items else None


def messages_of(logs: list[dict[str, Any]]) -> list[str]:
    return [line["message"] for line in logs]
