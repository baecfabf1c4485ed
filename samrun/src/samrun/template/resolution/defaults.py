"""Defaults of properties whose values are unknown.

What stands for an unknown value is good as a name or an environment variable. It is no number and no ARN, so a property
that needs one has its default instead.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from samrun.template.resolution.unknown_values import UnknownValue, references_in
from samrun.template.support.resource_types import (
    EVENT_INVOKE_CONFIG,
    EVENT_SOURCE_MAPPING,
    FUNCTION,
    FUNCTION_URL,
    HTTP_API,
    REST_API,
    REST_STAGE,
    RULE,
    SCHEDULE,
    STAGE,
)

# Properties that have their default if a part of them is unknown. The others keep the stand-in, or have no effect.
_START = "TRIM_HORIZON"
WITH_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    FUNCTION: dict.fromkeys(
        ("DeadLetterConfig", "LoggingConfig", "MemorySize", "ReservedConcurrentExecutions", "Timeout")
    ),
    EVENT_INVOKE_CONFIG: dict.fromkeys(("DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts")),
    EVENT_SOURCE_MAPPING: {
        **dict.fromkeys(
            (
                "AmazonManagedKafkaEventSourceConfig",
                "BatchSize",
                "BisectBatchOnFunctionError",
                "DestinationConfig",
                "Enabled",
                "FilterCriteria",
                "FunctionResponseTypes",
                "KmsKeyArn",
                "LoggingConfig",
                "MaximumBatchingWindowInSeconds",
                "MaximumRecordAgeInSeconds",
                "MaximumRetryAttempts",
                "MetricsConfig",
                "ParallelizationFactor",
                "ProvisionedPollerConfig",
                "ScalingConfig",
                "SelfManagedKafkaEventSourceConfig",
                "TumblingWindowInSeconds",
            )
        ),
        "StartingPosition": _START,
        "StartingPositionTimestamp": 0,  # AT_TIMESTAMP starts with the first record then
    },
    FUNCTION_URL: dict.fromkeys(("Cors",)),
    HTTP_API: dict.fromkeys(("Body", "CorsConfiguration")),
    REST_API: dict.fromkeys(("Body",)),
    STAGE: dict.fromkeys(("DefaultRouteSettings", "RouteSettings")),
    REST_STAGE: dict.fromkeys(("MethodSettings",)),
    "AWS::ApiGateway::Authorizer": dict.fromkeys(("AuthorizerResultTtlInSeconds",)),
    "AWS::ApiGateway::UsagePlan": dict.fromkeys(("Quota", "Throttle")),
    "AWS::ApiGatewayV2::Authorizer": dict.fromkeys(("AuthorizerResultTtlInSeconds", "EnableSimpleResponses")),
    "AWS::ApiGatewayV2::Integration": dict.fromkeys(("PayloadFormatVersion", "TimeoutInMillis")),
    RULE: dict.fromkeys(("State",)),
    SCHEDULE: dict.fromkeys(("EndDate", "GroupName", "ScheduleExpressionTimezone", "StartDate", "State")),
    "AWS::Kinesis::Stream": dict.fromkeys(("ShardCount",)),
    "AWS::SQS::Queue": dict.fromkeys(
        (
            "ContentBasedDeduplication",
            "DelaySeconds",
            "FifoQueue",
            "MaximumMessageSize",
            "MessageRetentionPeriod",
            "ReceiveMessageWaitTimeSeconds",
            "RedrivePolicy",
            "VisibilityTimeout",
        )
    ),
}
# Half of such an object would mean something else.
_WHOLE = {"Quota", "RedrivePolicy"}
# Parts of APIs, in which a name can stand for a text. It cannot stand for these numbers.
_OF_APIS = {"Body", "Cors", "CorsConfiguration", "DefaultRouteSettings", "MethodSettings", "RouteSettings"}
_NUMBERS_OF_APIS = {
    "authorizerResultTtlInSeconds",
    "maxAge",
    "MaxAge",
    "ThrottlingBurstLimit",
    "ThrottlingRateLimit",
    "timeoutInMillis",
}
_REMOVED = object()
_REGISTRY = "SchemaRegistryURI"


class Default(NamedTuple):
    """A property that has its default, because its value is unknown."""

    place: str
    references: tuple[str, ...]


def with_defaults(
    kind: str, properties: Mapping[str, Any], *, report: Callable[[Default], object] = lambda _: None
) -> dict[str, Any]:
    """Return the properties of a resource; those that cannot have a stand-in have their defaults.

    `report` gets each of them.
    """
    defaults, known = WITH_DEFAULTS.get(kind, {}), dict(properties)
    for name in (each for each in properties if each in defaults):
        known_part = _known_of_api if name in _OF_APIS else _known
        value = known_part(name, properties[name], report)
        if value is not _REMOVED:
            known[name] = value
        elif defaults[name] is None:
            del known[name]
        else:
            known[name] = defaults[name]
    return known


def _known(place: str, value: Any, report: Callable[[Default], object]) -> Any:
    """Return a value without the entries of its objects that are unknown, or that are lists with something unknown."""
    is_whole = not isinstance(value, Mapping) or place in _WHOLE
    if is_whole:
        references = tuple(dict.fromkeys(references_in(value)))
        if references:
            report(Default(place, references))
        return _REMOVED if references else value
    entries = {name: _known(f"{place}.{name}", each, report) for name, each in value.items()}
    if entries.get(_REGISTRY) is _REMOVED:
        entries[_REGISTRY] = UnknownValue("")  # the environment may have the address of a registry
    return {name: each for name, each in entries.items() if each is not _REMOVED}


def _known_of_api(place: str, value: Any, report: Callable[[Default], object]) -> Any:
    """Return a part of an API without the numbers that are unknown."""
    match value:
        case dict():
            entries = {
                name: (_known if name in _NUMBERS_OF_APIS else _known_of_api)(f"{place}.{name}", each, report)
                for name, each in value.items()
            }
            return {name: each for name, each in entries.items() if each is not _REMOVED}
        case list():
            return [_known_of_api(place, each, report) for each in value]
    return value
