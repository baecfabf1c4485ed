"""Observers of the edges to AWS: what they write into the history about mails, marks and dead letters."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tools.chaos.history import (
    DeadLetterSend,
    DiscardedObject,
    Entry,
    History,
    LedgerClaim,
    LedgerMark,
    LostMark,
    MailSend,
    OutboxMark,
    now,
)
from tools.chaos.http_exchange import HttpExchange

_OK = 200
_NOTIFICATIONS = "NotificationsTable"
_CONDITION_FAILED = "ConditionalCheckFailedException"
_NAME = re.compile(r"'(\w+)': \?")

# Of an entry in the ledger: the order's id and the notification's.
Key = tuple[str, str]


@dataclass(frozen=True)
class Observers:
    """Observers that write into one history. Each gets the exchanges of its edge."""

    history: History

    def ses(self, exchange: HttpExchange) -> None:
        """Note a mail that the function asked SES to send."""
        if not exchange.request.start.startswith("POST /v2/email/outbound-emails"):
            return
        tags = {each["Name"]: _tag(each["Value"]) for each in json.loads(exchange.request.body)["EmailTags"]}
        self.history.add(
            MailSend(
                began=exchange.began,
                ended=exchange.ended,
                order_id=tags["order_id"],
                notification_id=tags["notification_id"],
                sender=exchange.client,
                accepted=exchange.status == _OK or (exchange.answer is None and exchange.asked),
                told=exchange.told,
            )
        )

    def aws(self, exchange: HttpExchange) -> None:
        """Note a dead letter that SQS has taken, and a batch that the mapping gave to S3."""
        if exchange.status != _OK:
            return
        if exchange.request.header("x-amz-target") == "AmazonSQS.SendMessage":
            self.history.add(_dead_letter(json.loads(exchange.request.body)))
        elif exchange.request.start.startswith("PUT ") and "/aws/lambda/" in exchange.request.start:
            self.history.add(DiscardedObject(at=now(), path=exchange.request.start.split(" ")[1]))

    def dynamodb(self, exchange: HttpExchange) -> None:
        """Note the claims, and the marks: those of which the functions were told that they are made, and the lost."""
        operation = exchange.request.header("x-amz-target").rpartition(".")[2]
        if operation not in {"UpdateItem", "BatchExecuteStatement"}:
            return
        request = json.loads(exchange.request.body)
        answer = json.loads(exchange.answer.body or b"{}") if exchange.answer else {}
        if exchange.status == _OK:
            for claim in _claims_of(operation, request, answer):
                self.history.add(claim)
        if exchange.status == _OK and exchange.told:
            for mark in _marks_of(operation, request, answer):
                self.history.add(mark)
        elif not (exchange.told and answer.get("__type", "").endswith(_CONDITION_FAILED)):
            for order_id, notification_id in _wanted_marks(operation, request):
                self.history.add(
                    LostMark(
                        began=exchange.began,
                        order_id=order_id,
                        notification_id=notification_id,
                        sender=exchange.client,
                    )
                )


def _tag(value: str) -> str:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()


def _dead_letter(request: Mapping[str, Any]) -> DeadLetterSend:
    attributes = {name: each["StringValue"] for name, each in request["MessageAttributes"].items()}
    return DeadLetterSend(
        at=now(),
        topic=attributes["topic"],
        partition=int(attributes["partition"]),
        offset=int(attributes["offset"]),
        reason=attributes["reason"],
    )


def _claims_of(operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[LedgerClaim]:
    if operation == "BatchExecuteStatement":
        for statement, response in zip(request["Statements"], answer["Responses"], strict=True):
            if "Error" not in response and statement["Statement"].startswith("INSERT"):
                names = _NAME.findall(statement["Statement"])
                values = dict(zip(names, statement["Parameters"], strict=True))
                yield _claim(values["notification_id"]["S"], values["owner"]["S"], values["lease_until"]["N"])
    elif request["TableName"] == _NOTIFICATIONS and ":lease_until" in request["ExpressionAttributeValues"]:
        values = request["ExpressionAttributeValues"]
        is_over = values.get(":found_status", {}).get("S") == "claimed"
        yield _claim(
            request["Key"]["notification_id"]["S"],
            values[":owner"]["S"],
            values[":lease_until"]["N"],
            taken_from=values[":found_owner"]["S"] if is_over else "",
        )


def _claim(notification_id: str, owner: str, lease_until: str, *, taken_from: str = "") -> LedgerClaim:
    return LedgerClaim(
        at=now(),
        notification_id=notification_id,
        owner=owner,
        lease_until=float(lease_until),
        taken_from=taken_from,
    )


def _marks_of(operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[Entry]:
    if operation == "BatchExecuteStatement":
        for statement, response in zip(request["Statements"], answer["Responses"], strict=True):
            if "Error" not in response:
                yield from map(_ledger_mark, _marks_of_statement(statement))
    elif request["TableName"] == _NOTIFICATIONS:
        yield from map(_ledger_mark, _marks_of_update(request))
    else:
        yield from _outbox_marks(request)


def _wanted_marks(operation: str, request: Mapping[str, Any]) -> Iterator[Key]:
    if operation == "BatchExecuteStatement":
        for statement in request["Statements"]:
            yield from _marks_of_statement(statement)
    elif request["TableName"] == _NOTIFICATIONS:
        yield from _marks_of_update(request)


def _ledger_mark(key: Key) -> LedgerMark:
    order_id, notification_id = key
    return LedgerMark(at=now(), order_id=order_id, notification_id=notification_id)


def _marks_of_statement(statement: Mapping[str, Any]) -> Iterator[Key]:
    values = [each.get("S", "") for each in statement["Parameters"]]
    if statement["Statement"].startswith("UPDATE") and "sent" in values:
        # The key of the entry stands in the conditions, which follow the values.
        yield from (pair for pair in pairwise(values) if pair[0].startswith("ord_"))


def _marks_of_update(request: Mapping[str, Any]) -> Iterator[Key]:
    if request["ExpressionAttributeValues"].get(":status", {}).get("S") == "sent":
        key = request["Key"]
        yield key["order_id"]["S"], key["notification_id"]["S"]


def _outbox_marks(request: Mapping[str, Any]) -> Iterator[OutboxMark]:
    if request["UpdateExpression"].startswith("SET pending = :left"):
        values = request["ExpressionAttributeValues"]
        before, left = ([each["S"] for each in values[name]["L"]] for name in (":read", ":left"))
        for event_type in before:
            if event_type not in left:
                yield OutboxMark(at=now(), order_id=request["Key"]["order_id"]["S"], event_type=event_type)
