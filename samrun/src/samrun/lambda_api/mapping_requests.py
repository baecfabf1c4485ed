"""Kafka mappings that a request makes or changes: what AWS refuses of a template, it refuses of a request."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.validate import ParamValidator

from samrun.functions.invocation_request import FunctionNames, LambdaRequestError, resolve_function
from samrun.lambda_api.api_shapes import shape_of
from samrun.lambda_api.mapping_configuration import CLOUDFORMATION_NAMES
from samrun.lambda_api.mapping_registry import RegisteredMapping, Trigger
from samrun.template.arns import function_and_qualifier
from samrun.template.errors import TemplateError
from samrun.template.model.kafka_mappings import KafkaMapping
from samrun.template.resolution.booleans import is_true
from samrun.template.support.mapping_sources import KAFKA, UNKNOWN, event_source
from samrun.template.support.model_limits import is_boolean
from samrun.template.triggers.kafka_limits import brokers, kafka_config, refused
from samrun.template.triggers.kafka_mappings import mapping_of

_KAFKA_CONFIGS = ("AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig")


@dataclass(frozen=True, kw_only=True)
class MappingRequests:
    """Reader of requests. `functions` are those that exist, or None if only another machine knows them."""

    functions: FunctionNames | None
    region: str

    def created(self, request: Mapping[str, Any], existing: Iterable[RegisteredMapping]) -> KafkaMapping:
        """Return the mapping that CreateEventSourceMapping asks for. Raises LambdaRequestError."""
        properties = _properties(request, "CreateEventSourceMappingRequest")
        if "FunctionName" not in properties:
            raise _invalid("FunctionName is missing")
        source = event_source(properties)
        if source == UNKNOWN:
            raise _invalid("Unrecognized event source.")
        if source not in KAFKA:
            raise _invalid(
                f"The event source is a {source}. samrun's API makes mappings of Kafka: declare others in the template"
            )
        self._check_function(properties)
        name = function_and_qualifier(str(properties["FunctionName"]))[0]
        mapping = self._mapping(f"{name}-{secrets.token_hex(4)}", properties)
        _refuse_conflict(mapping, source, existing)
        return mapping

    def updated(self, trigger: Trigger, request: Mapping[str, Any]) -> Trigger:
        """Return the mapping after UpdateEventSourceMapping. Raises LambdaRequestError."""
        changes = _properties(request, "UpdateEventSourceMappingRequest")
        if not isinstance(trigger, KafkaMapping):
            return _enabled_or_disabled(trigger, changes)
        self._check_function(changes)
        for name in _KAFKA_CONFIGS:
            if name in changes:
                changes[name] = _same_group(trigger, changes[name])
        properties = {**trigger.properties, **changes}
        return replace(self._mapping(trigger.logical_id, properties), consumer_group=trigger.consumer_group)

    def _mapping(self, logical_id: str, properties: Mapping[str, Any]) -> KafkaMapping:
        if text := "; ".join(refused(properties)):
            raise _invalid(text)
        try:
            return mapping_of(logical_id, properties, region=self.region)
        except TemplateError as error:
            raise _invalid(str(error)) from error

    def _check_function(self, properties: Mapping[str, Any]) -> None:
        if self.functions and "FunctionName" in properties:
            resolve_function(str(properties["FunctionName"]), None, self.functions)


def _properties(request: Mapping[str, Any], shape: str) -> dict[str, Any]:
    """Return the known parameters of a request by CloudFormation's names. null stands for a missing one.

    Raises LambdaRequestError for a value that has not the type of botocore's model.
    """
    members = shape_of(shape).members
    known = {name: value for name, value in request.items() if name in members and value is not None}
    for name, value in known.items():
        # The loader's rules expect values of these types, as SAM's translator leaves no others.
        report = ParamValidator().validate(value, members[name])
        if report.has_errors():
            raise _invalid(f"{name}: {' '.join(report.generate_report().split())}")
    return {CLOUDFORMATION_NAMES.get(name, name): value for name, value in known.items()}


def _enabled_or_disabled(trigger: Trigger, changes: Mapping[str, Any]) -> Trigger:
    """Return the mapping of a queue or a stream, enabled or disabled."""
    if others := ", ".join(name for name in changes if name not in {"Enabled", "UUID"}):
        raise _invalid(
            f"samrun enables and disables the mapping of a {event_source(trigger.properties)}, and does not change its "
            f"{others} while the stack runs: change the template and start again."
        )
    enabled = changes.get("Enabled", trigger.enabled)
    if not is_boolean(enabled):
        raise _invalid(f"Enabled is {enabled!r}: AWS takes true or false")
    return replace(trigger, enabled=is_true(enabled))


def _same_group(mapping: KafkaMapping, config: Any) -> Any:
    """Return a new Kafka part of a mapping, with the group that it has: AWS lets nobody change that."""
    if not isinstance(config, Mapping):
        return config  # the limits say what is wrong with it
    group = config.get("ConsumerGroupId", mapping.consumer_group)
    if group != mapping.consumer_group:
        raise _invalid(
            f"ConsumerGroupId is {group}, and the mapping was made with {mapping.consumer_group}: it cannot be changed"
        )
    named = {"ConsumerGroupId": group} if "ConsumerGroupId" in kafka_config(mapping.properties) else {}
    return {**{name: value for name, value in config.items() if name != "ConsumerGroupId"}, **named}


def _refuse_conflict(mapping: KafkaMapping, source: str, existing: Iterable[RegisteredMapping]) -> None:
    """Raise LambdaRequestError if a mapping has the same source, function and topic, or the same group."""
    for each in existing:
        other = each.trigger
        if isinstance(other, KafkaMapping) and _identity(other) == _identity(mapping):
            cluster = mapping.event_source_arn or brokers(mapping.properties)
            raise _conflict(
                f'An event source mapping with {source} arn (" {cluster} "), topic (" {mapping.topic} ") and function '
                f'(" {mapping.function} ") already exists. Please update or delete the existing mapping with UUID '
                f"{each.uuid}"
            )
        if isinstance(other, KafkaMapping) and other.consumer_group == mapping.consumer_group:
            raise _conflict(
                f"The event source mapping with UUID {each.uuid} has the consumer group {mapping.consumer_group}: name "
                "another ConsumerGroupId"
            )


def _identity(mapping: KafkaMapping) -> tuple[str, str, frozenset[str]]:
    cluster = mapping.event_source_arn or brokers(mapping.properties) or ""
    return mapping.function_arn, mapping.topic, frozenset(cluster.split(","))


def _invalid(message: str) -> LambdaRequestError:
    return LambdaRequestError(400, "InvalidParameterValueException", message)


def _conflict(message: str) -> LambdaRequestError:
    return LambdaRequestError(409, "ResourceConflictException", message)
