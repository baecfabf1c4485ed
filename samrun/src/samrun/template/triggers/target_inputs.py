"""Targets of rules and of schedules: what each gets, and the queue for the events that it cannot get."""

import json
from collections.abc import Mapping
from typing import Any, TypedDict

from samrun.template.errors import TemplateError
from samrun.template.resolution.unknown_values import UnknownValue


class TargetInputError(TemplateError):
    """The input of a target is not JSON; the message names the rule or the schedule."""


class TargetFields(TypedDict):
    """The fields that a target of a rule and a schedule have in common."""

    input: str | None
    input_path: str | None
    template: str | None
    paths: Mapping[str, str]
    dead_letter_queue: str | None


def target_fields(logical_id: str, target: Mapping[str, Any]) -> TargetFields:
    """Return the fields of a target of a rule or a schedule with this logical id. Raises TargetInputError."""
    given, transformer = target.get("Input"), target.get("InputTransformer", {})
    if isinstance(given, UnknownValue) and not _is_json(given):
        given = None  # the target gets the whole event
    if given is not None:
        _check_input(logical_id, given)
    return TargetFields(
        input=given,
        input_path=target.get("InputPath"),
        template=transformer.get("InputTemplate"),
        paths=transformer.get("InputPathsMap", {}),
        dead_letter_queue=target.get("DeadLetterConfig", {}).get("Arn"),
    )


def _check_input(logical_id: str, text: object) -> None:
    if not isinstance(text, str) or not _is_json(text):
        raise TargetInputError(f"{logical_id} has an Input that is not a JSON text")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
