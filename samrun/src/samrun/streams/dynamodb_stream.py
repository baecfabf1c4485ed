"""Stream of a DynamoDB table: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html shows its events."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from samrun.error_code import error_code
from samrun.streams.stream_source import TRIM_HORIZON, Position, Shard, StreamRecord

# Of one call: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html
_MAX_RECORDS = 1000
# Compared by its code: two threads can make the classes of `client.exceptions` twice.
_TRIMMED = "TrimmedDataAccessException"


@dataclass(frozen=True, kw_only=True)
class DynamoDbStream:
    """The stream of a table. `arn` is its ARN for the functions; the local one differs and is found by the table.

    A position before the oldest record is one at the oldest record. DynamoDB Local numbers the records of all tables
    together: LATEST of a table without records is such a position as soon as another table gets one.
    """

    table: str
    arn: str
    dynamodb: Any
    streams: Any

    def identity(self) -> str:
        """Return the local ARN, which has the time when the stream was made."""
        table = self.dynamodb.describe_table(TableName=self.table)["Table"]
        if "LatestStreamArn" not in table:  # it was made again, without a stream
            text = f"Table {self.table} has no stream"
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": text}}, "DescribeTable")
        local_arn: str = table["LatestStreamArn"]
        return local_arn

    def shards(self) -> Sequence[Shard]:
        """Return the shards."""
        found, options = [], {"StreamArn": self.identity()}
        while True:
            page = self.streams.describe_stream(**options)["StreamDescription"]
            found += [Shard(id=each["ShardId"], parent=each.get("ParentShardId")) for each in page["Shards"]]
            if "LastEvaluatedShardId" not in page:
                return found
            options["ExclusiveStartShardId"] = page["LastEvaluatedShardId"]

    def iterator(self, shard: str, position: Position) -> str:
        """Return an iterator of a shard."""
        try:
            return self._iterator(shard, position)
        except ClientError as error:
            if error_code(error) != _TRIMMED:
                raise
            return self._iterator(shard, TRIM_HORIZON)

    def _iterator(self, shard: str, position: Position) -> str:
        options = {"SequenceNumber": position.sequence_number} if position.sequence_number else {}
        iterator: str = self.streams.get_shard_iterator(
            StreamArn=self.identity(), ShardId=shard, ShardIteratorType=position.kind, **options
        )["ShardIterator"]
        return iterator

    def read(self, shard: str, iterator: str, *, limit: int) -> tuple[Sequence[StreamRecord], str | None]:
        """Return the next records and the next iterator."""
        try:
            page = self.streams.get_records(ShardIterator=iterator, Limit=min(limit, _MAX_RECORDS))
        except ClientError as error:
            if error_code(error) != _TRIMMED:
                raise
            return [], self._iterator(shard, TRIM_HORIZON)
        return [self._record(each) for each in page["Records"]], page.get("NextShardIterator")

    def _record(self, record: Mapping[str, Any]) -> StreamRecord:
        arrived = record["dynamodb"]["ApproximateCreationDateTime"]
        change = {name: _json(value) for name, value in record["dynamodb"].items()}
        entry = {
            **{name: record[name] for name in ("eventID", "eventName", "eventVersion", "eventSource")},
            "awsRegion": self.arn.split(":")[3],
            "dynamodb": change | {"ApproximateCreationDateTime": arrived.timestamp()},
            "eventSourceARN": self.arn,
        }
        if "userIdentity" in record:  # the table deleted an item by its time to live
            identity = record["userIdentity"]
            entry["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
        return StreamRecord(
            sequence_number=record["dynamodb"]["SequenceNumber"], arrived=arrived, entry=entry, fields=entry
        )


def _json(value: Any) -> Any:
    """Return a value of DynamoDB as JSON: binary values are Base64 texts."""
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case Mapping():
            return {name: _json(each) for name, each in value.items()}
        case list():
            return [_json(each) for each in value]
    return value
