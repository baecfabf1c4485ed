"""Observers of the edges to AWS: what botocore sends and gets, as entries of the history."""

import json
from typing import Any

import pytest

from tools.chaos.history import DeadLetterSend, History, LedgerClaim, LedgerMark, LostMark, MailSend, OutboxMark
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


def exchange(
    start: str,
    request: Any,
    *,
    target: str = "",
    answer: Any = None,
    status: int | None = 200,
    told: bool = True,
    asked: bool = True,
) -> HttpExchange:
    """Return the exchange of the process 7; without a `status`, it has no answer."""
    head = f"{start}\r\nX-Amz-Target: {target}\r\n".encode()
    body = json.dumps(answer or {}).encode()
    return HttpExchange(
        began=1.0,
        ended=2.0,
        request=HttpMessage(start=start, head=head, body=json.dumps(request).encode()),
        answer=None if status is None else HttpMessage(start=f"HTTP/1.1 {status} X", head=b"", body=body),
        asked=asked,
        told=told,
        client=7,
    )


def dynamodb(operation: str, request: Any, answer: Any = None, **what_happened: Any) -> HttpExchange:
    target = f"DynamoDB_20120810.{operation}"
    return exchange("POST / HTTP/1.1", request, target=target, answer=answer, **what_happened)


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize(
    ("status", "asked", "accepted"),
    [(200, True, True), (500, True, False), (None, True, True), (None, False, False)],
    ids=["accepted", "refused", "perhaps accepted", "not asked"],
)
def test_mail_is_noted_with_its_notification(
    observers: Observers, history: History, status: int | None, *, asked: bool, accepted: bool, told: bool
) -> None:
    tags = [
        {"Name": "order_id", "Value": BASE64_OF_ORDER},
        {"Name": "notification_id", "Value": BASE64_OF_NOTIFICATION},
    ]
    start = "POST /v2/email/outbound-emails HTTP/1.1"
    observers.ses(exchange(start, {"EmailTags": tags}, status=status, told=told, asked=asked))
    observers.ses(exchange("GET /other HTTP/1.1", {}))
    [send] = history.sends
    assert send == MailSend(
        began=1.0,
        ended=2.0,
        order_id=ORDER,
        notification_id=NOTIFICATION,
        sender=7,
        accepted=accepted,
        told=told,
    )


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
    observers.dynamodb(dynamodb("BatchExecuteStatement", request, {"Responses": [{}, {"Error": {}}, {}, {}]}))
    [mark] = history.ledger_marks
    assert mark == LedgerMark(at=mark.at, order_id=ORDER, notification_id=NOTIFICATION)
    assert history.lost_marks == []


def test_marks_of_a_batch_without_an_answer_are_lost(observers: Observers, history: History) -> None:
    values = [{"S": "sent"}, {"S": ORDER}, {"S": NOTIFICATION}, {"S": "claimed"}]
    update = {"Statement": 'UPDATE "NotificationsTable" …', "Parameters": values}
    observers.dynamodb(dynamodb("BatchExecuteStatement", {"Statements": [INSERT, update]}, status=None, told=False))
    assert history.lost_marks == [LostMark(began=1.0, order_id=ORDER, notification_id=NOTIFICATION, sender=7)]


MARK = {
    "TableName": "NotificationsTable",
    "Key": KEY,
    "UpdateExpression": "SET #status = :status",
    "ExpressionAttributeValues": {":status": {"S": "sent"}},
}


def test_mark_of_one_entry_is_noted_if_the_function_was_told(observers: Observers, history: History) -> None:
    observers.dynamodb(dynamodb("UpdateItem", MARK))
    [mark] = history.ledger_marks
    assert mark == LedgerMark(at=mark.at, order_id=ORDER, notification_id=NOTIFICATION)
    assert history.lost_marks == []


@pytest.mark.parametrize(
    "what_happened",
    [
        {"told": False},
        {"told": False, "status": None},
        {"told": False, "status": None, "asked": False},
        {"status": 500, "answer": {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"}},
    ],
    ids=["swallowed", "no answer", "not asked", "refused"],
)
def test_mark_of_which_the_function_was_not_told_is_lost(
    observers: Observers, history: History, what_happened: dict[str, Any]
) -> None:
    observers.dynamodb(dynamodb("UpdateItem", MARK, **what_happened))
    assert history.ledger_marks == []
    assert history.lost_marks == [LostMark(began=1.0, order_id=ORDER, notification_id=NOTIFICATION, sender=7)]


def test_mark_whose_condition_does_not_hold_is_neither_made_nor_lost(observers: Observers, history: History) -> None:
    answer = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}
    observers.dynamodb(dynamodb("UpdateItem", MARK, answer, status=400))
    assert history.ledger_marks == []
    assert history.lost_marks == []


def test_other_write_of_the_ledger_is_no_lost_mark(observers: Observers, history: History) -> None:
    observers.dynamodb(
        dynamodb("UpdateItem", {**MARK, "ExpressionAttributeValues": {":status": {"S": "waiting"}}}, status=None)
    )
    assert history.lost_marks == []


@pytest.mark.parametrize("told", [False, True])
def test_claim_of_a_batch_is_noted_if_it_was_written(observers: Observers, history: History, *, told: bool) -> None:
    request = {"Statements": [INSERT, INSERT]}
    observers.dynamodb(dynamodb("BatchExecuteStatement", request, {"Responses": [{"Error": {}}, {}]}, told=told))
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
    observers.dynamodb(dynamodb("UpdateItem", request, told=False))
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
    observers.dynamodb(dynamodb("UpdateItem", request))
    [mark] = history.outbox_marks
    assert mark == OutboxMark(at=mark.at, order_id=ORDER, event_type="order.paid.v1")


def test_dead_letter_is_noted_with_the_place_of_its_record(observers: Observers, history: History) -> None:
    attributes = {"topic": "t", "partition": "1", "offset": "7", "reason": "it is no JSON", "id": "t-1-7"}
    request = {
        "MessageBody": "{}",
        "MessageAttributes": {name: {"StringValue": value} for name, value in attributes.items()},
    }
    observers.aws(exchange("POST / HTTP/1.1", request, target="AmazonSQS.SendMessage", status=500))
    assert history.dead_letters == []
    observers.aws(exchange("POST / HTTP/1.1", request, target="AmazonSQS.SendMessage", told=False))
    [put] = history.dead_letters
    assert put == DeadLetterSend(at=put.at, topic="t", partition=1, offset=7, reason="it is no JSON")


def test_batch_that_the_mapping_discards_is_noted(observers: Observers, history: History) -> None:
    observers.aws(exchange("PUT /bucket/aws/lambda/mapping/x HTTP/1.1", {}))
    [discarded] = history.discarded
    assert discarded.path == "/bucket/aws/lambda/mapping/x"
