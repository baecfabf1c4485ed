"""Records of Kafka as a mapping reads them, and the partitions that they are in."""

import json
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

# Kafka's numbers of the types of a record's timestamp; a record of Kafka before 0.10 has none.
CREATE_TIME, LOG_APPEND_TIME = 0, 1
_TIMESTAMP_TYPES = {CREATE_TIME: b"CREATE_TIME", LOG_APPEND_TIME: b"LOG_APPEND_TIME"}
_NO_TIMESTAMP_TYPE = b"NO_TIMESTAMP_TYPE"


class TopicPartition(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        """Its name in events and in responses: topic-number."""
        return f"{self.topic}-{self.partition}"


@dataclass(slots=True)
class KafkaRecord:
    """A record of Kafka. `timestamp` is in Unix milliseconds, and may be any number of 64 bits.

    `timestamp_type` is CREATE_TIME, LOG_APPEND_TIME or another number, if the record has no timestamp. Nothing changes
    a record; it is not frozen, because a frozen one takes five times as long to make, and a mapping makes one for each
    record.
    """

    topic_partition: TopicPartition
    offset: int
    timestamp: int = -1
    timestamp_type: int = CREATE_TIME
    key: bytes | None = None
    value: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()
    lacks_headers: bool = False
    """Set for a record with headers that Kafka's client cannot read."""
    _json: bytes | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def topic(self) -> str:
        return self.topic_partition.topic

    @property
    def partition(self) -> int:
        return self.topic_partition.partition

    @property
    def as_json(self) -> bytes:
        """The record in an event, as JSON. Made once: batches count its bytes, and each attempt sends them."""
        if self._json is None:
            self._json = self._formatted()
        return self._json

    def _formatted(self) -> bytes:
        # Formatted by hand: json.dumps takes several times as long, and a mapping does it for each record.
        key, value = self.key, self.value
        return _form(self.topic_partition, self.timestamp_type, key is None, value is None) % (
            self.offset,
            self.timestamp,
            _as_json(self.headers) if self.headers else b"[]",
            b"" if key is None else b2a_base64(key, newline=False),
            b"" if value is None else b2a_base64(value, newline=False),
        )

    @property
    def timestamp_type_name(self) -> str:
        """Name of the type of its timestamp in events."""
        return _TIMESTAMP_TYPES.get(self.timestamp_type, _NO_TIMESTAMP_TYPE).decode()


@cache
def _form(partition: TopicPartition, timestamp_type: int, lacks_key: bool, lacks_value: bool) -> bytes:
    """Return a record in an event, with places for its offset, timestamp, headers, key and value.

    What the record lacks has a place without a name: for nothing.
    """
    return b'{"topic":%s,"partition":%d,"offset":%%d,"timestamp":%%d,"timestampType":"%s","headers":%%b%s%s}' % (
        json.dumps(partition.topic).encode().replace(b"%", b"%%"),
        partition.partition,
        _TIMESTAMP_TYPES.get(timestamp_type, _NO_TIMESTAMP_TYPE),
        b"%b" if lacks_key else b',"key":"%b"',
        b"%b" if lacks_value else b',"value":"%b"',
    )


def _as_json(headers: Sequence[tuple[str, bytes | None]]) -> bytes:
    as_lists = [{name: _as_signed(value or b"")} for name, value in headers]
    return json.dumps(as_lists, separators=(",", ":")).encode()


def _as_signed(value: bytes) -> list[int]:
    """Return the bytes as signed numbers, -128 to 127. AWS sends these: see Powertools' decode_header_bytes."""
    return [byte - 256 if byte > 127 else byte for byte in value]
