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

# RFC 9110, sections 5.6 (`token`) and 8.3.1. No text matches in two ways: a long header takes linear time.
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*"'
_PARAMETER = rf"({_WORD})=({_WORD}|{_QUOTED})"
_JSON = rf"application/json[ \t]*(?:;[ \t]*(?:{_PARAMETER}[ \t]*)?)*"
# The gateway joins headers that were sent twice by a comma. All of them must say JSON.
_CONTENT_TYPE = re.compile(rf"[ \t]*{_JSON}(?:,[ \t]*{_JSON})*", re.IGNORECASE)
_PARAMETERS = re.compile(rf";[ \t]*{_PARAMETER}")
# RFC 8259 defines no charset, since JSON is always UTF-8; these say the same.
_CHARSETS = {"utf-8", "utf8", "us-ascii"}
_ACCEPTED = {"Accept": "application/json", "Accept-Encoding": "identity"}
# Stands in a text for bytes that somebody could not read. API Gateway writes it for bytes that are not UTF-8.
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class BodyRefusedError(OrderError):
    """The body cannot be read. `status` and `headers` are the answer's, `detail` says why in a sentence."""

    def __init__(self, status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}


def check(headers: Mapping[str, str], event: Mapping[str, Any]) -> None:
    """Refuse a body that is not JSON by its headers, not UTF-8 or too long.

    Call it before Powertools, which would read forms, too. `event` is API Gateway's, payload version 2; `headers` are
    its headers, with names in lower case. Raises BodyRefusedError (413, 415, 400).
    """
    body: str = event.get("body") or ""
    if body:
        _check_headers(headers)
    try:
        raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        is_lossy = _REPLACEMENT in raw.decode()
    except ValueError:
        is_lossy = True
    if is_lossy:
        raise BodyRefusedError(HTTPStatus.BAD_REQUEST, "The body is not UTF-8 text, or lost characters on its way.")
    if len(raw) > MAX_BYTES:
        raise BodyRefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is larger than {MAX_BYTES // 1024} KiB: send a smaller one."
        )


def _check_headers(headers: Mapping[str, str]) -> None:
    if not _is_json(headers.get("content-type", "application/json")):
        detail = "Send JSON in UTF-8, with Content-Type: application/json."
        raise BodyRefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, headers=_ACCEPTED)
    codings = headers.get("content-encoding", "").lower().split(",")
    if {coding.strip() for coding in codings} - {"", "identity"}:
        detail = "Send the body as it is, without compression and Content-Encoding."
        raise BodyRefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, headers=_ACCEPTED)


def _is_json(content_type: str) -> bool:
    charsets = {value for name, value in _PARAMETERS.findall(content_type) if name.lower() == "charset"}
    return (
        bool(_CONTENT_TYPE.fullmatch(content_type))
        and {charset.strip('"').lower() for charset in charsets} <= _CHARSETS
    )


def parse(text: str) -> dict[str, Any]:
    """Read the JSON object in the body. Raises BodyRefusedError (400, 422)."""
    try:
        document = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
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


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        # JSON leaves open which of the two counts, so another reader could see another order.
        raise BodyRefusedError(HTTPStatus.BAD_REQUEST, "An object in the body has a key twice: name each key once.")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
