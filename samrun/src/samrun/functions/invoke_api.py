"""Invoke API of Lambda, as boto3 and the aws CLI call it.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import base64

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from samrun.functions.asynchronous_invoker import AsynchronousInvoker
from samrun.functions.invocation_request import (
    FunctionNames,
    InvocationRequest,
    LambdaRequestError,
    payload_limit,
    payload_too_large,
    read_request,
)
from samrun.functions.invoker import FunctionThrottledError, InvocationResult, Invoker
from samrun.supervision.bounded_body import read_at_most


def invoke_routes(invoker: Invoker, asynchronous: AsynchronousInvoker, functions: FunctionNames) -> list[Route]:
    """Return the route that invokes these functions."""

    async def invoke(request: Request) -> Response:
        asked = read_request(
            request.path_params["function"],
            qualifier=request.query_params.get("Qualifier"),
            headers=request.headers,
            payload=await _read_payload(request, payload_limit(request.headers)),
            functions=functions,
        )
        headers = {"x-amzn-RequestId": asked.options.request_id, "X-Amz-Executed-Version": asked.version}
        match asked.invocation_type:
            case "DryRun":
                return Response(status_code=204, headers=headers)
            case "Event":
                asynchronous.accept(asked.function, asked.payload, asked.options)
                return Response(status_code=202, headers=headers)
        try:
            result = await invoker.invoke(asked.function, asked.payload, asked.options)
        except FunctionThrottledError as error:
            raise LambdaRequestError(429, "TooManyRequestsException", str(error)) from error
        return _response(result, asked, headers)

    return [Route("/2015-03-31/functions/{function}/invocations", invoke, methods=["POST"])]


async def _read_payload(request: Request, limit: int) -> bytes:
    payload = await read_at_most(request, limit)
    if payload is None:
        raise payload_too_large(limit)
    return payload


def _response(result: InvocationResult, asked: InvocationRequest, headers: dict[str, str]) -> Response:
    if result.function_error:
        headers["X-Amz-Function-Error"] = result.function_error
    if asked.options.with_log:
        headers["X-Amz-Log-Result"] = base64.b64encode(result.log_tail).decode()
    return Response(result.payload, media_type="application/json", headers=headers)
