"""Logs and metrics of the API: what each step leaves, and that none of it is personal."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from functions.order.producer.kafka_publisher import EventRefusedError, NotPublishedError
from tests.lambda_log_levels import drops, level_of
from tests.order.api.requests import ADA, CallApi, Event, counts, with_body, with_route
from tests.template.deployment import TEMPLATE, parameters_of

if TYPE_CHECKING:
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.order.fakes import FakeLog, FakeOrders, FakePublisher


def test_each_step_is_logged_with_the_order_id(call: CallApi, ada: Event, store: FakeOrders, log: FakeLog) -> None:
    call(ada)
    recorded, published = log.lines()
    assert (recorded["message"], recorded["order_id"]) == ("order recorded", ADA)
    assert published["message"] == "event published"
    subject = {"order_id": ADA, "event_type": "order.paid.v1"}
    assert published.items() >= {**subject, "topic": "order-events", "partition": 1, "offset": 7}.items()


@pytest.mark.parametrize("error", [None, NotPublishedError("no acknowledgement"), ValueError("ada@example.com")])
def test_no_log_line_has_personal_data(
    call: CallApi,
    ada: Event,
    store: FakeOrders,
    publisher: FakePublisher,
    log: FakeLog,
    caplog: pytest.LogCaptureFixture,
    error: Exception | None,
) -> None:
    publisher.error = error
    call(ada)
    call(with_body(ada, ada["body"].replace("EUR", "XXX")))
    store.error = error
    call(ada)
    assert ADA in log.getvalue()
    for personal in ("Ada", "Lovelace", "ada@", "+1415", "cus_ada"):
        assert personal not in log.getvalue() + caplog.text


def test_a_bug_is_answered_and_logged_without_its_message(
    call: CallApi, ada: Event, store: FakeOrders, log: FakeLog
) -> None:
    store.error = RuntimeError("ada@example.com")
    assert call(ada).is_problem(500)
    [line] = log.lines()
    assert (line["message"], line["error_type"]) == ("request failed", "RuntimeError")
    assert "in add" in line["stack_trace"][-1]


def test_an_error_of_aws_is_logged_with_its_code(call: CallApi, ada: Event, store: FakeOrders, log: FakeLog) -> None:
    answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": "about ada@example.com"}}
    store.error = ClientError(answer, "PutItem")
    assert call(ada).is_problem(500)
    [line] = log.lines()
    assert line["error_type"] == "AccessDeniedException"
    assert "ada@" not in log.getvalue()


def test_the_log_at_debug_has_no_personal_data(
    call: CallApi, ada: Event, dynamodb: DynamoDBClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        call(ada)
        call(ada)
        call(with_route(ada, "GET", f"/orders/{ADA}"))
        call(with_body(ada, ada["body"].replace("EUR", "XXX")))
    assert caplog.records
    for personal in ("Ada", "Lovelace", "ada@", "+1415", "cus_ada"):
        assert personal not in caplog.text


@pytest.mark.parametrize(
    "library",
    [
        "aws_lambda_powertools.event_handler",
        "boto3",
        "botocore.endpoint",
        "botocore.parsers",
        "urllib3.connectionpool",
        "kafka",
    ],
)
def test_libraries_do_not_log_requests(app: ModuleType, caplog: pytest.LogCaptureFixture, library: str) -> None:
    with caplog.at_level(logging.DEBUG):
        assert not logging.getLogger(library).isEnabledFor(logging.INFO)


def test_every_line_about_a_request_has_the_id_of_its_trace(
    call: CallApi, ada: Event, store: FakeOrders, log: FakeLog
) -> None:
    call(ada)
    trace = ada["headers"]["traceparent"].split("-")[1]
    assert [line["correlation_id"] for line in log.lines()] == [trace, trace]


@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (None, {"OrdersRecorded", "EventsPublished"}),
        (NotPublishedError("no acknowledgement"), {"OrdersRecorded", "EventsDeferred"}),
        (EventRefusedError("too large"), {"OrdersRecorded", "EventsDeferred"}),
    ],
)
def test_the_fate_of_an_order_is_counted(
    call: CallApi,
    ada: Event,
    cancel: Event,
    store: FakeOrders,
    publisher: FakePublisher,
    capsys: pytest.CaptureFixture[str],
    error: Exception | None,
    counted: set[str],
) -> None:
    publisher.error = error
    call(ada)
    assert counts(capsys) == counted
    call(ada)
    assert counts(capsys) == {"OrdersReplayed"}
    publisher.error = NotPublishedError("no acknowledgement")
    call(cancel)
    assert "OrdersCancelled" in counts(capsys)
    call(with_route(ada, "GET", f"/orders/{ADA}"))
    assert counts(capsys) == set()


@pytest.mark.parametrize("level", parameters_of(TEMPLATE)["LogLevel"]["AllowedValues"])
def test_lambda_drops_no_line_at_any_log_level_of_the_template(
    call: CallApi, ada: Event, store: FakeOrders, log: FakeLog, capsys: pytest.CaptureFixture[str], level: str
) -> None:
    call(ada)
    store.error = RuntimeError("a bug")
    call(ada)
    assert [level_of(line) for line in log.getvalue().splitlines()] == ["INFO", "INFO", "ERROR"]
    metrics = capsys.readouterr().out.splitlines()
    assert ["_aws" in line for line in metrics] == [True]
    lines = [*log.getvalue().splitlines(), *metrics]
    assert [line for line in lines if drops(line, application_log_level=level)] == []
