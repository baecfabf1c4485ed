"""Scalars of a template as CloudFormation sees them: texts, whatever YAML makes of them."""

import json
from typing import Any


def as_text(value: Any) -> str:
    """Return the text of a value: `true`, `1`, and of a list its entries with commas between them; of null, nothing."""
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case None:
            return ""
        case list():
            return ",".join(map(as_text, value))
        case dict():
            return json.dumps(value, default=str)
    return str(value)


def as_texts(value: Any) -> Any:
    """Return a value with each scalar in it as text, to compare it as CloudFormation does."""
    match value:
        case list():
            return [as_texts(each) for each in value]
        case dict():
            return {name: as_texts(each) for name, each in value.items()}
    return as_text(value)
