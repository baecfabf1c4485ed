"""Fixtures of the tests of the API: its handler, with a fake publisher and, where a test asks for it, a fake store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.lambda_context import FakeContext
from tests.order.api.requests import ApiResponse, CallApi, Event
from tests.order.fakes import FakeLog, FakeOrders, FakePublisher

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


@pytest.fixture
def publisher(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> FakePublisher:
    publisher = FakePublisher()
    monkeypatch.setattr(app, "event_publisher", replace(app.event_publisher, publisher=publisher))
    return publisher


@pytest.fixture
def store(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> FakeOrders:
    store = FakeOrders()
    for name in ("store", "queries"):
        monkeypatch.setattr(app, name, store)
    monkeypatch.setattr(app, "event_publisher", replace(app.event_publisher, outbox=store))
    return store


@pytest.fixture
def call(app: ModuleType, publisher: FakePublisher) -> CallApi:
    def call(event: Event, *, remaining_ms: int = 10_000) -> ApiResponse:
        return ApiResponse(app.handler(event, FakeContext("order", remaining_ms=remaining_ms)))

    return call


@pytest.fixture
def log(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> FakeLog:
    return FakeLog(monkeypatch)


@pytest.fixture
def ada(event: Callable[[str], Event]) -> Event:
    """Return the request that places Ada's order."""
    return event("api/create-order-ada.json")


@pytest.fixture
def cancel(event: Callable[[str], Event]) -> Event:
    """Return the request that cancels Ada's order."""
    return event("api/cancel-order.json")
