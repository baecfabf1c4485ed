"""Triggers of a function: what of its application invokes it, in words."""

from collections.abc import Iterator

from samrun.template.model.application import Application


def triggers_of(function: str, application: Application) -> list[str]:
    """Return a line for each trigger of a function."""
    return [text for name, text in _triggers(application) if name == function]


def _triggers(application: Application) -> Iterator[tuple[str | None, str]]:
    """Yield the function and the words of each trigger."""
    yield from _of_apis(application)
    for mapping in application.mappings:
        yield mapping.function, f"Kafka: topic {mapping.topic}, group {mapping.consumer_group}"
    for queue in application.queue_triggers:
        yield queue.function, f"queue: {queue.queue}"
    for stream in application.stream_triggers:
        yield stream.function, f"{stream.service} stream: {stream.name}"
    yield from _of_events(application)


def _of_apis(application: Application) -> Iterator[tuple[str | None, str]]:
    for api in application.apis:
        yield from ((route.function, f"API: {route.key}") for route in api.routes)
    for rest_api in application.rest_apis:
        yield from ((method.function, f"API: {method.key}") for method in rest_api.methods)
    for url in application.function_urls:
        yield url.function, "function URL"


def _of_events(application: Application) -> Iterator[tuple[str | None, str]]:
    for schedule in application.schedules:
        yield schedule.function, f"schedule: {schedule.expression}"
    for notification in application.notifications:
        yield notification.function, f"{notification.service}: {notification.source}"
    for rule in application.event_rules:
        yield from ((target.function, f"rule {rule.name} on the bus {rule.bus}") for target in rule.targets)
