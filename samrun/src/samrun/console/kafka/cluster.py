"""Cluster of a stack, as the pages of the view Kafka read it. Each method blocks for as long as the brokers take."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from samrun.administration.kafka_connection import KafkaConnection
from samrun.administration.lag_history import Lags
from samrun.administration.offset_choice import EARLIEST, OffsetChoice, time_or_offset
from samrun.administration.partition_offsets import Offsets, chosen_offsets
from samrun.administration.record_search import RecordSearch, SearchResult
from samrun.administration.topic_admin import PartitionDetails, TopicAdmin, TopicSummary
from samrun.console.kafka.record_view import RecordLine, record_line
from samrun.errors import UserError
from samrun.mapping.record_finder import find_record
from samrun.mapping.record_position import RecordPosition
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.mapping.topic_reader import TopicReader

PAGE = 50
"""Records of one page."""


class PlaceError(UserError):
    """A text names no place in a topic; the message says which forms do."""


@dataclass(frozen=True, kw_only=True)
class RecordQuery:
    """Query of a page of records: those before or from some offsets on, of a topic, of those that contain a text.

    `begin` is what somebody typed: a time, an age, an offset, `earliest`, or nothing for the newest records. `before`
    and `after` are the rests of the page before it.
    """

    topic: str
    partition: int | None = None
    text: str = ""
    begin: str = ""
    before: Mapping[int, int] | None = None
    after: Mapping[int, int] | None = None


class Cluster:
    """Cluster behind a connection. Methods raise KafkaUnreachableError, and TopicError for a topic."""

    def __init__(self, connection: KafkaConnection) -> None:
        self.connection = connection

    def topics(self) -> list[TopicSummary]:
        """Return every topic but for Kafka's internal ones."""
        with self.connection.errors_for_people():
            return TopicAdmin(self.connection.admin()).summaries()

    def lags(self) -> Lags:
        """Return the lag of each group, by topic."""
        with self.connection.errors_for_people():
            return TopicAdmin(self.connection.admin()).lags()

    def partitions(self, topic: str) -> list[PartitionDetails]:
        """Return the partitions of a topic."""
        with self.connection.errors_for_people():
            return TopicAdmin(self.connection.admin()).details(topic)

    def record(self, topic: str, partition: int, offset: int) -> KafkaRecord:
        """Return a record. Raises NoRecordError."""
        position = RecordPosition(topic=topic, partition=partition, offset=offset)
        return find_record(position, self.connection.bootstrap)

    def records(self, query: RecordQuery) -> SearchResult[RecordLine]:
        """Return a page of records. Raises PlaceError."""
        begin = None if query.before is not None or query.after is not None else _choice(query.begin)
        with self.connection.errors_for_people():
            admin = self.connection.admin()
            topics = TopicAdmin(admin)
            partitions = (
                topics.partitions(query.topic)
                if query.partition is None
                else [topics.partition(query.topic, query.partition)]
            )
            with TopicReader(self.connection.bootstrap) as reader:
                search = RecordSearch(reader=reader, summarize=record_line, text=query.text, limit=PAGE)
                if query.after is not None:
                    return search.from_offsets(_known(query.after, partitions))
                if query.before is not None:
                    return search.newest(_known(query.before, partitions))
                if begin:
                    return search.from_offsets(chosen_offsets(admin, partitions, begin))
                return search.newest({each: reader.bounds(each)[1] for each in partitions})


def _choice(begin: str) -> OffsetChoice | None:
    if begin in {"", "latest"}:
        return None
    if begin == "earliest":
        return EARLIEST
    choice = time_or_offset(begin, now=datetime.now(UTC))
    if choice is None:
        raise PlaceError(
            f"{begin!r} is no place in a topic: write an offset (120), an age (15m, 2h), a time "
            "(2026-11-30T09:00:00Z) or earliest."
        )
    return choice


def _known(numbers: Mapping[int, int], partitions: list[TopicPartition]) -> Offsets:
    return {each: numbers[each.partition] for each in partitions if each.partition in numbers}
