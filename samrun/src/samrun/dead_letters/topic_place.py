"""Topic of Kafka that gets dead letters: each record is one. Kafka deletes no single record, so none can be deleted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from samrun.dead_letters.dead_letter import DeadLetter, DeadLetterError, Place
from samrun.dead_letters.reading import contents_of
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.mapping.topic_reader import TopicReader

_MAX_TIME = 253_402_300_799_000  # milliseconds: the last that datetime has


@dataclass(frozen=True, kw_only=True)
class TopicPlace:
    """Topic with dead letters. Those that were deleted here are hidden until the stack ends. For any thread.

    Methods raise KafkaException.
    """

    place: Place
    bootstrap: str
    _hidden: set[str] = field(default_factory=set)

    def dead_letters(self, limit: int) -> Iterator[DeadLetter]:
        """Yield the newest dead letters, up to so many of each partition."""
        with TopicReader(self.bootstrap) as reader:
            bounds = {each: reader.bounds(each) for each in reader.partitions(self.place.name)}
            spans = {each: (max(begin, end - limit), end) for each, (begin, end) in bounds.items()}
            for record in reader.read_spans(spans):
                if (dead_letter := self._dead_letter(record)).id not in self._hidden:
                    yield dead_letter

    def find(self, identifier: str) -> DeadLetter:
        """Return the dead letter in a record, by PARTITION.OFFSET. Raises DeadLetterError."""
        number, _, offset = identifier.partition(".")
        if number.isdecimal() and offset.isdecimal():
            with TopicReader(self.bootstrap) as reader:
                partition, at = TopicPartition(self.place.name, int(number)), int(offset)
                if partition in reader.partitions(self.place.name):
                    begin, end = reader.bounds(partition)
                    for record in reader.read(partition, at, at + 1) if begin <= at < end else ():
                        return self._dead_letter(record)
        raise DeadLetterError(f"There is no record {identifier} in {self.place.name}.")

    def delete(self, identifier: str) -> None:
        """Hide a dead letter until the stack ends."""
        self._hidden.add(identifier)

    def _dead_letter(self, record: KafkaRecord) -> DeadLetter:
        body = record.value or b""
        headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
        return DeadLetter(
            place=self.place,
            id=f"{record.partition}.{record.offset}",
            at=datetime.fromtimestamp(min(max(record.timestamp, 0), _MAX_TIME) / 1000, UTC),
            body=body,
            contents=contents_of(body, headers),
        )
