"""Lambda's API with durable executions: Invoke starts them, and their own operations go to the local runner.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

from dataclasses import replace

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from samrun.durable_executions.executions import DurableExecutions, ExecutionError
from samrun.functions.asynchronous_invoker import AsynchronousInvoker
from samrun.functions.invocation_request import (
    FunctionNames,
    InvocationRequest,
    LambdaRequestError,
    payload_limit,
    payload_too_large,
    read_request,
)
from samrun.supervision.bounded_body import read_at_most
from samrun.template.arns import function_name

_OPERATIONS = "/2025-12-01/"
_INVOKE = ("/2015-03-31/functions/", "/invocations")
# The runner sends this header with what is for the code of a durable function.
_OF_THE_RUNNER = "x-dex-handler-invoke"
# Bytes of an operation: the largest checkpoint.
_OPERATION_LIMIT = 6 * 1024 * 1024


class DurableLambdaApi:
    """ASGI application in front of `invoke_api`, which invokes the code of a function.

    `asynchronous` waits for the executions of asynchronous invocations. `functions` are all that there are.
    """

    def __init__(
        self,
        invoke_api: ASGIApp,
        asynchronous: AsynchronousInvoker,
        executions: DurableExecutions,
        functions: FunctionNames,
    ) -> None:
        self._invoke_api = invoke_api
        self._asynchronous = asynchronous
        self._executions = executions
        self._functions = functions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if scope["path"].startswith(_OPERATIONS):
            response = await self._operate(request)
        elif self._is_start(request):
            response = await self._start(request)
        else:
            await self._invoke_api(scope, receive, send)
            return
        await response(scope, receive, send)

    def _is_start(self, request: Request) -> bool:
        before, after = _INVOKE
        path = request.url.path
        if not (path.startswith(before) and path.endswith(after)) or _OF_THE_RUNNER in request.headers:
            return False
        return function_name(_reference(request)) in self._executions.durable

    async def _operate(self, request: Request) -> Response:
        """Send an operation to the runner as it is: its path has ARNs with escaped slashes in them."""
        body = await read_at_most(request, _OPERATION_LIMIT)
        if body is None:
            return _refusal(ExecutionError(413, "RequestEntityTooLargeException", "The request is too large."))
        query = request.scope["query_string"].decode("latin-1")
        path = request.scope["raw_path"].decode("latin-1")
        answer = await self._executions.forward(request.method, f"{path}?{query}" if query else path, body)
        kept = {name: value for name, value in answer.headers.items() if name.startswith(("content-type", "x-amz"))}
        return Response(answer.content, status_code=answer.status_code, headers=kept)

    async def _start(self, request: Request) -> Response:
        try:
            asked = await self._read(request)
            if asked.invocation_type == "DryRun":
                return Response(status_code=204)
            name = request.headers.get("x-amz-durable-execution-name", asked.options.request_id)
            options = replace(asked.options, request_id=name)
            arn = await self._executions.start(asked.function, asked.payload, options)
        except (LambdaRequestError, ExecutionError) as error:
            return _refusal(error)
        headers = {
            "x-amzn-RequestId": asked.options.request_id,
            "X-Amz-Executed-Version": asked.version,
            "X-Amz-Durable-Execution-Arn": arn,
        }
        if asked.invocation_type == "Event":
            self._asynchronous.accept(asked.function, asked.payload, options)
            return Response(status_code=202, headers=headers)
        result = await self._executions.result(arn, asked.options)
        if result.function_error:
            headers["X-Amz-Function-Error"] = result.function_error
        return Response(result.payload, media_type="application/json", headers=headers)

    async def _read(self, request: Request) -> InvocationRequest:
        """Return the request to invoke a function. Raises LambdaRequestError."""
        limit = payload_limit(request.headers)
        payload = await read_at_most(request, limit)
        if payload is None:
            raise payload_too_large(limit)
        return read_request(
            _reference(request),
            qualifier=request.query_params.get("Qualifier"),
            headers=Headers(scope=request.scope),
            payload=payload,
            functions=self._functions,
        )


def _reference(request: Request) -> str:
    """Return the name or the ARN of the function of an invocation."""
    before, after = _INVOKE
    return str(request.scope["path"]).removeprefix(before).removesuffix(after)


def _refusal(error: LambdaRequestError | ExecutionError) -> Response:
    return JSONResponse(
        {"Type": "User", "Message": str(error)}, status_code=error.status, headers={"x-amzn-ErrorType": error.code}
    )
