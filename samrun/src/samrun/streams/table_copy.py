"""Copy of a table's changes in a stream of Kinesis: it takes the place of a function that gets the changes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_using-shards-and-metrics.html
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from samrun.functions.invoker import InvocationResult
from samrun.functions.threaded_invocation import Invoke

# Of one call: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
MAX_RECORDS = 500


def copy_changes(table: str, client: Callable[[str], Any]) -> Invoke:
    """Return what puts the records of an event into a stream, by its name. An error is that of a function: retried."""

    def copy(stream: str, payload: bytes) -> "Future[InvocationResult]":
        copied: Future[InvocationResult] = Future()
        records = [_record(each, table) for each in json.loads(payload)["Records"]]
        try:
            answer = client("kinesis").put_records(StreamName=stream, Records=records)
        except (BotoCoreError, ClientError) as error:
            copied.set_result(InvocationResult.of_error(type(error).__name__, str(error)))
            return copied
        if answer["FailedRecordCount"]:
            copied.set_result(InvocationResult.of_error("FailedRecords", f"{stream} does not take every record"))
        else:
            copied.set_result(InvocationResult(request_id="", payload=b"null"))
        return copied

    return copy


def _record(change: Mapping[str, Any], table: str) -> dict[str, Any]:
    """Return the record of a change; those of one item have one partition key, and so their order."""
    keys = json.dumps(change["dynamodb"]["Keys"], sort_keys=True)
    item = {name: change["dynamodb"][name] for name in ("Keys", "NewImage", "OldImage") if name in change["dynamodb"]}
    data = {
        "awsRegion": change["awsRegion"],
        "eventID": str(uuid.uuid4()),
        "eventName": change["eventName"],
        "userIdentity": change.get("userIdentity"),
        "recordFormat": "application/json",
        "tableName": table,
        "dynamodb": {
            "ApproximateCreationDateTime": int(change["dynamodb"]["ApproximateCreationDateTime"] * 1000),
            **item,
            "SizeBytes": change["dynamodb"]["SizeBytes"],
            "ApproximateCreationDateTimePrecision": "MILLISECOND",
        },
        "eventSource": "aws:dynamodb",
    }
    return {"Data": json.dumps(data).encode(), "PartitionKey": hashlib.md5(keys.encode()).hexdigest()}  # noqa: S324
