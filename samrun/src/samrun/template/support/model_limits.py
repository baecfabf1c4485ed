"""Limits of the values of properties, by botocore's models of Lambda's API: values that AWS refuses."""

import functools
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import botocore.session

from samrun.template.resolution.unknown_values import UnknownValue

# CloudFormation accepts numbers and booleans as text.
_INTEGER = re.compile(r"[+-]?\d+")
_BOOLEANS = {"true", "false"}


def model_violations(properties: Mapping[str, Any], *, operation: str, without: Collection[str] = ()) -> Iterator[str]:
    """Yield a sentence for each known value that an operation refuses: what it is, and what AWS takes.

    The properties `without` are not compared, nor are those that the operation does not have.
    """
    members = _input_shape(operation).members
    for name, value in properties.items():
        if name in members and name not in without:
            yield from _violations(name, value, members[name])


@functools.cache
def _input_shape(operation: str) -> Any:
    model = botocore.session.get_session().get_service_model("lambda")
    return model.operation_model(operation).input_shape


def _violations(place: str, value: Any, shape: Any) -> Iterator[str]:
    if isinstance(value, UnknownValue):
        return
    match shape.type_name:
        case "integer":
            yield from _of_integer(place, value, shape.metadata)
        case "boolean" if not is_boolean(value):
            yield f"{place} is {value!r}: AWS takes true or false"
        case "timestamp" if not _is_number(value):
            yield f"{place} is {str(value)!r}, which is no number: AWS takes Unix seconds"
        case "string":
            yield from _of_text(place, value, shape)
        case "list":
            yield from _of_list(place, value, shape)
        case "structure":
            yield from _of_structure(place, value, shape)


def is_boolean(value: Any) -> bool:
    """Return whether CloudFormation takes a value as a boolean."""
    return str(value).lower() in _BOOLEANS


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, bool)


def _of_integer(place: str, value: Any, limits: Mapping[str, Any]) -> Iterator[str]:
    if not _is_number(value):
        yield f"{place} is {value!r}, which is no number"
    elif not (_INTEGER.fullmatch(value) if isinstance(value, str) else float(value).is_integer()):
        yield f"{place} is {value}: AWS takes whole numbers"
    elif not limits.get("min", int(value)) <= int(value) <= limits.get("max", int(value)):
        yield f"{place} is {int(value)}: AWS takes {limits['min']} to {limits['max']}"


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
    minimum, maximum = shape.metadata.get("min", 0), shape.metadata.get("max", len(value))
    if not minimum <= len(value) <= maximum:
        takes = f"{minimum}" if minimum == maximum else f"{minimum} to {maximum}"
        yield f"{place} has {len(value)} entries: AWS takes {takes}"
    for index, each in enumerate(value):
        yield from _violations(f"{place}[{index}]", each, shape.member)


def _of_structure(place: str, value: Any, shape: Any) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{place} is {value!r}, which is no object"
        return
    for name, each in value.items():
        if name in shape.members:
            yield from _violations(f"{place}.{name}", each, shape.members[name])
