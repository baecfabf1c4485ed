"""Intrinsic functions of CloudFormation, resolved to plain values.

The names and their meaning:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import base64
import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from samrun.template.errors import TemplateError

_LIST_TYPE = re.compile(r"CommaDelimitedList|List<.*>|AWS::SSM::Parameter::Value<(List<.*>|CommaDelimitedList)>")
_SSM_TYPE = "AWS::SSM::Parameter::Value<"


class UnresolvableError(TemplateError):
    """The template refers to something that does not exist, or that one machine cannot know."""


class _NoValue:
    """Value of `AWS::NoValue`: the property or entry that holds it is removed."""


_NO_VALUE = _NoValue()


class ExternalValues(Protocol):
    """Values of secrets and SSM parameters."""

    def fill_in(self, text: str) -> str:
        """Return the text with the value of each dynamic reference in it."""
        ...

    def ssm_parameter(self, name: str) -> str:
        """Return the value of an SSM parameter."""
        ...


class Intrinsics:
    """Resolver of the values of one template.

    `parameters` are the values by name. `references` answers Ref and GetAtt for resources: it is called with the
    logical id and the attribute (None for Ref), and raises KeyError if the template does not declare it.
    `external_values` resolves dynamic references; without it, they stay as they are.
    """

    def __init__(
        self,
        *,
        template: Mapping[str, Any],
        parameters: Mapping[str, str],
        pseudo_parameters: Mapping[str, str],
        references: Callable[[str, str | None], Any],
        external_values: ExternalValues | None = None,
    ) -> None:
        self._types = {name: declared["Type"] for name, declared in template.get("Parameters", {}).items()}
        self._parameters = parameters
        self._external_values = external_values
        self._pseudo_parameters = pseudo_parameters
        self._references = references
        self._imported: dict[str, None] = {}
        self._conditions: Mapping[str, Any] = template.get("Conditions", {})
        self._mappings: Mapping[str, Any] = template.get("Mappings", {})
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self.condition,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::Equals": lambda pair: self.resolve(pair[0]) == self.resolve(pair[1]),
            "Fn::Not": lambda one: not self._truth(one[0]),
            "Fn::And": lambda all_of: all(self._truth(each) for each in all_of),
            "Fn::Or": lambda any_of: any(self._truth(each) for each in any_of),
            "Fn::EachMemberEquals": self._each_member_equals,
            "Fn::Join": lambda pair: self.resolve(pair[0]).join(str(part) for part in self.resolve(pair[1])),
            "Fn::Split": lambda pair: self.resolve(pair[1]).split(self.resolve(pair[0])),
            "Fn::Select": self._select,
            "Fn::FindInMap": self._find_in_map,
            "Fn::ImportValue": self._import_value,
            "Fn::Base64": lambda text: base64.b64encode(self.resolve(text).encode()).decode(),
            "Fn::ToJsonString": lambda value: json.dumps(self.resolve(value), separators=(",", ":")),
            "Fn::Length": lambda entries: len(self.resolve(entries)),
            "Fn::GetAZs": lambda region: [f"{self.resolve(region) or self._ref('AWS::Region')}{az}" for az in "abc"],
        }

    @property
    def imported(self) -> Collection[str]:
        """The names of the values of other stacks that the template imports, and that were resolved."""
        return self._imported.keys()

    def resolve(self, value: Any) -> Any:
        """Return `value` with every intrinsic function in it resolved. Raises UnresolvableError."""
        if isinstance(value, Mapping):
            if len(value) == 1:
                [(name, argument)] = value.items()
                if name in self._functions:
                    return self._fill_in(self._functions[name](argument))
                if name.startswith("Fn::"):
                    raise UnresolvableError(f"samrun cannot resolve {name} on this machine: {argument!r}")
            resolved = {key: self.resolve(item) for key, item in value.items()}
            return {key: item for key, item in resolved.items() if item is not _NO_VALUE}
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not _NO_VALUE]
        return self._fill_in(value)

    def _fill_in(self, value: Any) -> Any:
        """Return a text with its dynamic references resolved, and any other value as it is."""
        if self._external_values is None or not isinstance(value, str) or "{{resolve:" not in value:
            return value
        return self._external_values.fill_in(value)

    def condition(self, name: str) -> bool:
        """Tell whether the condition of that name holds. Raises UnresolvableError."""
        if name not in self._conditions:
            raise UnresolvableError(f"no condition {name} in the template's Conditions")
        return self._truth(self._conditions[name])

    def _truth(self, value: Any) -> bool:
        return bool(self.resolve(value))

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in self._pseudo_parameters:
            return self._pseudo_parameters[name]
        if name in self._types:
            return self._parameter(name)
        return self._reference(name, None)

    def _parameter(self, name: str) -> Any:
        declared, value = self._types[name], self._parameters[name]
        if declared.startswith(_SSM_TYPE) and self._external_values is not None:
            value = self._external_values.ssm_parameter(value)  # the value is the name of one
        return _as_list(value) if is_list_type(declared) else value

    def _get_att(self, argument: str | list[str]) -> Any:
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self._reference(name, self.resolve(attribute))

    def _reference(self, name: str, attribute: str | None) -> Any:
        try:
            return self._references(name, attribute)
        except KeyError:
            what = f"!Ref {name}" if attribute is None else f"!GetAtt {name}.{attribute}"
            raise UnresolvableError(f"{what}: no such parameter, resource or attribute") from None

    def _import_value(self, argument: Any) -> str:
        """Return the name of another stack's export: its value is not on this machine."""
        name = str(self.resolve(argument))
        self._imported[name] = None
        return name

    def _sub(self, argument: str | list[Any]) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else argument
        variables = self.resolve(given)

        def substitute(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in variables:
                return str(variables[name])
            return str(self._get_att(name) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", substitute, text)

    def _if(self, argument: list[Any]) -> Any:
        condition, then, otherwise = argument
        return self.resolve(then if self.condition(condition) else otherwise)

    def _each_member_equals(self, argument: list[Any]) -> bool:
        members, value = self.resolve(argument[0]), self.resolve(argument[1])
        return all(member == value for member in members)

    def _select(self, argument: list[Any]) -> Any:
        index, entries = self.resolve(argument[0]), self.resolve(argument[1])
        try:
            return entries[int(index)]
        except IndexError:
            raise UnresolvableError(f"Fn::Select: no entry {index} in {entries!r}") from None

    def _find_in_map(self, argument: list[Any]) -> Any:
        name, first, second = map(self.resolve, argument[:3])
        try:
            return self._mappings[name][first][second]
        except KeyError:
            if len(argument) > 3:
                return self.resolve(argument[3]["DefaultValue"])
            raise UnresolvableError(f"Fn::FindInMap: no {name}.{first}.{second} in the template's Mappings") from None


def is_list_type(kind: str) -> bool:
    """Tell whether parameters of a type are lists, whose values are separated by commas."""
    return _LIST_TYPE.fullmatch(kind) is not None


def _as_list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]
