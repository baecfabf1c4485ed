"""State machines in moto: executed, with the stack's own Lambda and DynamoDB.

moto runs them by the interpreter that LocalStack gave it. Their tasks call every service at moto's own address, so moto
passes on the calls of those two.
"""

import io
import json
import os
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LAMBDA = ("/2015-03-31/functions", "/2025-12-01/")
_DYNAMODB = ("DynamoDB_", "DynamoDBStreams_")
_STARTS = {"AWSStepFunctions.StartExecution", "AWSStepFunctions.StartSyncExecution"}
# Of the connection, and not of the request.
_DROPPED = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
# httpx has decoded the content.
_OF_ANSWER = _DROPPED | {"content-encoding"}
# Seconds; an invocation of a function may take 15 minutes.
_TIMEOUT = 930


def run_state_machines(*, port: int) -> None:
    """Make moto execute state machines, and call the services at its own port."""
    from moto.core.config import default_user_config

    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    os.environ["MOTO_PORT"] = str(port)


class StateMachineMiddleware:
    """Middleware that passes on the requests for Lambda and for DynamoDB, where their URLs are given.

    It gives each execution a name whose start has none: for moto, all of those have the same.
    """

    def __init__(self, moto: "WSGIApplication", *, lambda_api: str | None, dynamodb: str | None) -> None:
        self._moto = moto
        self._lambda_api = lambda_api
        self._dynamodb = dynamodb
        self._client = httpx.Client(trust_env=False, timeout=_TIMEOUT)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        url = self._url(environ)
        if environ.get("HTTP_X_AMZ_TARGET", "") in _STARTS:
            _name_execution(environ)
        if url is None:
            return self._moto(environ, start_response)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        answer = self._client.request(
            environ["REQUEST_METHOD"],
            f"{url}{environ.get('REQUEST_URI') or quote(environ['PATH_INFO'])}",
            content=environ["wsgi.input"].read(length),
            headers=_headers(environ),
        )
        headers = [(name, value) for name, value in answer.headers.items() if name not in _OF_ANSWER]
        start_response(
            f"{answer.status_code} {answer.reason_phrase}", [*headers, ("content-length", str(len(answer.content)))]
        )
        return [answer.content]

    def _url(self, environ: "WSGIEnvironment") -> str | None:
        if environ["PATH_INFO"].startswith(_LAMBDA):
            return self._lambda_api
        return self._dynamodb if environ.get("HTTP_X_AMZ_TARGET", "").startswith(_DYNAMODB) else None


def _name_execution(environ: "WSGIEnvironment") -> None:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None  # moto refuses it
    if isinstance(asked, dict) and not asked.get("name"):
        body = json.dumps({**asked, "name": str(uuid.uuid4())}).encode()
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))


def _headers(environ: "WSGIEnvironment") -> dict[str, str]:
    named = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        named["content-type"] = environ["CONTENT_TYPE"]
    return {name: value for name, value in named.items() if name not in _DROPPED}
