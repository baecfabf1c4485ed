"""Functions that do not run on this machine: their triggers do not run either, and the user is told so."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from samrun.template.functions.lambda_functions import NotRun
from samrun.template.model.application import Application, MissingTrigger


def without(not_run: Iterable[NotRun], application: Application) -> Application:
    """Return the application without the triggers of these functions, which become missing triggers."""
    by_name = {function.name: function for function in not_run}
    pipes = tuple(each for each in application.pipes if not by_name.keys() & set(each.functions))
    # The mappings of the pipes that do not run go with them.
    gone = by_name.keys() | {each.consumer for each in application.pipes if each not in pipes}
    return replace(
        application,
        apis=tuple(
            replace(api, routes=tuple(route for route in api.routes if route.function not in by_name))
            for api in application.apis
        ),
        rest_apis=tuple(
            replace(api, methods=tuple(method for method in api.methods if method.function not in by_name))
            for api in application.rest_apis
        ),
        function_urls=tuple(each for each in application.function_urls if each.function not in by_name),
        mappings=tuple(each for each in application.mappings if each.function not in gone),
        pipes=pipes,
        receipt_rules=tuple(
            replace(rule, functions={arn: name for arn, name in rule.functions.items() if name not in by_name})
            for rule in application.receipt_rules
        ),
        schedules=tuple(each for each in application.schedules if each.function not in by_name),
        queue_triggers=tuple(each for each in application.queue_triggers if each.function not in gone),
        stream_triggers=tuple(each for each in application.stream_triggers if each.function not in gone),
        notifications=tuple(each for each in application.notifications if each.function not in by_name),
        custom_resources=tuple(each for each in application.custom_resources if each.function not in by_name),
        event_rules=tuple(
            replace(rule, targets=tuple(each for each in rule.targets if each.function not in by_name))
            for rule in application.event_rules
        ),
        ignored=(*application.ignored, *(f"{each.logical_id}: {each.obstacle}" for each in by_name.values())),
        missing_triggers=(
            *(each for each in application.missing_triggers if each.function not in by_name),
            *(trigger for each in by_name.values() for trigger in _missing_triggers(each, application)),
        ),
    )


def _missing_triggers(function: NotRun, application: Application) -> Iterator[MissingTrigger]:
    for trigger, source in _triggers(function.name, application):
        yield MissingTrigger(
            logical_id=trigger,
            function=function.name,
            source=source,
            reason=function.obstacle.reason,
            remedy=function.obstacle.remedy,
        )


def _triggers(function: str, application: Application) -> Iterator[tuple[str, str]]:
    """Yield the name and the event source of each trigger of a function."""
    for api in application.apis:
        yield from (
            (f"{route.key} of {api.logical_id}", "HTTP API") for route in api.routes if route.function == function
        )
    for rest_api in application.rest_apis:
        yield from (
            (f"{method.key} of {rest_api.logical_id}", "REST API")
            for method in rest_api.methods
            if method.function == function
        )
    yield from ((each.logical_id, "function URL") for each in application.function_urls if each.function == function)
    for mapping in application.mappings:
        if mapping.function == function and mapping.enabled:
            yield mapping.logical_id, "Amazon MSK" if mapping.event_source_arn else "self-managed Apache Kafka"
    yield from _triggers_by_events(function, application)
    yield from ((each.logical_id, "schedule") for each in application.schedules if each.function == function)
    for custom in application.custom_resources:
        if custom.function == function:
            yield custom.logical_id, "custom resource"
    yield from ((each.logical_id, each.source) for each in application.missing_triggers if each.function == function)


def _triggers_by_events(function: str, application: Application) -> Iterator[tuple[str, str]]:
    """Yield the name and the event source of each trigger by a queue, a stream, a topic, a bucket or a rule."""
    yield from ((each.logical_id, "SQS queue") for each in application.queue_triggers if each.function == function)
    for stream in application.stream_triggers:
        if stream.function == function:
            yield stream.logical_id, "DynamoDB stream" if stream.service == "dynamodb" else "Kinesis stream"
    for notification in application.notifications:
        if notification.function == function:
            yield notification.source, "SNS topic" if notification.service == "sns" else "S3 notification"
    for rule in application.event_rules:
        if any(target.function == function for target in rule.targets):
            yield rule.logical_id, "EventBridge rule"
    yield from ((each.logical_id, "EventBridge pipe") for each in application.pipes if function in each.functions)
    yield from (
        (each.logical_id, "Amazon SES") for each in application.receipt_rules if function in each.functions.values()
    )
