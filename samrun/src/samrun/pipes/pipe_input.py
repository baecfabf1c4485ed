"""Input of a pipe's enrichment and target: an event, or an input template with parts of it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
"""

import json
from datetime import UTC, datetime
from typing import Any

from samrun.event_triggers.target_input import TransformError, fill_in, variables_in
from samrun.json_path import MISSING, part
from samrun.pipes.pipe_events import with_parsed_content
from samrun.rfc3339 import rfc3339
from samrun.template.model.pipes import Pipe, PipeStep


def step_input(event: Any, step: PipeStep, pipe: Pipe) -> Any:
    """Return what a step gets for an event. A template that is no JSON, filled in, is a text."""
    if step.input_template is None:
        return event
    seen = with_parsed_content(event)
    variables = {name: _variable(name, seen, pipe) for name in variables_in(step.input_template)}
    found = {name: value for name, value in variables.items() if value is not MISSING}
    try:
        return json.loads(fill_in(step.input_template, found))
    except TransformError as error:
        return error.text


def parameter(value: Any, event: Any) -> Any:
    """Return the value of a parameter of a target: a part of the event, if it is a JSON path."""
    if isinstance(value, str) and value.startswith("$."):
        return part(with_parsed_content(event), value, missing="")
    return value


def _variable(name: str, event: Any, pipe: Pipe) -> Any:
    if name.startswith("$"):
        return part(event, name)
    predefined = {
        "aws.pipes.pipe-arn": pipe.arn,
        "aws.pipes.pipe-name": pipe.name,
        "aws.pipes.source-arn": pipe.source_arn,
        "aws.pipes.enrichment-arn": pipe.enrichment.arn if pipe.enrichment else "",
        "aws.pipes.target-arn": pipe.target.arn,
        "aws.pipes.event.ingestion-time": rfc3339(datetime.now(UTC), "milliseconds"),
        "aws.pipes.event": event,
        "aws.pipes.event.json": event,
    }
    return predefined.get(name, MISSING)
