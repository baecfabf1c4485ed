"""Transactional outbox in DynamoDB: each order's item lists its pending events; a sparse index finds such orders."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from functions.order.domain.timestamps import rfc3339
from functions.order.logs import logger
from functions.order.storage.client import ConditionFailedError, StoreUnavailableError, dynamodb_errors, error_code
from functions.order.storage.order_item import (
    PENDING_SHARDS,
    deserialize_value,
    order_of,
    pending_shard,
    serialize_attributes,
    serialize_value,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.domain.order import Order

INDEX = "pending"
MAX_ORDERS = 100  # as many as one BatchGetItem reads

# The attribute with the reason why an event is quarantined. It keeps the name that it had before "quarantined" was the
# word for this: tables of earlier versions have orders with it, and the relay must still requeue those.
QUARANTINE = "unpublishable"


@dataclass(frozen=True, kw_only=True)
class PendingOrder:
    """An order that has a pending event, and the time since which it has one."""

    order: Order
    since: datetime


class Outbox:
    """The pending events in the table of orders. Every method raises StoreUnavailableError."""

    def __init__(self, *, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def mark_published(self, order: Order, event_type: str) -> tuple[str, ...]:
        """Remove `event_type` from the pending events. Return those that are left for the caller to publish.

        With its last pending event, the order leaves the index. Any other order must be in it: if DynamoDB makes this
        write late, the order may have been quarantined, and the write removes the reason by which a person finds it.
        """
        left = tuple(pending for pending in order.pending if pending != event_type)
        values: dict[str, Any] = {":left": list(left), ":read": list(order.pending)}
        if left:
            index = (
                f", pending_shard = :shard, pending_since = if_not_exists(pending_since, :since) REMOVE {QUARANTINE}"
            )
            values |= {":shard": pending_shard(order.order_id), ":since": rfc3339(order.created_at)}
        else:
            index = f" REMOVE {QUARANTINE}, pending_shard, pending_since"
        try:
            with dynamodb_errors():
                self._client.update_item(
                    TableName=self._table,
                    Key={"order_id": {"S": order.order_id}},
                    UpdateExpression=f"SET pending = :left{index}",
                    ConditionExpression="pending = :read",
                    ExpressionAttributeValues=serialize_attributes(values),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ConditionFailedError as error:
            # Somebody else removed or added an event, or our first attempt got through and its answer got lost.
            found = order_of(error.item or {})
            if event_type in found.pending:
                self.mark_published(found, event_type)
            # The caller knows the order as it was, and could not build the events that were added since.
            return ()
        return left

    def quarantine(self, order: Order, event_type: str, *, reason: str, now: datetime) -> None:
        """Record why Kafka rejects the event, and take the order out of the index. The event stays pending."""
        refusal = {"event_type": event_type, "reason": reason, "refused_at": rfc3339(now)}
        try:
            with dynamodb_errors():
                self._client.update_item(
                    TableName=self._table,
                    Key={"order_id": {"S": order.order_id}},
                    UpdateExpression=f"SET {QUARANTINE} = :refusal REMOVE pending_shard, pending_since",
                    ConditionExpression="contains(pending, :event_type)",
                    ExpressionAttributeValues=serialize_attributes({":refusal": refusal, ":event_type": event_type}),
                )
        except ConditionFailedError:
            return  # somebody has published it after all

    def requeue(self, order_id: str, *, now: datetime) -> bool:
        """Put a quarantined order into the index again. Return False if there is no such order."""
        try:
            with dynamodb_errors():
                self._client.update_item(
                    TableName=self._table,
                    Key={"order_id": {"S": order_id}},
                    UpdateExpression=f"SET pending_shard = :shard, pending_since = :now REMOVE {QUARANTINE}",
                    ConditionExpression=f"attribute_exists({QUARANTINE})",
                    ExpressionAttributeValues=serialize_attributes(
                        {":shard": pending_shard(order_id), ":now": rfc3339(now)}
                    ),
                )
        except ConditionFailedError:
            return False
        return True

    def pending(self, *, before: datetime) -> Iterator[list[PendingOrder]]:
        """Yield the orders pending since `before` or longer, oldest first, up to MAX_ORDERS at a time."""
        oldest_first = heapq.merge(*(self._entries(shard, before) for shard in range(PENDING_SHARDS)))
        while entries := list(islice(oldest_first, MAX_ORDERS)):
            yield self._read([order_id for _, order_id in entries], before)

    def _entries(self, shard: int, before: datetime) -> Iterator[tuple[str, str]]:
        """Yield the index entries of one shard, oldest first: (pending_since, order_id)."""
        start: dict[str, Any] = {}
        while True:
            with dynamodb_errors():
                page = self._client.query(
                    TableName=self._table,
                    IndexName=INDEX,
                    KeyConditionExpression="pending_shard = :shard AND pending_since <= :before",
                    ExpressionAttributeValues=serialize_attributes({":shard": shard, ":before": rfc3339(before)}),
                    Limit=MAX_ORDERS,
                    **start,
                )
            for entry in page["Items"]:
                yield deserialize_value(entry["pending_since"]), deserialize_value(entry["order_id"])
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _read(self, order_ids: Sequence[str], before: datetime) -> list[PendingOrder]:
        """Return those of the orders that are still pending: the index lags behind the items."""
        found: list[PendingOrder] = []
        keys: list[dict[str, Any]] = [{"order_id": serialize_value(order_id)} for order_id in order_ids]
        while keys:
            with dynamodb_errors():
                answer = self._client.batch_get_item(RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}})
            items = answer["Responses"].get(self._table, [])
            found += [pending for item in items if (pending := _pending_order(item))]
            # DynamoDB leaves out keys beyond 16 MB of answer, or beyond the table's throughput.
            unprocessed = answer["UnprocessedKeys"].get(self._table)
            keys = [dict(key) for key in unprocessed["Keys"]] if unprocessed else []
            if keys and not items:
                raise StoreUnavailableError
        # If an order was published and got a new event meanwhile, the request that added it publishes it.
        return sorted((each for each in found if each.since <= before), key=lambda each: each.since)


def _pending_order(item: Mapping[str, Any]) -> PendingOrder | None:
    """Return None if the order is not pending any more, or if this version of the function cannot read it."""
    if "pending_since" not in item:
        return None
    try:
        return PendingOrder(
            order=order_of(item), since=datetime.fromisoformat(deserialize_value(item["pending_since"]))
        )
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        # It stays pending and is logged each time: another version may be able to read it.
        keys = {"order_id": item["order_id"]["S"], "error_type": error_code(error)}
        logger.error("pending order cannot be read", extra=keys)
        return None
