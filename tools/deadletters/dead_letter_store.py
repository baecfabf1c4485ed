"""Store of dead letters: those in the queue and those in the bucket, together."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tools.deadletters.dead_letter_queue import DeadLetterQueue
from tools.deadletters.on_failure_bucket import OnFailureBucket

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.deadletters.dead_letter import DeadLetter
    from tools.deadletters.locations import Locations


class DeadLetterStore:
    """The dead letters of queue and bucket, in the order of the topic. `open_store` returns one."""

    def __init__(self, queue: DeadLetterQueue, bucket: OnFailureBucket) -> None:
        self._queue = queue
        self._bucket = bucket
        self.dead_letters: Sequence[DeadLetter] = sorted(
            [*queue.dead_letters(), *bucket.dead_letters()],
            key=lambda each: (each.topic, each.partition, each.offset, each.when),
        )
        self.unreadable: Sequence[str] = [*queue.unreadable, *bucket.unreadable]

    def copies(self, dead_letter_id: str) -> list[DeadLetter]:
        """Return the copies of one record; SQS and Kafka both deliver at least once."""
        return [each for each in self.dead_letters if each.id == dead_letter_id]

    def hold(self, dead_letter_id: str) -> None:
        """Hide a record from other readers for the duration of its replay."""
        for each in self.copies(dead_letter_id):
            if each.where == "queue":
                self._queue.hold(each)

    def remove(self, dead_letter_id: str) -> None:
        """Delete every copy of a record."""
        for each in self.copies(dead_letter_id):
            (self._queue if each.where == "queue" else self._bucket).remove(each)


@contextlib.contextmanager
def open_store(locations: Locations) -> Iterator[DeadLetterStore]:
    """Yield the store of these locations. At the end, release the dead letters that were not removed."""
    queue = DeadLetterQueue(locations.sqs, locations.queue_url)
    try:
        yield DeadLetterStore(queue, OnFailureBucket(locations.s3, locations.bucket))
    finally:
        queue.release()
