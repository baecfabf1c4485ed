"""Unknown values: those of another stack, of SSM or of a resource that only AWS has.

Something stands for each, so that the stack starts: the name of an import, the dynamic reference itself, or the name of
an attribute. A stand-in is good as a name or an environment variable. It is no number and no ARN, so a property that
needs one has its default instead. The developer gives the value like a parameter's, under its reference as the name.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Self

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

# `{{resolve:ssm:/name}}`, `!ImportValue name` and `!GetAtt Resource.Attribute`.
_REFERENCE = re.compile(r"\{\{resolve:[^{}]+\}\}|!ImportValue \S+|!GetAtt \w+(?:\.\w+)+")
_DYNAMIC, _IMPORT, _ATTRIBUTE = "{{resolve:", "!ImportValue ", "!GetAtt "
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")

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


class UnknownValue(str):
    """Text that stands for a value that this machine does not have; `references` name what is missing in it."""

    references: tuple[str, ...]

    def __new__(cls, text: str, references: Iterable[str] = ()) -> Self:
        """Make one of the text that stands for it."""
        value = super().__new__(cls, text)
        value.references = tuple(dict.fromkeys(references))
        return value


class Default(NamedTuple):
    """A property that has its default, because its value is unknown."""

    place: str
    references: tuple[str, ...]


def is_outside_reference(name: str) -> bool:
    """Tell whether a text is one reference to a value that the developer gives, and so the name of the value."""
    return _REFERENCE.fullmatch(name) is not None


def import_reference(name: str) -> str:
    """Return the reference to the export of another stack."""
    return f"{_IMPORT}{name}"


def attribute_reference(logical_id: str, attribute: str) -> str:
    """Return the reference to an attribute of a resource."""
    return f"{_ATTRIBUTE}{logical_id}.{attribute}"


def is_import(reference: str) -> bool:
    """Tell whether a reference is that to the export of another stack."""
    return reference.startswith(_IMPORT)


def is_attribute(reference: str) -> bool:
    """Tell whether a reference is that to an attribute of a resource."""
    return reference.startswith(_ATTRIBUTE)


def is_unresolved(value: object) -> bool:
    """Tell whether a dynamic reference is left in a value. It cannot be a part of a name."""
    return isinstance(value, UnknownValue) and _DYNAMIC in value


def joined(text: str, parts: Iterable[object]) -> str:
    """Return a text that was made of parts: an unknown value if one of them is unknown."""
    references = [each for part in parts for each in references_in(part)]
    return UnknownValue(text, references) if references else text


def references_in(value: object) -> Iterator[str]:
    """Yield the reference of each unknown value in a resolved value."""
    match value:
        case UnknownValue():
            yield from value.references
        case str():
            return
        case Mapping():
            for each in value.values():
                yield from references_in(each)
        case Iterable():
            for each in value:
                yield from references_in(each)


def stand_in_name(value: str) -> str:
    """Return a name that stands for an unknown one, with letters, digits, hyphens and underscores alone."""
    name = value.rpartition(_DYNAMIC)[2].partition(":")[2] if _DYNAMIC in value else value
    return _NOT_IN_NAMES.sub("-", name.partition("}}")[0]).strip("-") or "unknown"


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


def remedy(reference: str) -> str:
    """Return the sentence that says how to give a value."""
    return f"Give it with --parameter-overrides '{reference}=VALUE'"
