"""Lambda of another emulator: a server that answers Invoke as botocore's model has it, as a test says."""

import base64
import json
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Reaction = Callable[[list[str]], Response]


class OtherFunction:
    """A function: how it answers, the values of the records in each invocation, its qualifiers, and who signed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.answer: Reaction = lambda _: result(None)
        self.batches: list[list[str]] = []
        self.qualifiers: list[str | None] = []
        self.authorizations: list[str] = []

    def values(self) -> list[str]:
        """Return the values of all records, in the order in which they came, repeats too."""
        return [value for values in self.batches for value in values]


class OtherLambda:
    """The server, with its functions by name. It has each function that somebody names."""

    def __init__(self) -> None:
        self.functions: dict[str, OtherFunction] = {}
        route = Route("/2015-03-31/functions/{name}/invocations", self._invoke, methods=["POST"])
        self.app = Starlette(routes=[route])

    async def _invoke(self, request: Request) -> Response:
        event = json.loads(await request.body())
        values = [base64.b64decode(each["value"]).decode() for some in event["records"].values() for each in some]
        function = self.function(request.path_params["name"])
        function.batches.append(values)
        function.qualifiers.append(request.query_params.get("Qualifier"))
        function.authorizations.append(request.headers.get("authorization", ""))
        return function.answer(values)

    def function(self, name: str) -> OtherFunction:
        """Return the function with this name."""
        return self.functions.setdefault(name, OtherFunction(name))


def result(value: Any) -> Response:
    """Return the answer of a function that returned a value."""
    return JSONResponse(value, headers={"X-Amz-Executed-Version": "$LATEST"})


def function_error() -> Response:
    """Return the answer of a function that raised an error."""
    return JSONResponse(
        {"errorType": "ValueError", "errorMessage": "of no use"}, headers={"X-Amz-Function-Error": "Unhandled"}
    )


def refusal(status: int, code: str) -> Response:
    """Return the answer of a Lambda that invokes no function."""
    return JSONResponse({"Type": "User", "message": code}, status_code=status, headers={"x-amzn-ErrorType": code})
