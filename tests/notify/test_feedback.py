"""The feedback function against moto, with the sample events of SES."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from botocore.stub import Stubber

from functions.notify.ledger.unavailable import LedgerUnavailableError
from tests.lambda_context import FakeContext
from tests.notify.fakes import NOW
from tests.notify.samples import FEEDBACK_ENVIRONMENT, TABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.notify.feedback.delivery_status import DeliveryStatusStore
    from functions.notify.metrics import Metrics

SAMPLES = Path(__file__).parents[2] / "events/ses"
KEY = {
    "order_id": {"S": "ord_a7yuqahkcwyojza3z7chx7dkkq"},
    "notification_id": {"S": "3d340d65-4092-54eb-b504-a38ead16a186#mail"},
}
OF_CUSTOMERS = ("@", "Ada", "Lovelace", "192.0.2", "diagnostic", "user unknown", "mailbox full")


class FeedbackModule(Protocol):
    """functions/notify/handlers/feedback.py, which reads its environment when it is imported."""

    store: DeliveryStatusStore
    metrics: Metrics

    def handler(self, event: dict[str, Any], context: LambdaContext) -> None: ...


@pytest.fixture(scope="session")
def imported() -> FeedbackModule:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in FEEDBACK_ENVIRONMENT.items():
            environment.setenv(name, value)
        from functions.notify.handlers import feedback

        return feedback


@pytest.fixture
def function(
    imported: FeedbackModule, dynamodb: DynamoDBClient, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> FeedbackModule:
    """The function; the mail of the sample events is sent."""
    monkeypatch.setattr(imported, "store", replace(imported.store, client=dynamodb))
    monkeypatch.setattr(imported, "metrics", metrics)
    item = {"status": {"S": "sent"}, "attempts": {"N": "1"}, "updated_at": {"S": NOW.isoformat()}}
    dynamodb.put_item(TableName=TABLE, Item={**KEY, **item})
    return imported


def load(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return event


def invoke(function: FeedbackModule, event: dict[str, Any]) -> None:
    function.handler(event, FakeContext("feedback", remaining_ms=15_000))


def status(dynamodb: DynamoDBClient) -> str:
    return dynamodb.get_item(TableName=TABLE, Key=KEY)["Item"]["status"]["S"]


@pytest.mark.parametrize(
    ("name", "expected", "counts"),
    [
        ("delivery-delayed", "delayed", {"MailsDelayed": 1}),
        ("soft-bounced", "soft_bounced", {"MailsSoftBounced": 1}),
        ("rejected", "rejected", {"MailsRejected": 1}),
        ("rendering-failed", "rejected", {"MailsRejected": 1}),
        ("delivered", "delivered", {"MailsDelivered": 1}),
        ("bounced", "bounced", {"MailsBounced": 1}),
        ("complained", "complained", {"MailsComplained": 1}),
        ("sent", "sent", {"FeedbackIgnored": 1}),
        ("opened", "sent", {"FeedbackIgnored": 1}),
        ("clicked", "sent", {"FeedbackIgnored": 1}),
    ],
)
def test_each_event_writes_its_status_and_is_counted(
    function: FeedbackModule,
    dynamodb: DynamoDBClient,
    counted: Callable[[], dict[str, float]],
    name: str,
    expected: str,
    counts: dict[str, float],
) -> None:
    invoke(function, load(name))
    assert status(dynamodb) == expected
    assert counted() == counts


def test_a_repeated_event_counts_once(
    function: FeedbackModule, counted: Callable[[], dict[str, float]], logs: list[dict[str, Any]]
) -> None:
    for name in ("bounced", "bounced", "delivered"):
        invoke(function, load(name))
    assert counted() == {"MailsBounced": 1}
    assert [line["result"] for line in logs] == ["updated", "unchanged", "unchanged"]


def test_an_event_of_an_unknown_notification_is_ignored(
    function: FeedbackModule,
    dynamodb: DynamoDBClient,
    counted: Callable[[], dict[str, float]],
    logs: list[dict[str, Any]],
) -> None:
    dynamodb.delete_item(TableName=TABLE, Key=KEY)
    invoke(function, load("delivered"))
    assert counted() == {"FeedbackIgnored": 1}
    assert [line["message"] for line in logs] == ["feedback of an unknown notification"]
    assert dynamodb.scan(TableName=TABLE)["Items"] == []


def test_an_empty_event_is_ignored(
    function: FeedbackModule, counted: Callable[[], dict[str, float]], logs: list[dict[str, Any]]
) -> None:
    invoke(function, {})
    assert counted() == {"FeedbackIgnored": 1}
    assert [line["reason"] for line in logs] == ["unknown kind"]


def test_an_event_that_cannot_be_read_is_counted_logged_and_done(
    function: FeedbackModule,
    dynamodb: DynamoDBClient,
    counted: Callable[[], dict[str, float]],
    logs: list[dict[str, Any]],
) -> None:
    """A retry would not help: the function succeeds, so Lambda does not invoke it with the event again."""
    event = load("bounced")
    event["detail"]["bounce"]["timestamp"] = "9999-12-31T23:59:59-14:00"
    invoke(function, event)
    assert counted() == {"FeedbackIgnored": 1}
    assert [line["reason"] for line in logs] == ["not in the form of SES's events"]
    assert status(dynamodb) == "sent"


def test_an_event_fails_without_the_ledger_so_that_lambda_retries_it(
    function: FeedbackModule, dynamodb: DynamoDBClient, counted: Callable[[], dict[str, float]]
) -> None:
    with Stubber(dynamodb) as stubber:
        stubber.add_client_error("update_item", "ThrottlingException")
        with pytest.raises(LedgerUnavailableError, match=r"^ThrottlingException$"):
            invoke(function, load("delivered"))
    assert counted() == {}
    invoke(function, load("delivered"))
    assert status(dynamodb) == "delivered"


def test_the_log_and_the_ledger_name_no_person(
    function: FeedbackModule,
    dynamodb: DynamoDBClient,
    caplog: pytest.LogCaptureFixture,
    logs: list[dict[str, Any]],
) -> None:
    with caplog.at_level(logging.DEBUG):
        for path in sorted(SAMPLES.glob("*.json")):
            invoke(function, json.loads(path.read_text()))
    written = json.dumps([logs, caplog.text, dynamodb.scan(TableName=TABLE)["Items"]], ensure_ascii=False)
    assert len(logs) == len(list(SAMPLES.glob("*.json")))
    assert [name for name in OF_CUSTOMERS if name in written] == []
