"""Rules of a template that wait for events: AWS::Events::Rule with an EventPattern.

A rule with a ScheduleExpression, too, runs as a schedule as well; samrun.template.triggers.schedules reads that part.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from samrun.filtering.filter_pattern import FilterPattern, FilterPatternError
from samrun.template.arns import function_name
from samrun.template.errors import TemplateError
from samrun.template.model.account import ACCOUNT
from samrun.template.model.pipes import ApiDestination
from samrun.template.model.triggers import EventRule, EventTarget
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.resolution.unknown_values import is_unresolved, stand_in_name
from samrun.template.support.resource_types import RULE
from samrun.template.triggers.api_destinations import read_api_destinations
from samrun.template.triggers.target_inputs import target_fields

# The services of the targets that get events, besides functions.
_SERVICES = ("sqs", "sns", "events")


class EventRuleError(TemplateError):
    """A rule cannot run; the message names it and says why."""


def read_event_rules(template: ResolvedTemplate) -> Iterator[EventRule]:
    """Yield the enabled rules with a target that gets events here. Raises EventRuleError and TargetInputError."""
    functions, machines = template.function_arns(), template.state_machine_arns()
    destinations = read_api_destinations(template)
    for logical_id, properties in template.of_type(RULE):
        if "EventPattern" not in properties or _is_disabled(properties):
            continue
        targets = [_target(logical_id, each, functions, destinations) for each in properties.get("Targets", [])]
        kept = tuple(each for each in targets if each.function or each.destination or _gets_events(each.arn, machines))
        if kept:
            bus = _bus(properties.get("EventBusName", "default"))
            name = template.name(logical_id) if bus == "default" else f"{bus}/{template.name(logical_id)}"
            yield EventRule(
                logical_id=logical_id,
                arn=f"arn:aws:events:{template.region}:{ACCOUNT}:rule/{name}",
                bus=bus,
                pattern=_pattern(logical_id, properties["EventPattern"]),
                targets=kept,
            )


def ignored_in_event_rules(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for each rule that is not supported in full on one machine."""
    functions, machines = template.function_arns(), template.state_machine_arns()
    destinations = read_api_destinations(template)
    for logical_id, properties in template.of_type(RULE):
        if "EventPattern" not in properties:
            continue
        if _is_disabled(properties):
            yield f"{logical_id}: it has State: {properties['State']}"
            continue
        for target in properties.get("Targets", []):
            arn = str(target["Arn"])
            if function_name(arn) not in functions and arn not in destinations and not _gets_events(arn, machines):
                yield f"{logical_id}: the target {arn}, which is not a function of the template"


def _bus(name: Any) -> str:
    """Return the name of a bus, from its name or its ARN."""
    return stand_in_name(name) if is_unresolved(name) else str(name).rpartition("/")[2]


def _target(
    logical_id: str,
    target: Mapping[str, Any],
    functions: Collection[str],
    destinations: Mapping[str, ApiDestination],
) -> EventTarget:
    function = function_name(str(target["Arn"]))
    return EventTarget(
        arn=str(target["Arn"]),
        function=function if function in functions else None,
        destination=destinations.get(str(target["Arn"])),
        http=target.get("HttpParameters", {}),
        message_group=target.get("SqsParameters", {}).get("MessageGroupId"),
        **target_fields(logical_id, target),
    )


def _pattern(logical_id: str, rules: Any) -> FilterPattern:
    try:
        # CloudFormation accepts the pattern as text too.
        return FilterPattern.of_rule(json.loads(rules) if isinstance(rules, str) else rules)
    except (FilterPatternError, ValueError) as error:
        raise EventRuleError(f"AWS refuses the EventPattern of {logical_id}: {error}") from None


def _is_disabled(properties: Mapping[str, Any]) -> bool:
    return properties.get("State") == "DISABLED"


def _gets_events(arn: str, machines: Collection[str]) -> bool:
    return arn in machines or (_service(arn) in _SERVICES and ":api-destination/" not in arn)


def _service(arn: str) -> str:
    return ":".join(arn.split(":")[2:3])
