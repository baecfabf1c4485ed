"""State machines of a template: AWS::StepFunctions::StateMachine, with the definition that the local AWS runs.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from samrun.template.errors import TemplateError
from samrun.template.model.application import Resource
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.resolution.scalars import as_text
from samrun.template.resolution.unknown_values import joined
from samrun.template.support.resource_types import STATE_MACHINE

_SERVERLESS = "AWS::Serverless::StateMachine"
_INTEGRATION = "arn:aws:states:::"
# The services that a stack really has, in integrations of their own and in those of the SDK.
_SERVICES = {
    "dynamodb",
    "events",
    "eventbridge",
    "kinesis",
    "kms",
    "lambda",
    "s3",
    "secretsmanager",
    "ses",
    "sesv2",
    "sfn",
    "sns",
    "sqs",
    "ssm",
    "states",
}


def read_state_machines(template: ResolvedTemplate, *, source: Mapping[str, Any], path: Path) -> Iterator[Resource]:
    """Yield each state machine, with its DefinitionString in JSON and its type. Raises TemplateError.

    `source` is the untranslated template, at `path`, from which the file of a definition is taken.
    """
    for logical_id, properties in template.of_type(STATE_MACHINE):
        text = _definition(logical_id, properties, source, path)
        if text is not None:
            yield Resource(
                logical_id=logical_id,
                type=STATE_MACHINE,
                name=template.name(logical_id),
                properties={
                    "DefinitionString": joined(
                        _in_json(logical_id, text),
                        [properties.get(f"Definition{part}") for part in ("", "String", "Substitutions")],
                    ),
                    "StateMachineType": properties.get("StateMachineType", "STANDARD"),
                },
            )


def ignored_in_state_machines(template: ResolvedTemplate, *, source: Mapping[str, Any], path: Path) -> Iterator[str]:
    """Yield a text for each part of a state machine that does not run on one machine."""
    run = {each.logical_id: each for each in read_state_machines(template, source=source, path=path)}
    for logical_id, _ in template.of_type(STATE_MACHINE):
        if logical_id not in run:
            file = _local_file(logical_id, source, path)
            where = f"at {file}, which is not there. Correct" if file else "in S3. Give it a local path in"
            yield f"{logical_id}: its definition is {where} its DefinitionUri"
            continue
        definition = json.loads(run[logical_id].properties["DefinitionString"])
        if "JSONata" in set(_values(definition, "QueryLanguage")):
            yield f"{logical_id}: it has states in JSONata, which moto does not run"
        for resource in dict.fromkeys(_values(definition, "Resource")):
            if _service(resource) not in _SERVICES:
                yield f"{logical_id}: the task {resource}, which is not done: moto imitates its answer, or refuses it"


def _definition(logical_id: str, properties: Mapping[str, Any], source: Mapping[str, Any], path: Path) -> str | None:
    """Return the text of a definition with its substitutions; None if it is in S3, or in a file that is not there."""
    if file := _local_file(logical_id, source, path):
        text = file.read_text(encoding="utf-8-sig") if file.is_file() else None
    elif "DefinitionString" in properties:
        text = str(properties["DefinitionString"])
    else:
        text = json.dumps(properties["Definition"]) if "Definition" in properties else None
    for name, value in (properties.get("DefinitionSubstitutions") or {}).items():
        text = text and text.replace(f"${{{name}}}", as_text(value))
    return text


def _local_file(logical_id: str, source: Mapping[str, Any], path: Path) -> Path | None:
    """Return the local file of a definition, if it is in one."""
    declared = source["Resources"].get(logical_id, {})
    location = (declared.get("Properties") or {}).get("DefinitionUri")
    if declared.get("Type") != _SERVERLESS or not isinstance(location, str) or location.startswith("s3://"):
        return None
    return path.parent / location


def _in_json(logical_id: str, text: str) -> str:
    """Return a definition, in YAML or in JSON, in JSON. Raises TemplateError."""
    try:
        definition = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TemplateError(f"the definition of {logical_id} is neither JSON nor YAML: {error}") from error
    if not isinstance(definition, dict):
        raise TemplateError(f"the definition of {logical_id} is not an object with States")
    return json.dumps(definition, default=str)


def _values(value: Any, name: str) -> Iterator[str]:
    """Yield the texts with a name, wherever they are in a definition."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key == name and isinstance(each, str):
                yield each
            elif key not in {"Parameters", "Arguments", "Result", "ResultSelector", "Output"}:
                yield from _values(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _values(each, name)


def _service(resource: str) -> str:
    """Return the service of a task's Resource; a function's ARN or name counts as Lambda."""
    if not resource.startswith(_INTEGRATION):
        return "lambda"
    parts = resource.removeprefix(_INTEGRATION).split(":")
    return parts[1].lower() if parts[0] == "aws-sdk" and len(parts) > 1 else parts[0]
