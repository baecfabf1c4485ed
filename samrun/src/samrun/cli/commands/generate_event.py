"""`samrun generate-event`: prints the event of a Kafka trigger, which `sam local generate-event` has not."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from samrun.cli import event_options
from samrun.cli.event_options import STANDARD_INPUT, EventSettings, Source, read_event_settings
from samrun.endpoints import Endpoints
from samrun.errors import UserError
from samrun.mapping.batch import Batch
from samrun.mapping.record_finder import find_record
from samrun.mapping.records import KafkaRecord, TopicPartition

DESCRIPTION = (
    "Prints the event with which Kafka's event source mapping would invoke a function for one record. A field of the "
    "event that no option sets has its value from AWS's own example."
)
EXAMPLES = (
    "samrun generate-event msk --topic greetings --value 'Good morning.' | sam local invoke Hello -e -",
    "samrun generate-event msk --from-topic greetings        # the newest record of a stack that runs",
    "samrun generate-event self-managed-kafka value.json --key 1",
)

# The example of https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html.
_ARNS: Mapping[Source, str | None] = {
    "msk": "arn:aws:kafka:us-east-1:123456789012:cluster/vpc-2priv-2pub/751d2973-a626-431c-9d4e-d7975eb44dd7-2",
    "self-managed-kafka": None,
}
_BOOTSTRAP = (
    "b-2.demo-cluster-1.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092,"
    "b-1.demo-cluster-1.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092"
)
_RECORD = KafkaRecord(TopicPartition("mytopic", 0), offset=15, timestamp=1545084650987, value=b"Hello, this is a test.")


class NoValueError(UserError):
    """The file that holds the record's value cannot be read."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    event_options.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Print the event."""
    print(generate_event(read_event_settings(options)).decode())
    return 0


def generate_event(settings: EventSettings) -> bytes:
    """Return the event, as the local mapping would send it.

    Raises NoValueError, NoStackError, KafkaUnreachableError and NoRecordError.
    """
    bootstrap, record = settings.bootstrap or _BOOTSTRAP, _RECORD
    if settings.position:
        bootstrap = settings.bootstrap or Endpoints.of_running_stack(settings.data).kafka
        record = find_record(settings.position, bootstrap)
        if record.lacks_headers:
            print("The event lacks the record's headers: the key of one is not UTF-8.", file=sys.stderr)
    if settings.file:
        record = replace(record, value=_content(settings.file))
    partition = record.topic_partition._replace(**settings.partition_fields)
    headers = (*record.headers, *settings.headers)
    record = replace(record, topic_partition=partition, headers=headers, **settings.fields)
    batch = Batch({record.topic_partition: (record,)})
    return batch.event(bootstrap, source_arn=_ARNS[settings.source])


def _content(file: Path) -> bytes:
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise NoValueError(f"{file}, the file with the record's value, cannot be read: {error.strerror}") from error
