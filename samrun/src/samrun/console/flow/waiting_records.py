"""Records that a mapping has read and not yet delivered: behind one that fails, or while the function is busy."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future

from samrun.mapping.batch import Place
from samrun.mapping.poller import KafkaPoller
from samrun.mapping.records import KafkaRecord

# Records of a partition that are named, and seconds in which their mapping has to do so: a page waits for it.
_MAX_NAMED = 1_000
_PATIENCE = 0.5

Asked = Mapping[str, Future[Sequence[KafkaRecord]]]
"""For each mapping with such records, by its name: its answer, which comes soon."""


class WaitingRecords:
    """Records that wait for their first delivery by the mappings of a stack, which may come and go."""

    def __init__(self, mappings: Sequence[KafkaPoller]) -> None:
        self._mappings = mappings
        self._places: dict[str, set[Place]] = {}

    def counts(self) -> list[int]:
        """Return how many records wait for each mapping: a number that changes tells of news."""
        return [each.waiting_count for each in self._mappings]

    def ask(self) -> Asked:
        """Ask the mappings that have such records for them, and return at once."""
        return {each.mapping.logical_id: each.waiting(_MAX_NAMED) for each in self._mappings if each.waiting_count}

    def update(self, asked: Asked) -> Iterator[KafkaRecord]:
        """Yield the records that wait now. If a mapping lost its broker and does not answer, what it had read waits."""
        self._places = {name: places for name, places in self._places.items() if name in asked}
        for name, answer in asked.items():
            try:
                records = answer.result(timeout=_PATIENCE)
            except TimeoutError:
                continue
            self._places[name] = {(each.topic_partition, each.offset) for each in records}
            yield from records

    def mappings_of(self, place: Place) -> list[str]:
        """Return the names of the mappings for which a record waits."""
        return [name for name, places in self._places.items() if place in places]
