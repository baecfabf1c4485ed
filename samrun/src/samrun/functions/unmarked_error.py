"""Error of a function that the SAM CLI passes on like a result.

`sam local start-lambda` takes a response for an error by its keys alone. AWS's runtime client of Python writes one key
more, `requestId`, so the SAM CLI does not know its errors, and sends no X-Amz-Function-Error with them.
"""

import json

_KEYS = {"errorMessage", "errorType", "requestId", "stackTrace"}


def unmarked_error(payload: bytes) -> str | None:
    """Return the kind of error that a response of the SAM CLI without the header is, or None if it is a result."""
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return "Unhandled" if isinstance(content, dict) and content.keys() == _KEYS else None
