"""Booleans of a template, which CloudFormation accepts and writes as text too."""

from typing import Any


def is_true(value: Any) -> bool:
    """Tell whether a value is true, or the text of it."""
    return str(value).lower() == "true"


def as_text(value: Any) -> str:
    """Return the text of a value; that of a boolean is `true` or `false`, as CloudFormation has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
