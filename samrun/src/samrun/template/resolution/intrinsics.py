"""Resolves CloudFormation's intrinsic functions to plain values.

The names and their meaning:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

_LIST_TYPE = re.compile(r"CommaDelimitedList|List<.*>|AWS::SSM::Parameter::Value<(List<.*>|CommaDelimitedList)>")


class UnresolvableError(Exception):
    """The template asks for something that does not exist, or that one machine cannot know."""


class _NoValue:
    """What `AWS::NoValue` resolves to: the property or entry that holds it goes away."""


_NO_VALUE = _NoValue()


class Intrinsics:
    """Resolves values of one template.

    `parameters` are the values by name, `references` answers Ref and GetAtt of resources: called with the
    logical id and the attribute (None for Ref), it raises KeyError where it knows no such thing.
    """

    def __init__(
        self,
        *,
        template: Mapping[str, Any],
        parameters: Mapping[str, str],
        pseudo_parameters: Mapping[str, str],
        references: Callable[[str, str | None], Any],
    ) -> None:
        self._parameters = {
            name: _as_list(parameters[name]) if _LIST_TYPE.fullmatch(declared["Type"]) else parameters[name]
            for name, declared in template.get("Parameters", {}).items()
        }
        self._pseudo_parameters = pseudo_parameters
        self._references = references
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
            "Fn::Base64": lambda text: base64.b64encode(self.resolve(text).encode()).decode(),
            "Fn::GetAZs": lambda region: [f"{self.resolve(region) or self._ref('AWS::Region')}{az}" for az in "abc"],
        }

    def resolve(self, value: Any) -> Any:
        """Return `value` with every intrinsic function in it carried out."""
        if isinstance(value, Mapping):
            if len(value) == 1:
                [(name, argument)] = value.items()
                if name in self._functions:
                    return self._functions[name](argument)
                if name.startswith("Fn::"):
                    raise UnresolvableError(f"{name} cannot be resolved on one machine: {argument!r}")
            resolved = {key: self.resolve(item) for key, item in value.items()}
            return {key: item for key, item in resolved.items() if item is not _NO_VALUE}
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not _NO_VALUE]
        return value

    def condition(self, name: str) -> bool:
        """Tell whether the condition of that name holds."""
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
        if name in self._parameters:
            return self._parameters[name]
        return self._reference(name, None)

    def _get_att(self, argument: str | list[str]) -> Any:
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self._reference(name, self.resolve(attribute))

    def _reference(self, name: str, attribute: str | None) -> Any:
        try:
            return self._references(name, attribute)
        except KeyError:
            what = f"!Ref {name}" if attribute is None else f"!GetAtt {name}.{attribute}"
            raise UnresolvableError(f"{what}: no such parameter, resource or attribute") from None

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


def _as_list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]
