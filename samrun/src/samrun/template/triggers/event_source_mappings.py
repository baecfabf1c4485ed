"""Event source mappings of a template, as the readers of triggers take them.

They are those of functions (AWS::Lambda::EventSourceMapping), and those of the sources of pipes.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from samrun.template.model.account import ACCOUNT
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.resolution.unknown_values import UnknownValue, is_unresolved, references_in, stand_in_name
from samrun.template.support.mapping_sources import UNKNOWN, event_source
from samrun.template.support.resource_types import EVENT_SOURCE_MAPPING
from samrun.template.triggers.pipe_sources import pipe_sources

# The ARN that stands for one that only AWS has, by the type of SAM's event.
_ARNS = {
    "SQS": "arn:aws:sqs:{region}:{account}:{name}",
    "Kinesis": "arn:aws:kinesis:{region}:{account}:stream/{name}",
    "DynamoDB": "arn:aws:dynamodb:{region}:{account}:table/{name}/stream/2026-01-01T00:00:00.000",
}


def event_source_mappings(template: ResolvedTemplate) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the logical id and the properties of each mapping.

    A valid name stands for a topic that only AWS knows, and a valid ARN for that of a queue or a stream. Nothing stands
    for a whole entry of SourceAccessConfigurations.
    """
    for logical_id, properties in chain(template.of_type(EVENT_SOURCE_MAPPING), pipe_sources(template)):
        stand_ins: dict[str, Any] = {}
        if isinstance(topics := _listed(properties.get("Topics")), list):
            stand_ins["Topics"] = [_topic(each) for each in topics]
        if isinstance(access := _listed(properties.get("SourceAccessConfigurations")), list):
            stand_ins["SourceAccessConfigurations"] = [each for each in access if not isinstance(each, UnknownValue)]
        if arn := _arn(properties, template.event_types.get(logical_id), template.region):
            stand_ins["EventSourceArn"] = arn
        yield logical_id, properties | stand_ins


def consumers(template: ResolvedTemplate) -> dict[str, str]:
    """Return the ARN of each function and of each pipe, by the name by which a mapping invokes it."""
    pipes = {
        properties["FunctionName"]: template.references(each, "Arn") for each, properties in pipe_sources(template)
    }
    return template.function_arns() | pipes


def _listed(value: Any) -> Any:
    """Return a list; one that only AWS has, such as an attribute, has one unknown entry."""
    return [value] if isinstance(value, UnknownValue) else value


def _topic(topic: Any) -> Any:
    return UnknownValue(stand_in_name(topic), topic.references) if is_unresolved(topic) else topic


def _arn(properties: Mapping[str, Any], event_type: str | None, region: str) -> str | None:
    """Return the ARN that stands for the one of a queue or a stream; None if the template knows it."""
    given = properties.get("EventSourceArn")
    # Streams have a StartingPosition, and the other services have properties of their own.
    if isinstance(given, UnknownValue) and event_source(properties) == UNKNOWN and "StartingPosition" not in properties:
        event_type = "SQS"
    form = _ARNS.get(event_type or "")
    if form is None or not isinstance(given, str) or given.startswith("arn:"):
        return None
    arn = form.format(region=region, account=ACCOUNT, name=stand_in_name(given))
    return UnknownValue(arn, references_in(given))
