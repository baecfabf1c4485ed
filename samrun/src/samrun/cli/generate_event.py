"""The event of a Kafka event source mapping, for `sam local invoke`: what `sam local generate-event` has not."""

import sys
from collections.abc import Mapping
from pathlib import Path

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from local.endpoints import Endpoints
from local.errors import PlainError
from local.event_settings import STANDARD_INPUT, EventSettings, Source
from local.mapping.batch import Batch
from local.topics import find

# The example of https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html.
_ARNS: Mapping[Source, str | None] = {
    "msk": "arn:aws:kafka:us-east-1:123456789012:cluster/vpc-2priv-2pub/751d2973-a626-431c-9d4e-d7975eb44dd7-2",
    "self-managed-kafka": None,
}
_BOOTSTRAP = (
    "b-2.demo-cluster-1.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092,"
    "b-1.demo-cluster-1.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092"
)
_RECORD = ConsumerRecord(
    topic="mytopic",
    partition=0,
    leader_epoch=None,
    offset=15,
    timestamp=1545084650987,
    timestamp_type=0,
    key=None,
    value=b"Hello, this is a test.",
    headers=(),
    checksum=None,
    serialized_key_size=None,
    serialized_value_size=None,
    serialized_header_size=None,
)


class NoValueError(PlainError):
    """The file that holds the record's value cannot be read."""


def generate_event(settings: EventSettings) -> bytes:
    """Return the event, as the local mapping would send it.

    Raises NoValueError, NoStackError, KafkaUnreachableError and NoRecordError.
    """
    bootstrap, record = settings.bootstrap or _BOOTSTRAP, _RECORD
    if settings.place:
        bootstrap = settings.bootstrap or Endpoints.read(settings.data).kafka
        record = find(settings.place, bootstrap)
    if settings.file:
        record = record._replace(value=_content(settings.file))
    record = record._replace(**settings.fields, headers=(*record.headers, *settings.headers))
    batch = Batch({TopicPartition(record.topic, record.partition): (record,)})
    return batch.event(bootstrap, source_arn=_ARNS[settings.source])


def _content(file: Path) -> bytes:
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise NoValueError(f"{file}, which is to hold the record's value, cannot be read: {error.strerror}") from error
