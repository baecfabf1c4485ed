"""Publishing of a record by hand: from the fields of a form to a record in a topic."""

import base64
from collections.abc import Mapping

from confluent_kafka import KafkaException

from samrun.administration.kafka_connection import KafkaConnection
from samrun.administration.record_producer import produce
from samrun.administration.record_text import NewRecord
from samrun.errors import UserError
from samrun.mapping.client_errors import description
from samrun.mapping.records import TopicPartition

_NO_HEADER = "a line of the headers is NAME: VALUE"


class PublishingError(UserError):
    """The fields of a form make no record, or Kafka did not accept it; the message says why."""


def new_record(fields: Mapping[str, str]) -> NewRecord:
    """Return the record of a form with `key`, `value`, `headers`, `partition`, `base64` and `tombstone`.

    An empty key is none. Raises PublishingError.
    """
    encoded = "base64" in fields
    partition = fields.get("partition", "").strip()
    if partition and not partition.isdecimal():
        raise PublishingError(f"The partition is a number, not {partition!r}.")
    return NewRecord(
        value=None if "tombstone" in fields else _bytes("value", fields.get("value", ""), encoded=encoded),
        key=_bytes("key", fields.get("key", ""), encoded=encoded) or None,
        headers=tuple(_header(line) for line in fields.get("headers", "").splitlines() if line.strip()),
        partition=int(partition) if partition else None,
    )


def publish(connection: KafkaConnection, topic: str, record: NewRecord) -> tuple[TopicPartition, int]:
    """Send a record, and return where it is. Raises PublishingError, TopicError and KafkaUnreachableError."""
    stored: list[tuple[TopicPartition, int]] = []
    try:
        produce(connection, topic, [record], stored=lambda partition, offset: stored.append((partition, offset)))
    except KafkaException as error:
        raise PublishingError(f"Kafka did not accept the record: {description(error)}.") from error
    return stored[0]


def _bytes(name: str, text: str, *, encoded: bool) -> bytes:
    if not encoded:
        return text.encode(errors="replace")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise PublishingError(f"The {name} is not base64.") from None


def _header(line: str) -> tuple[str, bytes | None]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise PublishingError(f"{line.strip()!r}: {_NO_HEADER}.")
    return name.strip(), value.strip().encode(errors="replace")
