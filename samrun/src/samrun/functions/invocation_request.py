"""Request of Lambda's Invoke API: read and checked, with the errors in the words of AWS.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from samrun.errors import SamrunError
from samrun.functions.invoker import PAYLOAD_LIMIT, InvocationOptions
from samrun.functions.platform_log import LATEST
from samrun.template.arns import function_and_qualifier, function_arn

InvocationType = Literal["RequestResponse", "Event", "DryRun"]

# Bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
EVENT_LIMIT = 1024 * 1024
_CLIENT_CONTEXT_LIMIT = 3583


class LambdaRequestError(SamrunError):
    """Lambda refuses a request to its API: `status` of HTTP, `code` of the API."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, kw_only=True)
class FunctionNames:
    """The names of functions, each with the qualifiers that it publishes, and the region of their ARNs."""

    qualifiers: Mapping[str, frozenset[str]]
    region: str


@dataclass(frozen=True, kw_only=True)
class InvocationRequest:
    """A request that Lambda accepts. `version` is the one that its qualifier stands for."""

    function: str
    version: str
    invocation_type: InvocationType
    payload: bytes
    options: InvocationOptions


def read_request(
    reference: str, *, qualifier: str | None, headers: Mapping[str, str], payload: bytes, functions: FunctionNames
) -> InvocationRequest:
    """Return the request for a function, named by `reference` (a name or an ARN). Raises LambdaRequestError."""
    name, qualifier = resolve_function(reference, qualifier, functions)
    invocation_type = _invocation_type(headers.get("x-amz-invocation-type", "RequestResponse"))
    _check_payload(payload, limit=payload_limit(headers))
    context = headers.get("x-amz-client-context")
    return InvocationRequest(
        function=name,
        # A template is deployed for the first time, so an alias stands for version 1.
        version=LATEST if qualifier in {None, LATEST} else "1",
        invocation_type=invocation_type,
        payload=payload or b"{}",
        options=InvocationOptions(
            qualifier=qualifier,
            tenant_id=headers.get("x-amz-tenant-id"),
            with_log=headers.get("x-amz-log-type") == "Tail",
            # Lambda passes it on for synchronous invocations only.
            client_context=_client_context(context) if context and invocation_type == "RequestResponse" else None,
        ),
    )


def payload_limit(headers: Mapping[str, str]) -> int:
    """Return how many bytes the payload of a request may have."""
    return EVENT_LIMIT if headers.get("x-amz-invocation-type") == "Event" else PAYLOAD_LIMIT


def payload_too_large(limit: int) -> LambdaRequestError:
    """Return the error of a payload that is over its limit."""
    message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
    return LambdaRequestError(413, "RequestEntityTooLargeException", message)


def resolve_function(reference: str, qualifier: str | None, functions: FunctionNames) -> tuple[str, str | None]:
    """Return the name and the qualifier of a function by its name, its ARN or a part of that.

    Raises LambdaRequestError if there is no such function, version or alias.
    """
    name, named = function_and_qualifier(reference)
    if named and qualifier and named != qualifier:
        raise LambdaRequestError(
            400,
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
        )
    qualifier = qualifier or named
    arn = function_arn(name, region=functions.region, qualifier=qualifier)
    if name not in functions.qualifiers:
        raise LambdaRequestError(404, "ResourceNotFoundException", f"Function not found: {arn}")
    if qualifier and qualifier not in {LATEST, *functions.qualifiers[name]}:
        what = "Function not found:" if qualifier.isdecimal() or qualifier.startswith("$") else "Cannot find alias arn:"
        raise LambdaRequestError(404, "ResourceNotFoundException", f"{what} {arn}")
    return name, qualifier


def _invocation_type(text: str) -> InvocationType:
    for known in get_args(InvocationType):
        if text == known:
            return known  # type: ignore[no-any-return]
    raise LambdaRequestError(
        400,
        "ValidationException",
        f"1 validation error detected: Value '{text}' at 'invocationType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
    )


def _check_payload(payload: bytes, *, limit: int) -> None:
    if len(payload) > limit:
        raise payload_too_large(limit)
    try:
        json.loads((payload or b"{}").decode())
    except (ValueError, RecursionError) as error:
        message = f"Could not parse request body into json: Could not parse payload into json: {error}"
        raise LambdaRequestError(400, "InvalidRequestContentException", message) from error


def _client_context(text: str) -> str:
    """Return the context as JSON in ASCII, which fits into a header."""
    try:
        context = json.loads(base64.b64decode(text, validate=True).decode())
    except (ValueError, RecursionError):
        context = None
    if not isinstance(context, dict) or len(text) > _CLIENT_CONTEXT_LIMIT:
        message = f"Client context must be a valid Base64-encoded JSON object of {_CLIENT_CONTEXT_LIMIT} bytes at most"
        raise LambdaRequestError(400, "InvalidRequestContentException", message)
    return json.dumps(context)
