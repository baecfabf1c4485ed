"""Resolved template: a translated template for one stack, whose values can be read as plain data."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from samrun.template.model.account import ACCOUNT
from samrun.template.resolution.defaults import WITH_DEFAULTS, Default, with_defaults
from samrun.template.resolution.dynamic_references import DynamicReferences
from samrun.template.resolution.intrinsics import Intrinsics
from samrun.template.resolution.references import References
from samrun.template.resolution.unknown_values import import_reference, is_outside_reference
from samrun.template.support.resource_types import FUNCTION, STATE_MACHINE

NestedOutput = Callable[[str, str], Any | None]
"""Returns an output of a nested stack, by logical id and name; None if the stack is not on this machine."""

_OUTPUT = re.compile(r"Outputs\.(.+)")


def _no_output(_logical_id: str, _name: str) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class ResolvedTemplate:
    """The resources whose condition holds, and the functions that resolve their values.

    The methods raise UnresolvableError if a value cannot be resolved. `event_types` are the types of SAM's events, by
    the logical ids of the mappings that they make.
    """

    resources: Mapping[str, Any]
    intrinsics: Intrinsics
    references: References
    event_types: Mapping[str, str] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """The region of the stack."""
        region: str = self.intrinsics.resolve({"Ref": "AWS::Region"})
        return region

    def of_type(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the logical id and the resolved properties of each resource of a type.

        A property without a value is left out; one whose value is unknown and that needs it has its default.
        """
        for logical_id, properties in self._resolved(kind):
            yield logical_id, with_defaults(kind, properties)

    def defaults(self) -> Iterator[tuple[str, Default]]:
        """Yield the logical id of each resource that has a default for an unknown value, and the default."""
        for kind in sorted({resource["Type"] for resource in self.resources.values()} & WITH_DEFAULTS.keys()):
            for logical_id, properties in self._resolved(kind):
                found: list[Default] = []
                with_defaults(kind, properties, report=found.append)
                yield from ((logical_id, each) for each in found)

    def _resolved(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for logical_id, resource in self.resources.items():
            if resource["Type"] == kind:
                resolved = self.intrinsics.resolve(resource.get("Properties") or {})
                if not isinstance(resolved, dict):
                    resolved = {}  # all of it was left out
                yield logical_id, {name: value for name, value in resolved.items() if value is not None}

    def metadata(self, logical_id: str) -> Mapping[str, Any]:
        """Return the resolved Metadata of a resource."""
        metadata: Mapping[str, Any] = self.intrinsics.resolve(self.resources[logical_id].get("Metadata") or {})
        return metadata

    def name(self, logical_id: str) -> str:
        """Return the physical name of a resource."""
        return self.references.name(logical_id)

    def function_arns(self) -> dict[str, str]:
        """Return the ARN of each function by its name."""
        return {self.name(each): self.references(each, "Arn") for each, _ in self.of_type(FUNCTION)}

    def state_machine_arns(self) -> set[str]:
        """Return the ARN of each state machine."""
        return {self.references(each, None) for each, _ in self.of_type(STATE_MACHINE)}


def resolve_template(
    translated: Mapping[str, Any],
    *,
    parameters: Mapping[str, str],
    region: str,
    aws: str,
    stack: str,
    api: str = "",
    prefix: str = "",
    nested_output: NestedOutput = _no_output,
    event_types: Mapping[str, str] | None = None,
) -> ResolvedTemplate:
    """Resolve a translated template for one stack. Names in a nested stack begin with `prefix`.

    Queue URLs begin with `aws`, and the URLs of functions with `api`.

    `parameters` has the values that only AWS has, too, each under its reference as its name.

    Raises UnresolvableError if a condition cannot be resolved.
    """
    resources: dict[str, Any] = translated["Resources"]

    def refer(logical_id: str, attribute: str | None) -> Any:
        output = _OUTPUT.fullmatch(attribute or "")
        value = nested_output(logical_id, output[1]) if output else None
        return references(logical_id, attribute) if value is None else value

    given = {name: value for name, value in parameters.items() if is_outside_reference(name)}
    dynamic_references = DynamicReferences(
        resources,
        given=given,
        resolve=lambda value: intrinsics.resolve(value),
        name=lambda logical_id: references.name(logical_id),
    )
    intrinsics = Intrinsics(
        template=translated,
        parameters=parameters,
        pseudo_parameters=_pseudo_parameters(region, stack),
        references=refer,
        external_values=dynamic_references,
        imports={name.removeprefix(import_reference("")): value for name, value in given.items()},
    )
    references = References(
        resources, region=region, aws=aws, api=api, resolve=intrinsics.resolve, prefix=prefix, given=given
    )
    return ResolvedTemplate(
        resources={
            logical_id: resource
            for logical_id, resource in resources.items()
            if "Condition" not in resource or intrinsics.condition(resource["Condition"])
        },
        intrinsics=intrinsics,
        references=references,
        event_types=event_types or {},
    )


def _pseudo_parameters(region: str, stack: str) -> dict[str, str]:
    return {
        "AWS::AccountId": ACCOUNT,
        "AWS::NotificationARNs": "",
        "AWS::Partition": "aws",
        "AWS::Region": region,
        "AWS::StackId": f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{stack}/0",
        "AWS::StackName": stack,
        "AWS::URLSuffix": "amazonaws.com",
    }
