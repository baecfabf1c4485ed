"""Requests of the API, made from the sample events of events/api, and what the tests read of its answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pytest


Event = dict[str, Any]

ADA = "ord_a7yuqahkcwyojza3z7chx7dkkq"


class ApiResponse:
    """Answer of the handler, with its JSON read."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.status: int = raw["statusCode"]
        self.headers: dict[str, str] = raw["headers"]
        self.json: dict[str, Any] = json.loads(raw["body"])

    def is_problem(self, status: int) -> bool:
        is_typed = self.headers["Content-Type"] == "application/problem+json"
        return is_typed and self.status == self.json["status"] == status and bool(self.json["detail"])


class CallApi(Protocol):
    def __call__(self, event: Event, *, remaining_ms: int = ...) -> ApiResponse: ...


def with_body(event: Event, body: object) -> Event:
    return {**event, "body": body if isinstance(body, str) else json.dumps(body)}


def with_header(event: Event, name: str, value: str) -> Event:
    return {**event, "headers": {**event["headers"], name: value}}


def with_route(event: Event, method: str, path: str) -> Event:
    gateway = event["requestContext"]
    return {
        **event,
        "rawPath": path,
        "requestContext": {**gateway, "http": {**gateway["http"], "method": method, "path": path}},
    }


def as_caller(event: Event, *, sub: str | None = "cus_eve", scope: str = "") -> Event:
    """Return the same request with the token of somebody else."""
    jwt = {"claims": {"sub": sub, "scope": scope}, "scopes": None}
    return {**event, "requestContext": {**event["requestContext"], "authorizer": {"jwt": jwt}}}


def counts(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Return the metrics that were written since the last call, in CloudWatch's embedded format."""
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    for each in metrics:
        [directive] = each["_aws"]["CloudWatchMetrics"]
        assert (directive["Namespace"], directive["Dimensions"]) == ("shop", [["service"]])
        assert each["service"] == "order"
    return {metric["Name"] for each in metrics for metric in each["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
