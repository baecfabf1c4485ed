"""Limits of parameters: values that CloudFormation refuses, by what the template declares for each parameter.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.resolution.booleans import is_true
from samrun.template.resolution.intrinsics import is_list_type
from samrun.template.resolution.scalars import as_text


def parameter_violations(name: str, declared: Mapping[str, Any], value: str) -> Iterator[str]:
    """Yield a sentence for each limit of a parameter that its value breaks.

    The value is shown, unless the template keeps it secret (NoEcho).
    """
    kind = str(declared.get("Type", "String"))
    is_secret = is_true(declared.get("NoEcho", False))
    for each in value.split(",") if is_list_type(kind) else [value]:
        part = each.strip() if is_list_type(kind) else each
        shown = "a value (NoEcho hides it)" if is_secret else repr(part)
        for takes in _broken(kind, declared, part):
            description = declared.get("ConstraintDescription")
            yield f"{name} is {shown}: AWS takes {takes}" + (f" ({description})" if description else "")


def _broken(kind: str, declared: Mapping[str, Any], value: str) -> Iterator[str]:
    allowed = [as_text(each) for each in declared.get("AllowedValues", [])]
    if allowed and value not in allowed:
        yield f"one of {', '.join(allowed)}"
    if kind in {"Number", "List<Number>"}:
        yield from _broken_by_number(declared, value)
        return
    minimum, maximum = declared.get("MinLength"), declared.get("MaxLength")
    if minimum is not None and len(value) < int(minimum):
        yield f"at least {minimum} characters"
    if maximum is not None and len(value) > int(maximum):
        yield f"at most {maximum} characters"
    pattern = declared.get("AllowedPattern")
    if pattern is not None and not _matches(str(pattern), value):
        yield f"only text that matches {pattern}"


def _broken_by_number(declared: Mapping[str, Any], value: str) -> Iterator[str]:
    try:
        number = float(value)
    except ValueError:
        yield "a number"
        return
    minimum, maximum = declared.get("MinValue"), declared.get("MaxValue")
    if minimum is not None and number < float(minimum):
        yield f"no less than {minimum}"
    if maximum is not None and number > float(maximum):
        yield f"no more than {maximum}"


def _matches(pattern: str, value: str) -> bool:
    """Tell whether the whole value matches. A pattern that only Java's expressions know is taken as matched."""
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True
