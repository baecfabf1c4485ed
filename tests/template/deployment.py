"""Deployment of template.yaml as CloudFormation would make it, for one set of parameters."""

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samrun.testing import templates
from samrun.testing.templates import ResolvedTemplate, read_yaml, resolve_template

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"
MSK_TEMPLATE = ROOT / "infrastructure/msk.yaml"
COGNITO_TEMPLATE = ROOT / "infrastructure/cognito.yaml"
GITHUB_TEMPLATE = ROOT / "infrastructure/github.yaml"
TEMPLATES = (TEMPLATE, MSK_TEMPLATE, COGNITO_TEMPLATE, GITHUB_TEMPLATE)
REGION = "eu-central-1"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Resources (by logical id) and outputs (by name) of a stack.

    Only those whose condition holds, with every intrinsic function resolved.
    """

    resources: Mapping[str, Any]
    outputs: Mapping[str, Any]

    def properties(self, logical_id: str) -> dict[str, Any]:
        properties: dict[str, Any] = self.resources[logical_id]["Properties"]
        return properties

    def one_of(self, logical_ids: Collection[str]) -> dict[str, Any]:
        """Return the properties of the one of these resources that the stack has."""
        [found] = self.resources.keys() & set(logical_ids)
        return self.properties(found)

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of each resource of that type, by logical id."""
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == kind}

    def statements(self, function: str) -> list[dict[str, Any]]:
        """Return the statements of the function's own policies and of the managed policies that it gets."""
        role = self.properties(f"{function}Role")
        managed = self.of_type("AWS::IAM::ManagedPolicy")
        policies = [*role["Policies"], *(managed[name] for name in role["ManagedPolicyArns"] if name in managed)]
        return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]

    def grants(self, function: str) -> set[tuple[str, str]]:
        """Return the pairs of action and resource that those statements allow."""
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
    """Carry out the template with these parameters and the defaults of the others, which its rules must allow.

    Tests share what the same parameters make: they change nothing of it.
    """
    return _deployed(frozenset(parameters.items()))


@functools.cache
def _deployed(given: frozenset[tuple[str, str]]) -> Deployment:
    parameters = dict(given)
    assert refusals(**parameters) == []
    return deploy_edited(source_of(TEMPLATE), **parameters)


def deploy_edited(source: Mapping[str, Any], **parameters: str) -> Deployment:
    """Deploy an edited template as `deploy` does, but without its rules."""
    return _carried_out(_translated(source, parameters), parameters)


def deploy_plain(path: Path, **parameters: str) -> Deployment:
    """Deploy a template that needs no translation: one of infrastructure/."""
    return _carried_out(source_of(path), parameters)


def refusals(**parameters: str) -> list[str]:
    """Return the messages that CloudFormation would show if the template's rules refuse these parameters."""
    return refusals_of(TEMPLATE, **parameters)


def refusals_of(path: Path, **parameters: str) -> list[str]:
    """Return the messages of the rules of that template."""
    source = source_of(path)
    resolve = _resolve(source, parameters).intrinsics.resolve
    return [
        assertion["AssertDescription"]
        for rule in source.get("Rules", {}).values()
        if resolve(rule.get("RuleCondition", {"Fn::Equals": ["", ""]}))
        for assertion in rule["Assertions"]
        if not resolve(assertion["Assert"])
    ]


def conditions_of(path: Path, **parameters: str) -> dict[str, bool]:
    """Return whether each condition of that template holds with these parameters."""
    source = source_of(path)
    intrinsics = _resolve(source, parameters).intrinsics
    return {name: intrinsics.condition(name) for name in source.get("Conditions", {})}


def translate(**parameters: str) -> dict[str, Any]:
    """Return the CloudFormation template that SAM makes of ours, with its intrinsic functions unresolved."""
    return _translated(source_of(TEMPLATE), parameters)


def _translated(source: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    return templates.translate(source, parameters=_values(source, parameters), region=REGION)


def parameters_of(path: Path) -> dict[str, dict[str, Any]]:
    """Return the parameters that a template declares."""
    declared: dict[str, dict[str, Any]] = source_of(path)["Parameters"]
    return declared


@functools.cache
def source_of(path: Path) -> dict[str, Any]:
    """Return a template as it is written."""
    source: dict[str, Any] = read_yaml(path)
    return source


def _carried_out(template: Mapping[str, Any], parameters: Mapping[str, str]) -> Deployment:
    intrinsics = (resolved := _resolve(template, parameters)).intrinsics
    return Deployment(
        resources={name: intrinsics.resolve(resource) for name, resource in resolved.resources.items()},
        outputs={
            name: intrinsics.resolve(output["Value"])
            for name, output in template["Outputs"].items()
            if "Condition" not in output or intrinsics.condition(output["Condition"])
        },
    )


def _resolve(template: Mapping[str, Any], parameters: Mapping[str, str]) -> ResolvedTemplate:
    return resolve_template(
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
