"""Dynamic references of CloudFormation: `{{resolve:…}}`, and parameters whose value is the name of an SSM parameter.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html

A value comes from the secret or SSM parameter that the template itself declares. Any other is in an AWS account, which
this machine does not know: the developer gives it like a parameter's value, under the reference as its name.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from samrun.template.resolution.secret_values import secret_value

_REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")
_ANY_REFERENCE = r"\{\{resolve:[^{}]+\}\}"
_SECRET = re.compile(r"(arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:[^:]+|[^:]+)(?::([^:]*)(?::([^:]*))?)?(?::.*)?")
# `/name:3` is the third version of a parameter.
_VERSION = re.compile(r":\d+$")


def is_dynamic_reference(name: str) -> bool:
    """Tell whether a text is one dynamic reference, as the name of a value that the developer gives."""
    return _REFERENCE.fullmatch(name) is not None


def unknown_references(values: Iterable[object]) -> list[str]:
    """Return the dynamic references that are left in resolved values, because nobody gave their values; each once."""
    return list(dict.fromkeys(found for text in _texts(values) for found in re.findall(_ANY_REFERENCE, text)))


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for each in value.values():
                yield from _texts(each)
        case Iterable():
            for each in value:
                yield from _texts(each)


class DynamicReferences:
    """Resolver of a template's dynamic references.

    `given` are values by reference. `resources` are the template's, whose values `resolve` resolves and whose names
    `name` returns, by their logical ids.
    """

    def __init__(
        self,
        resources: Mapping[str, Any],
        *,
        given: Mapping[str, str],
        resolve: Callable[[Any], Any],
        name: Callable[[str], str],
    ) -> None:
        self._resources = resources
        self._given = given
        self._resolve = resolve
        self._name = name

    def fill_in(self, text: str) -> str:
        """Return the text with the value of each dynamic reference. An unknown one stays as it is."""
        return _REFERENCE.sub(lambda match: self._value(match[0], match[1], match[2]), text)

    def ssm_parameter(self, name: str) -> str:
        """Return the value of the SSM parameter with this name."""
        return self.fill_in(f"{{{{resolve:ssm:{name}}}}}")

    def _value(self, reference: str, service: str, key: str) -> str:
        found = self._given.get(reference)
        if found is None:
            found = self._secret(key) if service == "secretsmanager" else self._parameter(_VERSION.sub("", key))
        return reference if found is None else found

    def _parameter(self, name: str) -> str | None:
        properties = self._declared("AWS::SSM::Parameter", name)
        return None if properties is None else str(properties.get("Value", ""))

    def _secret(self, key: str) -> str | None:
        match = _SECRET.fullmatch(key)
        if match is None:
            return None
        secret_id, kind, json_key = match[1], match[2] or "SecretString", match[3]
        name = secret_id.rpartition(":secret:")[2]
        properties = self._declared("AWS::SecretsManager::Secret", name)
        if properties is None or kind != "SecretString":
            return None
        value = secret_value(name, properties)
        return _entry(value, json_key) if json_key else value

    def _declared(self, kind: str, name: str) -> Mapping[str, Any] | None:
        """Return the resolved properties of a resource by its physical name, or None if the template has none."""
        for logical_id, resource in self._resources.items():
            if resource["Type"] == kind and self._name(logical_id) == name:
                properties: Mapping[str, Any] = self._resolve(resource.get("Properties", {}))
                return properties
        return None


def _entry(value: str, key: str) -> str | None:
    try:
        found = json.loads(value)
    except ValueError:
        return None
    entry = found.get(key) if isinstance(found, dict) else None
    return entry if entry is None or isinstance(entry, str) else json.dumps(entry)
