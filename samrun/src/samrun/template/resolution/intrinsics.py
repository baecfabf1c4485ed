"""Intrinsic functions of CloudFormation, resolved to plain values.

The names and their meaning:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import base64
import ipaddress
import itertools
import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol, TypeGuard

from samrun.template.errors import TemplateError
from samrun.template.resolution.booleans import is_true
from samrun.template.resolution.scalars import as_text, as_texts
from samrun.template.resolution.unknown_values import UnknownValue, import_reference, joined

_LIST_TYPE = re.compile(r"CommaDelimitedList|List<.*>|AWS::SSM::Parameter::Value<(List<.*>|CommaDelimitedList)>")
_SSM_TYPE = "AWS::SSM::Parameter::Value<"
_TRANSFORM = "Fn::Transform"


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
    `external_values` resolves dynamic references; without it, they stay as they are. `imports` are the values of other
    stacks, by the names of their exports.
    """

    def __init__(
        self,
        *,
        template: Mapping[str, Any],
        parameters: Mapping[str, str],
        pseudo_parameters: Mapping[str, str],
        references: Callable[[str, str | None], Any],
        external_values: ExternalValues | None = None,
        imports: Mapping[str, str] | None = None,
    ) -> None:
        self._types = {
            name: str(declared.get("Type", "String")) for name, declared in template.get("Parameters", {}).items()
        }
        self._parameters = parameters
        self._external_values = external_values
        self._pseudo_parameters = pseudo_parameters
        self._references = references
        self._imports = imports or {}
        self._imported: dict[str, None] = {}
        self._left_out: dict[str, None] = {}
        self._conditions: Mapping[str, Any] = template.get("Conditions", {})
        self._mappings: Mapping[str, Any] = template.get("Mappings", {})
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::Equals": lambda pair: as_texts(self.resolve(pair[0])) == as_texts(self.resolve(pair[1])),
            "Fn::Not": lambda one: not self._truth(one[0]),
            "Fn::And": lambda all_of: all(self._truth(each) for each in all_of),
            "Fn::Or": lambda any_of: any(self._truth(each) for each in any_of),
            "Fn::EachMemberEquals": self._each_member_equals,
            "Fn::Join": self._join,
            "Fn::Split": self._split,
            "Fn::Select": self._select,
            "Fn::Cidr": self._cidr,
            "Fn::FindInMap": self._find_in_map,
            "Fn::ImportValue": self._import_value,
            "Fn::Base64": lambda text: base64.b64encode(as_text(self.resolve(text)).encode()).decode(),
            "Fn::ToJsonString": lambda value: json.dumps(self.resolve(value), separators=(",", ":"), default=as_text),
            "Fn::Length": lambda entries: len(self.resolve(entries)),
            "Fn::GetAZs": lambda region: [f"{self.resolve(region) or self._ref('AWS::Region')}{az}" for az in "abc"],
        }

    @property
    def imported(self) -> Collection[str]:
        """The names of the exports of other stacks whose values were missing when something was resolved."""
        return self._imported.keys()

    @property
    def left_out(self) -> Collection[str]:
        """The functions that samrun cannot resolve, and whose values were left out, as texts."""
        return self._left_out.keys()

    def resolve(self, value: Any) -> Any:
        """Return `value` with every intrinsic function in it resolved. Raises UnresolvableError."""
        if isinstance(value, Mapping):
            if len(value) == 1:
                [(name, argument)] = value.items()
                if name in self._functions:
                    return self._fill_in(self._functions[name](argument))
                if name.startswith("Fn::"):
                    return self._leave_out(name, argument)
            elif _TRANSFORM in value:
                self._leave_out(_TRANSFORM, value[_TRANSFORM])
            resolved = {key: self.resolve(item) for key, item in value.items() if key != _TRANSFORM}
            return {key: item for key, item in resolved.items() if item is not _NO_VALUE}
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not _NO_VALUE]
        return self._fill_in(value)

    def _fill_in(self, value: Any) -> Any:
        """Return a text with its dynamic references resolved, and any other value as it is."""
        if self._external_values is None or not isinstance(value, str) or "{{resolve:" not in value:
            return value
        return self._external_values.fill_in(value)

    def _leave_out(self, function: str, argument: Any) -> _NoValue:
        shown = argument.get("Name") if function == _TRANSFORM and isinstance(argument, Mapping) else argument
        self._left_out[f"{function} of {as_text(shown)}"] = None
        return _NO_VALUE

    def condition(self, reference: Any) -> bool:
        """Tell whether a condition holds, given by its name or as {"Condition": name}. Raises UnresolvableError.

        SAM's translator puts one such object into another.
        """
        if _is_condition(reference):
            return self.condition(reference["Condition"])
        name = as_text(reference)  # YAML takes the name No for a boolean
        if name not in self._conditions:
            raise UnresolvableError(f"no condition {name} in the template's Conditions")
        return self._truth(self._conditions[name])

    def _truth(self, value: Any) -> bool:
        # Only here is it a function; elsewhere, an object may have the key Condition.
        return self.condition(value) if _is_condition(value) else is_true(self.resolve(value))

    def _ref(self, argument: Any) -> Any:
        name = as_text(self.resolve(argument))  # AWS::LanguageExtensions accepts functions there
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
        return [self._fill_in(each) for each in _as_list(value)] if is_list_type(declared) else value

    def _get_att(self, argument: Any) -> Any:
        found = self.resolve(argument)
        name, _, attribute = (found if isinstance(found, str) else ".".join(map(as_text, found))).partition(".")
        return self._reference(name, attribute)

    def _reference(self, name: str, attribute: str | None) -> Any:
        try:
            return self._references(name, attribute)
        except KeyError:
            what = f"!Ref {name}" if attribute is None else f"!GetAtt {name}.{attribute}"
            raise UnresolvableError(f"{what}: no such parameter, resource or attribute") from None

    def _import_value(self, argument: Any) -> str:
        """Return the value of another stack's export: the given one, or the name of the export stands for it."""
        name = as_text(self.resolve(argument))
        if name in self._imports:
            return self._imports[name]
        self._imported[name] = None
        return UnknownValue(name, [import_reference(name)])

    def _join(self, argument: list[Any]) -> str:
        separator, parts = as_text(self.resolve(argument[0])), self.resolve(argument[1])
        if not isinstance(parts, list):
            parts = [] if parts is _NO_VALUE else [parts]
        return joined(separator.join(map(as_text, parts)), parts)

    def _split(self, argument: list[Any]) -> list[str]:
        separator, text = as_text(self.resolve(argument[0])), self.resolve(argument[1])
        # The parts of an unknown value are unknown, and their number is, too.
        return [text] if isinstance(text, UnknownValue) else as_text(text).split(separator)

    def _sub(self, argument: str | list[Any]) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else argument
        variables = {**dict.fromkeys(given, ""), **self.resolve(given)}  # one without a value is empty
        values: list[Any] = []

        def substitute(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in variables:
                values.append(variables[name])
            else:
                values.append(self._get_att(name) if "." in name else self._ref(name))
            return as_text(values[-1])

        return joined(re.sub(r"\$\{([^}]+)\}", substitute, text), values)

    def _if(self, argument: list[Any]) -> Any:
        condition, then, otherwise = argument
        return self.resolve(then if self.condition(condition) else otherwise)

    def _each_member_equals(self, argument: list[Any]) -> bool:
        members, value = as_texts(self.resolve(argument[0])), as_texts(self.resolve(argument[1]))
        return all(member == value for member in members)

    def _select(self, argument: list[Any]) -> Any:
        index, entries = self.resolve(argument[0]), self.resolve(argument[1])
        if entries is _NO_VALUE or isinstance(entries, UnknownValue):
            return entries
        if len(entries) == 1 and isinstance(entries[0], UnknownValue):
            return entries[0]  # a part of an unknown value
        try:
            return entries[int(index)]
        except (IndexError, ValueError):
            raise UnresolvableError(f"Fn::Select: no entry {index} in {entries!r}") from None

    def _cidr(self, argument: list[Any]) -> Any:
        block, count, *bits = [as_text(self.resolve(each)) for each in argument]
        try:
            network = ipaddress.ip_network(block, strict=False)
            prefix = network.max_prefixlen - int(bits[0] if bits else 8)
            return [str(each) for each in itertools.islice(network.subnets(new_prefix=prefix), int(count))]
        except ValueError:  # such as the block of a VPC that only AWS has
            return self._leave_out("Fn::Cidr", [block, count, *bits])

    def _find_in_map(self, argument: list[Any]) -> Any:
        keys = [self.resolve(each) for each in argument[:3]]
        name, first, second = map(as_text, keys)
        try:
            return self._mappings[name][first][second]
        except KeyError:
            if isinstance(found := joined(f"{name}.{first}.{second}", keys), UnknownValue):
                return found
            if len(argument) > 3:
                return self.resolve(argument[3]["DefaultValue"])
            raise UnresolvableError(f"Fn::FindInMap: no {name}.{first}.{second} in the template's Mappings") from None


def is_list_type(kind: str) -> bool:
    """Tell whether parameters of a type are lists, whose values are separated by commas."""
    return _LIST_TYPE.fullmatch(kind) is not None


def _is_condition(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and value.keys() == {"Condition"}


def _as_list(text: str) -> list[str]:
    return [text] if isinstance(text, UnknownValue) else [part.strip() for part in text.split(",")]
