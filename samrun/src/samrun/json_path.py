"""JSON paths: the parts of a value that EventBridge and API Gateway can name, such as `$.detail.items[0].sku`."""

import re
from typing import Any

MISSING: Any = object()
"""Stands for a part that a value does not have."""

# A name or an index.
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+|\*)\]")


def part(value: Any, path: str, *, missing: Any = MISSING) -> Any:
    """Return the part of a value at a path, or `missing`. `*` is every entry of a list."""
    found = value
    steps = list(_STEP.finditer(path.removeprefix("$")))
    for number, step in enumerate(steps):
        name, index = step[1], step[2]
        if "*" in (name, index) and isinstance(found, list):
            rest = "$" + "".join(each[0] for each in steps[number + 1 :])
            return [entry for each in found if (entry := part(each, rest)) is not MISSING]
        found = _entry(found, name, index)
        if found is MISSING:
            return missing
    return found


def _entry(found: Any, name: str | None, index: str | None) -> Any:
    if name is not None:
        return found.get(name, MISSING) if isinstance(found, dict) else MISSING
    position = int(index or 0)
    return found[position] if isinstance(found, list) and position < len(found) else MISSING
