"""Reads schedules from a template: the rules of EventBridge that have one, and those of EventBridge Scheduler."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local.arns import function_name
from local.model import ACCOUNT, Schedule
from local.schedules.expressions import ExpressionError, Service, parse

KINDS = frozenset({"AWS::Events::Rule", "AWS::Lambda::EventInvokeConfig", "AWS::Scheduler::Schedule"})
# How often Lambda tries an asynchronous invocation again, where the function does not say.
_RETRIES = 2
# Properties that change what a deployment does, and nothing on this machine.
_IGNORED_OF_SCHEDULE = ("EventPattern",)
_IGNORED_OF_TARGET = ("DeadLetterConfig", "InputPath", "InputTransformer")
_IGNORED_OF_INVOCATIONS = ("DestinationConfig", "MaximumEventAgeInSeconds")

Resources = Callable[[str], Iterable[tuple[str, Mapping[str, Any]]]]
"""Returns the resources of a type: logical id and resolved properties of each."""


class ScheduleError(Exception):
    """A schedule cannot be run; the message names it and says why."""


def schedules(resources: Resources, *, functions: Collection[str], region: str) -> Iterator[Schedule]:
    """Return the schedules, one for each target that is one of the `functions`, by name. Raises ScheduleError."""
    retries = {
        function_name(properties["FunctionName"]): int(properties.get("MaximumRetryAttempts", _RETRIES))
        for _, properties in resources("AWS::Lambda::EventInvokeConfig")
    }
    for logical_id, service, properties, targets in _declared(resources):
        for target in [] if _why_not(properties) else targets:
            function = function_name(target["Arn"])
            if function in functions:
                yield _schedule(
                    logical_id,
                    service,
                    properties,
                    function=function,
                    given=target.get("Input"),
                    retries=retries.get(function, _RETRIES),
                    region=region,
                )


def ignored_of_schedules(resources: Resources, *, functions: Collection[str]) -> Iterator[str]:
    """Return what of the schedules, and of asynchronous invocations, is not done here: a text for each resource."""
    for logical_id, _, properties, targets in _declared(resources):
        if why := _why_not(properties):
            yield f"{logical_id}: all of it, since {why}"
        elif ignored := ", ".join(_ignored(properties, targets, functions)):
            yield f"{logical_id}: {ignored}"
    for logical_id, properties in resources("AWS::Lambda::EventInvokeConfig"):
        if ignored := ", ".join(name for name in _IGNORED_OF_INVOCATIONS if properties.get(name)):
            yield f"{logical_id}: {ignored}"


def _declared(
    resources: Resources,
) -> Iterator[tuple[str, Service, Mapping[str, Any], list[Mapping[str, Any]]]]:
    for logical_id, properties in resources("AWS::Events::Rule"):
        yield logical_id, "events", properties, properties.get("Targets", [])
    for logical_id, properties in resources("AWS::Scheduler::Schedule"):
        yield logical_id, "scheduler", properties, [properties["Target"]]


def _why_not(properties: Mapping[str, Any]) -> str | None:
    """Return why it does not run at all."""
    if "ScheduleExpression" not in properties:
        return "it waits for events"
    return "it has State: DISABLED" if properties.get("State") == "DISABLED" else None


def _ignored(
    properties: Mapping[str, Any], targets: Iterable[Mapping[str, Any]], functions: Collection[str]
) -> Iterator[str]:
    yield from (name for name in _IGNORED_OF_SCHEDULE if name in properties)
    for target in targets:
        if function_name(target["Arn"]) in functions:
            yield from (name for name in _IGNORED_OF_TARGET if name in target)
        else:
            yield f"the target {target['Arn']}, which is no function of the template"


def _schedule(
    logical_id: str,
    service: Service,
    properties: Mapping[str, Any],
    *,
    function: str,
    given: str | None,
    retries: int,
    region: str,
) -> Schedule:
    expression = properties["ScheduleExpression"]
    name = properties.get("Name", logical_id)
    kind = "rule" if service == "events" else f"schedule/{properties.get('GroupName', 'default')}"
    timezone = _timezone(logical_id, properties.get("ScheduleExpressionTimezone", "UTC"))
    if given is not None:
        _check_input(logical_id, given)
    try:
        times = parse(expression, service=service, timezone=timezone)
    except ExpressionError as error:
        raise ScheduleError(f"{logical_id} has the ScheduleExpression {expression}: {error}") from error
    return Schedule(
        logical_id=logical_id,
        service=service,
        arn=f"arn:aws:{service}:{region}:{ACCOUNT}:{kind}/{name}",
        function=function,
        expression=expression,
        times=times,
        start=_date(logical_id, "StartDate", properties),
        end=_date(logical_id, "EndDate", properties),
        input=given,
        retries=retries,
    )


def _timezone(logical_id: str, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ScheduleError(
            f"{logical_id} has the ScheduleExpressionTimezone {name}, which this machine does not know"
        ) from None


def _date(logical_id: str, name: str, properties: Mapping[str, Any]) -> datetime | None:
    if name not in properties:
        return None
    try:
        date = datetime.fromisoformat(str(properties[name]))
    except ValueError:
        raise ScheduleError(
            f"{logical_id} has the {name} {properties[name]}, which is no time such as 2030-01-31T12:00:00Z"
        ) from None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _check_input(logical_id: str, text: object) -> None:
    try:
        json.loads(text if isinstance(text, str) else "")
    except ValueError:
        raise ScheduleError(f"{logical_id} has an Input that is no text in JSON, as a function needs it") from None
