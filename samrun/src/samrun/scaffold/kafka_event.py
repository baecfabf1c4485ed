"""Event of a Kafka mapping with sample events, as `samrun invoke` and `sam local invoke` take it."""

import json
import re
from collections.abc import Iterable

from samrun.mapping.batch import Batch
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.scaffold.samples import SampleEvent

_CONTENT_TYPE = ("content-type", b"application/cloudevents+json; charset=UTF-8")
_TIMESTAMP = 1_767_225_600_000  # 2026-01-01
_BROKERS = "kafka.example.com:9092"


def kafka_event(topic: str, samples: Iterable[SampleEvent]) -> str:
    """Return an event of a self-managed cluster with a record for each sample, as indented JSON."""
    partition = TopicPartition(topic, 0)
    records = tuple(
        KafkaRecord(
            partition,
            offset=number,
            timestamp=_TIMESTAMP,
            key=sample.subject.encode(),
            value=sample.text.encode(),
            headers=(_CONTENT_TYPE,),
        )
        for number, sample in enumerate(samples)
    )
    event = json.loads(Batch({partition: records}).event(_BROKERS, source_arn=None))
    return _numbers_on_one_line(json.dumps(event, indent=2)) + "\n"


def _numbers_on_one_line(text: str) -> str:
    return re.sub(
        r"\[[\d\s,-]+\]", lambda found: " ".join(found[0].split()).replace("[ ", "[").replace(" ]", "]"), text
    )
