"""Stream source: the protocol by which a trigger reads a stream of DynamoDB or Kinesis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class StreamRecord:
    """A record: its entry in the function's event, and the fields that a filter pattern tests."""

    sequence_number: str
    arrived: datetime
    entry: Mapping[str, Any]
    fields: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A shard, and the shard that has to be read before it, if any."""

    id: str
    parent: str | None


@dataclass(frozen=True, kw_only=True)
class Position:
    """Position in a shard: TRIM_HORIZON, LATEST, AT_TIMESTAMP (in Unix seconds) or AFTER_SEQUENCE_NUMBER."""

    kind: str
    timestamp: float | None = None
    sequence_number: str | None = None


TRIM_HORIZON = Position(kind="TRIM_HORIZON")


class StreamSource(Protocol):
    """Source of a stream's shards and records. Its methods raise the errors of boto3."""

    def identity(self) -> str:
        """Return a text that another stream of the same name does not have."""
        ...

    def shards(self) -> Sequence[Shard]:
        """Return the shards that have records or will have them."""
        ...

    def iterator(self, shard: str, position: Position) -> str:
        """Return an iterator that reads a shard from a position on."""
        ...

    def read(self, shard: str, iterator: str, *, limit: int) -> tuple[Sequence[StreamRecord], str | None]:
        """Return the next records, at most `limit`, and the next iterator, or None at the end of the shard."""
        ...
