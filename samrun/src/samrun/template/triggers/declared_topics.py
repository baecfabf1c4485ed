"""Topics that a template declares (AWS::MSK::Topic): the local Kafka stands for their cluster."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.errors import TemplateError
from samrun.template.model.kafka_topics import KafkaTopic
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.resolution.scalars import as_text
from samrun.template.support.resource_types import TOPIC

# The local Kafka has one replica of everything: with a minimum of two, it would refuse each write.
_OF_SEVERAL_BROKERS = {"min.insync.replicas"}


class TopicInvalidError(TemplateError):
    """A topic cannot be made; the message names it and says why."""


def read_kafka_topics(template: ResolvedTemplate) -> Iterator[KafkaTopic]:
    """Yield each topic. Raises TopicInvalidError."""
    for logical_id, properties in template.of_type(TOPIC):
        try:
            yield KafkaTopic(
                logical_id=logical_id,
                name=as_text(properties["TopicName"]),
                partitions=int(properties["PartitionCount"]),
                configs=_configs(properties),
            )
        except KeyError as error:
            raise TopicInvalidError(f"{logical_id}: the topic needs a {error.args[0]}.") from None
        except (AttributeError, TypeError, ValueError) as error:
            message = (
                f"{logical_id}: PartitionCount has to be a number, and Configs a JSON object of Kafka's settings in "
                f"base64 ({error})."
            )
            raise TopicInvalidError(message) from error


def _configs(properties: Mapping[str, Any]) -> dict[str, str]:
    if not (encoded := properties.get("Configs")):
        return {}
    configs = json.loads(base64.b64decode(encoded, validate=True))
    return {name: as_text(value) for name, value in configs.items() if name not in _OF_SEVERAL_BROKERS}
