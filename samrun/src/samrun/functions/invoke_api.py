"""Lambda's Invoke API, as boto3 and the aws CLI call it.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import base64
from collections.abc import Callable, Collection

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.arns import function_name
from local.invoker import FunctionNotFoundError, Invoker, PayloadTooLargeError


def invoke_api(invoker: Invoker, functions: Collection[str]) -> Starlette:
    """Return the application that answers Invoke for these functions."""

    async def invoke(request: Request) -> Response:
        function = function_name(request.path_params["function"])
        if function not in functions:
            raise FunctionNotFoundError(f"Function not found: {function}. There are {', '.join(sorted(functions))}")
        payload = await request.body() or b"{}"
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "Event":
            return Response(status_code=202, background=BackgroundTask(invoker.invoke, function, payload))
        if kind == "DryRun":
            return Response(status_code=204)
        answer = await invoker.invoke(function, payload)
        headers = {"X-Amz-Executed-Version": "$LATEST", "x-amzn-RequestId": answer.request_id}
        if answer.function_error:
            headers["X-Amz-Function-Error"] = answer.function_error
        if request.headers.get("x-amz-log-type") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(answer.log_tail).decode()
        return Response(answer.payload, media_type="application/json", headers=headers)

    return Starlette(
        routes=[Route("/2015-03-31/functions/{function}/invocations", invoke, methods=["POST"])],
        exception_handlers={
            FunctionNotFoundError: _error(404, "ResourceNotFoundException"),
            PayloadTooLargeError: _error(413, "RequestTooLargeException"),
            HTTPException: _error(404, "ResourceNotFoundException"),
        },
    )


def _error(status: int, kind: str) -> Callable[[Request, Exception], Response]:
    def handler(_request: Request, error: Exception) -> Response:
        return JSONResponse(
            {"Type": "User", "Message": str(error)}, status_code=status, headers={"x-amzn-ErrorType": kind}
        )

    return handler
