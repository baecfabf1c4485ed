"""Orders in DynamoDB: one item an order, with the marks of what is still to be published."""

from __future__ import annotations

import uuid
import zlib
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

from functions.order.orders import Customer, Item, Order, facts, is_order_id, rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

PENDING_SHARDS = 16

_WRITE_ID = "write_id"
_THROTTLED = {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}


class StoreUnavailableError(Exception):
    """DynamoDB is away or throttles: whether it wrote is unknown, the same call may be made again."""


class OrderUnknownError(Exception):
    """No order has this id."""


class PaymentTakenError(Exception):
    """The payment has another order already."""


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except (BotoConnectionError, HTTPClientError, ResponseParserError) as error:
        raise StoreUnavailableError from error
    except ClientError as error:
        failed_there = error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
        if failed_there or error.response["Error"]["Code"] in _THROTTLED:
            raise StoreUnavailableError from error
        raise


class OrderStore:
    """The table of orders. Every method raises StoreUnavailableError."""

    def __init__(self, *, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, order: Order) -> Order | None:
        """Write the order once: None if it is new, else what was written for the same request before.

        Raises PaymentTakenError if that was another request.
        """
        # Should the answer get lost, the client writes again and finds this very item: that is no earlier order.
        write_id = uuid.uuid4().hex
        try:
            with _unavailable():
                self._client.put_item(
                    TableName=self._table,
                    Item={**_to_item(order), _WRITE_ID: _serialize(write_id)},
                    ConditionExpression="attribute_not_exists(order_id)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            if _found_item(error).get(_WRITE_ID) == _serialize(write_id):
                return None
            earlier = _found(error)
            if earlier.content_hash != order.content_hash:
                raise PaymentTakenError from None
            return earlier
        return None

    def get(self, order_id: str) -> Order:
        """The order as it is stored now. Raises OrderUnknownError."""
        if not is_order_id(order_id):  # DynamoDB would refuse an empty or overlong one
            raise OrderUnknownError
        with _unavailable():
            answer = self._client.get_item(
                TableName=self._table, Key={"order_id": {"S": order_id}}, ConsistentRead=True
            )
        if "Item" not in answer:
            raise OrderUnknownError
        return _from_item(answer["Item"])

    def mark_published(self, order: Order, event_type: str) -> None:
        """Take `event_type` from what is pending; with the last one, the order leaves the index."""
        left = [pending for pending in order.pending if pending != event_type]
        leave = "" if left else " REMOVE pending_shard, pending_since"
        try:
            with _unavailable():
                self._client.update_item(
                    TableName=self._table,
                    Key={"order_id": {"S": order.order_id}},
                    UpdateExpression=f"SET pending = :left{leave}",
                    ConditionExpression="pending = :read",
                    ExpressionAttributeValues={
                        ":left": _serialize(left),
                        ":read": _serialize(list(order.pending)),
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            # Someone else took or added a mark, or our own first try got through and its answer did not.
            found = _found(error)
            if event_type in found.pending:
                self.mark_published(found, event_type)


def _to_item(order: Order) -> dict[str, Any]:
    created_at = rfc3339(order.created_at)
    attributes = {
        **facts(order),
        "status": order.status,
        "created_at": created_at,
        "payment_reference": order.payment_reference,
        "content_hash": order.content_hash,
        "traceparent": order.traceparent,
        "pending": list(order.pending),
        "pending_shard": zlib.crc32(order.order_id.encode()) % PENDING_SHARDS,
        "pending_since": created_at,
    }
    return {name: _serialize(value) for name, value in attributes.items()}


def _found(error: ClientError) -> Order:
    return _from_item(_found_item(error))


def _found_item(error: ClientError) -> dict[str, Any]:
    """What a failed condition found, by ReturnValuesOnConditionCheckFailure."""
    item: dict[str, Any] = cast("dict[str, Any]", error.response)["Item"]
    return item


def _from_item(item: Mapping[str, Any]) -> Order:
    attributes = {name: _deserialize(value) for name, value in item.items()}
    return Order(
        order_id=attributes["order_id"],
        payment_reference=attributes["payment_reference"],
        content_hash=attributes["content_hash"],
        customer=Customer(**attributes["customer"]),
        items=tuple(
            Item(
                sku=each["sku"],
                name=each["name"],
                quantity=int(each["quantity"]),
                unit_price=Decimal(each["unit_price"]),
            )
            for each in attributes["items"]
        ),
        currency=attributes["currency"],
        total=Decimal(attributes["total"]),
        created_at=datetime.fromisoformat(attributes["created_at"]),
        traceparent=attributes["traceparent"],
        status=attributes["status"],
        pending=tuple(attributes["pending"]),
    )


_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize
