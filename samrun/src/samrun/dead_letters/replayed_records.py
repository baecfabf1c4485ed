"""Records to replay: the event of those that a dead letter names, which Kafka still has."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from samrun.dead_letters.dead_letter import DeadLetterError, RecordSpan
from samrun.json_values import json_value
from samrun.mapping.batch import Batch
from samrun.mapping.topic_reader import TopicReader
from samrun.template.model.kafka_mappings import KafkaMapping

if TYPE_CHECKING:
    from samrun.mapping.records import KafkaRecord, TopicPartition

REPLAY = "replay"
"""Header that tells a function of a replay: its value is `true`."""

_HEADER = {REPLAY: list(b"true")}
_MAX_RECORDS = 10_000  # the most of a batch


def records_event(spans: Iterable[RecordSpan], mapping: KafkaMapping | None, bootstrap: str) -> bytes:
    """Return the event of the records of some spans, as the mapping would make it. Raises DeadLetterError.

    Of the records between the first and the last of a span, those that the mapping filters out are left out. Raises
    KafkaException.
    """
    found: dict[TopicPartition, tuple[KafkaRecord, ...]] = {}
    with TopicReader(bootstrap) as reader:
        for span in spans:
            if span.last - span.first >= _MAX_RECORDS:
                raise DeadLetterError(f"{span} are more records than a batch has.")
            if span.partition not in reader.partitions(span.partition.topic):
                raise DeadLetterError(f"There is no {span.partition} any more.")
            begin, end = reader.bounds(span.partition)
            first, last = max(span.first, begin), min(span.last + 1, end)
            records = reader.read(span.partition, first, last)
            if not records:
                raise DeadLetterError(f"Kafka has deleted {span}.")
            found[span.partition] = tuple(records)
    return Batch(found).event(bootstrap, source_arn=mapping.event_source_arn if mapping else None)


def marked_as_replay(event: bytes) -> bytes:
    """Return an event, in which each record of Kafka has the header of replays; other events stay as they are."""
    try:
        content: Any = json_value(event.decode())
    except ValueError:
        return event
    batches = content.get("records") if isinstance(content, dict) else None
    if not isinstance(batches, dict):
        return event
    for records in batches.values():
        for record in records if isinstance(records, list) else ():
            if isinstance(record, dict):
                headers = record.get("headers")
                kept = [each for each in headers if REPLAY not in each] if isinstance(headers, list) else []
                record["headers"] = [*kept, _HEADER]
    return json.dumps(content).encode()
