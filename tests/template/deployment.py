"""template.yaml as CloudFormation would carry it out, for one set of parameters."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from local import translation

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"
MSK_TEMPLATE = ROOT / "infrastructure/msk.yaml"
COGNITO_TEMPLATE = ROOT / "infrastructure/cognito.yaml"
TEMPLATES = (TEMPLATE, MSK_TEMPLATE, COGNITO_TEMPLATE)
REGION = "eu-central-1"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What a stack consists of and tells: only that whose condition holds, every intrinsic function resolved.

    `resources` by logical id, `outputs` by name.
    """

    resources: Mapping[str, Any]
    outputs: Mapping[str, Any]

    def properties(self, logical_id: str) -> dict[str, Any]:
        properties: dict[str, Any] = self.resources[logical_id]["Properties"]
        return properties

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of each resource of that type, by logical id."""
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == kind}

    def statements(self, function: str) -> list[dict[str, Any]]:
        """Return the statements of the function's own policies, and of those of the template's that it is given."""
        role = self.properties(f"{function}Role")
        managed = self.of_type("AWS::IAM::ManagedPolicy")
        policies = [*role["Policies"], *(managed[name] for name in role["ManagedPolicyArns"] if name in managed)]
        return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]

    def grants(self, function: str) -> set[tuple[str, str]]:
        """Return what those statements allow, as pairs of action and resource."""
        return {
            (action, resource)
            for statement in self.statements(function)
            for action in _as_list(statement["Action"])
            for resource in _as_list(statement["Resource"])
            if statement["Effect"] == "Allow"
        }

    def actions(self, function: str) -> set[str]:
        """Return the actions that those statements allow."""
        return {action for action, _ in self.grants(function)}


def deploy(**parameters: str) -> Deployment:
    """Carry out the template with these parameters and the defaults of the others, which its rules must allow."""
    assert refusals(**parameters) == []
    return deploy_edited(source_of(TEMPLATE), **parameters)


def deploy_edited(source: Mapping[str, Any], **parameters: str) -> Deployment:
    """As `deploy`, of what somebody has made of the template; its rules are not asked."""
    return _carried_out(_translated(source, parameters), parameters)


def deploy_plain(path: Path, **parameters: str) -> Deployment:
    """Carry out a template that needs no translation: one of infrastructure/."""
    return _carried_out(source_of(path), parameters)


def refusals(**parameters: str) -> list[str]:
    """Return what the template's rules say against these parameters: the texts that CloudFormation would show."""
    source = source_of(TEMPLATE)
    resolve = _wire(source, parameters).intrinsics.resolve
    return [
        assertion["AssertDescription"]
        for rule in source["Rules"].values()
        if resolve(rule["RuleCondition"])
        for assertion in rule["Assertions"]
        if not resolve(assertion["Assert"])
    ]


def translate(**parameters: str) -> dict[str, Any]:
    """Return the plain CloudFormation template that SAM makes of ours; its intrinsic functions are still in it."""
    return _translated(source_of(TEMPLATE), parameters)


def _translated(source: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    return translation.translate(source, parameters=_values(source, parameters), region=REGION)


def parameters_of(path: Path) -> dict[str, dict[str, Any]]:
    """Return the parameters that a template declares."""
    declared: dict[str, dict[str, Any]] = source_of(path)["Parameters"]
    return declared


@functools.cache
def source_of(path: Path) -> dict[str, Any]:
    """Return a template as it is written."""
    source: dict[str, Any] = yaml_parse(path.read_text())
    return source


def _carried_out(template: Mapping[str, Any], parameters: Mapping[str, str]) -> Deployment:
    intrinsics = (wired := _wire(template, parameters)).intrinsics
    return Deployment(
        resources={name: intrinsics.resolve(resource) for name, resource in wired.resources.items()},
        outputs={
            name: intrinsics.resolve(output["Value"])
            for name, output in template["Outputs"].items()
            if "Condition" not in output or intrinsics.condition(output["Condition"])
        },
    )


def _wire(template: Mapping[str, Any], parameters: Mapping[str, str]) -> translation.Wired:
    return translation.wire(
        template,
        parameters=_values(template, parameters),
        region=REGION,
        aws=f"https://sqs.{REGION}.amazonaws.com",
        stack="shop",
    )


def _values(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    defaults = {
        name: str(declared["Default"]) for name, declared in template["Parameters"].items() if "Default" in declared
    }
    return defaults | dict(given)


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
