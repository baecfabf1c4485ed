"""Kafka mappings of a template: AWS::Lambda::EventSourceMapping, for MSK or a self-managed cluster."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from samrun.template.arns import function_name
from samrun.template.errors import TemplateError
from samrun.template.model.account import ACCOUNT
from samrun.template.model.kafka_mappings import KafkaAuthentication, KafkaMapping
from samrun.template.resolution.booleans import is_true
from samrun.template.resolution.references import CLUSTER_ARN
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.resolution.scalars import as_text
from samrun.template.resolution.unknown_values import UnknownValue
from samrun.template.triggers.event_source_mappings import event_source_mappings
from samrun.template.triggers.mapping_limits import violations
from samrun.template.triggers.mapping_properties import (
    filters,
    limit,
    on_failure_destination,
    refused_position,
    starting_timestamp,
)
from samrun.template.triggers.schema_registries import read_schema_registry, refused_schema_registry

# "When you configure both infinite retries and an on-failure destination, Lambda automatically applies a maximum of 10
# retry attempts": https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
_RETRIES_BEFORE_A_DESTINATION = 10
_PROVISIONED_LIMITS = ("MaximumRecordAgeInSeconds", "MaximumRetryAttempts")
# AWS names the group after the mapping's UUID.
DEFAULT_GROUP = "local-{logical_id}"
_DESTINATIONS = (["sqs"], ["sns"], ["s3"])
_KAFKA = "kafka://"
# Of the types of SourceAccessConfigurations: those of a user, with Kafka's name of the mechanism, and those by which
# samrun cannot authenticate. VPC_SUBNET and VPC_SECURITY_GROUP mean nothing on one machine.
_MECHANISMS: Mapping[str, Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]] = {
    "BASIC_AUTH": "PLAIN",
    "SASL_SCRAM_256_AUTH": "SCRAM-SHA-256",
    "SASL_SCRAM_512_AUTH": "SCRAM-SHA-512",
}
_UNSUPPORTED = {"IAM_AUTH", "IAM_OAUTHBEARER_AUTH", "OAUTHBEARER_AUTH"}


def read_kafka_mappings(template: ResolvedTemplate, *, path: Path) -> Iterator[KafkaMapping]:
    """Yield the enabled mappings that read Kafka. Raises TemplateError."""
    function_arns = template.function_arns()
    groups: dict[str, str] = {}
    for logical_id, properties in event_source_mappings(template):
        config = _kafka_config(properties)
        if config is None or _reason_not_to_run(properties, function_arns):
            continue
        group = config.get("ConsumerGroupId")
        if group and (other := groups.setdefault(group, logical_id)) != logical_id:
            raise TemplateError(
                f"{path}: {other} and {logical_id} have the same ConsumerGroupId, {group}. Lambda demands that it is "
                "unique: the two would share the records."
            )
        if refused := "; ".join([*_refused(properties), *refused_schema_registry(config)]):
            raise TemplateError(f"{path}: AWS refuses {logical_id}: {refused}")
        function = function_name(properties["FunctionName"])
        if function not in function_arns:
            raise TemplateError(f"{path}: {logical_id} triggers {function}, which is not a function of the template")
        yield _mapping(
            logical_id,
            properties,
            config,
            function=function,
            function_arn=function_arns[function],
            region=template.region,
        )


def ignored_in_mappings(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for each mapping that is not supported in full on one machine."""
    function_arns = template.function_arns()
    for logical_id, properties in event_source_mappings(template):
        # samrun.template.support.event_sources has those of other sources.
        if _kafka_config(properties) is not None and (reason := _reason_not_to_run(properties, function_arns)):
            yield f"{logical_id}: {reason}"


def _mapping(
    logical_id: str,
    properties: Mapping[str, Any],
    config: Mapping[str, Any],
    *,
    function: str,
    function_arn: str,
    region: str,
) -> KafkaMapping:
    destination = on_failure_destination(properties)
    retries = limit(properties, "MaximumRetryAttempts")
    return KafkaMapping(
        logical_id=logical_id,
        function=function,
        function_arn=function_arn,
        topic=properties["Topics"][0],
        consumer_group=config.get("ConsumerGroupId") or DEFAULT_GROUP.format(logical_id=logical_id),
        event_source_arn=_event_source_arn(properties, region),
        batch_size=int(properties.get("BatchSize", 100)),
        window=float(properties.get("MaximumBatchingWindowInSeconds", 0.5)),
        starting_position=properties.get("StartingPosition", "TRIM_HORIZON"),
        starting_timestamp=starting_timestamp(properties),
        report_batch_item_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
        bisect=is_true(properties.get("BisectBatchOnFunctionError", False)),
        maximum_retries=_RETRIES_BEFORE_A_DESTINATION if retries is None and destination else retries,
        maximum_age=limit(properties, "MaximumRecordAgeInSeconds"),
        on_failure=destination,
        bootstrap=_bootstrap(properties),
        authentication=_authentication(properties),
        filters=filters(logical_id, properties),
        schema_registry=read_schema_registry(config),
    )


def _refused(properties: Mapping[str, Any]) -> Iterator[str]:
    yield from violations(properties)
    if not properties.get("Topics"):
        yield "Topics is missing: a Kafka mapping has one topic"
    yield from refused_position(properties)
    if any("Type" not in each for each in properties.get("SourceAccessConfigurations", [])):
        yield "an entry of SourceAccessConfigurations has no Type"
    if "ProvisionedPollerConfig" not in properties and (names := ", ".join(_of_provisioned_mode(properties))):
        yield f"{names}: only provisioned mode has that. Give the mapping a ProvisionedPollerConfig"
    if (_kafka_config(properties) or {}).get("ConsumptionMode") == "Queue":
        yield "ConsumptionMode is Queue: samrun reads with consumer groups, and not with share groups"
    if destination := on_failure_destination(properties):
        yield from _refused_destination(destination, properties)


def _refused_destination(destination: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield what AWS refuses of an on-failure destination.

    https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure-destination.html#kafka-ofd-requirements
    """
    if destination.startswith(_KAFKA):
        if destination.removeprefix(_KAFKA) in properties.get("Topics", []):
            yield f"the on-failure destination {destination} is the topic that the mapping reads: name another"
    elif destination.split(":")[2:3] not in _DESTINATIONS:
        yield f"the on-failure destination is {destination}: it can be a queue, a topic of SNS, a bucket or kafka://TOPIC"


def _of_provisioned_mode(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield what of a mapping AWS demands provisioned mode for.

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
    if (_kafka_config(properties) or {}).get("SchemaRegistryConfig"):
        yield "SchemaRegistryConfig"


def _event_source_arn(properties: Mapping[str, Any], region: str) -> str | None:
    """Return the ARN of the MSK cluster, or None for a self-managed one.

    The ARN of a cluster that another stack has, or that Systems Manager knows, has the form of one.
    """
    if "SelfManagedEventSource" in properties:
        return None
    arn = str(properties.get("EventSourceArn") or "")
    return arn if ":kafka:" in arn else CLUSTER_ARN.format(region=region, account=ACCOUNT, name="local")


def _kafka_config(properties: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the Kafka part of an event source mapping, or None if the source is not Kafka."""
    for name in ("AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig"):
        if name in properties:
            config: Mapping[str, Any] = properties[name]
            return config
    # Only Kafka has topics. The ARN of its cluster may be anything that one machine can't know.
    is_kafka = "Topics" in properties or "SelfManagedEventSource" in properties
    return {} if is_kafka or ":kafka:" in str(properties.get("EventSourceArn")) else None


def _bootstrap(properties: Mapping[str, Any]) -> str | None:
    """Return the brokers of a self-managed cluster, or None for MSK."""
    # SAM writes the first name, the API the second.
    endpoints = properties.get("SelfManagedEventSource", {}).get("Endpoints", {})
    servers = endpoints.get("KafkaBootstrapServers") or endpoints.get("KAFKA_BOOTSTRAP_SERVERS")
    if isinstance(servers, str):
        return servers or None
    return ",".join(map(as_text, servers)) if servers else None


def _authentication(properties: Mapping[str, Any]) -> KafkaAuthentication:
    # IAM_AUTH has no URI.
    configured = {each.get("Type"): each.get("URI") for each in properties.get("SourceAccessConfigurations", [])}
    kind = next((each for each in configured if each in _MECHANISMS), None)
    return KafkaAuthentication(
        mechanism=_MECHANISMS[kind] if kind else None,
        user=configured[kind] if kind else None,
        certificate=configured.get("CLIENT_CERTIFICATE_TLS_AUTH"),
        ca=configured.get("SERVER_ROOT_CA_CERTIFICATE"),
        unsupported=tuple(sorted(configured.keys() & _UNSUPPORTED)),
    )


def _reason_not_to_run(properties: Mapping[str, Any], functions: Collection[str]) -> str | None:
    if not is_true(properties.get("Enabled", True)):
        return "it has Enabled: false"
    function = properties.get("FunctionName")
    if isinstance(function, UnknownValue) and function_name(function) not in functions:
        return f"{function} is not a function of the template"
    return None
