"""Dead letter: an event or some records that a function or a queue could not take, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from samrun.errors import UserError
from samrun.mapping.records import TopicPartition

PlaceKind = Literal["queue", "bucket", "topic"]


class DeadLetterError(UserError):
    """A dead letter is not there, or cannot be deleted or replayed; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Place that gets dead letters: a queue, a bucket or a topic of that name.

    `sources` say whose dead letters are there. `function` is the name of the function that could not take them, if
    there is one; `redrives_to` are the queues that move their messages there, by name.
    """

    kind: PlaceKind
    name: str
    sources: tuple[str, ...] = ()
    function: str | None = None
    redrives_to: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RecordSpan:
    """Records of Kafka in one partition, from the offset `first` to `last`."""

    partition: TopicPartition
    first: int
    last: int

    def __str__(self) -> str:
        """Name them as samrun does everywhere: topic-partition@offset."""
        return f"{self.partition}@{self.first}" + (f"…{self.last}" if self.last > self.first else "")


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Contents of a dead letter, whatever sent it.

    `event` is the event that the function did not take, as JSON. Without it, Kafka has the records of `spans`. `reason`
    says why: a condition, an error or a reason of the function's own. `attempts` counts the invocations, if that is
    known. `function` is the one that failed, and `request_id` that of its last invocation, if the dead letter names
    them.
    """

    what: str
    reason: str
    attempts: int | None = None
    function: str | None = None
    request_id: str | None = None
    event: bytes | None = None
    spans: tuple[RecordSpan, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """Dead letter in a place, there under `id`, since `at`. `body` is all of it."""

    place: Place
    id: str
    at: datetime
    body: bytes
    contents: Contents
