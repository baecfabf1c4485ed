"""Administration of topics: lists, creates, grows and deletes them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic

from samrun.administration.group_admin import GroupAdmin
from samrun.administration.offset_choice import EARLIEST, LATEST
from samrun.administration.partition_offsets import Offsets, chosen_offsets, counts
from samrun.errors import UserError
from samrun.mapping.client_errors import description
from samrun.mapping.records import TopicPartition
from samrun.mapping.topic_reader import INTERNAL
from samrun.services.kafka import PATIENCE

_REMEDIES = {
    KafkaError.TOPIC_ALREADY_EXISTS: "Delete it first, or grow it: samrun topics grow",
    KafkaError.UNKNOWN_TOPIC_OR_PART: "samrun topics lists those that exist",
    KafkaError.INVALID_PARTITIONS: "Kafka can only add partitions",
}


class TopicError(UserError):
    """Kafka refuses to create, change or delete a topic, or there is none of that name; the message says why."""


@dataclass(frozen=True, kw_only=True)
class TopicSummary:
    """A topic. `records` counts the offsets from its first to its last record, `lag` the records ahead of a group."""

    name: str
    partitions: int
    records: int
    lag: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class PartitionDetails:
    """A partition: its number, the broker that leads it (-1 if none does), its first offset, and that behind its last.

    `committed` has the offset that each group committed there, by the name of the group.
    """

    number: int
    leader: int
    begin: int
    end: int
    committed: Mapping[str, int]


class TopicAdmin:
    """Administration of the topics of one cluster. Methods raise KafkaException."""

    def __init__(self, admin: AdminClient) -> None:
        self._admin = admin

    def partitions(self, topic: str) -> list[TopicPartition]:
        """Return the partitions of a topic. Raises TopicError if it does not exist."""
        found = self._admin.list_topics(topic, timeout=PATIENCE).topics[topic]
        if not found.partitions:
            raise TopicError(
                f"There is no topic {topic}: `samrun topics` lists those that exist, and "
                f"`samrun topics create {topic}` makes it."
            )
        return [TopicPartition(topic, number) for number in sorted(found.partitions)]

    def partition(self, topic: str, number: int) -> TopicPartition:
        """Return one partition of a topic. Raises TopicError if it does not exist."""
        found = self.partitions(topic)
        if TopicPartition(topic, number) not in found:
            raise TopicError(f"{topic} has no partition {number}: it has {len(found)}, from 0 to {len(found) - 1}.")
        return TopicPartition(topic, number)

    def summaries(self) -> list[TopicSummary]:
        """Return every topic but for Kafka's internal ones."""
        found = self._admin.list_topics(timeout=PATIENCE).topics
        partitions = {
            name: [TopicPartition(name, number) for number in sorted(topic.partitions)]
            for name, topic in sorted(found.items())
            if not name.startswith(INTERNAL)
        }
        every = [each for of_topic in partitions.values() for each in of_topic]
        records, lags = counts(self._admin, every), self._lags(every)
        return [
            TopicSummary(
                name=name, partitions=len(each), records=sum(records[partition] for partition in each), lag=lags[name]
            )
            for name, each in partitions.items()
        ]

    def details(self, topic: str) -> list[PartitionDetails]:
        """Return the partitions of a topic. Raises TopicError if it does not exist."""
        partitions = self.partitions(topic)
        found = self._admin.list_topics(topic, timeout=PATIENCE).topics[topic].partitions
        begins, ends = (chosen_offsets(self._admin, partitions, each) for each in (EARLIEST, LATEST))
        committed = GroupAdmin(self._admin).all_committed()
        return [
            PartitionDetails(
                number=each.partition,
                leader=found[each.partition].leader if each.partition in found else -1,
                begin=begins[each],
                end=ends[each],
                committed={group: offsets[each] for group, offsets in committed.items() if each in offsets},
            )
            for each in partitions
        ]

    def lags(self) -> Mapping[str, Mapping[str, int]]:
        """Return the lag of each group in each topic that it committed offsets of, by topic and group."""
        found = self._admin.list_topics(timeout=PATIENCE).topics
        return self._lags(
            [TopicPartition(name, number) for name, topic in found.items() for number in topic.partitions]
        )

    def _lags(self, partitions: Iterable[TopicPartition]) -> Mapping[str, Mapping[str, int]]:
        """Return the lag of the groups that committed offsets of a topic, by topic and group."""
        ends = chosen_offsets(self._admin, partitions, LATEST)
        lags: dict[str, dict[str, int]] = defaultdict(dict)
        for group, committed in GroupAdmin(self._admin).all_committed().items():
            for topic in {each.topic for each in committed}:
                lags[topic][group] = lag(ends, {each: at for each, at in committed.items() if each.topic == topic})
        return lags

    def create(self, topic: str, *, partitions: int, configs: Mapping[str, str]) -> None:
        """Create a topic with Kafka's `configs`, such as cleanup.policy. Raises TopicError."""
        # -1 is the brokers' default.
        new = NewTopic(topic, num_partitions=partitions, replication_factor=-1, config=dict(configs))
        _wait(self._admin.create_topics([new]), f"The topic {topic} was not created")

    def grow(self, topic: str, *, partitions: int) -> None:
        """Add partitions to a topic until it has that many. Raises TopicError."""
        _wait(self._admin.create_partitions([NewPartitions(topic, partitions)]), f"The topic {topic} was not changed")

    def delete(self, topic: str) -> None:
        """Delete a topic with its records. Raises TopicError."""
        _wait(self._admin.delete_topics([topic]), f"The topic {topic} was not deleted")


def lag(ends: Offsets, committed: Offsets) -> int:
    """Return how many records are ahead of a group, in the partitions that it committed an offset of."""
    return sum(max(0, ends[each] - offset) for each, offset in committed.items() if each in ends)


def _wait(asked: Mapping[str, Future[None]], failure: str) -> None:
    """Wait for the answer about a topic. Raises TopicError, with `failure` as its first words."""
    [answer] = asked.values()
    try:
        answer.result()
    except KafkaException as error:
        refusal = error.args[0]
        remedy = _REMEDIES.get(refusal.code())
        text = f"{failure}: {description(refusal).rstrip('.')}."
        raise TopicError(f"{text} {remedy}." if remedy else text) from error
