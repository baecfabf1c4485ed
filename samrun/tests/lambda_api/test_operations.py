"""List of the operations of Lambda's API: each one has a route, and no other has."""

import asyncio

import botocore.session
import pytest
from starlette.routing import Match

from samrun.functions.asynchronous_invoker import AsynchronousInvoker, Timing
from samrun.functions.invocation_request import FunctionNames
from samrun.functions.invoke_api import invoke_routes
from samrun.lambda_api.function_routes import function_routes
from samrun.lambda_api.mapping_registry import MappingRegistry, RunningPoller
from samrun.lambda_api.mapping_routes import mapping_routes
from samrun.lambda_api.operations import OPERATIONS
from samrun.lambda_api.tag_routes import tag_routes
from support.asynchronous import RecordingDestinations
from support.fake_invoker import FakeInvoker

MODEL = botocore.session.get_session().get_service_model("lambda")
NAMES = FunctionNames(qualifiers={}, region="us-east-1")


def launch(*_: object) -> RunningPoller:
    raise AssertionError("no mapping is started")


def is_served(operation: str) -> bool:
    """Tell whether a route takes the requests of an operation."""
    http = MODEL.operation_model(operation).http
    scope = {"type": "http", "method": http["method"], "path": http["requestUri"].partition("?")[0]}

    async def routes() -> bool:
        registry = MappingRegistry(launch, run=lambda work: work.close(), report=print)
        invoker = FakeInvoker()
        asynchronous = AsynchronousInvoker(
            invoker, [], destinations=RecordingDestinations(), report=print, timing=Timing()
        )
        every = [
            *invoke_routes(invoker, asynchronous, NAMES),
            *function_routes([], NAMES),
            *mapping_routes(registry, NAMES, "us-east-1"),
            *tag_routes(registry),
        ]
        return any(route.matches(scope)[0] is Match.FULL for route in every)

    return asyncio.run(routes())


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_operations_that_are_listed_are_those_that_have_a_route(operation: str) -> None:
    assert is_served(operation) == (operation in OPERATIONS)
