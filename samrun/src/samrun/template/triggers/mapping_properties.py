"""Properties that event source mappings of several services have in common."""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.filtering.filter_pattern import FilterPattern, FilterPatternError
from samrun.template.errors import TemplateError
from samrun.template.resolution.booleans import is_true
from samrun.template.support.model_limits import is_boolean


def is_enabled(logical_id: str, properties: Mapping[str, Any]) -> bool:
    """Return whether a mapping is enabled. Raises TemplateError for a value that AWS refuses."""
    enabled = properties.get("Enabled", True)
    if not is_boolean(enabled):
        raise TemplateError(f"AWS refuses {logical_id}: Enabled is {enabled!r}: AWS takes true or false")
    return is_true(enabled)


def limit(properties: Mapping[str, Any], name: str) -> int | None:
    """Return a limit of a mapping, or None if it is infinite (-1)."""
    value = int(properties.get(name, -1))
    return None if value < 0 else value


def starting_timestamp(properties: Mapping[str, Any]) -> float | None:
    """Return the Unix time from which AT_TIMESTAMP starts."""
    timestamp = properties.get("StartingPositionTimestamp")
    return None if timestamp is None else float(timestamp)


def refused_position(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence if the starting position lacks its time."""
    if properties.get("StartingPosition") == "AT_TIMESTAMP" and properties.get("StartingPositionTimestamp") is None:
        yield "StartingPosition is AT_TIMESTAMP, and StartingPositionTimestamp is missing"


def on_failure_destination(properties: Mapping[str, Any]) -> str | None:
    """Return the on-failure destination: an ARN, or kafka://topic."""
    on_failure = properties.get("DestinationConfig", {}).get("OnFailure", {})
    return on_failure.get("Destination") or None


def is_service_of_destinations(destination: str) -> bool:
    """Tell whether an on-failure destination is a queue, a topic of SNS or a bucket."""
    return destination.split(":")[2:3] in (["sqs"], ["sns"], ["s3"])


def filters(logical_id: str, properties: Mapping[str, Any], **options: Any) -> tuple[FilterPattern, ...]:
    """Return the patterns of FilterCriteria; `options` are those of FilterPattern.parse. Raises TemplateError."""
    patterns = [each["Pattern"] for each in properties.get("FilterCriteria", {}).get("Filters", [])]
    try:
        return tuple(FilterPattern.parse(_checked(pattern), **options) for pattern in patterns)
    except FilterPatternError as error:
        raise TemplateError(f"{logical_id}: AWS refuses a filter of FilterCriteria: {error}") from None


def _checked(pattern: Any) -> str:
    """Return a pattern that is a text. Raises FilterPatternError for any other."""
    if not isinstance(pattern, str):
        raise FilterPatternError(f"its Pattern is {pattern!r}. It is JSON as a text: write it between quotes")
    return pattern
