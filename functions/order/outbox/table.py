"""What of the orders is still to be published: the marks in their items, and the index of those that have one."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from functions.order.dynamodb import StoreUnavailableError, unavailability
from functions.order.items import (
    PENDING_SHARDS,
    deserialize,
    found_item,
    order_of,
    pending_shard,
    serialize,
    serialized,
)
from functions.order.orders import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.orders import Order

INDEX = "pending"
MOST_ORDERS = 100  # that one BatchGetItem reads

logger = Logger()


@dataclass(frozen=True, kw_only=True)
class PendingOrder:
    """An order of which an event is still to be published, and since when."""

    order: Order
    since: datetime


class Outbox:
    """The marks in the table of orders. Every method raises StoreUnavailableError."""

    def __init__(self, *, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def mark_published(self, order: Order, event_type: str) -> tuple[str, ...]:
        """Take `event_type` from what is pending, and return what is left for the caller to publish.

        With the last one, the order leaves the index.
        """
        left = tuple(pending for pending in order.pending if pending != event_type)
        leave = "" if left else ", pending_shard, pending_since"
        try:
            with unavailability():
                self._client.update_item(
                    TableName=self._table,
                    Key={"order_id": {"S": order.order_id}},
                    UpdateExpression=f"SET pending = :left REMOVE unpublishable{leave}",
                    ConditionExpression="pending = :read",
                    ExpressionAttributeValues=serialized({":left": list(left), ":read": list(order.pending)}),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            # Someone else took or added a mark, or our own first try got through and its answer did not.
            found = order_of(found_item(error) or {})
            if event_type in found.pending:
                self.mark_published(found, event_type)
            # The caller has not read the order as it is now, and could not build the events that came meanwhile.
            return ()
        return left

    def set_aside(self, order: Order, event_type: str, *, reason: str, now: datetime) -> None:
        """Note why Kafka will never take the event, and take the order out of the index; its marks stay."""
        refusal = {"event_type": event_type, "reason": reason, "refused_at": rfc3339(now)}
        try:
            with unavailability():
                self._client.update_item(
                    TableName=self._table,
                    Key={"order_id": {"S": order.order_id}},
                    UpdateExpression="SET unpublishable = :refusal REMOVE pending_shard, pending_since",
                    ConditionExpression="contains(pending, :event_type)",
                    ExpressionAttributeValues=serialized({":refusal": refusal, ":event_type": event_type}),
                )
        except self._client.exceptions.ConditionalCheckFailedException:
            return  # somebody published it after all

    def put_back(self, order_id: str, *, now: datetime) -> bool:
        """Put an order that was set aside into the index again; False if there is no such order."""
        try:
            with unavailability():
                self._client.update_item(
                    TableName=self._table,
                    Key={"order_id": {"S": order_id}},
                    UpdateExpression="SET pending_shard = :shard, pending_since = :now REMOVE unpublishable",
                    ConditionExpression="attribute_exists(unpublishable)",
                    ExpressionAttributeValues=serialized({":shard": pending_shard(order_id), ":now": rfc3339(now)}),
                )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def pending(self, *, before: datetime) -> Iterator[list[PendingOrder]]:
        """The orders that pend since `before` or longer, oldest first, up to MOST_ORDERS at a time."""
        oldest_first = heapq.merge(*(self._entries(shard, before) for shard in range(PENDING_SHARDS)))
        while entries := list(islice(oldest_first, MOST_ORDERS)):
            yield self._read([order_id for _, order_id in entries], before)

    def _entries(self, shard: int, before: datetime) -> Iterator[tuple[str, str]]:
        """What the index has in one shard: (pending_since, order_id), oldest first."""
        start: dict[str, Any] = {}
        while True:
            with unavailability():
                page = self._client.query(
                    TableName=self._table,
                    IndexName=INDEX,
                    KeyConditionExpression="pending_shard = :shard AND pending_since <= :before",
                    ExpressionAttributeValues=serialized({":shard": shard, ":before": rfc3339(before)}),
                    Limit=MOST_ORDERS,
                    **start,
                )
            for entry in page["Items"]:
                yield deserialize(entry["pending_since"]), deserialize(entry["order_id"])
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _read(self, order_ids: Sequence[str], before: datetime) -> list[PendingOrder]:
        """The orders of these that pend indeed: an index lags behind the items, and is never read consistently."""
        found: list[PendingOrder] = []
        keys: list[dict[str, Any]] = [{"order_id": serialize(order_id)} for order_id in order_ids]
        while keys:
            with unavailability():
                answer = self._client.batch_get_item(RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}})
            items = answer["Responses"].get(self._table, [])
            found += [pending for item in items if (pending := _pending_order(item))]
            # What is over an answer's 16 MB, or over the table's throughput.
            rest = answer["UnprocessedKeys"].get(self._table)
            keys = [dict(key) for key in rest["Keys"]] if rest else []
            if keys and not items:
                raise StoreUnavailableError
        # An order that was published and marked anew meanwhile belongs to whoever marked it.
        return sorted((each for each in found if each.since <= before), key=lambda each: each.since)


def _pending_order(item: Mapping[str, Any]) -> PendingOrder | None:
    """Return None for what pends no more, and for what this version of the function cannot read."""
    if "pending_since" not in item:
        return None
    try:
        return PendingOrder(order=order_of(item), since=datetime.fromisoformat(deserialize(item["pending_since"])))
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        # It stays where it is, and is reported each time: another version may know it.
        keys = {"order_id": item["order_id"]["S"], "error_type": type(error).__name__}
        logger.error("pending order cannot be read", extra=keys)  # noqa: TRY400 - a traceback could quote the order
        return None
