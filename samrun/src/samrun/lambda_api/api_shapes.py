"""Answers of Lambda's API in the shapes of botocore's model: each value has its type, and nothing else is in them."""

import functools
from collections.abc import Mapping
from typing import Any

import botocore.session

from samrun.template.resolution.booleans import is_true


@functools.cache
def shape_of(name: str) -> Any:
    """Return the shape of this name in botocore's model of Lambda."""
    return botocore.session.get_session().get_service_model("lambda").shape_for(name)


def shaped(value: Any, shape: Any) -> Any:
    """Return a value in a shape, as JSON has it, without what the shape does not have.

    Texts of a template become the numbers and booleans that they stand for. Times are Unix seconds.
    """
    match shape.type_name:
        case "structure":
            known = {name: each for name, each in value.items() if name in shape.members and each is not None}
            return {name: shaped(each, shape.members[name]) for name, each in known.items()}
        case "list":
            return [shaped(each, shape.member) for each in value]
        case "map":
            return {str(name): shaped(each, shape.value) for name, each in value.items()}
        case "integer" | "long":
            return int(value)
        case "boolean":
            return is_true(value)
        case "timestamp":
            return float(value)
    return str(value)


def answer(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of an answer in the shape of this name."""
    return dict(shaped(content, shape_of(name)))
