"""Batcher and queues of partitions, against a simple model: what is delivered together, when, and in which order."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samrun.functions.invoker import PAYLOAD_LIMIT
from samrun.mapping.batch_processor import DeliveryResult
from samrun.mapping.batcher import Batcher
from samrun.mapping.delivery import Delivery
from samrun.mapping.partition_queue import PartitionQueue
from samrun.mapping.partitions import Partitions
from samrun.mapping.records import TopicPartition
from samrun.testing.kafka_records import record

PARTITIONS = [TopicPartition("t", number) for number in range(3)]


@dataclass
class MappingPartitions:
    """A mapping's partitions and its batcher, with a clock that a test moves."""

    batch_size: int = 3
    window: float = 10.0
    now: float = 0.0
    partitions: Partitions = field(default_factory=Partitions)
    produced: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self.batcher = Batcher(batch_size=self.batch_size, window=self.window)
        self.partitions.assign(dict.fromkeys(PARTITIONS, 0))

    def come(self, count: int = 1, *, partition: int = 0, **fields: Any) -> None:
        self.produced[partition] += count
        self.read_again(partition, **fields)

    def read_again(self, partition: int, **fields: Any) -> None:
        """Bring the records that Kafka has and the queue does not."""
        for offset in range(self.queue(partition).next_offset, self.produced[partition]):
            self.partitions.add(PARTITIONS[partition], [record(offset, partition=partition, **fields)], self.now)

    def queue(self, partition: int) -> PartitionQueue:
        queue = self.partitions.get(PARTITIONS[partition])
        assert queue
        return queue

    def due(self) -> list[Delivery]:
        return list(self.batcher.due(self.partitions.queues, self.now))

    def sent(self) -> list[dict[int, list[int]]]:
        """Send what is due, and return the offsets of each batch by partition."""
        return [offsets_of(delivery) for delivery in self.due()]


def offsets_of(delivery: Delivery) -> dict[int, list[int]]:
    return {
        partition.partition: [each.offset for each in records] for partition, records in delivery.batch.records.items()
    }


def test_batch_is_sent_when_it_is_full_or_its_window_is_over() -> None:
    mapping = MappingPartitions()
    mapping.come(2)
    assert mapping.sent() == []
    assert mapping.batcher.next_due(mapping.partitions.queues) == 10
    mapping.come()
    assert mapping.sent() == [{0: [0, 1, 2]}]
    mapping.come(partition=1)
    mapping.now = 10
    assert mapping.sent() == [{1: [0]}]


def test_partitions_share_a_batch_that_all_their_records_fit_into() -> None:
    mapping = MappingPartitions()
    mapping.come(2, partition=0)
    mapping.come(1, partition=1)
    assert mapping.sent() == [{0: [0, 1], 1: [0]}]


def test_partitions_with_more_records_get_a_batch_each() -> None:
    mapping = MappingPartitions()
    mapping.come(3, partition=0)
    mapping.come(2, partition=1)
    assert mapping.sent() == [{0: [0, 1, 2]}, {1: [0, 1]}]


def test_partition_that_failed_shares_no_batch_until_it_succeeds() -> None:
    mapping = MappingPartitions(window=0)
    mapping.come(1, partition=0)
    [failed] = mapping.due()
    mapping.partitions.finish(failed, DeliveryResult(succeeded=False, retries=[failed]))
    for partition in range(3):
        mapping.come(1, partition=partition)
    assert mapping.sent() == [{0: [0]}, {1: [0], 2: [0]}]
    assert mapping.sent() == []


def test_records_wait_behind_the_retry_of_their_partition_and_other_partitions_do_not() -> None:
    mapping = MappingPartitions(window=0)
    mapping.come(2)
    [delivery] = mapping.due()
    mapping.partitions.finish(delivery, DeliveryResult(succeeded=False, retries=[delivery.retry(delivery.batch, None)]))
    mapping.come(1)
    mapping.come(1, partition=1)
    assert mapping.sent() == [{1: [0]}]
    assert mapping.queue(0).done_before == 0


def test_records_that_no_event_can_hold_together_come_in_several() -> None:
    mapping = MappingPartitions(batch_size=100, window=0)
    mapping.come(7, value=bytes(900_000))
    [first] = mapping.due()
    assert offsets_of(first) == {0: [0, 1, 2, 3, 4]}
    assert len(first.batch.event("b:1", source_arn=None)) <= PAYLOAD_LIMIT


def test_record_larger_than_an_event_is_sent_alone() -> None:
    mapping = MappingPartitions(window=0)
    mapping.come(1, value=bytes(PAYLOAD_LIMIT))
    mapping.come(1)
    assert mapping.sent() == [{0: [0]}]


@pytest.mark.parametrize(("committed", "reads_from", "retried"), [(0, 2, True), (1, 1, False), (5, 5, False)])
def test_partition_that_comes_back_goes_on_if_nobody_else_has_read_it(
    committed: int, reads_from: int, retried: bool
) -> None:
    mapping = MappingPartitions(window=0)
    mapping.come(2)
    [delivery] = mapping.due()
    mapping.partitions.finish(delivery, DeliveryResult(succeeded=False, retries=[delivery]))
    mapping.come(3)
    mapping.partitions.take_away(PARTITIONS[:1])
    assert mapping.partitions.assign({PARTITIONS[0]: committed}) == {PARTITIONS[0]: reads_from}
    assert mapping.sent() == ([{0: [0, 1]}] if retried else [])


@pytest.mark.parametrize(
    ("was_committed", "is_committed", "reads_from"),
    [
        pytest.param(True, True, 2, id="Kafka gave it away and back"),
        pytest.param(True, False, 0, id="its topic was deleted and made again"),
        pytest.param(False, False, 2, id="Kafka gave it away and back before the first commit"),
    ],
)
def test_partition_whose_committed_offset_was_deleted_begins_again(
    was_committed: bool, is_committed: bool, reads_from: int
) -> None:
    mapping = MappingPartitions(window=0)
    mapping.partitions = Partitions()
    mapping.partitions.assign({PARTITIONS[0]: 0}, PARTITIONS[:1])
    mapping.come(2)
    [delivery] = mapping.due()
    mapping.partitions.finish(delivery, DeliveryResult(succeeded=True))
    if was_committed:
        mapping.partitions.committed(PARTITIONS[:1])
    mapping.partitions.take_away(PARTITIONS[:1])
    offsets = mapping.partitions.assign({PARTITIONS[0]: 0}, [] if is_committed else PARTITIONS[:1])
    assert offsets == {PARTITIONS[0]: reads_from}


def test_partition_that_comes_back_waits_for_the_delivery_that_is_still_in_flight() -> None:
    mapping = MappingPartitions(window=0)
    mapping.come(2)
    [delivery] = mapping.due()
    mapping.partitions.take_away(PARTITIONS[:1])
    assert mapping.partitions.assign({PARTITIONS[0]: 2}) == {PARTITIONS[0]: 2}, "another member has done it"
    mapping.come(1)
    assert mapping.sent() == []
    mapping.partitions.finish(delivery, DeliveryResult(succeeded=False, retries=[delivery]))
    assert mapping.sent() == [{0: [2]}]


# ---------------------------------------------------------------- any sequence of events

EVENTS = st.lists(
    st.tuples(st.just("come"), st.integers(0, 2), st.integers(1, 7))
    | st.tuples(st.just("wait"), st.floats(0, 12), st.just(0))
    | st.tuples(st.just("finish"), st.integers(0, 5), st.integers(0, 2**6))
    | st.tuples(st.just("rebalance"), st.integers(0, 2), st.just(0)),
    max_size=60,
)


@given(events=EVENTS, batch_size=st.integers(1, 5), window=st.sampled_from([0.0, 5.0]))
def test_each_record_is_delivered_in_order_until_it_is_done(
    events: list[tuple[str, Any, Any]], batch_size: int, window: float
) -> None:
    mapping, model = MappingPartitions(batch_size=batch_size, window=window), Model()
    for event in events:
        play(event, mapping, model)
        for delivery in mapping.due():
            model.sent(delivery, batch_size)
        for partition in range(3):
            assert mapping.queue(partition).done_before == model.done_before(partition)
    mapping.now += 100
    deliveries = mapping.due()
    while deliveries or model.in_flight:
        for delivery in deliveries:
            model.sent(delivery, batch_size)
        play(("finish", 0, 0), mapping, model)
        deliveries = mapping.due()
    assert [model.done_before(partition) for partition in range(3)] == [mapping.produced[each] for each in range(3)]


def play(event: tuple[str, Any, Any], mapping: MappingPartitions, model: "Model") -> None:
    match event:
        case "come", partition, count:
            mapping.come(count, partition=partition)
        case "wait", seconds, _:
            mapping.now += seconds
        case "rebalance", partition, _:
            mapping.partitions.take_away([PARTITIONS[partition]])
            mapping.partitions.assign({PARTITIONS[partition]: model.done_before(partition)})
            mapping.read_again(partition)
        case "finish", which, failed if model.in_flight:
            delivery = model.in_flight.pop(which % len(model.in_flight))
            mapping.partitions.finish(delivery, model.result(delivery, failed=failed))


class Model:
    """Offsets of each partition that are done, and the deliveries in flight."""

    def __init__(self) -> None:
        self.done: dict[int, set[int]] = defaultdict(set)
        self.in_flight: list[Delivery] = []

    def done_before(self, partition: int) -> int:
        return next(offset for offset in range(10_000) if offset not in self.done[partition])

    def sent(self, delivery: Delivery, batch_size: int) -> None:
        assert 0 < len(delivery.batch) <= batch_size
        for partition, offsets in offsets_of(delivery).items():
            assert all(partition not in offsets_of(other) for other in self.in_flight), "one at a time"
            assert offsets == sorted(offsets)
            assert self.done_before(partition) == offsets[0], "nothing before it is left"
            assert not self.done[partition] & set(offsets), "what is done is not sent again"
        self.in_flight.append(delivery)

    def result(self, delivery: Delivery, *, failed: int) -> DeliveryResult:
        """Return a result in which the records fail whose bits are set in `failed`."""
        left = {}
        for partition, records in delivery.batch.records.items():
            left[partition] = {each.offset for index, each in enumerate(records) if failed >> index & 1}
            self.done[partition.partition] |= {each.offset for each in records} - left[partition]
        parts = delivery.batch.only({partition: offsets for partition, offsets in left.items() if offsets})
        retries = [replace(delivery, batch=part) for part in parts.by_partition()]
        return DeliveryResult(succeeded=not retries, retries=retries)
