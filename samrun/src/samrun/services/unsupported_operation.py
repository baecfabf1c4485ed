"""Answer of the local AWS to a request for an operation that moto does not have, of a service that it has."""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from flask import Flask, Response

_CODE = "UnsupportedOperationException"
# Errors in XML: of the query protocol, whose requests are forms, and of EC2, which has a form of its own.
_ERROR = f"<Error><Code>{_CODE}</Code><Message>{{}}</Message></Error>"
_OF_QUERY = f"<ErrorResponse>{_ERROR}</ErrorResponse>"
_OF_EC2 = f"<Response><Errors>{_ERROR}</Errors></Response>"


def refuse_unsupported_operations(app: "Flask", service: str) -> None:
    """Let moto's application of a service name an operation that it lacks, in an error that clients do not retry.

    Without it, clients try again and then show a page of HTML.
    """
    app.register_error_handler(NotImplementedError, lambda error: _answer(service, error))


def _answer(service: str, error: NotImplementedError) -> "Response":
    from flask import Response, request

    message = f"samrun's local AWS (moto) does not have this operation of {service}: {error}"
    content: dict[str, Any]
    if "x-www-form-urlencoded" in (request.content_type or ""):
        form = _OF_EC2 if service == "ec2" else _OF_QUERY
        content = {"response": form.format(escape(message)), "mimetype": "text/xml"}
    else:
        content = {"response": json.dumps({"__type": _CODE, "message": message}), "mimetype": "application/json"}
    return Response(status=HTTPStatus.NOT_IMPLEMENTED, **content)
