"""Description of an event source mapping, as the operations on mappings answer it."""

from collections.abc import Mapping
from typing import Any

from samrun.lambda_api.api_shapes import answer
from samrun.lambda_api.mapping_registry import RegisteredMapping, Trigger
from samrun.template.arns import function_arn
from samrun.template.model.account import ACCOUNT
from samrun.template.model.kafka_mappings import KafkaMapping
from samrun.template.model.triggers import QueueTrigger, StreamTrigger
from samrun.template.triggers.kafka_limits import brokers, kafka_config

# The properties that CloudFormation and the API name otherwise.
_API_NAMES = {"KmsKeyArn": "KMSKeyArn"}
CLOUDFORMATION_NAMES = {api: name for name, api in _API_NAMES.items()}


def mapping_configuration(mapping: RegisteredMapping, *, region: str) -> dict[str, Any]:
    """Return the configuration of a mapping, with its state."""
    trigger = mapping.trigger
    return answer(
        "EventSourceMappingConfiguration",
        {
            **{_API_NAMES.get(name, name): value for name, value in trigger.properties.items()},
            **_of_source(trigger, region),
            "UUID": mapping.uuid,
            "EventSourceMappingArn": f"arn:aws:lambda:{region}:{ACCOUNT}:event-source-mapping:{mapping.uuid}",
            "BatchSize": trigger.batch_size,
            "State": mapping.state,
            "StateTransitionReason": "User action" if isinstance(trigger, StreamTrigger) else "USER_INITIATED",
            "LastModified": mapping.last_modified.timestamp(),
            # AWS has none for a queue.
            "LastProcessingResult": None if isinstance(trigger, QueueTrigger) else mapping.last_result,
        },
    )


def event_source_arn(trigger: Trigger) -> str | None:
    """Return the ARN of the source of a mapping; None for a self-managed cluster."""
    match trigger:
        case KafkaMapping():
            return trigger.event_source_arn
        case StreamTrigger():
            return trigger.stream_arn
    return trigger.queue_arn


def _of_source(trigger: Trigger, region: str) -> dict[str, Any]:
    """Return what depends on the kind of the source, and the function."""
    arn = {"EventSourceArn": event_source_arn(trigger)}
    match trigger:
        case KafkaMapping():
            return {**arn, **_of_kafka(trigger), "FunctionArn": trigger.function_arn}
        case StreamTrigger():
            return {**arn, "FunctionArn": trigger.function_arn}
    return {**arn, "FunctionArn": function_arn(trigger.function, region=region)}


def _of_kafka(mapping: KafkaMapping) -> dict[str, Any]:
    config = {**kafka_config(mapping.properties), "ConsumerGroupId": mapping.consumer_group}
    return {
        "Topics": [mapping.topic],
        "StartingPosition": mapping.starting_position,
        "StartingPositionTimestamp": mapping.starting_timestamp,
        "AmazonManagedKafkaEventSourceConfig": config if mapping.event_source_arn else None,
        "SelfManagedKafkaEventSourceConfig": None if mapping.event_source_arn else config,
        "SelfManagedEventSource": None if mapping.event_source_arn else _endpoints(mapping.properties),
    }


def _endpoints(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": (brokers(properties) or "").split(",")}}
