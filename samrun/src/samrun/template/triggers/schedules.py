"""Schedules of a template: EventBridge's rules with a schedule, and the schedules of EventBridge Scheduler."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from samrun.template.arns import function_name
from samrun.template.errors import TemplateError
from samrun.template.model.account import ACCOUNT
from samrun.template.model.triggers import Schedule
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.resolution.unknown_values import UnknownValue, remedy
from samrun.template.support.resource_types import RULE, SCHEDULE
from samrun.template.triggers.schedule_expressions import ExpressionError, Service, parse_expression
from samrun.template.triggers.target_inputs import target_fields


class ScheduleError(TemplateError):
    """A schedule cannot run; the message names it and says why."""


def read_schedules(template: ResolvedTemplate) -> Iterator[Schedule]:
    """Yield a schedule for each target that is a function of the template, or a state machine.

    Raises ScheduleError and TargetInputError.
    """
    functions, machines = template.function_arns(), template.state_machine_arns()
    for logical_id, service, properties, targets in _declared(template):
        for target in [] if _reason_not_to_run(properties) else targets:
            function = function_name(target["Arn"])
            if function in functions or target["Arn"] in machines:
                yield _schedule(
                    logical_id,
                    service,
                    properties,
                    function=function if function in functions else None,
                    target=target,
                    region=template.region,
                )


def ignored_in_schedules(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for each schedule that is not supported in full on one machine."""
    functions, machines = template.function_arns(), template.state_machine_arns()
    for logical_id, _, properties, targets in _declared(template):
        if reason := _reason_not_to_run(properties):
            yield f"{logical_id}: {reason}"
        elif ignored := ", ".join(_ignored(targets, {*functions, *machines})):
            yield f"{logical_id}: {ignored}"


def _declared(
    template: ResolvedTemplate,
) -> Iterator[tuple[str, Service, Mapping[str, Any], list[Mapping[str, Any]]]]:
    """Yield logical id, service, properties and targets of each schedule, and of each rule with a schedule."""
    for logical_id, properties in template.of_type(RULE):
        if "ScheduleExpression" in properties:
            yield logical_id, "events", properties, properties.get("Targets", [])
    for logical_id, properties in template.of_type(SCHEDULE):
        yield logical_id, "scheduler", properties, [properties["Target"]]


def _reason_not_to_run(properties: Mapping[str, Any]) -> str | None:
    if properties.get("State") == "DISABLED":
        return "it has State: DISABLED"
    expression = properties["ScheduleExpression"]
    if isinstance(expression, UnknownValue):
        [reference, *_] = expression.references
        return f"its ScheduleExpression is {reference}, which only AWS knows. {remedy(reference)}"
    return None


def _ignored(targets: Iterable[Mapping[str, Any]], run: Collection[str]) -> Iterator[str]:
    for target in targets:
        if function_name(target["Arn"]) not in run and target["Arn"] not in run:
            yield f"the target {target['Arn']}, which is not a function of the template"


def _schedule(
    logical_id: str,
    service: Service,
    properties: Mapping[str, Any],
    *,
    function: str | None,
    target: Mapping[str, Any],
    region: str,
) -> Schedule:
    expression = properties["ScheduleExpression"]
    name = properties.get("Name", logical_id)
    kind = "rule" if service == "events" else f"schedule/{properties.get('GroupName', 'default')}"
    timezone = _timezone(logical_id, properties.get("ScheduleExpressionTimezone", "UTC"))
    try:
        times = parse_expression(expression, service=service, timezone=timezone)
    except ExpressionError as error:
        raise ScheduleError(f"{logical_id} has the ScheduleExpression {expression}: {error}") from error
    return Schedule(
        logical_id=logical_id,
        service=service,
        arn=f"arn:aws:{service}:{region}:{ACCOUNT}:{kind}/{name}",
        target=str(target["Arn"]),
        function=function,
        expression=expression,
        times=times,
        start=_date(logical_id, "StartDate", properties),
        end=_date(logical_id, "EndDate", properties),
        **target_fields(logical_id, target),
    )


def _timezone(logical_id: str, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ScheduleError(
            f"{logical_id} has the ScheduleExpressionTimezone {name}, which this machine does not know: use an IANA "
            "name such as Europe/Berlin"
        ) from None


def _date(logical_id: str, name: str, properties: Mapping[str, Any]) -> datetime | None:
    if name not in properties:
        return None
    try:
        date = datetime.fromisoformat(str(properties[name]))
    except ValueError:
        raise ScheduleError(
            f"{logical_id} has the {name} {properties[name]}, which is not a time such as 2030-01-31T12:00:00Z"
        ) from None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
