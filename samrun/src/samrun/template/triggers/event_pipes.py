"""Pipes of a template: AWS::Pipes::Pipe. samrun.template.triggers.pipe_sources reads what they read from.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html
"""

from collections.abc import Iterator

from samrun.template.model.pipes import Pipe
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.resource_types import PIPE
from samrun.template.triggers.pipe_steps import pipe_step, steps_not_run


def read_pipes(template: ResolvedTemplate) -> Iterator[Pipe]:
    """Yield each pipe whose enrichment and whose target run on this machine."""
    for logical_id, properties in template.of_type(PIPE):
        if not list(steps_not_run(template, properties)):
            yield Pipe(
                logical_id=logical_id,
                name=template.name(logical_id),
                arn=template.references(logical_id, "Arn"),
                source_arn=str(properties["Source"]),
                enrichment=pipe_step(template, properties, "Enrichment") if "Enrichment" in properties else None,
                target=pipe_step(template, properties, "Target"),
            )


def ignored_in_pipes(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for each pipe that does not run."""
    for logical_id, properties in template.of_type(PIPE):
        for name in steps_not_run(template, properties):
            yield f"{logical_id}: its {name}, {properties[name]}, is nothing to which samrun sends the events of a pipe"
