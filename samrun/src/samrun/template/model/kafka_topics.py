"""Kafka topics of an application."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class KafkaTopic:
    """A topic that the template declares. `configs` are Kafka's settings of it, such as cleanup.policy."""

    logical_id: str
    name: str
    partitions: int
    configs: Mapping[str, str] = field(default_factory=dict)
