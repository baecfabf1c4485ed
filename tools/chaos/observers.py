"""Observers of the edges to AWS: what they write into the history about mails, marks and dead letters."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
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
    MailSend,
    OutboxMark,
    now,
)
from tools.chaos.http_exchange import HttpExchange

_OK = 200
_NOTIFICATIONS = "NotificationsTable"
_NAME = re.compile(r"'(\w+)': \?")

Observer = Callable[[HttpExchange, bool], None]


@dataclass(frozen=True)
class Observers:
    """Observers that write into one history. Each gets an exchange, and whether the client was told its answer."""

    history: History

    def ses(self, exchange: HttpExchange, told: bool) -> None:
        """Note a mail that the function asked SES to send."""
        if not exchange.request.start.startswith("POST /v2/email/outbound-emails"):
            return
        tags = {each["Name"]: _tag(each["Value"]) for each in json.loads(exchange.request.body)["EmailTags"]}
        self.history.add(
            MailSend(
                began=exchange.began,
                order_id=tags["order_id"],
                notification_id=tags["notification_id"],
                accepted=exchange.status == _OK,
                told=told,
            )
        )

    def aws(self, exchange: HttpExchange, told: bool) -> None:
        """Note a dead letter that SQS has taken, and a batch that the mapping gave to S3."""
        if exchange.status != _OK:
            return
        if exchange.request.header("x-amz-target") == "AmazonSQS.SendMessage":
            self.history.add(_dead_letter(json.loads(exchange.request.body)))
        elif exchange.request.start.startswith("PUT ") and "/aws/lambda/" in exchange.request.start:
            self.history.add(DiscardedObject(at=now(), path=exchange.request.start.split(" ")[1]))

    def dynamodb(self, exchange: HttpExchange, told: bool) -> None:
        """Note the claims, and the marks of which the functions were told that they are made."""
        operation = exchange.request.header("x-amz-target").rpartition(".")[2]
        if exchange.status == _OK and operation in {"UpdateItem", "BatchExecuteStatement"}:
            request, answer = json.loads(exchange.request.body), json.loads(exchange.answer.body)
            for entry in (
                *_claims_of(operation, request, answer),
                *(_marks_of(operation, request, answer) if told else ()),
            ):
                self.history.add(entry)


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


def _marks_of(operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterable[Entry]:
    if operation == "BatchExecuteStatement":
        return _batch_marks(request, answer)
    return _ledger_mark(request) if request["TableName"] == _NOTIFICATIONS else _outbox_marks(request)


def _batch_marks(request: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[LedgerMark]:
    for statement, response in zip(request["Statements"], answer["Responses"], strict=True):
        values = [each.get("S", "") for each in statement["Parameters"]]
        if "Error" not in response and statement["Statement"].startswith("UPDATE") and "sent" in values:
            # The key of the entry stands in the conditions, which follow the values.
            [(order_id, notification_id)] = (pair for pair in pairwise(values) if pair[0].startswith("ord_"))
            yield LedgerMark(at=now(), order_id=order_id, notification_id=notification_id)


def _ledger_mark(request: Mapping[str, Any]) -> Iterator[LedgerMark]:
    if request["ExpressionAttributeValues"].get(":status", {}).get("S") == "sent":
        key = request["Key"]
        yield LedgerMark(at=now(), order_id=key["order_id"]["S"], notification_id=key["notification_id"]["S"])


def _outbox_marks(request: Mapping[str, Any]) -> Iterator[OutboxMark]:
    if request["UpdateExpression"].startswith("SET pending = :left"):
        values = request["ExpressionAttributeValues"]
        before, left = ([each["S"] for each in values[name]["L"]] for name in (":read", ":left"))
        for event_type in before:
            if event_type not in left:
                yield OutboxMark(at=now(), order_id=request["Key"]["order_id"]["S"], event_type=event_type)
