"""Turns a SAM template into what CloudFormation would carry out: translated, and wired to be resolved."""

import copy
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from local.intrinsics import Intrinsics
from local.model import ACCOUNT
from local.references import References

# The translator counts what it does, for its authors, and warns when nobody reads the counts.
logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)

# The translator takes code only from S3; whoever needs the path reads it from the source.
_PACKAGED = "s3://bucket/key"


@dataclass(frozen=True, kw_only=True)
class Wired:
    """A translated template: its resources, of which the condition holds, and what resolves their properties."""

    resources: Mapping[str, Any]
    intrinsics: Intrinsics
    references: References


def translate(source: Mapping[str, Any], *, parameters: Mapping[str, str], region: str) -> dict[str, Any]:
    """Return the plain CloudFormation template; its intrinsic functions are still in it.

    Raises the translator's InvalidDocumentException.
    """
    packaged = copy.deepcopy(dict(source))
    packaged.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    for resource in packaged["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource.setdefault("Properties", {})["CodeUri"] = _PACKAGED
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            resource.setdefault("Properties", {})["ContentUri"] = _PACKAGED
    translated: dict[str, Any] = Translator({}, Parser(), boto_session=_Region(region)).translate(
        sam_template=packaged, parameter_values=dict(parameters), feature_toggle=None
    )
    return translated


def wire(template: Mapping[str, Any], *, parameters: Mapping[str, str], region: str, aws: str, stack: str) -> Wired:
    """Wire a translated template for one stack. `aws` is what queue URLs begin with.

    Raises UnresolvableError where a condition cannot be resolved.
    """
    resources: dict[str, Any] = template["Resources"]
    intrinsics = Intrinsics(
        template=template,
        parameters=parameters,
        pseudo_parameters={
            "AWS::AccountId": ACCOUNT,
            "AWS::NotificationARNs": "",
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::StackId": f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{stack}/0",
            "AWS::StackName": stack,
            "AWS::URLSuffix": "amazonaws.com",
        },
        references=lambda name, attribute: references(name, attribute),
    )
    references = References(resources, region=region, aws=aws, resolve=intrinsics.resolve)
    return Wired(
        resources={
            logical_id: resource
            for logical_id, resource in resources.items()
            if "Condition" not in resource or intrinsics.condition(resource["Condition"])
        },
        intrinsics=intrinsics,
        references=references,
    )


class _Region:
    """All that the translator asks of a boto3 session."""

    def __init__(self, region_name: str) -> None:
        self.region_name = region_name
