"""Kafka mappings of a template: AWS::Lambda::EventSourceMapping, for MSK or a self-managed cluster."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from samrun.template.arns import function_and_qualifier, function_arn, function_name
from samrun.template.errors import TemplateError
from samrun.template.model.account import ACCOUNT
from samrun.template.model.kafka_mappings import KafkaAuthentication, KafkaMapping
from samrun.template.resolution.booleans import is_true
from samrun.template.resolution.references import CLUSTER_ARN
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.resolution.scalars import as_text
from samrun.template.support.mapping_sources import KAFKA, event_source
from samrun.template.triggers.event_source_mappings import consumers, event_source_mappings
from samrun.template.triggers.kafka_limits import brokers, kafka_config, refused
from samrun.template.triggers.mapping_properties import (
    filters,
    is_enabled,
    limit,
    on_failure_destination,
    starting_timestamp,
)
from samrun.template.triggers.schema_registries import read_schema_registry

# "When you configure both infinite retries and an on-failure destination, Lambda automatically applies a maximum of 10
# retry attempts": https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
_RETRIES_BEFORE_A_DESTINATION = 10
# AWS's documents do not say where a mapping without a StartingPosition starts.
_POSITION: Literal["TRIM_HORIZON"] = "TRIM_HORIZON"
# AWS names the group after the mapping's UUID.
DEFAULT_GROUP = "local-{logical_id}"
# Of the types of SourceAccessConfigurations: those of a user, with Kafka's name of the mechanism, and those by which
# samrun cannot authenticate. VPC_SUBNET and VPC_SECURITY_GROUP mean nothing on one machine.
_MECHANISMS: Mapping[str, Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]] = {
    "BASIC_AUTH": "PLAIN",
    "SASL_SCRAM_256_AUTH": "SCRAM-SHA-256",
    "SASL_SCRAM_512_AUTH": "SCRAM-SHA-512",
}
_UNSUPPORTED = {"IAM_AUTH", "IAM_OAUTHBEARER_AUTH", "OAUTHBEARER_AUTH"}


def read_kafka_mappings(template: ResolvedTemplate, *, path: Path) -> Iterator[KafkaMapping]:
    """Yield the mappings that read Kafka. Raises TemplateError."""
    known = consumers(template)
    groups: dict[str, str] = {}
    for logical_id, properties in event_source_mappings(template):
        if event_source(properties) not in KAFKA:
            continue
        if text := "; ".join(refused(properties)):
            raise TemplateError(f"{path}: AWS refuses {logical_id}: {text}")
        group = kafka_config(properties).get("ConsumerGroupId")
        if group and (other := groups.setdefault(group, logical_id)) != logical_id:
            raise TemplateError(
                f"{path}: {other} and {logical_id} have the same ConsumerGroupId, {group}. Lambda demands that it is "
                "unique: the two would share the records."
            )
        function = function_name(str(properties["FunctionName"]))
        if function in known:  # samrun.template.support.event_sources names the others
            yield mapping_of(logical_id, properties, region=template.region)


def ignored_in_mappings(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for each mapping that is not supported in full on one machine."""
    for logical_id, properties in event_source_mappings(template):
        if event_source(properties) in KAFKA:
            yield from (f"{logical_id}: {text}" for text in _ignored(logical_id, properties))


def mapping_of(logical_id: str, properties: Mapping[str, Any], *, region: str) -> KafkaMapping:
    """Return the mapping with these properties, which `kafka_limits.refused` has no sentence about.

    Raises TemplateError.
    """
    function, qualifier = function_and_qualifier(str(properties["FunctionName"]))
    config, destination = kafka_config(properties), on_failure_destination(properties)
    retries = limit(properties, "MaximumRetryAttempts")
    return KafkaMapping(
        logical_id=logical_id,
        function=function,
        function_arn=function_arn(function, region=region, qualifier=qualifier),
        qualifier=qualifier,
        topic=as_text(properties["Topics"][0]),
        consumer_group=config.get("ConsumerGroupId") or DEFAULT_GROUP.format(logical_id=logical_id),
        event_source_arn=_event_source_arn(properties, region),
        batch_size=int(properties.get("BatchSize", 100)),
        window=float(properties.get("MaximumBatchingWindowInSeconds", 0.5)),
        starting_position=properties.get("StartingPosition", _POSITION),
        starting_timestamp=starting_timestamp(properties),
        report_batch_item_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
        bisect=is_true(properties.get("BisectBatchOnFunctionError", False)),
        maximum_retries=_RETRIES_BEFORE_A_DESTINATION if retries is None and destination else retries,
        maximum_age=limit(properties, "MaximumRecordAgeInSeconds"),
        on_failure=destination,
        bootstrap=brokers(properties),
        authentication=_authentication(properties),
        filters=filters(logical_id, properties),
        schema_registry=read_schema_registry(config),
        enabled=is_enabled(logical_id, properties),
        properties=properties,
    )


def _event_source_arn(properties: Mapping[str, Any], region: str) -> str | None:
    """Return the ARN of the MSK cluster, or None for a self-managed one.

    The ARN of a cluster that another stack has, or that Systems Manager knows, has the form of one.
    """
    if "SelfManagedEventSource" in properties:
        return None
    arn = str(properties.get("EventSourceArn") or "")
    return arn if ":kafka:" in arn else CLUSTER_ARN.format(region=region, account=ACCOUNT, name="local")


def _authentication(properties: Mapping[str, Any]) -> KafkaAuthentication:
    # IAM_AUTH has no URI.
    configured = {each["Type"]: each.get("URI") for each in properties.get("SourceAccessConfigurations", [])}
    kind = next((each for each in configured if each in _MECHANISMS), None)
    return KafkaAuthentication(
        mechanism=_MECHANISMS[kind] if kind else None,
        user=configured[kind] if kind else None,
        certificate=configured.get("CLIENT_CERTIFICATE_TLS_AUTH"),
        ca=configured.get("SERVER_ROOT_CA_CERTIFICATE"),
        unsupported=tuple(sorted(configured.keys() & _UNSUPPORTED)),
    )


def _ignored(logical_id: str, properties: Mapping[str, Any]) -> Iterator[str]:
    if not is_enabled(logical_id, properties):
        yield "it has Enabled: false"
        return
    position = properties.get("StartingPosition")
    if position is None:
        yield f"it has no StartingPosition: it starts at {_POSITION}"
    if position != "AT_TIMESTAMP" and "StartingPositionTimestamp" in properties:
        yield f"StartingPositionTimestamp, because StartingPosition is {position or _POSITION}"
    if unsupported := ", ".join(_authentication(properties).unsupported):
        yield f"{unsupported}: samrun cannot authenticate so. The mapping reads the local Kafka without authentication"
