"""Checks of the proof of a disturbed mapping: each fault that it looks for is found."""

import json
from pathlib import Path

import pytest

from support.committed_offsets import CommittedOffsets
from support.delivery_history import DeliveredRecord, DeliveryHistory, read_deliveries


def delivery(offset: int, at: float, *, partition: int = 0) -> DeliveredRecord:
    """Return a delivery of a record whose number is its offset."""
    return DeliveredRecord(at=at, member="stack", partition=partition, offset=offset, number=offset)


@pytest.fixture
def committed() -> CommittedOffsets:
    """Offset 2 of the partition 0 was committed by 10 s, and 3 by 20 s."""
    committed = CommittedOffsets()
    committed.note(5.0, {0: -1001, 1: -1001})
    committed.note(10.0, {0: 2, 1: -1001})
    committed.note(20.0, {0: 3, 1: -1001})
    return committed


def test_record_that_nobody_got_is_lost() -> None:
    history = DeliveryHistory([delivery(0, 1.0), delivery(2, 2.0)])
    assert history.lost({(0, 0): 0, (0, 1): 1, (0, 2): 2}) == [(0, 1)]


def test_record_that_came_with_the_value_of_another_is_lost() -> None:
    assert DeliveryHistory([delivery(0, 1.0)]).lost({(0, 0): 7}) == [(0, 0)]


def test_first_delivery_behind_a_later_record_is_out_of_order() -> None:
    late = delivery(1, 3.0)
    assert DeliveryHistory([late, delivery(0, 1.0), delivery(2, 2.0)]).out_of_order() == [late]


def test_redelivery_is_in_order_and_so_are_partitions_beside_one_another() -> None:
    history = DeliveryHistory([delivery(0, 1.0), delivery(1, 2.0), delivery(0, 3.0), delivery(0, 4.0, partition=1)])
    assert history.out_of_order() == []
    assert history.redelivered == [delivery(0, 3.0)]


def test_redelivery_is_a_fault_only_after_its_commit_was_seen(committed: CommittedOffsets) -> None:
    first = [delivery(offset, 1.0) for offset in range(4)]
    before, after, uncommitted = delivery(1, 9.0), delivery(1, 11.0), delivery(2, 12.0)
    history = DeliveryHistory([*first, before, after, uncommitted])
    assert history.redelivered == [before, after, uncommitted]
    assert history.redelivered_after_commit(committed) == [after]


def test_delivered_records_are_unfinished_until_their_commit(committed: CommittedOffsets) -> None:
    history = DeliveryHistory([delivery(offset, 1.0 + offset) for offset in range(4)])
    assert [history.unfinished(at, committed) for at in (0.0, 2.5, 9.0, 10.0, 20.0)] == [0, 2, 4, 2, 1]


def test_commit_of_an_earlier_offset_is_a_regression(committed: CommittedOffsets) -> None:
    assert committed.regressions == []
    committed.note(30.0, {0: 1})
    assert committed.regressions == ["0@3 was committed, and 1 after it, at 30.000"]
    assert committed.by(40.0, 0) == 3


def test_torn_last_line_of_a_process_that_was_killed_is_no_delivery(tmp_path: Path) -> None:
    line = json.dumps({"at": 1.5, "records": [[0, 7, 70], [1, 8, 80]]})
    (tmp_path / "stack.jsonl").write_text(f"{line}\n{line[:20]}")
    found = [(each.at, each.member, each.partition, each.offset, each.number) for each in read_deliveries(tmp_path)]
    assert found == [(1.5, "stack", 0, 7, 70), (1.5, "stack", 1, 8, 80)]
