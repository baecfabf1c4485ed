"""Batching windows: the application whose event source mappings wait no longer than somebody at a desk wants to."""

from dataclasses import replace
from typing import TypeVar

from samrun.template.model.application import Application
from samrun.template.model.kafka_mappings import KafkaMapping
from samrun.template.model.triggers import QueueTrigger, StreamTrigger

_PROPERTY = "MaximumBatchingWindowInSeconds"

_Trigger = TypeVar("_Trigger", KafkaMapping, QueueTrigger, StreamTrigger)


def with_short_windows(application: Application, longest: int | None) -> Application:
    """Return the application without a batching window over `longest` seconds; None changes nothing."""
    if longest is None:
        return application
    return replace(
        application,
        mappings=tuple(_shortened(each, longest) for each in application.mappings),
        queue_triggers=tuple(_shortened(each, longest) for each in application.queue_triggers),
        stream_triggers=tuple(_shortened(each, longest) for each in application.stream_triggers),
    )


def _shortened(trigger: _Trigger, longest: int) -> _Trigger:
    """Return a mapping with a window up to `longest`, also for Lambda's API, which shows and changes its properties."""
    if trigger.window <= longest:
        return trigger
    return replace(trigger, window=float(longest), properties={**trigger.properties, _PROPERTY: longest})
