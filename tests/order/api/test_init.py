"""Init of the API: the producer, and the variables that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from functions.order.producer.kafka_publisher import KafkaPublisher, NotPublishedError
from functions.order.settings import SettingsError
from tests.order.api.requests import imported_again

if TYPE_CHECKING:
    from types import ModuleType

    from tests.order.fakes import FakeLog


@pytest.mark.parametrize(
    ("initialization", "warmed"), [("on-demand", True), ("provisioned-concurrency", True), ("snap-start", False)]
)
def test_the_producer_is_built_in_init_but_never_before_a_snapshot(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, initialization: str, warmed: bool
) -> None:
    calls: list[KafkaPublisher] = []
    monkeypatch.setattr(KafkaPublisher, "warm_up", lambda publisher: calls.append(publisher))
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", initialization)
    imported_again(app)
    assert bool(calls) is warmed


def test_a_broker_that_is_away_does_not_fail_init(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, log: FakeLog
) -> None:
    def fail(_: KafkaPublisher) -> None:
        raise NotPublishedError("no acknowledgement from Kafka: KafkaTimeoutError")

    monkeypatch.setattr(KafkaPublisher, "warm_up", fail)
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    imported_again(app)
    assert log.lines()[-1]["message"] == "kafka warm-up failed"


@pytest.mark.parametrize(
    "name",
    [
        "KAFKA_AUTHENTICATION",
        "KAFKA_BOOTSTRAP_SERVERS",
        "KAFKA_CA_SECRET_ARN",
        "KAFKA_SECRET_ARN",
        "ORDERS_READ_ALL_SCOPE",
        "ORDERS_TABLE",
        "ORDERS_WRITE_SCOPE",
        "ORDER_EVENTS_TOPIC",
        "POWERTOOLS_METRICS_NAMESPACE",
    ],
)
def test_init_fails_with_the_name_of_a_missing_variable(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(SettingsError, match=f"^{name} is missing: set it to [^.]+\\. Set .+ in template\\.yaml\\.$"):
        imported_again(app)
