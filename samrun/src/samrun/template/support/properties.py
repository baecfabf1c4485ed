"""Properties of the resources that the runner runs or makes, and how far it supports each one.

The names are those of CloudFormation: SAM's translator has made its own into these before. A test compares them with
CloudFormation's schemas, so that a new property is noticed.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.api_properties import API_PROPERTIES
from samrun.template.support.created_properties import CREATED_PROPERTIES
from samrun.template.support.levels import AS_AWS, NO_EFFECT, Level, Support, different, not_run, only_of
from samrun.template.support.mapping_sources import DOCUMENTDB, KAFKA, MQ, MSK, QUEUE, SELF_MANAGED_KAFKA, STREAMS
from samrun.template.support.nested_names import NESTED_NAMES
from samrun.template.support.resource_types import (
    API_DESTINATION,
    CONNECTION,
    EVENT_INVOKE_CONFIG,
    EVENT_SOURCE_MAPPING,
    FUNCTION,
    FUNCTION_URL,
    MAIL_EVENT_DESTINATION,
    PIPE,
    RECEIPT_RULE,
    RULE,
    SCHEDULE,
    TOPIC,
)

_KAFKA_CONFIG = different(
    "a schema registry is that of SCHEMA_REGISTRY_URL or of the template, or Glue in the local AWS"
)
_LIMITED = KAFKA | STREAMS

PROPERTIES: Mapping[str, Mapping[str, Support]] = {
    EVENT_SOURCE_MAPPING: {
        "AmazonManagedKafkaEventSourceConfig": only_of({MSK}, _KAFKA_CONFIG),
        "BatchSize": AS_AWS,
        "BisectBatchOnFunctionError": only_of(_LIMITED, AS_AWS),
        "DestinationConfig": only_of(_LIMITED, AS_AWS),
        "DocumentDBEventSourceConfig": only_of({DOCUMENTDB}, not_run("samrun has no DocumentDB")),
        "Enabled": AS_AWS,
        "EventSourceArn": different("the local Kafka stands for every cluster"),
        "FilterCriteria": AS_AWS,
        "FunctionName": AS_AWS,
        "FunctionResponseTypes": AS_AWS,
        "KmsKeyArn": NO_EFFECT,
        "LoggingConfig": NO_EFFECT,
        "MaximumBatchingWindowInSeconds": AS_AWS,
        "MaximumRecordAgeInSeconds": only_of(_LIMITED, AS_AWS),
        "MaximumRetryAttempts": only_of(_LIMITED, AS_AWS),
        "MetricsConfig": NO_EFFECT,
        "ParallelizationFactor": only_of(STREAMS, not_run("samrun processes one batch of a shard at a time")),
        "ProvisionedPollerConfig": different("one poller reads all partitions, as many at once as there are"),
        # samrun.template.support.event_sources names the triggers of Amazon MQ.
        "Queues": only_of({MQ}, NO_EFFECT),
        "ScalingConfig": only_of({QUEUE}, AS_AWS),
        "SelfManagedEventSource": different("the local Kafka stands for every cluster"),
        "SelfManagedKafkaEventSourceConfig": only_of({SELF_MANAGED_KAFKA}, _KAFKA_CONFIG),
        "SourceAccessConfigurations": different(
            "a mapping authenticates where a parameter gives the address of its source as {kafka_scram} or "
            "{kafka_mtls}, or for MSK its secret as {kafka_secret} or {kafka_client_secret}"
        ),
        "StartingPosition": only_of(_LIMITED | {DOCUMENTDB}, AS_AWS),
        "StartingPositionTimestamp": only_of(_LIMITED | {DOCUMENTDB}, AS_AWS),
        "Tags": NO_EFFECT,
        "Topics": only_of(KAFKA, AS_AWS),
        "TumblingWindowInSeconds": only_of(STREAMS, not_run("samrun has no tumbling windows")),
    },
    FUNCTION: {
        "Architectures": different("the processor is this machine's"),
        "CapacityProviderConfig": NO_EFFECT,
        "Code": AS_AWS,
        "CodeSigningConfigArn": NO_EFFECT,
        "DeadLetterConfig": AS_AWS,
        "Description": NO_EFFECT,
        "DurableConfig": different("executions end with the stack, and so does what is kept of them"),
        "Environment": AS_AWS,
        "EphemeralStorage": different("the function has this machine's temporary folder, without a limit"),
        "FileSystemConfigs": not_run("samrun mounts no file system"),
        "FunctionName": AS_AWS,
        "FunctionScalingConfig": NO_EFFECT,
        "Handler": AS_AWS,
        "ImageConfig": not_run("samrun runs no container images; `samrun up --sam` does"),
        "KmsKeyArn": NO_EFFECT,
        "Layers": different(
            "a local folder or zip is on the path; a package stands for Powertools' and pandas', and samrun itself for "
            "the parameters and secrets extension; others and extensions are named"
        ),
        "LoggingConfig": AS_AWS,
        "MemorySize": different("the function sees it, and nothing limits its memory"),
        "PackageType": different("a function that is an image runs with `samrun up --sam` only"),
        "PublishToLatestPublished": NO_EFFECT,
        "RecursiveLoop": NO_EFFECT,
        "ReservedConcurrentExecutions": different("0 counts as no limit"),
        "Role": NO_EFFECT,
        "Runtime": different(
            "samrun's own Python stands for one that the machine lacks; other runtimes need `samrun up --sam`"
        ),
        "RuntimeManagementConfig": NO_EFFECT,
        "SnapStart": NO_EFFECT,
        "Tags": NO_EFFECT,
        "TenancyConfig": different("the function gets the id of the tenant; all tenants share its environments"),
        "Timeout": AS_AWS,
        "TracingConfig": NO_EFFECT,
        "VpcConfig": NO_EFFECT,
    },
    FUNCTION_URL: {
        "AuthType": different("samrun does not check the requests of IAM; such a URL is named at the start"),
        "Cors": AS_AWS,
        "InvokeMode": different("a response is sent as a whole: BUFFERED stands for RESPONSE_STREAM"),
        "Qualifier": AS_AWS,
        "TargetFunctionArn": AS_AWS,
    },
    EVENT_INVOKE_CONFIG: {
        "DestinationConfig": AS_AWS,
        "FunctionName": AS_AWS,
        "MaximumEventAgeInSeconds": AS_AWS,
        "MaximumRetryAttempts": AS_AWS,
        "Qualifier": NO_EFFECT,
    },
    MAIL_EVENT_DESTINATION: {
        "ConfigurationSetName": AS_AWS,
        "EventDestination": different(
            "the events that a person simulates in the console go to EventBridge and to topics, and nowhere else"
        ),
    },
    RULE: {
        "Description": NO_EFFECT,
        "EventBusName": AS_AWS,
        "EventPattern": AS_AWS,
        "Name": AS_AWS,
        "RoleArn": NO_EFFECT,
        "ScheduleExpression": AS_AWS,
        "State": AS_AWS,
        "Tags": NO_EFFECT,
        "Targets": different(
            "functions and state machines; of a rule with an EventPattern also queues, topics and event buses. An "
            "event is sent once, whatever RetryPolicy says"
        ),
    },
    SCHEDULE: {
        "Description": NO_EFFECT,
        "EndDate": AS_AWS,
        "FlexibleTimeWindow": different("a schedule is on time"),
        "GroupName": AS_AWS,
        "KmsKeyArn": NO_EFFECT,
        "Name": AS_AWS,
        "ScheduleExpression": AS_AWS,
        "ScheduleExpressionTimezone": AS_AWS,
        "StartDate": AS_AWS,
        "State": AS_AWS,
        "Target": different("only functions and state machines are targets; functions accept each event"),
    },
    TOPIC: {
        "ClusterArn": different("the local Kafka stands for every cluster"),
        "Configs": different("all but min.insync.replicas: the local Kafka has one replica"),
        "PartitionCount": AS_AWS,
        "ReplicationFactor": different("the local Kafka has one replica"),
        "TopicName": AS_AWS,
    },
    PIPE: {
        "Description": NO_EFFECT,
        "DesiredState": AS_AWS,
        "Enrichment": different("functions, state machines and API destinations"),
        "EnrichmentParameters": AS_AWS,
        "KmsKeyIdentifier": NO_EFFECT,
        "LogConfiguration": NO_EFFECT,
        "Name": AS_AWS,
        "RoleArn": NO_EFFECT,
        "Source": different("queues, streams of DynamoDB and Kinesis, and Kafka"),
        "SourceParameters": different("one batch of a shard at a time"),
        "Tags": NO_EFFECT,
        "Target": different(
            "functions, state machines, API destinations, queues, topics, buses, streams of Kinesis and log groups"
        ),
        "TargetParameters": AS_AWS,
    },
    RECEIPT_RULE: {
        "After": AS_AWS,
        "Rule": different(
            "the mails of the local SES are received, without a scan; BounceAction, ConnectAction and WorkmailAction "
            "are named"
        ),
        "RuleSetName": different("every rule set is active"),
    },
    API_DESTINATION: {
        "ConnectionArn": AS_AWS,
        "Description": NO_EFFECT,
        "HttpMethod": AS_AWS,
        "InvocationEndpoint": different("the API of this machine stands for an API of the template"),
        "InvocationRateLimitPerSecond": different("samrun sends each event at once"),
        "Name": AS_AWS,
    },
    CONNECTION: {
        "AuthParameters": AS_AWS,
        "AuthorizationType": AS_AWS,
        "Description": NO_EFFECT,
        "InvocationConnectivityParameters": NO_EFFECT,
        "KmsKeyIdentifier": NO_EFFECT,
        "Name": AS_AWS,
    },
    **API_PROPERTIES,
    **CREATED_PROPERTIES,
}


def ignored_properties(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for the properties that are not run, or that nobody knows. Resources with the same share one."""
    texts: dict[str, list[str]] = {}
    for kind, known in PROPERTIES.items():
        for logical_id, properties in template.of_type(kind):
            for text in _ignored(kind, known, properties):
                texts.setdefault(text, []).append(logical_id)
    for text, logical_ids in texts.items():
        yield f"{', '.join(logical_ids)}: {text}"


def unsupported_properties(source: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield each property of a mapping that its event source does not have.

    Lambda's words: "Unsupported 'ParallelizationFactor' parameter for given event source mapping type".
    """
    for name, support in PROPERTIES[EVENT_SOURCE_MAPPING].items():
        if support.sources is not None and source not in support.sources and properties.get(name):
            yield name


def _ignored(kind: str, known: Mapping[str, Support], properties: Mapping[str, Any]) -> Iterator[str]:
    by_note: dict[str, list[str]] = {}
    nested = NESTED_NAMES.get(kind, {})
    for name in properties:
        support = known.get(name)
        if support is not None and support.level is Level.NOT_RUN:
            by_note.setdefault(support.note, []).append(name)
    unknown = ", ".join(_unknown(properties, {name: nested.get(name, {}) for name in known}))
    if unknown:
        yield f"{unknown}, which samrun does not know"
    for note, names in by_note.items():
        yield f"{', '.join(names)}: {note}"


def _unknown(value: Any, names: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """Yield the place of each name that is not among the names; none are given for an object with names of its own."""
    if isinstance(value, list):
        for each in value:
            yield from _unknown(each, names, place)
    elif isinstance(value, Mapping) and names:
        for name, each in value.items():
            if name in names:
                yield from _unknown(each, names[name], f"{place}{name}.")
            else:
                yield f"{place}{name}"
