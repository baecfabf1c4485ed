"""template.yaml as CloudFormation would carry it out, for one set of parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from local.intrinsics import Intrinsics
from local.model import ACCOUNT
from local.references import References

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
REGION = "eu-central-1"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The resources by logical id: only those whose condition holds, every intrinsic function resolved."""

    resources: Mapping[str, Any]

    def properties(self, logical_id: str) -> dict[str, Any]:
        properties: dict[str, Any] = self.resources[logical_id]["Properties"]
        return properties

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of each resource of that type, by logical id."""
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == kind}

    def grants(self, function: str) -> set[tuple[str, str]]:
        """Return what the function's own statements allow, as pairs of action and resource."""
        return {
            (action, resource)
            for policy in self.properties(f"{function}Role")["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
            for action in _as_list(statement["Action"])
            for resource in _as_list(statement["Resource"])
            if statement["Effect"] == "Allow"
        }


def deploy(**parameters: str) -> Deployment:
    """Carry out the template with these parameters and the defaults of the others."""
    template = translate(**parameters)
    resources = template["Resources"]
    intrinsics = Intrinsics(
        template=template,
        parameters=_values(template, parameters),
        pseudo_parameters={
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::StackName": "shop",
            "AWS::URLSuffix": "amazonaws.com",
        },
        references=lambda name, attribute: references(name, attribute),
    )
    references = References(
        resources, region=REGION, aws=f"https://sqs.{REGION}.amazonaws.com", resolve=intrinsics.resolve
    )
    return Deployment(
        resources={
            name: intrinsics.resolve(resource)
            for name, resource in resources.items()
            if "Condition" not in resource or intrinsics.condition(resource["Condition"])
        }
    )


def translate(**parameters: str) -> dict[str, Any]:
    """Return the plain CloudFormation template that SAM makes of ours; its intrinsic functions are still in it."""
    source = yaml_parse(TEMPLATE.read_text())
    for resource in source["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"  # SAM translates packaged functions only
    translated: dict[str, Any] = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION)).translate(
        sam_template=source, parameter_values=_values(source, parameters), feature_toggle=None
    )
    return translated


def _values(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    defaults = {
        name: str(declared["Default"]) for name, declared in template["Parameters"].items() if "Default" in declared
    }
    return defaults | dict(given)


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
