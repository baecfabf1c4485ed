"""Places of an application that get dead letters: what its template declares as such."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from samrun.dead_letters.dead_letter import Place, PlaceKind
from samrun.json_values import json_value
from samrun.services.message_sender import service_of
from samrun.template.model.application import Application, Resource
from samrun.template.model.functions import Function

if TYPE_CHECKING:
    from samrun.template.model.kafka_mappings import KafkaMapping
    from samrun.template.model.triggers import StreamTrigger

_KINDS: dict[str, PlaceKind] = {"sqs": "queue", "s3": "bucket"}
# A queue of a template whose logical id has one of these is one for dead letters, even if only functions send there.
_NAMES = ("deadletter", "dlq")


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Source of dead letters: what sends them, to which ARN, and the function that did not take them."""

    arn: str
    name: str
    function: str | None = None
    redrives_to: str | None = None


def find_places(application: Application) -> list[Place]:
    """Return the queues, buckets and topics of an application that get dead letters, each once.

    A topic of SNS keeps nothing: its dead letters are in the queues that subscribe to it.
    """
    found: dict[tuple[PlaceKind, str], Place] = {}
    for source in _sources(application):
        for kind, name in _targets(source.arn, application):
            place = found.setdefault((kind, name), Place(kind=kind, name=name))
            found[kind, name] = replace(
                place,
                sources=tuple(dict.fromkeys((*place.sources, source.name))),
                function=place.function or source.function,
                redrives_to=(*place.redrives_to, *([source.redrives_to] if source.redrives_to else [])),
            )
    return sorted(found.values(), key=lambda place: (place.kind != "queue", place.name))


def _sources(application: Application) -> Iterator[_Source]:
    for arn, name, function in _declared(application):
        if arn:
            yield _Source(arn=arn, name=name, function=function)
    yield from _of_queues(application)


def _declared(application: Application) -> Iterator[tuple[str | None, str, str | None]]:
    """Yield each declaration: an ARN, if there is one, what it is, and the function that did not take them."""
    on_failure, queue = "on-failure destination of", "dead-letter queue of"
    triggers: list[KafkaMapping | StreamTrigger] = [*application.mappings, *application.stream_triggers]
    for mapping in triggers:
        yield mapping.on_failure, f"{on_failure} {mapping.logical_id}", mapping.function
    for function in application.functions:
        yield function.asynchronous.on_failure, f"{on_failure} {function.name}", function.name
        yield function.asynchronous.dead_letter_queue, f"{queue} {function.name}", function.name
    for schedule in application.schedules:
        yield schedule.dead_letter_queue, f"{queue} {schedule.logical_id}", schedule.function
    for rule in application.event_rules:
        for target in rule.targets:
            yield target.dead_letter_queue, f"{queue} {rule.logical_id}", target.function


def _of_queues(application: Application) -> Iterator[_Source]:
    for queue in application.resources:
        if queue.type != "AWS::SQS::Queue":
            continue
        if target := _redrive_target(queue):
            yield _Source(arn=target, name=f"dead-letter queue of {queue.logical_id}", redrives_to=queue.name)
        if any(name in queue.logical_id.lower() for name in _NAMES):
            sender = _sender(queue, application.functions)
            name = f"{queue.logical_id} of the template"
            yield _Source(arn=f"arn:aws:sqs:::{queue.name}", name=name, function=sender)


def _redrive_target(queue: Resource) -> str | None:
    policy: Any = queue.properties.get("RedrivePolicy")
    if isinstance(policy, str):
        try:
            policy = json_value(policy)
        except ValueError:
            return None
    target = policy.get("deadLetterTargetArn") if isinstance(policy, dict) else None
    return target if isinstance(target, str) else None


def _sender(queue: Resource, functions: tuple[Function, ...]) -> str | None:
    """Return the function whose environment names a queue, by its URL or its name."""
    for function in functions:
        for value in function.environment.values():
            if value == queue.name or value.endswith(f"/{queue.name}"):
                return function.name
    return None


def _targets(arn: str, application: Application) -> Iterator[tuple[PlaceKind, str]]:
    """Yield what keeps the dead letters that are sent to an ARN."""
    scheme, _, topic = arn.partition("kafka://")
    if topic and not scheme:
        yield "topic", topic
        return
    service, name = service_of(arn), arn.rpartition(":")[2]
    if service in _KINDS:
        yield _KINDS[service], name
    elif service == "sns":
        for resource in application.resources:
            subscribed = (resource.type, resource.properties.get("TopicArn"), resource.properties.get("Protocol"))
            if subscribed == ("AWS::SNS::Subscription", arn, "sqs"):
                yield "queue", str(resource.properties.get("Endpoint", "")).rpartition(":")[2]
