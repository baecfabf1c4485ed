"""Routes of functions: ListFunctions, GetFunction and GetFunctionConfiguration."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from samrun.functions.invocation_request import FunctionNames, resolve_function
from samrun.lambda_api.api_shapes import answer
from samrun.lambda_api.function_configuration import function_configuration, function_description
from samrun.lambda_api.paging import page_of
from samrun.template.model.functions import Function

_PATH = "/2015-03-31/functions"
# "Lambda returns up to 50 functions per call": https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
_PAGE = 50


def function_routes(functions: Sequence[Function], names: FunctionNames) -> list[Route]:
    """Return the routes that describe these functions."""
    by_name, started = {each.name: each for each in functions}, datetime.now(UTC)

    def find(request: Request) -> tuple[Function, str | None]:
        name, qualifier = resolve_function(
            request.path_params["function"], request.query_params.get("Qualifier"), names
        )
        return by_name[name], qualifier

    async def list_functions(request: Request) -> Response:
        of_all_versions = request.query_params.get("FunctionVersion") == "ALL"
        found = list(_configurations(functions, started=started, of_all_versions=of_all_versions))
        configurations, marker = page_of(found, request.query_params, key=_key, size=_PAGE)
        return JSONResponse(answer("ListFunctionsResponse", {"Functions": configurations, "NextMarker": marker}))

    async def get_function(request: Request) -> Response:
        function, qualifier = find(request)
        return JSONResponse(function_description(function, started=started, qualifier=qualifier))

    async def get_function_configuration(request: Request) -> Response:
        function, qualifier = find(request)
        return JSONResponse(function_configuration(function, started=started, qualifier=qualifier))

    return [
        Route(_PATH, list_functions, methods=["GET"]),
        Route(f"{_PATH}/", list_functions, methods=["GET"]),
        Route(f"{_PATH}/{{function}}", get_function, methods=["GET"]),
        Route(f"{_PATH}/{{function}}/configuration", get_function_configuration, methods=["GET"]),
    ]


def _configurations(
    functions: Sequence[Function], *, started: datetime, of_all_versions: bool
) -> Iterator[dict[str, Any]]:
    for each in functions:
        yield function_configuration(each, started=started, is_qualified=of_all_versions)
        if of_all_versions:
            for version in filter(str.isdecimal, each.qualifiers):
                yield function_configuration(each, started=started, qualifier=version)


def _key(configuration: dict[str, Any]) -> str:
    return f"{configuration['FunctionName']}:{configuration['Version']}"
