"""Observers of the edges to AWS: what botocore sends and gets, as entries of the history."""

import json
from typing import Any

import pytest

from tools.chaos.history import DeadLetterSend, History, LedgerClaim, LedgerMark, MailSend, OutboxMark
from tools.chaos.http_exchange import HttpExchange, HttpMessage
from tools.chaos.observers import Observers

ORDER, NOTIFICATION = "ord_1", "event#mail"
KEY = {"order_id": {"S": ORDER}, "notification_id": {"S": NOTIFICATION}}
BASE64_OF_ORDER, BASE64_OF_NOTIFICATION = "b3JkXzE", "ZXZlbnQjbWFpbA"


INSERT = {
    "Statement": (
        """INSERT INTO "NotificationsTable" VALUE {'order_id': ?, 'notification_id': ?, 'owner': ?, 'lease_until': ?}"""
    ),
    "Parameters": [{"S": ORDER}, {"S": NOTIFICATION}, {"S": "owner"}, {"N": "18.5"}],
}


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def observers(history: History) -> Observers:
    return Observers(history)


def exchange(start: str, request: Any, *, target: str = "", answer: Any = None, status: int = 200) -> HttpExchange:
    head = f"{start}\r\nX-Amz-Target: {target}\r\n".encode()
    return HttpExchange(
        began=1.0,
        request=HttpMessage(start=start, head=head, body=json.dumps(request).encode()),
        answer=HttpMessage(start=f"HTTP/1.1 {status} X", head=b"", body=json.dumps(answer or {}).encode()),
    )


def dynamodb(operation: str, request: Any, answer: Any = None) -> HttpExchange:
    return exchange("POST / HTTP/1.1", request, target=f"DynamoDB_20120810.{operation}", answer=answer)


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize(("status", "accepted"), [(200, True), (500, False)])
def test_mail_is_noted_with_its_notification(
    observers: Observers, history: History, status: int, *, accepted: bool, told: bool
) -> None:
    tags = [
        {"Name": "order_id", "Value": BASE64_OF_ORDER},
        {"Name": "notification_id", "Value": BASE64_OF_NOTIFICATION},
    ]
    sent = exchange("POST /v2/email/outbound-emails HTTP/1.1", {"EmailTags": tags}, status=status)
    observers.ses(sent, told)
    observers.ses(exchange("GET /other HTTP/1.1", {}), told)
    [send] = history.sends
    assert send == MailSend(began=1.0, order_id=ORDER, notification_id=NOTIFICATION, accepted=accepted, told=told)


def test_mark_of_a_batch_is_noted_if_it_was_written(observers: Observers, history: History) -> None:
    def update(order_id: str, status: str) -> dict[str, Any]:
        values = [
            {"S": status},
            {"S": "2026-11-30"},
            {"N": "1"},
            {"S": order_id},
            {"S": NOTIFICATION},
            {"S": "claimed"},
        ]
        return {"Statement": 'UPDATE "NotificationsTable" …', "Parameters": values}

    statements = [INSERT, update("ord_refused", "sent"), update(ORDER, "sent"), update("ord_waits", "waiting")]
    request = {"Statements": statements}
    observers.dynamodb(dynamodb("BatchExecuteStatement", request, {"Responses": [{}, {"Error": {}}, {}, {}]}), True)
    [mark] = history.ledger_marks
    assert mark == LedgerMark(at=mark.at, order_id=ORDER, notification_id=NOTIFICATION)


def test_mark_of_one_entry_is_noted_only_if_the_function_was_told(observers: Observers, history: History) -> None:
    request = {
        "TableName": "NotificationsTable",
        "Key": KEY,
        "UpdateExpression": "SET #status = :status",
        "ExpressionAttributeValues": {":status": {"S": "sent"}},
    }
    observers.dynamodb(dynamodb("UpdateItem", request), False)
    assert history.ledger_marks == []
    observers.dynamodb(dynamodb("UpdateItem", request), True)
    [mark] = history.ledger_marks
    assert mark == LedgerMark(at=mark.at, order_id=ORDER, notification_id=NOTIFICATION)


@pytest.mark.parametrize("told", [False, True])
def test_claim_of_a_batch_is_noted_if_it_was_written(observers: Observers, history: History, *, told: bool) -> None:
    request = {"Statements": [INSERT, INSERT]}
    observers.dynamodb(dynamodb("BatchExecuteStatement", request, {"Responses": [{"Error": {}}, {}]}), told)
    [claim] = history.ledger_claims
    assert claim == LedgerClaim(at=claim.at, notification_id=NOTIFICATION, owner="owner", lease_until=18.5)


@pytest.mark.parametrize(
    ("found", "taken_from"),
    [
        ({}, ""),
        ({":found_status": {"S": "unknown"}, ":found_owner": {"S": "earlier"}}, ""),
        ({":found_status": {"S": "claimed"}, ":found_owner": {"S": "earlier"}}, "earlier"),
    ],
    ids=["free", "unknown", "claimed"],
)
def test_claim_is_noted_with_the_owner_that_it_was_taken_from(
    observers: Observers, history: History, found: dict[str, Any], taken_from: str
) -> None:
    values = {":status": {"S": "claimed"}, ":owner": {"S": "owner"}, ":lease_until": {"N": "18.5"}, **found}
    request = {
        "TableName": "NotificationsTable",
        "Key": KEY,
        "UpdateExpression": "SET #status = :status",
        "ExpressionAttributeValues": values,
    }
    observers.dynamodb(dynamodb("UpdateItem", request), False)
    [claim] = history.ledger_claims
    assert (claim.owner, claim.lease_until, claim.taken_from) == ("owner", 18.5, taken_from)


def test_mark_of_a_published_event_is_noted(observers: Observers, history: History) -> None:
    request = {
        "TableName": "OrdersTable",
        "Key": {"order_id": {"S": ORDER}},
        "UpdateExpression": "SET pending = :left REMOVE unpublishable",
        "ExpressionAttributeValues": {
            ":read": {"L": [{"S": "order.paid.v1"}, {"S": "order.cancelled.v1"}]},
            ":left": {"L": [{"S": "order.cancelled.v1"}]},
        },
    }
    observers.dynamodb(dynamodb("UpdateItem", request), True)
    [mark] = history.outbox_marks
    assert mark == OutboxMark(at=mark.at, order_id=ORDER, event_type="order.paid.v1")


def test_dead_letter_is_noted_with_the_place_of_its_record(observers: Observers, history: History) -> None:
    attributes = {"topic": "t", "partition": "1", "offset": "7", "reason": "it is no JSON", "id": "t-1-7"}
    request = {
        "MessageBody": "{}",
        "MessageAttributes": {name: {"StringValue": value} for name, value in attributes.items()},
    }
    observers.aws(exchange("POST / HTTP/1.1", request, target="AmazonSQS.SendMessage", status=500), True)
    assert history.dead_letters == []
    observers.aws(exchange("POST / HTTP/1.1", request, target="AmazonSQS.SendMessage"), False)
    [put] = history.dead_letters
    assert put == DeadLetterSend(at=put.at, topic="t", partition=1, offset=7, reason="it is no JSON")


def test_batch_that_the_mapping_discards_is_noted(observers: Observers, history: History) -> None:
    observers.aws(exchange("PUT /bucket/aws/lambda/mapping/x HTTP/1.1", {}), True)
    [discarded] = history.discarded
    assert discarded.path == "/bucket/aws/lambda/mapping/x"
