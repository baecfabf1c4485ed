"""Web application of Lambda's API, as boto3, the aws CLI, Terraform and the CDK call it."""

from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from samrun.functions.invocation_request import LambdaRequestError
from samrun.lambda_api.operations import OPERATIONS


def lambda_app(*routes: Iterable[Route]) -> Starlette:
    """Return the web application with these routes, which answers errors in the shapes of Lambda."""
    return Starlette(
        routes=[route for some in routes for route in some],
        exception_handlers={LambdaRequestError: _refuse, HTTPException: _unknown_operation},
    )


def _refuse(_request: Request, error: Exception) -> Response:
    if not isinstance(error, LambdaRequestError):
        raise error
    return _error(error.status, error.code, str(error))


def _unknown_operation(request: Request, _error_: Exception) -> Response:
    served = ", ".join(OPERATIONS)
    message = f"samrun has no {request.method} {request.url.path}: of Lambda's API it serves {served}"
    return _error(404, "UnknownOperationException", message)


def _error(status: int, code: str, message: str) -> Response:
    content = {"Type": "User", "Message": message}
    return JSONResponse(content, status_code=status, headers={"x-amzn-ErrorType": code})
