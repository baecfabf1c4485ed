"""Limits of an event source mapping: values that AWS refuses, by botocore's model of Lambda's API."""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session

from samrun.template.resolution.unknown_values import UnknownValue

# A cluster's ARN may be one of the local AWS, and endpoints have another name in CloudFormation.
_NOT_COMPARED = {"EventSourceArn", "SelfManagedEventSource", "FunctionName"}


def violations(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each value that AWS refuses: what it is, and what AWS takes."""
    members = _input_shape().members
    for name, value in properties.items():
        if name in members and name not in _NOT_COMPARED:
            yield from _violations(name, value, members[name])


@functools.cache
def _input_shape() -> Any:
    model = botocore.session.get_session().get_service_model("lambda")
    return model.operation_model("CreateEventSourceMapping").input_shape


def _violations(place: str, value: Any, shape: Any) -> Iterator[str]:
    if isinstance(value, UnknownValue):
        return
    match shape.type_name:
        case "integer":
            yield from _of_integer(place, value, shape.metadata)
        case "string":
            yield from _of_text(place, value, shape)
        case "list":
            yield from _of_list(place, value, shape)
        case "structure" if isinstance(value, Mapping):
            for name, each in value.items():
                if name in shape.members:
                    yield from _violations(f"{place}.{name}", each, shape.members[name])


def _of_integer(place: str, value: Any, limits: Mapping[str, Any]) -> Iterator[str]:
    try:
        number = int(value)  # CloudFormation accepts numbers as text
    except (TypeError, ValueError):
        yield f"{place} is {value!r}, which is no number"
        return
    if not limits.get("min", number) <= number <= limits.get("max", number):
        yield f"{place} is {number}: AWS takes {limits['min']} to {limits['max']}"


def _of_text(place: str, value: Any, shape: Any) -> Iterator[str]:
    text, limits = str(value), shape.metadata
    if shape.enum:
        if text not in shape.enum:
            yield f"{place} is {text}: AWS takes {', '.join(shape.enum)}"
    elif not limits.get("min", 0) <= len(text) <= limits.get("max", len(text)):
        yield f"{place} has {len(text)} characters: AWS takes {limits['min']} to {limits['max']}"
    elif "pattern" in limits and not re.fullmatch(limits["pattern"], text):
        yield f"{place} is {text!r}: AWS takes only text that matches {limits['pattern']}"


def _of_list(place: str, value: Any, shape: Any) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{place} is {value!r}, which is no list"
        return
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", len(value))
    if not least <= len(value) <= most:
        takes = f"{least}" if least == most else f"{least} to {most}"
        yield f"{place} has {len(value)} entries: AWS takes {takes}"
    for index, each in enumerate(value):
        yield from _violations(f"{place}[{index}]", each, shape.member)
