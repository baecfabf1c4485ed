"""Body of a request to Lambda's API: a JSON object."""

import json
from typing import Any

from starlette.requests import Request

from samrun.functions.invocation_request import LambdaRequestError
from samrun.supervision.bounded_body import read_at_most

# Bytes. FilterCriteria has ten patterns of 4 KB at most, and all else is smaller.
_MAX_BODY = 256 * 1024


async def read_json(request: Request) -> dict[str, Any]:
    """Return the object that the body of a request is. Raises LambdaRequestError."""
    body = await read_at_most(request, _MAX_BODY)
    try:
        content = None if body is None else json.loads(body or b"{}")
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        message = f"Could not parse request body into json: it is not a JSON object of at most {_MAX_BODY} bytes"
        raise LambdaRequestError(400, "InvalidRequestContentException", message)
    return content
