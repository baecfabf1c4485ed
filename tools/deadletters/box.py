"""All dead letters, wherever they are kept."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tools.deadletters.bucket import Bucket
from tools.deadletters.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.deadletters.letters import Letter
    from tools.deadletters.places import Places


class Box:
    """The letters of both places, in the order of the topic. Made by `opened`."""

    def __init__(self, queue: Queue, bucket: Bucket) -> None:
        self._queue = queue
        self._bucket = bucket
        self.letters: Sequence[Letter] = sorted(
            [*queue.letters(), *bucket.letters()], key=lambda each: (each.topic, each.partition, each.offset, each.when)
        )
        self.unreadable: Sequence[str] = [*queue.unreadable, *bucket.unreadable]

    def copies(self, letter_id: str) -> list[Letter]:
        """Return the copies of one record; SQS and Kafka both deliver at least once."""
        return [each for each in self.letters if each.id == letter_id]

    def hold(self, letter_id: str) -> None:
        """Keep a record from other readers for the time that its replay takes."""
        for each in self.copies(letter_id):
            if each.where == "queue":
                self._queue.hold(each)

    def remove(self, letter_id: str) -> None:
        """Delete every copy of a record."""
        for each in self.copies(letter_id):
            (self._queue if each.where == "queue" else self._bucket).remove(each)


@contextlib.contextmanager
def opened(places: Places) -> Iterator[Box]:
    """Open the box; once it is closed, what was not removed is there for everybody again."""
    queue = Queue(places.sqs, places.queue_url)
    try:
        yield Box(queue, Bucket(places.s3, places.bucket))
    finally:
        queue.give_back()
