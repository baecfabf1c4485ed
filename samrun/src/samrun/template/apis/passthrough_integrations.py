"""Passthrough integrations: a function that gets the body of a request to a REST API as it is, without a template.

https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from samrun.template.apis.api_documents import integration, mapped_function
from samrun.template.apis.mock_integrations import fixed_headers
from samrun.template.model.rest_apis import IntegrationResponse

_DEFAULT = "default"


def passthrough_function(operation: Mapping[str, Any], functions: Collection[str]) -> str | None:
    """Return the function that gets the body of a request as it is; None if a template or a parameter changes it."""
    declared, function = integration(operation), mapped_function(operation)
    is_never = str(declared.get("passthroughBehavior", "")).lower() == "never"
    if is_never or declared.get("requestTemplates") or declared.get("requestParameters"):
        return None
    return function if function in functions and integration_responses(operation) else None


def integration_responses(operation: Mapping[str, Any]) -> tuple[IntegrationResponse, ...]:
    """Return the responses of an integration, the default one last; none if one cannot be given here.

    That is one that is computed, or whose pattern is a regular expression of Java that Python does not know.
    """
    declared: Mapping[str, Any] = integration(operation).get("responses") or {}
    found = list(_responses(declared))
    return tuple(found) if len(found) == len(declared) else ()


def _responses(declared: Mapping[str, Any]) -> Iterator[IntegrationResponse]:
    for pattern, response in sorted(declared.items(), key=lambda each: each[0] == _DEFAULT):
        headers = fixed_headers(response.get("responseParameters") or {})
        templates = any((response.get("responseTemplates") or {}).values())
        if headers is not None and not templates and _is_pattern(str(pattern)):
            yield IntegrationResponse(
                pattern=None if pattern == _DEFAULT else str(pattern),
                status=int(response.get("statusCode") or 200),
                headers=headers,
            )


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True
