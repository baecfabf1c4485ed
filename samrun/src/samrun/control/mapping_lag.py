"""Lag of a mapping: how many records of each partition of its topic are not done."""

from collections.abc import Mapping
from dataclasses import dataclass

from samrun.control.answers import positions_of
from samrun.mapping.poller import KafkaPoller
from samrun.mapping.records import TopicPartition
from samrun.mapping.topic_reader import TopicReader


@dataclass(frozen=True)
class PartitionLag:
    """Lag in one partition. `position` is the offset up to which it is done; None if the mapping has not got it."""

    position: int | None
    end: int

    @property
    def records(self) -> int:
        """Number of the records that are not done; 0 if the mapping has not got the partition."""
        return 0 if self.position is None else self.end - self.position


def mapping_lag(
    poller: KafkaPoller, reader: TopicReader, patience: float
) -> Mapping[TopicPartition, PartitionLag] | None:
    """Return the lag in each partition of the topic; None if the mapping has no connection to Kafka.

    A mapping that waits for its topic has no partitions. Raises KafkaException.
    """
    ends = {partition: reader.bounds(partition)[1] for partition in reader.partitions(poller.mapping.topic)}
    if not ends:
        return {}
    positions = positions_of(poller, patience)
    if positions is None:
        return None
    return {partition: PartitionLag(positions.get(partition), end) for partition, end in ends.items()}
