"""Limits of a Kafka mapping: what Lambda refuses of one, and what samrun cannot run."""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.resolution.booleans import is_true
from samrun.template.resolution.scalars import as_text
from samrun.template.resolution.unknown_values import UnknownValue
from samrun.template.support.mapping_sources import MSK, SELF_MANAGED_KAFKA, event_source
from samrun.template.triggers.mapping_limits import mapping_violations
from samrun.template.triggers.mapping_properties import (
    is_service_of_destinations,
    limit,
    on_failure_destination,
    refused_position,
)
from samrun.template.triggers.schema_registries import refused_schema_registry

_PROVISIONED_LIMITS = ("MaximumRecordAgeInSeconds", "MaximumRetryAttempts")
_KAFKA = "kafka://"
# https://docs.aws.amazon.com/lambda/latest/api/API_ProvisionedPollerConfig.html
_MAX_POLLERS = 2000
# "Omit the URI field for this type": https://docs.aws.amazon.com/lambda/latest/api/API_SourceAccessConfiguration.html
_WITHOUT_URI = {"IAM_AUTH", "IAM_OAUTHBEARER_AUTH"}
_ONLY_RABBITMQ = "VIRTUAL_HOST"
# "Amazon MSK doesn't support SASL/PLAIN authentication", and its SCRAM is that "with the SHA-512 hash function":
# https://docs.aws.amazon.com/lambda/latest/dg/msk-cluster-auth.html
_NOT_OF_MSK = {"BASIC_AUTH", "SASL_SCRAM_256_AUTH"}


def kafka_config(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the Kafka part of a mapping."""
    names = ("AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig")
    return next((properties[name] for name in names if name in properties), {})


def brokers(properties: Mapping[str, Any]) -> str | None:
    """Return the brokers of a self-managed cluster, or None for MSK."""
    return as_text(_brokers(properties)) or None


def _brokers(properties: Mapping[str, Any]) -> Any:
    endpoints = (properties.get("SelfManagedEventSource") or {}).get("Endpoints") or {}
    # SAM writes the first name, the API the second.
    return endpoints.get("KafkaBootstrapServers") or endpoints.get("KAFKA_BOOTSTRAP_SERVERS")


def refused(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each part of a Kafka mapping that stops the start."""
    found = list(mapping_violations(properties))
    if not properties.get("Topics"):
        found.append("Topics is missing: a Kafka mapping has one topic")
    if event_source(properties) == SELF_MANAGED_KAFKA and not isinstance(_brokers(properties), list | UnknownValue):
        found.append("SelfManagedEventSource has no list of KafkaBootstrapServers")
    found += refused_position(properties)
    # SAM and Lambda's parameters of MSK require it. A self-managed source without it is deployed by SAM's own
    # integration tests: integration/resources/templates/combination/function_with_self_managed_kafka.yaml
    if event_source(properties) == MSK and "StartingPosition" not in properties:
        found.append("StartingPosition is missing: a mapping to MSK has one")
    yield from found
    if not found:  # each value has the type that the API demands
        yield from _refused_together(properties)


def _refused_together(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is refused because of another value."""
    if "ProvisionedPollerConfig" not in properties and (names := ", ".join(_of_provisioned_mode(properties))):
        yield f"{names}: only provisioned mode has that. Give the mapping a ProvisionedPollerConfig"
    if int(properties.get("ProvisionedPollerConfig", {}).get("MaximumPollers", 1)) > _MAX_POLLERS:
        yield f"ProvisionedPollerConfig has more MaximumPollers than Kafka's {_MAX_POLLERS}"
    config = kafka_config(properties)
    if config.get("ConsumptionMode") == "Queue":
        yield "ConsumptionMode is Queue: samrun reads with consumer groups, and not with share groups"
    if destination := on_failure_destination(properties):
        yield from _refused_destination(destination, properties)
    yield from _refused_authentication(properties)
    yield from refused_schema_registry(config)


def _refused_destination(destination: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield the reason if AWS refuses an on-failure destination.

    https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure-destination.html#kafka-ofd-requirements
    """
    if destination.startswith(_KAFKA):
        if destination.removeprefix(_KAFKA) in properties.get("Topics", []):
            yield f"the on-failure destination {destination} is the topic that the mapping reads: name another"
    elif not is_service_of_destinations(destination):
        yield f"the on-failure destination is {destination}: it can be a queue, a topic of SNS, a bucket or kafka://TOPIC"


def _of_provisioned_mode(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield each part of a mapping that needs provisioned mode on AWS.

    https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html and
    https://docs.aws.amazon.com/lambda/latest/dg/services-consume-kafka-events.html
    """
    if is_true(properties.get("BisectBatchOnFunctionError", False)):
        yield "BisectBatchOnFunctionError"
    yield from (name for name in _PROVISIONED_LIMITS if limit(properties, name) is not None)
    if properties.get("FunctionResponseTypes"):
        yield "FunctionResponseTypes"
    if (on_failure_destination(properties) or "").startswith(_KAFKA):
        yield "a Kafka topic as the on-failure destination"
    if kafka_config(properties).get("SchemaRegistryConfig"):
        yield "SchemaRegistryConfig"


def _refused_authentication(properties: Mapping[str, Any]) -> Iterator[str]:
    is_msk = event_source(properties) == MSK
    for index, each in enumerate(properties.get("SourceAccessConfigurations", [])):
        place, kind = f"SourceAccessConfigurations[{index}]", each.get("Type")
        if kind is None:
            yield f"{place} has no Type"
        elif isinstance(kind, UnknownValue):
            continue
        elif kind == _ONLY_RABBITMQ or (is_msk and kind in _NOT_OF_MSK):
            yield f"{place} is {kind}, which {'MSK' if is_msk else 'Kafka'} does not have"
        elif not each.get("URI") and kind not in _WITHOUT_URI:
            yield f"{place} is {kind} without a URI"
