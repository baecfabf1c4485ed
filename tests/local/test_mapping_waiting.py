"""Which batch comes again when, and that a partition keeps its order."""

from kafka import TopicPartition

from local.mapping.waiting import Delivery, Waiting
from tests.local.test_mapping_batch import batch, record

LATER = float("inf")


def _delivery(*places: tuple[int, int], due: float = 0.0) -> Delivery:
    """Return a delivery of the records at these places: (partition, offset)."""
    return Delivery(batch=batch(*(record(offset, partition=partition) for partition, offset in places)), due=due)


def _waiting(*deliveries: Delivery) -> Waiting:
    waiting = Waiting()
    for each in deliveries:
        waiting.put([each], instead_of=each)
    return waiting


def test_nothing_is_due_before_its_time() -> None:
    later, now = _delivery((0, 1), due=LATER), _delivery((1, 1))
    assert _waiting(later).due() is None
    assert _waiting(later, now).due() is now


def test_a_second_half_waits_for_the_first_and_other_partitions_do_not() -> None:
    first, second, other = _delivery((0, 1), due=LATER), _delivery((0, 2)), _delivery((1, 1))
    waiting = _waiting(first, second)
    assert waiting.due() is None
    assert waiting.next_due() == LATER, "what waits for another is not due, however long ago its time was"
    waiting.put([other], instead_of=other)
    assert waiting.due() is other
    waiting.put([], instead_of=first)
    assert waiting.due() is second


def test_what_is_left_takes_the_place_of_the_whole() -> None:
    first, second = _delivery((0, 1), (0, 2)), _delivery((0, 3))
    waiting = _waiting(first, second)
    parts = _delivery((0, 1)), _delivery((0, 2))
    waiting.put(parts, instead_of=first)
    for expected in (*parts, second):
        assert waiting.due() is expected
        waiting.put([], instead_of=expected)
    assert waiting.due() is None
    assert waiting.next_due() is None


def test_the_lowest_offset_that_waits_is_told_by_partition() -> None:
    waiting = _waiting(_delivery((0, 4), (1, 7)), _delivery((0, 5)))
    assert [waiting.lowest_offset(TopicPartition("t", number)) for number in range(3)] == [4, 7, None]


def test_the_pause_grows_while_nothing_gets_done_up_to_a_limit() -> None:
    delivery, pauses = _delivery((0, 1), (0, 2)), []
    for _ in range(8):
        delivery = delivery.again(delivery.batch, None)
        pauses.append(delivery.pause)
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    smaller = delivery.again(batch(record(2)), None)
    assert (smaller.pause, smaller.tries) == (0.2, 9), "a part has had as many tries as the whole"


def test_ten_thousand_tries_do_not_overflow() -> None:
    delivery = Delivery(batch=batch(record(1)), tries=10_000, stalled=10_000)
    assert delivery.again(delivery.batch, None).pause == 5.0
