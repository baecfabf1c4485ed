"""Limits of an event source mapping: what Lambda refuses of one, whatever its source is."""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.support.mapping_sources import event_source
from samrun.template.support.model_limits import model_violations
from samrun.template.support.properties import unsupported_properties

# A cluster's ARN may be one of the local AWS, and endpoints have another name in CloudFormation.
_NOT_COMPARED = {"EventSourceArn", "SelfManagedEventSource", "FunctionName"}
# "You can request a quota increase for up to 10 filters":
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
_MAX_FILTERS = 10
# "Although values less than 60 and greater than -1 fall within the parameter's absolute range, they are not allowed":
# https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
_MIN_AGE = 60


def mapping_violations(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each part that Lambda refuses: what it is, and what AWS takes."""
    source = event_source(properties)
    for name in unsupported_properties(source, properties):
        yield f"{name} is not for this event source ({source})"
    of_model = list(model_violations(properties, operation="CreateEventSourceMapping", without=_NOT_COMPARED))
    yield from of_model
    if not of_model:
        yield from _of_several_values(properties)


def _of_several_values(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the model does not say. Each value has the type that the model demands."""
    age = int(properties.get("MaximumRecordAgeInSeconds", -1))
    if 0 <= age < _MIN_AGE:
        yield f"MaximumRecordAgeInSeconds is {age}: AWS takes {_MIN_AGE} and more, or -1"
    patterns = properties.get("FilterCriteria", {}).get("Filters", [])
    if len(patterns) > _MAX_FILTERS:
        yield f"FilterCriteria.Filters has {len(patterns)} entries: AWS takes at most {_MAX_FILTERS}"
    if not all("Pattern" in each for each in patterns):
        yield "FilterCriteria.Filters has an entry without a Pattern"
    pollers = properties.get("ProvisionedPollerConfig", {})
    minimum, maximum = (pollers.get(name) for name in ("MinimumPollers", "MaximumPollers"))
    if minimum is not None and maximum is not None and int(minimum) > int(maximum):
        yield f"ProvisionedPollerConfig has MinimumPollers {minimum}, which is more than its MaximumPollers {maximum}"
