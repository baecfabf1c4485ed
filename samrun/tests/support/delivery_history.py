"""History of the deliveries to the members of a group: lost, out of order, or redelivered records."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from support.committed_offsets import CommittedOffsets


@dataclass(frozen=True, kw_only=True)
class DeliveredRecord:
    """A record that a member got at a time of the monotonic clock, in seconds."""

    at: float
    member: str
    partition: int
    offset: int
    number: int

    def __str__(self) -> str:
        return f"{self.partition}@{self.offset} to {self.member} at {self.at:.3f}"


class DeliveryHistory:
    """All deliveries, in the order of their times."""

    def __init__(self, deliveries: Iterable[DeliveredRecord]) -> None:
        self.first: dict[tuple[int, int], DeliveredRecord] = {}
        self.redelivered: list[DeliveredRecord] = []
        for each in sorted(deliveries, key=lambda delivery: delivery.at):
            if self.first.setdefault((each.partition, each.offset), each) is not each:
                self.redelivered.append(each)

    def lost(self, acknowledged: Mapping[tuple[int, int], int]) -> list[tuple[int, int]]:
        """Return the partition and offset of each acknowledged record that was delivered to nobody, or changed."""
        return [
            place
            for place, number in acknowledged.items()
            if place not in self.first or self.first[place].number != number
        ]

    def out_of_order(self) -> list[DeliveredRecord]:
        """Return each delivery of a record after the first delivery of one that is behind it in the partition."""
        highest: dict[int, int] = {}
        found = []
        for each in self.first.values():
            if each.offset < highest.get(each.partition, 0):
                found.append(each)
            highest[each.partition] = max(highest.get(each.partition, 0), each.offset)
        return found

    def redelivered_after_commit(self, committed: CommittedOffsets) -> list[DeliveredRecord]:
        """Return each delivery of a record again that had been seen to be committed by then."""
        return [each for each in self.redelivered if each.offset < committed.by(each.at, each.partition)]

    def unfinished(self, at: float, committed: CommittedOffsets) -> int:
        """Return how many records had been delivered by then, and were not yet seen to be committed."""
        return sum(each.at <= at and each.offset >= committed.by(at, each.partition) for each in self.first.values())


def read_deliveries(notes: Path) -> Iterator[DeliveredRecord]:
    """Yield what the members noted in the files of a folder: a line for each batch."""
    for file in notes.iterdir():
        *lines, _torn = file.read_text().split("\n")
        for line in lines:
            batch = json.loads(line)
            for partition, offset, number in batch["records"]:
                yield DeliveredRecord(
                    at=batch["at"], member=file.stem, partition=partition, offset=offset, number=number
                )
