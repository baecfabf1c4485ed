"""Properties that event source mappings of several services have in common."""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.filtering.filter_pattern import FilterPattern, FilterPatternError
from samrun.template.errors import TemplateError


def limit(properties: Mapping[str, Any], name: str) -> int | None:
    """Return a limit of a mapping, or None if it is infinite (-1)."""
    value = int(properties.get(name, -1))
    return None if value < 0 else value


def starting_timestamp(properties: Mapping[str, Any]) -> float | None:
    """Return the Unix time from which AT_TIMESTAMP starts."""
    timestamp = properties.get("StartingPositionTimestamp")
    return None if timestamp is None else float(timestamp)


def refused_position(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence if the starting position lacks its time, or if that is no number."""
    timestamp = properties.get("StartingPositionTimestamp")
    if timestamp is None:
        if properties.get("StartingPosition") == "AT_TIMESTAMP":
            yield "StartingPosition is AT_TIMESTAMP, and StartingPositionTimestamp is missing"
    elif not _is_number(timestamp):
        yield f"StartingPositionTimestamp is {timestamp!r}: it is a number, the Unix time in seconds"


def on_failure_destination(properties: Mapping[str, Any]) -> str | None:
    """Return the on-failure destination: an ARN, or kafka://topic."""
    on_failure = properties.get("DestinationConfig", {}).get("OnFailure", {})
    return on_failure.get("Destination") or None


def filters(logical_id: str, properties: Mapping[str, Any], **options: Any) -> tuple[FilterPattern, ...]:
    """Return the patterns of FilterCriteria; `options` are those of FilterPattern.parse. Raises TemplateError."""
    patterns = [each.get("Pattern") for each in properties.get("FilterCriteria", {}).get("Filters", [])]
    try:
        return tuple(FilterPattern.parse(_checked(pattern), **options) for pattern in patterns)
    except FilterPatternError as error:
        raise TemplateError(f"{logical_id}: AWS refuses a filter of FilterCriteria: {error}") from None


def _checked(pattern: Any) -> str:
    """Return a pattern that is a text. Raises FilterPatternError for any other."""
    if pattern is None:
        raise FilterPatternError("it has no Pattern")
    if not isinstance(pattern, str):
        raise FilterPatternError(f"its Pattern is {pattern!r}. It is JSON as a text: write it between quotes")
    return pattern


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
