"""Enrichments and targets of pipes.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from samrun.template.arns import function_name
from samrun.template.model.pipes import ApiDestination, PipeStep
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.triggers.api_destinations import read_api_destinations

# The services of targets besides functions, state machines and API destinations, by the beginning of the resource.
_SERVICES = {"sqs": "", "sns": "", "kinesis": "stream/", "logs": "log-group:", "events": "event-bus/"}


def steps_not_run(template: ResolvedTemplate, properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield Enrichment and Target, if samrun cannot send events to the one of a pipe with these properties."""
    functions, machines = template.function_arns(), template.state_machine_arns()
    destinations = read_api_destinations(template)
    for name in ("Enrichment", "Target"):
        arn = str(properties.get(name, ""))
        runs = function_name(arn) in functions or arn in machines or arn in destinations
        if name in properties and not runs and not (name == "Target" and _is_service(arn)):
            yield name


def _is_service(arn: str) -> bool:
    parts = arn.split(":", 5)
    return len(parts) > 5 and parts[2] in _SERVICES and parts[5].startswith(_SERVICES[parts[2]])


def pipe_step(template: ResolvedTemplate, properties: Mapping[str, Any], name: str) -> PipeStep:
    """Return the Enrichment or the Target of a pipe with these properties."""
    arn, parameters = str(properties[name]), dict(properties.get(f"{name}Parameters", {}))
    destinations: Mapping[str, ApiDestination] = read_api_destinations(template)
    return PipeStep(
        arn=arn,
        function=_function(arn, template.function_arns()),
        destination=destinations.get(arn),
        input_template=parameters.pop("InputTemplate", None),
        # Each service has one object of its own.
        parameters=next(iter(parameters.values()), {}),
    )


def _function(arn: str, functions: Collection[str]) -> str | None:
    name = function_name(arn)
    return name if name in functions else None
