"""Mock integrations: the fixed answers in the document of a REST API, such as the ones that SAM writes for CORS."""

import json
import re
from collections.abc import Mapping
from typing import Any

from samrun.template.apis.api_documents import integration
from samrun.template.model.rest_apis import MockResponse

_HEADER = "method.response.header."
_STATUS = re.compile(r'"?statusCode"?\s*:\s*"?(\d{3})')


def mock_response(operation: Mapping[str, Any]) -> MockResponse | None:
    """Return the answer of an operation with a mock integration.

    None if the integration is not a mock, or computes its answer: its parameters or its template refer to the request.
    """
    declared = integration(operation)
    if str(declared.get("type", "")).lower() != "mock":
        return None
    response = _response(declared)
    parameters: Mapping[str, Any] = response.get("responseParameters") or {}
    body = str((response.get("responseTemplates") or {}).get("application/json") or "")
    headers = fixed_headers(parameters)
    if headers is None or re.search(r"[$#]\w", body):
        return None
    return MockResponse(
        status=int(response.get("statusCode") or 200),
        headers=headers,
        body=body.strip(),
    )


def fixed_headers(parameters: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the headers of the response parameters of an integration; None if one is computed."""
    fixed = {name: _fixed_text(value) for name, value in parameters.items()}
    if None in fixed.values():
        return None
    return {name.removeprefix(_HEADER): value for name, value in fixed.items() if value and name.startswith(_HEADER)}


def _fixed_text(value: Any) -> str | None:
    """Return a text in quotes without them, or a number as a text; None if the value comes from the request."""
    if isinstance(value, int | float):
        return str(value)
    return value[1:-1] if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == "'" else None


def _response(declared: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the response for the status in the request template; else the default response."""
    template = (declared.get("requestTemplates") or {}).get("application/json", "")
    status = _STATUS.search(template if isinstance(template, str) else json.dumps(template))
    responses: Mapping[str, Any] = declared.get("responses") or {}
    chosen: Mapping[str, Any] = responses.get(status[1] if status else "200") or responses.get("default") or {}
    return chosen
