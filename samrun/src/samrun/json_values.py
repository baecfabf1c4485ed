"""JSON values in texts that others wrote: functions, callers and producers."""

import json
import math
from typing import Any


def json_value(text: str) -> Any:
    """Return the value of a JSON text.

    Raises ValueError, also for what JSON cannot hold (NaN, a number beyond all bounds), and for too deep a nesting.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def json_or_text(payload: bytes) -> Any:
    """Return the JSON value of a payload, or its text if it is no JSON."""
    text = payload.decode(errors="replace")
    try:
        return json_value(text)
    except ValueError:
        return text


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is beyond all bounds")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
