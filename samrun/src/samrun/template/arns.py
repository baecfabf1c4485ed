"""The names in Lambda's ARNs."""

import re

_FUNCTION = re.compile(r"(?:^|:)function:([^:/]+)")


def function_name(reference: str) -> str:
    """Return a function's name from its name, its ARN or a part of that, or an integration's URI.

    All of them with or without a qualifier.
    """
    match = _FUNCTION.search(reference)
    return match[1] if match else reference.partition(":")[0]
