"""Names of functions in Lambda's ARNs, UUIDs of event source mappings, and the paths of functions' URLs."""

import re
import uuid
from collections.abc import Mapping
from typing import Any

from samrun.template.model.account import ACCOUNT

_FUNCTION = re.compile(r"(?:^|:)function:([^:/]+)(?::([^:/]+))?")


def function_name(reference: str) -> str:
    """Return a function's name from its name, its whole or partial ARN, or an integration's URI.

    Each form may have a qualifier.
    """
    return function_and_qualifier(reference)[0]


def function_and_qualifier(reference: str) -> tuple[str, str | None]:
    """Return a function's name and the qualifier, if there is one, from the same forms."""
    match = _FUNCTION.search(reference)
    if match:
        return match[1], match[2]
    name, _, qualifier = reference.partition(":")
    return name, qualifier or None


def function_arn(name: str, *, region: str, qualifier: str | None = None) -> str:
    """Return the ARN of a function of the local account."""
    return f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}" + (f":{qualifier}" if qualifier else "")


def mapping_uuid(logical_id: str) -> str:
    """Return the UUID of an event source mapping, the same after each start."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, logical_id))


def url_target(properties: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the name of the function, and the alias, of a function URL with these resolved properties."""
    name, qualifier = function_and_qualifier(str(properties["TargetFunctionArn"]))
    return name, properties.get("Qualifier") or qualifier


def url_path(name: str, qualifier: str | None) -> str:
    """Return the path on the port of the APIs that stands for the host of a function's URL: `/lambda-url/NAME`.

    A URL of an alias has that behind the name: `/lambda-url/NAME:ALIAS`.
    """
    return f"/lambda-url/{name}:{qualifier}" if qualifier else f"/lambda-url/{name}"
