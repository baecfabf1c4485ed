"""Properties of the resources that the runner runs, and how far it supports each one.

The names are those of CloudFormation: SAM's translator has made its own into these before. A test compares them with
CloudFormation's schemas, so that a new property is noticed.
"""

from collections.abc import Iterator, Mapping

from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.api_properties import API_PROPERTIES
from samrun.template.support.levels import AS_AWS, NO_EFFECT, Level, Support, different, not_run
from samrun.template.support.resource_types import (
    EVENT_INVOKE_CONFIG,
    EVENT_SOURCE_MAPPING,
    FUNCTION,
    FUNCTION_URL,
    RULE,
    SCHEDULE,
)

_KAFKA_CONFIG = different(
    "a schema registry is that of SCHEMA_REGISTRY_URL or of the template, or Glue in the local AWS"
)

PROPERTIES: Mapping[str, Mapping[str, Support]] = {
    EVENT_SOURCE_MAPPING: {
        "AmazonManagedKafkaEventSourceConfig": _KAFKA_CONFIG,
        "BatchSize": AS_AWS,
        "BisectBatchOnFunctionError": AS_AWS,
        "DestinationConfig": AS_AWS,
        "DocumentDBEventSourceConfig": not_run("samrun has no DocumentDB"),
        "Enabled": AS_AWS,
        "EventSourceArn": different("the local Kafka stands for every cluster"),
        "FilterCriteria": AS_AWS,
        "FunctionName": AS_AWS,
        "FunctionResponseTypes": AS_AWS,
        "KmsKeyArn": NO_EFFECT,
        "LoggingConfig": NO_EFFECT,
        "MaximumBatchingWindowInSeconds": AS_AWS,
        "MaximumRecordAgeInSeconds": AS_AWS,
        "MaximumRetryAttempts": AS_AWS,
        "MetricsConfig": NO_EFFECT,
        "ParallelizationFactor": different("the function gets one batch of a shard at a time"),
        "ProvisionedPollerConfig": different("one poller reads all partitions, as many at once as there are"),
        "Queues": NO_EFFECT,  # only Amazon MQ has them, and samrun.template.support.event_sources names that trigger
        "ScalingConfig": AS_AWS,
        "SelfManagedEventSource": different("the local Kafka stands for every cluster"),
        "SelfManagedKafkaEventSourceConfig": _KAFKA_CONFIG,
        "SourceAccessConfigurations": different(
            "a mapping authenticates where a parameter gives the address of its source as {kafka_scram} or {kafka_mtls}"
        ),
        "StartingPosition": AS_AWS,
        "StartingPositionTimestamp": AS_AWS,
        "Tags": NO_EFFECT,
        "Topics": AS_AWS,
        "TumblingWindowInSeconds": not_run("samrun has no tumbling windows"),
    },
    FUNCTION: {
        "Architectures": different("the processor is this machine's"),
        "CapacityProviderConfig": NO_EFFECT,
        "Code": AS_AWS,
        "CodeSigningConfigArn": NO_EFFECT,
        "DeadLetterConfig": AS_AWS,
        "Description": NO_EFFECT,
        "DurableConfig": not_run("samrun runs no durable executions: an invocation runs to its end, or fails"),
        "Environment": AS_AWS,
        "EphemeralStorage": different("the function has this machine's temporary folder, without a limit"),
        "FileSystemConfigs": not_run("samrun mounts no file system"),
        "FunctionName": AS_AWS,
        "FunctionScalingConfig": NO_EFFECT,
        "Handler": AS_AWS,
        "ImageConfig": not_run("samrun runs no container images; `samrun up --sam` does"),
        "KmsKeyArn": NO_EFFECT,
        "Layers": different("a layer's local folder is on the path; layers by their ARN are named at the start"),
        "LoggingConfig": AS_AWS,
        "MemorySize": different("the function sees it, and nothing limits its memory"),
        "PackageType": different("a function that is an image runs with `samrun up --sam` only"),
        "PublishToLatestPublished": NO_EFFECT,
        "RecursiveLoop": NO_EFFECT,
        "ReservedConcurrentExecutions": different("0 counts as no limit"),
        "Role": NO_EFFECT,
        "Runtime": different("samrun's own Python runs every Python function; other runtimes need `samrun up --sam`"),
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
            "functions; of a rule with an EventPattern also queues, topics and event buses. An event is sent once, "
            "whatever RetryPolicy says"
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
        "Target": different(
            "only functions are targets. They accept each event, so the queue of DeadLetterConfig stays empty"
        ),
    },
    **API_PROPERTIES,
}


def ignored_properties(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for each property that is not run, or that nobody knows."""
    for kind, known in PROPERTIES.items():
        for logical_id, properties in template.of_type(kind):
            for name in properties:
                support = known.get(name)
                if support is None:
                    yield f"{logical_id}: {name}, which samrun does not know"
                elif support.level is Level.NOT_RUN:
                    yield f"{logical_id}: {name}: {support.note}"
