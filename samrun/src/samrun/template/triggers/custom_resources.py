"""Custom resources of a template: a function makes each, which the stack asks for it at its start.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
"""

from collections.abc import Iterator
from typing import Any

from samrun.template.arns import function_name
from samrun.template.model.triggers import CustomResource
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.resolution.scalars import as_texts

_TYPE, _PREFIX = "AWS::CloudFormation::CustomResource", "Custom::"


def read_custom_resources(template: ResolvedTemplate) -> Iterator[CustomResource]:
    """Yield each custom resource whose ServiceToken is a function of the template."""
    functions = template.function_arns()
    kinds = dict.fromkeys(each["Type"] for each in template.resources.values() if _is_custom(each["Type"]))
    for kind in kinds:
        for logical_id, properties in template.of_type(kind):
            function = _function(properties)
            if function in functions:
                yield CustomResource(
                    logical_id=logical_id,
                    type=kind,
                    function=function,
                    # CloudFormation sends every number and every boolean as a text.
                    properties=as_texts({name: each for name, each in properties.items() if name != "ServiceTimeout"}),
                )


def _is_custom(kind: str) -> bool:
    return kind == _TYPE or kind.startswith(_PREFIX)


def _function(properties: dict[str, Any]) -> str:
    return function_name(str(properties.get("ServiceToken")))
