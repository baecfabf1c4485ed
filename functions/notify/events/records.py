"""Records of a batch, as Kafka's event source mapping passes them to a function."""

import base64
from dataclasses import dataclass
from typing import Any

from functions.notify.errors import NotifyError


class NotKafkaEventError(NotifyError, ValueError):
    """The event of an invocation is not from Kafka."""


class UndecodableError(NotifyError):
    """A record's value or headers are not the bytes that a mapping sends; the message names them."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record and its place in Kafka.

    `partition_id` is the mapping's name for the partition (`order-events-0`). `key` stays in base64: the function
    only compares it. `source` is the record as the mapping passed it: a JSON object.
    """

    partition_id: str
    topic: str
    partition: int
    offset: int
    key: str | None
    source: dict[str, Any]

    @property
    def id(self) -> str:
        """The id of this record, the same in every invocation."""
        return f"{self.partition_id}-{self.offset}"

    def value(self) -> bytes | None:
        """Return the bytes of the value; None for a tombstone. Raises UndecodableError."""
        value = self.source.get("value")
        try:
            return None if value is None else base64.b64decode(value, validate=True)
        except (TypeError, ValueError):
            raise UndecodableError("the value is not base64") from None

    def headers(self) -> dict[str, bytes]:
        """Return the headers; the last one wins if a name is repeated. Raises UndecodableError."""
        try:
            return {
                name: bytes(byte & 0xFF for byte in value)  # the mapping's bytes may be signed
                for header in self.source.get("headers") or []
                for name, value in header.items()
            }
        except (AttributeError, TypeError):
            raise UndecodableError("the headers are not names with lists of bytes") from None


def read_records(event: dict[str, Any]) -> list[Record]:
    """Return the records of an `aws:kafka` or `SelfManagedKafka` event, in the order of each partition.

    Raises NotKafkaEventError for an event of any other source.
    """
    if event.get("eventSource") not in {"aws:kafka", "SelfManagedKafka"}:
        raise NotKafkaEventError(
            "The event is not from Kafka: its eventSource is neither aws:kafka nor SelfManagedKafka. "
            "Trigger this function by a Kafka event source mapping, or invoke it with a sample of events/kafka/."
        )
    return [
        Record(
            partition_id=partition_id,
            topic=source["topic"],
            partition=source["partition"],
            offset=source["offset"],
            key=source.get("key"),
            source=source,
        )
        for partition_id, sources in event["records"].items()
        for source in sources
    ]
