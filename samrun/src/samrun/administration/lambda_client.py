"""Lambda's API of a stack that runs, and the invocation of a function by it."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from samrun.endpoints import Endpoints
from samrun.errors import UserError
from samrun.services.clients import CREDENTIALS

InvocationType = Literal["RequestResponse", "Event", "DryRun"]

# A function may run for 15 minutes. An invocation whose response is late is not repeated: the function may have run.
_CONFIG = Config(proxies={}, connect_timeout=5, read_timeout=960, retries={"total_max_attempts": 1})


class NoFunctionsError(UserError):
    """The stack runs no functions: `samrun services` started it."""


class InvocationFailedError(UserError):
    """Lambda's API did not invoke the function, or does not answer; the message says why."""


@dataclass(frozen=True, kw_only=True)
class InvokeResponse:
    """Response to an invocation. `payload` is the function's response, or its error if `function_error` is set.

    `log` has the end of what the function logged, if that was asked for.
    """

    status: int
    request_id: str
    payload: str
    function_error: str | None = None
    log: str | None = None


def lambda_client(data: Path) -> Any:
    """Return the boto3 client of the Lambda of the stack on a data folder. Raises NoStackError and NoFunctionsError."""
    endpoints = Endpoints.of_running_stack(data)
    if endpoints.lambda_ is None:
        raise NoFunctionsError(f"The stack on {data} runs no functions: start one with samrun up, not samrun services.")
    return lambda_client_at(endpoints.lambda_)


def lambda_client_at(url: str) -> Any:
    """Return the boto3 client of the Lambda at a URL of this machine."""
    return boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="us-east-1",  # functions are found by their names in every region
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=_CONFIG,
    )


def invoke_function(
    client: Any, function: str, payload: bytes, *, kind: InvocationType = "RequestResponse", with_log: bool = False
) -> InvokeResponse:
    """Invoke a function by its name or ARN; `client` is that of `lambda_client`. Raises InvocationFailedError."""
    try:
        answer = client.invoke(
            FunctionName=function, Payload=payload, InvocationType=kind, LogType="Tail" if with_log else "None"
        )
        response = answer["Payload"].read().decode(errors="replace")
    except client.exceptions.ResourceNotFoundException as error:
        raise InvocationFailedError(
            f"{function} was not invoked: {_text(error)}. The functions are: {', '.join(_functions(client))}."
        ) from error
    except ClientError as error:
        raise InvocationFailedError(f"{function} was not invoked: {_text(error)}") from error
    except BotoCoreError as error:
        raise InvocationFailedError(f"{function} was not invoked: {error}") from error
    log = answer.get("LogResult")
    return InvokeResponse(
        status=answer["StatusCode"],
        request_id=answer["ResponseMetadata"].get("RequestId", ""),
        payload=response,
        function_error=answer.get("FunctionError"),
        log=base64.b64decode(log).decode(errors="replace") if log is not None else None,
    )


def _functions(client: Any) -> Iterator[str]:
    """Yield the names of the functions. One with a FunctionName is not found by its logical id, as on AWS."""
    for page in client.get_paginator("list_functions").paginate():
        yield from (function["FunctionName"] for function in page["Functions"])


def _text(error: ClientError) -> str:
    details = error.response.get("Error", {})
    return f"{details.get('Code')}: {details.get('Message') or json.dumps(error.response)}"
