"""Booleans of a template, which CloudFormation accepts as text too."""

from typing import Any


def is_true(value: Any) -> bool:
    """Tell whether a value is true, or the text of it."""
    return str(value).lower() == "true"
