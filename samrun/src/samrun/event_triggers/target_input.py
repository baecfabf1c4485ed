"""Input of a rule's target: the event, a constant text, a part of the event, or a template with parts of it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from samrun.errors import SamrunError
from samrun.json_path import MISSING, part
from samrun.template.model.triggers import TargetInput

Event = Mapping[str, Any]

_VARIABLE = re.compile(r"<([^<>]+)>")


class TransformError(SamrunError):
    """The template of a target, filled in, is not JSON. The message says where; `text` is what it was filled in to."""

    def __init__(self, message: str, *, text: str) -> None:
        super().__init__(message)
        self.text = text


def target_input(event: Event, target: TargetInput, *, rule_arn: str, ingestion_time: str) -> str:
    """Return the JSON text that a target of the rule gets. Raises TransformError."""
    if target.input is not None:
        return target.input
    if target.input_path is not None:
        return json.dumps(part(event, target.input_path, missing={}))
    if target.template is not None:
        return fill_in(target.template, _variables(event, target, rule_arn, ingestion_time))
    return json.dumps(event)


def _variables(event: Event, target: TargetInput, rule_arn: str, ingestion_time: str) -> dict[str, Any]:
    predefined = {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": ingestion_time,
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    # "If you specify a variable to match a JSON path that doesn't exist in the event, that variable isn't created."
    found = {name: part(event, path, missing=MISSING) for name, path in target.paths.items()}
    return {name: value for name, value in found.items() if value is not MISSING} | predefined


def variables_in(template: str) -> list[str]:
    """Return the names of the variables in a template."""
    return _VARIABLE.findall(template)


def fill_in(template: str, variables: Mapping[str, Any]) -> str:
    """Return the template with its variables filled in: as JSON, or, inside quotes, as text. Raises TransformError."""
    text, end = "", 0
    for match in _VARIABLE.finditer(template):
        text += template[end : match.start()]
        value = variables.get(match[1], MISSING)
        text += "" if value is MISSING else _inserted(value, quoted=_is_in_quotes(template[: match.start()]))
        end = match.end()
    return _as_json(text + template[end:])


def _inserted(value: Any, *, quoted: bool) -> str:
    if not quoted:
        return json.dumps(value)
    return json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]


def _is_in_quotes(text: str) -> bool:
    return len(re.findall(r'(?<!\\)"', text)) % 2 == 1


def _as_json(text: str) -> str:
    try:
        json.loads(text)
    except ValueError as error:
        raise TransformError(f"the InputTemplate, filled in, is not JSON: {error}", text=text) from None
    return text
