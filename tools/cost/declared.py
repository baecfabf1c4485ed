"""Declarations of the templates that cost money: memory, brokers, pollers, alarms, keys."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tools.templates import KAFKA, SYSTEM, default_of, load_template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MEGABYTES_OF_A_GIGABYTE = 1024
# Interface endpoints of infrastructure/msk.yaml with PollerEndpoints: Lambda's and STS's.
POLLER_ENDPOINTS = 2
# Conditions under which the template has further alarms, with the parameter of each and the value that turns it off.
_FURTHER = {
    "SendTextMessages": ("TextMessages", "false"),
    "NotifyReadsRewards": ("RewardEventsTopic", ""),
    "NotifyReadsShipments": ("ShipmentEventsTopic", ""),
}


@dataclass(frozen=True, kw_only=True)
class Declared:
    """Things that the templates declare with the defaults of their parameters, and that cost money."""

    architecture: str
    gigabytes: Mapping[str, Decimal]
    """Memory of each function."""
    minimum_pollers: int
    broker_type: str
    brokers: int
    gigabytes_of_a_disk: int
    partitions: int
    endpoints: int
    """Interface endpoints, each counted in each zone."""
    alarms: int
    """Metrics of the alarms: one with metric math has several, and a query of the brokers has one for each broker."""
    dashboards: int
    keys: int


def read_declared(system: Path = SYSTEM, kafka: Path = KAFKA) -> Declared:
    """Read the two templates."""
    template, cluster = load_template(system), load_template(kafka)
    both = [*template["Resources"].values(), *cluster["Resources"].values()]
    zones = int(default_of(cluster, "Zones"))
    off = {condition for condition, (name, value) in _FURTHER.items() if default_of(template, name) == value}
    return Declared(
        architecture=default_of(template, "Architecture"),
        gigabytes={
            name: Decimal(resource["Properties"]["MemorySize"]) / MEGABYTES_OF_A_GIGABYTE
            for name, resource in template["Resources"].items()
            if resource["Type"] == "AWS::Serverless::Function"
        },
        minimum_pollers=int(default_of(template, "MinimumPollers")),
        broker_type=default_of(cluster, "BrokerType"),
        brokers=zones,
        gigabytes_of_a_disk=int(default_of(cluster, "VolumeGigabytes")),
        partitions=int(default_of(cluster, "Partitions")),
        endpoints=POLLER_ENDPOINTS * zones if default_of(cluster, "PollerEndpoints") == "true" else 0,
        alarms=sum(
            metrics_watched(each["Properties"], brokers=zones)
            for each in both
            if each["Type"] == "AWS::CloudWatch::Alarm" and each.get("Condition") not in off
        ),
        dashboards=_count(both, "AWS::CloudWatch::Dashboard"),
        keys=_count(both, "AWS::KMS::Key"),
    )


def metrics_watched(alarm: Mapping[str, Any], *, brokers: int) -> int:
    """Return how many metrics CloudWatch bills for an alarm, given its properties."""
    return sum(_metrics_read(query, brokers) for query in alarm["Metrics"]) if "Metrics" in alarm else 1


def _metrics_read(query: Mapping[str, Any], brokers: int) -> int:
    """Return the metrics that a query reads: one, or all that its SELECT finds, or none if it computes with others."""
    if "MetricStat" in query:
        return 1
    if not query["Expression"].startswith("SELECT "):
        return 0
    return brokers if '"Broker ID"' in query["Expression"] else 1


def _count(resources: Sequence[Mapping[str, Any]], kind: str) -> int:
    return sum(resource["Type"] == kind for resource in resources)
