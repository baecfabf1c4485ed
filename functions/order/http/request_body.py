"""What comes over the wire before it is an order: bytes, then text, then a JSON object."""

from __future__ import annotations

import base64
import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 256 * 1024

_JSON = re.compile(r'\s*application/json\s*(;\s*charset="?utf-8"?\s*)?', re.IGNORECASE)


class BodyRefusedError(Exception):
    """The body cannot be read: the status to answer, and why in a sentence."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def check(headers: Mapping[str, str], event: Mapping[str, Any]) -> None:
    """Refuse what is no text in JSON's name, before Powertools looks at it: it would read forms, too.

    `event` is API Gateway's, payload version 2; `headers` are its, in lower case. Raises BodyRefusedError
    (413, 415, 400).
    """
    body: str = event.get("body") or ""
    if body and not _JSON.fullmatch(headers.get("content-type", "application/json")):
        raise BodyRefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON, with Content-Type: application/json.")
    try:
        raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        raw.decode()
    except ValueError:
        raise BodyRefusedError(HTTPStatus.BAD_REQUEST, "The body is not text in UTF-8.") from None
    if len(raw) > MAX_BYTES:
        raise BodyRefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is over {MAX_BYTES // 1024} KiB; send a smaller one."
        )


def parse(text: str) -> dict[str, Any]:
    """The body's JSON object. Raises BodyRefusedError (400, 422)."""
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        where = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise BodyRefusedError(HTTPStatus.BAD_REQUEST, f"The body is not JSON: {where}.") from None
    except RecursionError:
        raise BodyRefusedError(HTTPStatus.BAD_REQUEST, "The body's JSON is nested too deeply.") from None
    except ValueError:
        raise BodyRefusedError(HTTPStatus.BAD_REQUEST, "The body has a number that JSON cannot hold.") from None
    if not isinstance(document, dict):
        raise BodyRefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "The body must be a JSON object.")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
