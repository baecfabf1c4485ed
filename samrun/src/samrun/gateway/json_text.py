"""Texts of JSON values in the context that an authorizer adds to an event."""

import json
from typing import Any


def json_text(value: Any) -> str:
    """Return a string as it is, and any other value as JSON without blanks."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
