"""The history function: the notifications of an order for support staff, and for nobody else."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from botocore.stub import Stubber

from functions.notify.domain.decisions import Send
from functions.notify.domain.notification import Claim, Notification, UnknownPolicy
from functions.notify.feedback.delivery_status import DeliveryStatus, DeliveryStatusStore, Feedback
from functions.notify.ledger.ledger import Ledger
from functions.notify.notifying import claiming
from functions.notify.notifying.pending_writes import PendingWrites
from tests.lambda_context import FakeContext
from tests.notify.fakes import NOW
from tests.notify.samples import HISTORY_ENVIRONMENT, TABLE

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.notify.ledger.queries import LedgerQueries
    from functions.notify.settings import HistorySettings
    from tests.notify.fakes import FakeClock

REQUEST: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "events/api/list-notifications.json").read_text(encoding="utf-8")
)
ORDER_ID = REQUEST["pathParameters"]["order_id"]


class HistoryModule(Protocol):
    """functions/notify/handlers/history.py, which reads its environment when it is imported."""

    queries: LedgerQueries
    settings: HistorySettings

    def handler(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]: ...


@pytest.fixture(scope="session")
def imported() -> HistoryModule:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in HISTORY_ENVIRONMENT.items():
            environment.setenv(name, value)
        from functions.notify.handlers import history

        return history


@pytest.fixture
def function(
    imported: HistoryModule, dynamodb: DynamoDBClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> HistoryModule:
    monkeypatch.setattr(imported, "queries", replace(imported.queries, client=dynamodb, clock=clock))
    return imported


@pytest.fixture
def ledger(dynamodb: DynamoDBClient) -> Ledger:
    return Ledger(client=dynamodb, table=TABLE)


def claim(ledger: Ledger, event: str, channel: str, *, order_id: str = ORDER_ID, minutes: int = 0) -> Claim:
    now = NOW + timedelta(minutes=minutes)
    decision = claiming.claim(
        ledger,
        PendingWrites(),
        Notification(key=order_id, event_id=f"id-{event}", channel=channel, event_type=f"order.{event}.v1"),
        owner="request-1",
        now=now,
        lease_until=now + timedelta(seconds=16),
        policy=UnknownPolicy.RESEND,
    )
    assert isinstance(decision, Send)
    return decision.claim


def request(path: str | None = None, **claims: Any) -> dict[str, Any]:
    """The sample request, with other claims of its token if there are any."""
    event = copy.deepcopy(REQUEST)
    if path:
        event["rawPath"] = event["requestContext"]["http"]["path"] = path
    if claims:
        event["requestContext"]["authorizer"]["jwt"]["claims"] = {"sub": "support", **claims}
    return event


def get(function: HistoryModule, event: dict[str, Any]) -> tuple[int, Any]:
    answer = function.handler(event, FakeContext("history", remaining_ms=15_000))
    status = answer["statusCode"]
    kind = "application/json" if status == 200 else "application/problem+json"
    headers = {**answer.get("headers", {}), **{k: v[0] for k, v in answer.get("multiValueHeaders", {}).items()}}
    assert headers["Content-Type"] == kind
    return status, json.loads(answer["body"])


def answered(event: str, channel: str, status: str, **more: Any) -> dict[str, Any]:
    """Return a notification as the API answers it; by default no send of it is known."""
    notification = {
        "event_id": f"id-{event}",
        "event_type": f"order.{event}.v1",
        "channel": channel,
        "status": status,
        "reason": None,
        "attempts": 1,
        "possible_duplicate": False,
        "sent_at": None,
    }
    return notification | more


def test_the_answer_has_the_notifications_with_their_status_oldest_first(
    function: HistoryModule, ledger: Ledger, dynamodb: DynamoDBClient
) -> None:
    later = claim(ledger, "cancelled", "mail", minutes=30)
    text = claim(ledger, "paid", "text", minutes=1)
    mail = claim(ledger, "paid", "mail")
    claim(ledger, "paid", "mail", order_id="ord_of_another")
    ledger.mark_sent(mail, provider_id="mail-1", now=NOW + timedelta(seconds=1))
    ledger.mark_failed(text, reason="the number is not one that SNS takes", now=NOW + timedelta(minutes=1))
    ledger.release(later, now=NOW + timedelta(minutes=30))
    bounced = Feedback(
        order_id=ORDER_ID,
        notification_id="id-paid#mail",
        status=DeliveryStatus.BOUNCED,
        reason="Permanent/NoEmail",
        at=NOW + timedelta(seconds=3),
        message_id="mail-1",
        sent_at=NOW + timedelta(seconds=1),
    )
    DeliveryStatusStore(client=dynamodb, table=TABLE).record(bounced)
    assert get(function, request()) == (
        200,
        {
            "order_id": ORDER_ID,
            "notifications": [
                answered(
                    "paid",
                    "mail",
                    "bounced",
                    reason="Permanent/NoEmail",
                    sent_at="2026-11-22T10:20:01.000Z",
                    updated_at="2026-11-22T10:20:03.000Z",
                ),
                answered(
                    "paid",
                    "text",
                    "failed",
                    reason="the number is not one that SNS takes",
                    updated_at="2026-11-22T10:21:00.000Z",
                ),
                answered("cancelled", "mail", "waiting", attempts=0, updated_at="2026-11-22T10:50:00.000Z"),
            ],
        },
    )


def test_the_answer_names_a_possible_duplicate_and_its_attempts(function: HistoryModule, ledger: Ledger) -> None:
    ledger.mark_unknown(claim(ledger, "paid", "mail"), now=NOW)
    ledger.mark_sent(claim(ledger, "paid", "mail"), provider_id="mail-2", now=NOW)
    _, answer = get(function, request())
    (notification,) = answer["notifications"]
    assert (notification["status"], notification["attempts"], notification["possible_duplicate"]) == ("sent", 2, True)


@pytest.mark.parametrize(("seconds", "status"), [(0, "claimed"), (15.9, "claimed"), (16, "unknown"), (3600, "unknown")])
def test_a_claim_is_a_send_under_way_only_while_its_lease_runs(
    function: HistoryModule, ledger: Ledger, clock: FakeClock, seconds: float, status: str
) -> None:
    claim(ledger, "paid", "mail")
    clock.advance(seconds=seconds)
    _, answer = get(function, request())
    assert answer["notifications"] == [answered("paid", "mail", status, updated_at="2026-11-22T10:20:00.000Z")]


def test_a_mail_that_was_sent_is_shown_so_however_long_its_claim_is_over(
    function: HistoryModule, ledger: Ledger, clock: FakeClock
) -> None:
    ledger.mark_sent(claim(ledger, "paid", "mail"), provider_id="mail-1", now=NOW)
    clock.advance(hours=1)
    _, answer = get(function, request())
    assert [each["status"] for each in answer["notifications"]] == ["sent"]


def test_the_answer_has_more_than_a_page_of_dynamodb(
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
    assert [each["event_id"] for each in answer["notifications"]] == [f"event-{number}" for number in range(4)]


@pytest.mark.parametrize("order_id", ["ord_unknown", "x" * 3000])
def test_an_order_without_notifications_has_an_empty_list(function: HistoryModule, order_id: str) -> None:
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
def test_a_request_needs_the_scope(function: HistoryModule, claims: dict[str, str], status: int) -> None:
    assert get(function, request(**claims))[0] == status


@pytest.mark.parametrize("authorizer", [None, {}, {"jwt": {}}, {"lambda": {"scope": "notifications:read"}}])
def test_a_request_without_claims_is_refused_except_under_sam_local(
    function: HistoryModule, monkeypatch: pytest.MonkeyPatch, authorizer: Any
) -> None:
    event = request()
    event["requestContext"]["authorizer"] = authorizer
    assert get(function, event)[0] == 401
    monkeypatch.setattr(function, "settings", replace(function.settings, is_sam_local=True))
    assert get(function, event)[0] == 200


def test_another_path_is_not_found(function: HistoryModule) -> None:
    status, problem = get(function, request("/orders"))
    assert (status, problem["status"]) == (404, 404)


def test_a_request_without_the_ledger_can_be_repeated(function: HistoryModule, dynamodb: DynamoDBClient) -> None:
    with Stubber(dynamodb) as stubber:
        stubber.add_client_error("query", "ThrottlingException")
        status, problem = get(function, request())
    assert (status, problem["title"]) == (503, "Service Unavailable")


def test_a_bug_is_logged_without_values_of_the_ledger(
    function: HistoryModule, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    key = {"order_id": {"S": ORDER_ID}, "notification_id": {"S": "event#mail"}}
    item = {"status": {"S": "sent"}, "attempts": {"N": "1"}, "updated_at": {"S": "ada@example.com"}}
    dynamodb.put_item(TableName=TABLE, Item={**key, **item})
    assert get(function, request())[0] == 500
    assert [(line["message"], line["error_type"]) for line in logs] == [("request failed", "ValueError")]
    assert "ada@example.com" not in json.dumps(logs)
