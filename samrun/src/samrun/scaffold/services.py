"""New services: the files of a consumer or of a producer of a topic."""

from collections.abc import Sequence
from typing import Literal

from samrun.scaffold.kafka_event import kafka_event
from samrun.scaffold.names import ServiceName
from samrun.scaffold.rendered_files import rendered_files
from samrun.scaffold.samples import SampleEvent

Kind = Literal["consumer"]


def generate(
    kind: Kind, name: ServiceName, *, topic: str, samples: Sequence[SampleEvent], types: Sequence[str]
) -> dict[str, str]:
    """Return the text of each file of a service, by its path in the service's folder.

    `types` are those that it reads, each with its sample; none for all types that the topic has.
    """
    values = {
        "name": name.name,
        "package": name.package,
        "title": name.title,
        "topic": topic,
        "types": types,
        "samples": samples,
        "samples_are_general": any(sample.is_general for sample in samples),
    }
    files = rendered_files(kind, values)
    files |= {f"events/{sample.file_name}": sample.text for sample in samples}
    files["events/kafka.json"] = kafka_event(topic, samples)
    return dict(sorted(files.items()))
