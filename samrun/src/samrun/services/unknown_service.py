"""Answer of the local AWS to a request for a service that moto does not have."""

import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# AWS's signature of a request names the service.
_SERVICE = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/")


def refuse_unknown_service(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Name the service in an error, in the form of AWS's JSON protocols. AWS's clients do not retry its status, 501."""
    signed_for = _SERVICE.search(environ.get("HTTP_AUTHORIZATION", ""))
    service = signed_for[1] if signed_for else "this service"
    message = f"samrun's local AWS (moto) does not have {service}"
    status = HTTPStatus.NOT_IMPLEMENTED
    start_response(f"{status.value} {status.phrase}", [("Content-Type", "application/x-amz-json-1.1")])
    return [json.dumps({"__type": "UnknownServiceException", "message": message}).encode()]
