"""Broker of librdkafka's own mock cluster, in this process: records reach the real client with any bytes in them."""

import socket
import struct
from collections.abc import Sequence
from typing import Any, Self

from confluent_kafka import Producer
from kafka.record.default_records import DefaultRecordBatchBuilder

Headers = Sequence[tuple[bytes, bytes | None]]
"""Headers with the keys that Kafka has, which are bytes."""

_API_OF_PRODUCE, _VERSION = 0, 7
_PATIENCE = 10.0  # seconds


class MockBroker:
    """A broker without a disk, in which each topic exists once it is asked for. It lives as long as the object."""

    def __init__(self) -> None:
        self._cluster = Producer({"bootstrap.servers": "nowhere", "test.mock.num.brokers": 1, "log_level": 0})
        [broker] = self._cluster.list_topics(timeout=_PATIENCE).brokers.values()
        self.bootstrap = f"{broker.host}:{broker.port}"
        self._connection = socket.create_connection((broker.host, broker.port), timeout=_PATIENCE)

    def create(self, topic: str) -> None:
        self._cluster.list_topics(topic, timeout=_PATIENCE)

    def append(self, topic: str, *records: tuple[bytes | None, bytes | None, Headers], timestamp: int = 1000) -> int:
        """Append records, by key, value and headers, to the first partition. Return the offset of the first one."""
        builder = DefaultRecordBatchBuilder(
            magic=2,
            compression_type=0,
            is_transactional=0,
            producer_id=-1,
            producer_epoch=-1,
            base_sequence=-1,
            batch_size=1 << 20,
        )
        for place, (key, value, headers) in enumerate(records):
            builder.append(place, timestamp, key, value, [(_Key(name), content) for name, content in headers])
        return self._produce(topic, bytes(builder.build()))

    def _produce(self, topic: str, batch: bytes) -> int:
        """Send a batch by Kafka's protocol: https://kafka.apache.org/protocol.html#The_Messages_Produce."""
        head = struct.pack(">hhi", _API_OF_PRODUCE, _VERSION, 1) + _text("test")
        options = struct.pack(">hhi", -1, 1, int(_PATIENCE * 1000))  # no transaction, the leader answers
        partition = struct.pack(">ii", 1, 0) + struct.pack(">i", len(batch)) + batch
        request = head + options + struct.pack(">i", 1) + _text(topic) + partition
        self._connection.sendall(struct.pack(">i", len(request)) + request)
        answer = self._received(struct.unpack(">i", self._received(4))[0])
        position = 4 + 4 + len(_text(topic)) + 4  # correlation, topics, name, partitions
        _index, error, offset = struct.unpack_from(">ihq", answer, position)
        assert error == 0, f"Kafka's error {error}"
        return int(offset)

    def _received(self, count: int) -> bytes:
        received = b""
        while len(received) < count:
            chunk = self._connection.recv(count - len(received))
            if not chunk:
                raise ConnectionError("the mock broker hung up")
            received += chunk
        return received

    def close(self) -> None:
        self._connection.close()


class _Key(str):
    """Key of a header that encodes itself as any bytes."""

    __slots__ = ("_content",)
    _content: bytes

    def __new__(cls, content: bytes) -> Self:
        key = super().__new__(cls, content.decode("latin-1"))
        key._content = content
        return key

    def encode(self, *_: Any) -> bytes:
        return self._content


def _text(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()
