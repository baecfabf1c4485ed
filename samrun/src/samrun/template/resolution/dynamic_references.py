"""Dynamic references of CloudFormation: `{{resolve:…}}`, and parameters whose value is the name of an SSM parameter.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html

A value comes from the secret or SSM parameter that the template itself declares. Any other is in an AWS account, which
this machine does not know: the developer gives it like a parameter's value, under the reference as its name.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from samrun.template.resolution.scalars import as_text
from samrun.template.resolution.secret_values import secret_value
from samrun.template.resolution.unknown_values import UnknownValue

_REFERENCE = re.compile(r"\{\{resolve:([^:{}]+):([^{}]+)\}\}")
_ANY_REFERENCE = re.compile(r"\{\{resolve:[^{}]+\}\}")
_SECRET = re.compile(r"(arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:[^:]+|[^:]+)(?::([^:]*)(?::([^:]*))?)?(?::.*)?")
# `/name:3` is the third version of a parameter.
_VERSION = re.compile(r":\d+$")


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
        self._searched: set[str] = set()

    def fill_in(self, text: str) -> str:
        """Return the text with the value of each dynamic reference. An unknown one stays, and the text is unknown."""
        filled_in = _REFERENCE.sub(lambda match: self._value(match[0], match[1], match[2]), text)
        left = [*getattr(text, "references", ()), *_ANY_REFERENCE.findall(filled_in)]
        return UnknownValue(filled_in, left) if left else filled_in

    def ssm_parameter(self, name: str) -> str:
        """Return the value of the SSM parameter with this name."""
        return self.fill_in(f"{{{{resolve:ssm:{name}}}}}")

    def _value(self, reference: str, service: str, key: str) -> str:
        found = self._given.get(reference)
        if found is None and reference not in self._searched:  # a name of a resource may have the reference itself
            self._searched.add(reference)
            match service:
                case "secretsmanager":
                    found = self._secret(key)
                case "ssm" | "ssm-secure":
                    found = self._parameter(_VERSION.sub("", key))
            self._searched.remove(reference)
        return reference if found is None else found

    def _parameter(self, name: str) -> str | None:
        properties = self._declared("AWS::SSM::Parameter", name)
        return None if properties is None else as_text(properties.get("Value"))

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
            if resource.get("Type") == kind and self._name(logical_id) == name:
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
