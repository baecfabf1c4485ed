"""New services: the files of a consumer, and those of a producer."""

from collections.abc import Mapping, Sequence
from uuid import NAMESPACE_URL, uuid5

from samrun.scaffold.kafka_event import kafka_event
from samrun.scaffold.names import ServiceName
from samrun.scaffold.rendered_files import rendered_files
from samrun.scaffold.samples import SampleEvent

# The record of a producer's sample event.
_RECORD = "0b2f6d7e-5a35-4d2f-8f0c-3c1f5d8f4a11"


def consumer_files(
    name: ServiceName, *, topic: str, samples: Sequence[SampleEvent], types: Sequence[str]
) -> Mapping[str, str]:
    """Return the text of each file of a consumer, by its path in the service's folder.

    `types` are those that it reads, each with its sample; none for all types that the topic has.
    """
    values = {"samples": samples, "samples_are_general": any(sample.is_general for sample in samples)}
    return {
        **rendered_files("consumer", {**_names(name), "topic": topic, "types": types, **values}),
        **{f"events/{sample.file_name}": sample.text for sample in samples},
        "events/kafka.json": kafka_event(topic, samples),
    }


def producer_files(name: ServiceName, *, topic: str, event_type: str) -> Mapping[str, str]:
    """Return the text of each file of a producer of events of one type, by its path in the service's folder."""
    # As the generated events.py makes the id; the generated tests compare the event with the sample.
    event_id = uuid5(NAMESPACE_URL, f"/{name.name}/{_RECORD}/{event_type}")
    values = {"record_id": _RECORD, "event_id": str(event_id)}
    return rendered_files("producer", {**_names(name), "topic": topic, "types": [event_type], **values})


def _names(name: ServiceName) -> Mapping[str, str]:
    return {"name": name.name, "package": name.package, "title": name.title}
