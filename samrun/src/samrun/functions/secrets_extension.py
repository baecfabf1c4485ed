"""Stand-in of AWS's parameters and secrets extension: functions read secrets and parameters from a port of their own.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-integration-lambda-extensions.html
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from samrun.services.clients import Clients
from samrun.template.functions.layers import SESSION_TOKEN

_TOKEN_HEADERS = ("X-Aws-Parameters-Secrets-Token", "X-Vault-Token")
Call = Callable[[Mapping[str, str]], Mapping[str, Any]]


def secrets_extension(client: Clients) -> Starlette:
    """Return the web application that a function calls. It keeps no values: a changed one is read at once.

    `client` returns the boto3 client of a service.
    """

    def secret(query: Mapping[str, str]) -> Mapping[str, Any]:
        names = {"secretId": "SecretId", "versionId": "VersionId", "versionStage": "VersionStage"}
        asked = {names[name]: value for name, value in query.items() if name in names}
        answer: dict[str, Any] = client("secretsmanager").get_secret_value(**asked)
        return answer

    def parameter(query: Mapping[str, str]) -> Mapping[str, Any]:
        selector = query.get("version") or query.get("label")
        name = query.get("name", "") + (f":{selector}" if selector else "")
        decrypted = query.get("withDecryption", "false").lower() == "true"
        answer = client("ssm").get_parameter(Name=name, WithDecryption=decrypted)
        return {"Parameter": answer["Parameter"], "ResultMetadata": {}}

    return Starlette(
        routes=[
            Route("/secretsmanager/get", _answers(secret)),
            Route("/systemsmanager/parameters/get", _answers(parameter)),
            Route("/systemsmanager/parameters/get/", _answers(parameter)),
        ]
    )


def _answers(call: Call) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        tokens = [request.headers[name] for name in _TOKEN_HEADERS if name in request.headers]
        if not tokens:
            return PlainTextResponse("the X-Aws-Parameters-Secrets-Token is missing", status_code=401)
        if tokens[0] != SESSION_TOKEN:
            text = "the X-Aws-Parameters-Secrets-Token is not the AWS_SESSION_TOKEN"
            return PlainTextResponse(text, status_code=403)
        try:
            found = await run_in_threadpool(call, request.query_params)
        except (ClientError, BotoCoreError) as error:
            return PlainTextResponse(str(error), status_code=400)
        content = {name: value for name, value in found.items() if name != "ResponseMetadata"}
        return Response(json.dumps(content, default=_as_json), media_type="application/json")

    return answer


def _as_json(value: Any) -> str:
    """Return a time or the bytes of a binary secret as the extension writes them."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value.isoformat())
