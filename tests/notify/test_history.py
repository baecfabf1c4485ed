"""What support staff are told of an order's notifications, and who else is told nothing."""

from __future__ import annotations

import copy
import importlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import pytest
from botocore.stub import Stubber

from functions.notify.ledger import Claim, Ledger, Notification
from functions.notify.outcomes import Feedback, Outcome, Outcomes
from tests.notify.conftest import NOW, TABLE
from tests.notify.test_handler import ENVIRONMENT, Context

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.notify.listing import Listing

REQUEST: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "events/api/list-notifications.json").read_text(encoding="utf-8")
)
ORDER_ID = REQUEST["pathParameters"]["order_id"]


class HistoryModule(Protocol):
    """functions/notify/history.py, which reads its environment when it is imported."""

    listing: Listing
    IS_SAM_LOCAL: bool

    def handler(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]: ...


@pytest.fixture(scope="session")
def imported() -> HistoryModule:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in (ENVIRONMENT | {"NOTIFICATIONS_READ_SCOPE": "notifications:read"}).items():
            environment.setenv(name, value)
        return cast("HistoryModule", importlib.import_module("functions.notify.history"))


@pytest.fixture
def function(imported: HistoryModule, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> HistoryModule:
    monkeypatch.setattr(imported, "listing", replace(imported.listing, client=dynamodb))
    return imported


@pytest.fixture
def ledger(dynamodb: DynamoDBClient) -> Ledger:
    return Ledger(client=dynamodb, table=TABLE)


def claim(ledger: Ledger, event: str, channel: str, *, order_id: str = ORDER_ID, minutes: int = 0) -> Claim:
    now = NOW + timedelta(minutes=minutes)
    claimed = ledger.claim(
        Notification(order_id=order_id, event_id=f"id-{event}", channel=channel, event_type=f"order.{event}.v1"),
        owner="request-1",
        now=now,
        lease_until=now + timedelta(seconds=16),
    )
    assert isinstance(claimed, Claim)
    return claimed


def request(path: str | None = None, **claims: Any) -> dict[str, Any]:
    """The sample request, with other claims of its token if there are any."""
    event = copy.deepcopy(REQUEST)
    if path:
        event["rawPath"] = event["requestContext"]["http"]["path"] = path
    if claims:
        event["requestContext"]["authorizer"]["jwt"]["claims"] = {"sub": "support", **claims}
    return event


def get(function: HistoryModule, event: dict[str, Any]) -> tuple[int, Any]:
    answer = function.handler(event, cast("LambdaContext", Context()))
    status = answer["statusCode"]
    kind = "application/json" if status == 200 else "application/problem+json"
    headers = {**answer.get("headers", {}), **{k: v[0] for k, v in answer.get("multiValueHeaders", {}).items()}}
    assert headers["Content-Type"] == kind
    return status, json.loads(answer["body"])


def test_what_was_sent_and_what_became_of_it_is_told_oldest_first(
    function: HistoryModule, ledger: Ledger, dynamodb: DynamoDBClient
) -> None:
    later = claim(ledger, "cancelled", "mail", minutes=30)
    text = claim(ledger, "paid", "text", minutes=1)
    mail = claim(ledger, "paid", "mail")
    claim(ledger, "paid", "mail", order_id="ord_of_another")
    ledger.mark_sent(mail, provider_id="mail-1", now=NOW + timedelta(seconds=1))
    ledger.mark_failed(text, reason="the number is not one that SNS takes", now=NOW + timedelta(minutes=1))
    ledger.give_back(later, now=NOW + timedelta(minutes=30))
    Outcomes(client=dynamodb, table=TABLE).record(
        Feedback(
            order_id=ORDER_ID,
            notification_id="id-paid#mail",
            outcome=Outcome.BOUNCED,
            reason="Permanent/NoEmail",
            at=NOW + timedelta(seconds=3),
            message_id="mail-1",
            sent_at=NOW + timedelta(seconds=1),
        )
    )

    assert get(function, request()) == (
        200,
        {
            "order_id": ORDER_ID,
            "notifications": [
                {
                    "event_id": "id-paid",
                    "event_type": "order.paid.v1",
                    "channel": "mail",
                    "status": "bounced",
                    "reason": "Permanent/NoEmail",
                    "attempts": 1,
                    "possible_duplicate": False,
                    "sent_at": "2026-11-22T10:20:01.000Z",
                    "updated_at": "2026-11-22T10:20:03.000Z",
                },
                {
                    "event_id": "id-paid",
                    "event_type": "order.paid.v1",
                    "channel": "text",
                    "status": "failed",
                    "reason": "the number is not one that SNS takes",
                    "attempts": 1,
                    "possible_duplicate": False,
                    "sent_at": None,
                    "updated_at": "2026-11-22T10:21:00.000Z",
                },
                {
                    "event_id": "id-cancelled",
                    "event_type": "order.cancelled.v1",
                    "channel": "mail",
                    "status": "waiting",
                    "reason": None,
                    "attempts": 0,
                    "possible_duplicate": False,
                    "sent_at": None,
                    "updated_at": "2026-11-22T10:50:00.000Z",
                },
            ],
        },
    )


def test_a_possible_duplicate_is_told_with_its_attempts(function: HistoryModule, ledger: Ledger) -> None:
    ledger.mark_unknown(claim(ledger, "paid", "mail"), now=NOW)
    ledger.mark_sent(claim(ledger, "paid", "mail"), provider_id="mail-2", now=NOW)
    _, answer = get(function, request())
    (told,) = answer["notifications"]
    assert (told["status"], told["attempts"], told["possible_duplicate"]) == ("sent", 2, True)


def test_more_than_a_page_of_dynamodb_is_told(
    function: HistoryModule, ledger: Ledger, dynamodb: DynamoDBClient
) -> None:
    for number in range(4):
        long = f"{number}" * 400_000
        item = {name: {"S": value} for name, value in {"status": "sent", "updated_at": NOW.isoformat()}.items()}
        key = {"order_id": {"S": ORDER_ID}, "notification_id": {"S": f"event-{number}#mail"}}
        dynamodb.put_item(
            TableName=TABLE, Item={**key, **item, "attempts": {"N": "1"}, "padding": {"S": long[:390_000]}}
        )
    assert "LastEvaluatedKey" in dynamodb.scan(TableName=TABLE)
    _, answer = get(function, request())
    assert [told["event_id"] for told in answer["notifications"]] == [f"event-{number}" for number in range(4)]


@pytest.mark.parametrize("order_id", ["ord_unknown", "x" * 3000])
def test_an_order_without_notifications_has_none(function: HistoryModule, order_id: str) -> None:
    status, answer = get(function, request(f"/orders/{order_id}/notifications"))
    assert (status, answer) == (200, {"order_id": order_id, "notifications": []})


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"scope": "notifications:read"}, 200),
        ({"scope": "openid notifications:read"}, 200),
        ({"scp": "[notifications:read orders:write]"}, 200),
        ({"scope": ""}, 403),
        ({"scope": "orders:read:all orders:write"}, 403),
        ({"scope": "notifications:reader"}, 403),
        ({"scopes": "notifications:read"}, 403),
    ],
)
def test_it_takes_the_scope(function: HistoryModule, claims: dict[str, str], status: int) -> None:
    assert get(function, request(**claims))[0] == status


@pytest.mark.parametrize("authorizer", [None, {}, {"jwt": {}}, {"lambda": {"scope": "notifications:read"}}])
def test_a_request_without_claims_is_refused_but_by_sam_on_ones_own_machine(
    function: HistoryModule, monkeypatch: pytest.MonkeyPatch, authorizer: Any
) -> None:
    event = request()
    event["requestContext"]["authorizer"] = authorizer
    assert get(function, event)[0] == 401
    monkeypatch.setattr(function, "IS_SAM_LOCAL", True)
    assert get(function, event)[0] == 200


def test_another_path_is_a_problem(function: HistoryModule) -> None:
    status, problem = get(function, request("/orders"))
    assert (status, problem["status"]) == (404, 404)


def test_without_the_ledger_the_same_request_can_be_sent_again(
    function: HistoryModule, dynamodb: DynamoDBClient
) -> None:
    with Stubber(dynamodb) as stubber:
        stubber.add_client_error("query", "ThrottlingException")
        status, problem = get(function, request())
    assert (status, problem["title"]) == (503, "Service Unavailable")


def test_a_bug_is_logged_without_what_it_was_about(
    function: HistoryModule, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    key = {"order_id": {"S": ORDER_ID}, "notification_id": {"S": "event#mail"}}
    item = {"status": {"S": "sent"}, "attempts": {"N": "1"}, "updated_at": {"S": "ada@example.com"}}
    dynamodb.put_item(TableName=TABLE, Item={**key, **item})
    assert get(function, request())[0] == 500
    assert [line["error"] for line in logs] == ["ValueError"]
    assert "ada@example.com" not in json.dumps(logs)
