"""Stream of Kinesis: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html shows its events."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from samrun.filtering.filter_pattern import parsed
from samrun.streams.stream_source import Position, Shard, StreamRecord
from samrun.template.model.account import ACCOUNT


@dataclass(frozen=True, kw_only=True)
class KinesisStream:
    """A data stream of that name and ARN. `kinesis` is the boto3 client."""

    name: str
    arn: str
    kinesis: Any

    def identity(self) -> str:
        """Return the ARN with the time when the stream was made."""
        summary = self.kinesis.describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"]
        return f"{self.arn}/{summary['StreamCreationTimestamp'].timestamp()}"

    def shards(self) -> Sequence[Shard]:
        """Return the shards."""
        found = self.kinesis.list_shards(StreamName=self.name)["Shards"]
        return [Shard(id=each["ShardId"], parent=each.get("ParentShardId")) for each in found]

    def iterator(self, shard: str, position: Position) -> str:
        """Return an iterator of a shard."""
        options: dict[str, Any] = {}
        if position.sequence_number:
            options["StartingSequenceNumber"] = position.sequence_number
        if position.timestamp is not None:
            options["Timestamp"] = datetime.fromtimestamp(position.timestamp, UTC)
        iterator: str = self.kinesis.get_shard_iterator(
            StreamName=self.name, ShardId=shard, ShardIteratorType=position.kind, **options
        )["ShardIterator"]
        return iterator

    def read(self, shard: str, iterator: str, *, limit: int) -> tuple[Sequence[StreamRecord], str | None]:
        """Return the next records and the next iterator."""
        page = self.kinesis.get_records(ShardIterator=iterator, Limit=limit)
        return [self._record(each, shard) for each in page["Records"]], page.get("NextShardIterator")

    def _record(self, record: Mapping[str, Any], shard: str) -> StreamRecord:
        arrived: datetime = record["ApproximateArrivalTimestamp"]
        kinesis = {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["PartitionKey"],
            "sequenceNumber": record["SequenceNumber"],
            "data": base64.b64encode(record["Data"]).decode(),
            "approximateArrivalTimestamp": arrived.timestamp(),
        }
        entry = {
            "kinesis": kinesis,
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard}:{record['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/local",
            "awsRegion": self.arn.split(":")[3],
            "eventSourceARN": self.arn,
        }
        return StreamRecord(
            sequence_number=record["SequenceNumber"],
            arrived=arrived,
            entry=entry,
            # A filter tests the data itself, decoded.
            fields=kinesis | {"data": parsed(record["Data"].decode(errors="replace"))},
        )
