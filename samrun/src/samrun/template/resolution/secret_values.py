"""Values of a template's secrets (AWS::SecretsManager::Secret): the given one, or a generated one.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html
"""

import hashlib
import json
import string
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from samrun.template.resolution.booleans import is_true

_LENGTH = 32
# The kinds of characters, each with the property that excludes it.
_KINDS = {
    "ExcludeLowercase": string.ascii_lowercase,
    "ExcludeUppercase": string.ascii_uppercase,
    "ExcludeNumbers": string.digits,
    "ExcludePunctuation": string.punctuation,
}


def secret_value(name: str, properties: Mapping[str, Any]) -> str:
    """Return the value of the secret with this name and these properties.

    A generated value follows from the name alone: it is the same after each start, and in each place that refers to
    it. It protects nothing, since it is for this machine only.
    """
    given = properties.get("SecretString")
    if given is not None:
        return given if isinstance(given, str) else json.dumps(given)
    rules = properties.get("GenerateSecretString")
    if rules is None:
        return "{}"
    password = _password(name, rules)
    if "GenerateStringKey" not in rules:
        return password
    return json.dumps({**json.loads(rules["SecretStringTemplate"]), rules["GenerateStringKey"]: password})


def _password(name: str, rules: Mapping[str, Any]) -> str:
    excluded = str(rules.get("ExcludeCharacters", ""))
    kinds = [
        "".join(each for each in characters if each not in excluded)
        for exclusion, characters in _KINDS.items()
        if not is_true(rules.get(exclusion, False))
    ]
    kinds = [kind for kind in kinds if kind]
    all_kinds = "".join(kinds) + (" " if is_true(rules.get("IncludeSpace", False)) else "")
    # One character of each kind first, as RequireEachIncludedType demands by default.
    length = int(rules.get("PasswordLength", _LENGTH))
    choices = [*kinds, *[all_kinds] * length][:length]
    numbers = _numbers(name)
    return "".join(choice[next(numbers) % len(choice)] for choice in choices)


def _numbers(seed: str) -> Iterator[int]:
    """Yield numbers that follow from the seed alone."""
    for block in count():
        yield from hashlib.sha512(f"{seed}\n{block}".encode()).digest()
