"""Request body: from bytes to text to a JSON object."""

from __future__ import annotations

import base64
import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from functions.order.errors import OrderError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 256 * 1024

_JSON = re.compile(r'\s*application/json\s*(;\s*charset="?utf-8"?\s*)?', re.IGNORECASE)


class BodyRefusedError(OrderError):
    """The body cannot be read. `status` is the answer's, `detail` says why in a sentence."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def check(headers: Mapping[str, str], event: Mapping[str, Any]) -> None:
    """Refuse a body that is not JSON by its media type, not UTF-8 or too long.

    Call it before Powertools, which would read forms, too. `event` is API Gateway's, payload version 2; `headers` are
    its headers, with names in lower case. Raises BodyRefusedError (413, 415, 400).
    """
    body: str = event.get("body") or ""
    if body and not _JSON.fullmatch(headers.get("content-type", "application/json")):
        raise BodyRefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON, with Content-Type: application/json.")
    try:
        raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        raw.decode()
    except ValueError:
        raise BodyRefusedError(HTTPStatus.BAD_REQUEST, "The body is not UTF-8 text.") from None
    if len(raw) > MAX_BYTES:
        raise BodyRefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is larger than {MAX_BYTES // 1024} KiB: send a smaller one."
        )


def parse(text: str) -> dict[str, Any]:
    """Read the JSON object in the body. Raises BodyRefusedError (400, 422)."""
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        where = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise BodyRefusedError(HTTPStatus.BAD_REQUEST, f"The body is not JSON: {where}.") from None
    except RecursionError:
        raise BodyRefusedError(HTTPStatus.BAD_REQUEST, "The JSON in the body is nested too deeply.") from None
    except ValueError:
        raise BodyRefusedError(HTTPStatus.BAD_REQUEST, "The body contains a number that JSON does not allow.") from None
    if not isinstance(document, dict):
        raise BodyRefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "The body must be a JSON object.")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
