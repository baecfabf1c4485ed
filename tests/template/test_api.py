"""HTTP API: routes, authorization and rate limit."""

import json
from typing import Any

import pytest

from tests.template.deployment import TEMPLATE, Deployment, deploy
from tests.template.parameter_sets import PLAIN

PLACE, CANCEL = ("post", "/orders"), ("post", "/orders/{order_id}/cancellation")
LIST, GET = ("get", "/orders"), ("get", "/orders/{order_id}")
HISTORY = ("get", "/orders/{order_id}/notifications")


def _operations(deployment: Deployment) -> dict[tuple[str, str], dict[str, Any]]:
    paths = deployment.properties("OrderApi")["Body"]["paths"]
    return {(method, path): operation for path, methods in paths.items() for method, operation in methods.items()}


def _scopes(deployment: Deployment) -> dict[tuple[str, str], list[str]]:
    """Return the scopes that each route requires; each route has the one authorizer."""
    scopes = {}
    for route, operation in _operations(deployment).items():
        [required] = operation["security"]
        [(authorizer, scopes[route])] = required.items()
        assert authorizer == "Tokens"
    return scopes


def test_api_has_the_routes_of_its_document_and_no_other(deployment: Deployment) -> None:
    document = json.loads((TEMPLATE.parent / "docs/openapi.json").read_text())
    documented = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert _operations(deployment).keys() == documented == {PLACE, CANCEL, LIST, GET, HISTORY}


def test_history_function_serves_notifications_and_order_function_serves_the_rest(deployment: Deployment) -> None:
    for route, operation in _operations(deployment).items():
        function = "HistoryFunction" if route == HISTORY else "OrderFunction"
        assert operation["x-amazon-apigateway-integration"]["uri"].endswith(f":function:{function}/invocations")


def test_every_route_requires_the_authorizer(deployment: Deployment) -> None:
    assert len(_scopes(deployment)) == 5


def test_writing_orders_and_reading_notifications_require_a_scope_and_reading_orders_none(
    deployment: Deployment,
) -> None:
    assert _scopes(deployment) == {
        PLACE: ["orders:write"],
        CANCEL: ["orders:write"],
        LIST: [],
        GET: [],
        HISTORY: ["notifications:read"],
    }


def test_authorizer_accepts_the_issuers_tokens_for_this_api() -> None:
    deployment = deploy(**PLAIN | {"TokenIssuer": "https://login.example/shop"}, TokenAudience="shop-orders")
    schemes = deployment.properties("OrderApi")["Body"]["components"]["securitySchemes"]
    assert schemes.keys() == {"Tokens"}
    assert schemes["Tokens"]["x-amazon-apigateway-authorizer"] == {
        "type": "jwt",
        "identitySource": "$request.header.Authorization",
        "jwtConfiguration": {"issuer": "https://login.example/shop", "audience": ["shop-orders"]},
    }


def test_api_and_functions_require_the_same_scopes() -> None:
    deployment = deploy(
        **PLAIN,
        OrdersWriteScope="shop/place",
        OrdersReadAllScope="shop/see",
        NotificationsReadScope="shop/told",
    )
    variables = deployment.properties("OrderFunction")["Environment"]["Variables"]
    assert _scopes(deployment)[PLACE] == _scopes(deployment)[CANCEL] == [variables["ORDERS_WRITE_SCOPE"]]
    assert (variables["ORDERS_WRITE_SCOPE"], variables["ORDERS_READ_ALL_SCOPE"]) == ("shop/place", "shop/see")
    history = deployment.properties("HistoryFunction")["Environment"]["Variables"]
    assert _scopes(deployment)[HISTORY] == [history["NOTIFICATIONS_READ_SCOPE"]] == ["shop/told"]


@pytest.mark.parametrize(("parameters", "limit"), [({}, 500), ({"RequestsPerSecond": "40"}, 40)])
def test_requests_per_second_limits_rate_and_burst_of_every_route(parameters: dict[str, str], limit: int) -> None:
    [stage] = deploy(**PLAIN, **parameters).of_type("AWS::ApiGatewayV2::Stage").values()
    settings = stage["DefaultRouteSettings"]
    assert (int(settings["ThrottlingRateLimit"]), int(settings["ThrottlingBurstLimit"])) == (limit, limit)
    assert "RouteSettings" not in stage


def test_access_log_contains_nothing_about_the_caller(deployment: Deployment) -> None:
    [stage] = deployment.of_type("AWS::ApiGatewayV2::Stage").values()
    log = json.loads(stage["AccessLogSettings"]["Format"])
    assert set(log.values()) == {
        "$context.requestId",
        "$context.requestTimeEpoch",
        "$context.routeKey",
        "$context.status",
        "$context.httpMethod",
        "$context.responseLatency",
        "$context.error.message",
        "$context.authorizer.error",
        "$context.integrationErrorMessage",
    }
