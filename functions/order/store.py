"""Orders in DynamoDB: each is recorded once, and cancelled once."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from functions.order.dynamodb import unavailability
from functions.order.items import (
    cancellation_attributes,
    found_item,
    item_of,
    order_of,
    pending_shard,
    serialize,
    serialized,
    status_shard,
)
from functions.order.orders import ORDER_CANCELLED, is_order_id, rfc3339

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.orders import Cancellation, Order

# Of the call that wrote the item last. Should its answer get lost, the client makes the call again and finds its
# own work: that is no earlier order, and no earlier cancellation.
_WRITE_ID = "write_id"


class OrderUnknownError(Exception):
    """No order has this id."""


class PaymentTakenError(Exception):
    """The payment has another order already."""


class AlreadyCancelledError(Exception):
    """The order was cancelled before, for another reason."""


class OrderStore:
    """The table of orders. Every method raises StoreUnavailableError."""

    def __init__(self, *, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, order: Order) -> Order | None:
        """Write the order once: None if it is new, else what was written for the same request before.

        Raises PaymentTakenError if that was another request.
        """
        write_id = serialize(uuid.uuid4().hex)
        try:
            with unavailability():
                self._client.put_item(
                    TableName=self._table,
                    Item={**item_of(order), _WRITE_ID: write_id},
                    ConditionExpression="attribute_not_exists(order_id)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            item = found_item(error) or {}
            if item[_WRITE_ID] == write_id:
                return None
            earlier = order_of(item)
            if earlier.content_hash != order.content_hash:
                raise PaymentTakenError from None
            return earlier
        return None

    def get(self, order_id: str) -> Order:
        """The order as it is stored now. Raises OrderUnknownError."""
        if not is_order_id(order_id):  # DynamoDB would refuse an empty or overlong one
            raise OrderUnknownError
        with unavailability():
            answer = self._client.get_item(
                TableName=self._table, Key={"order_id": {"S": order_id}}, ConsistentRead=True
            )
        if "Item" not in answer:
            raise OrderUnknownError
        return order_of(answer["Item"])

    def cancel(
        self, order_id: str, cancellation: Cancellation, *, customer_id: str | None = None
    ) -> tuple[Order, bool]:
        """Cancel a paid order, and mark its event as pending; return the order, and whether this call did it.

        With a `customer_id`, only an order of that customer. A repeat with the same reason finds what is done.
        Raises OrderUnknownError and AlreadyCancelledError.
        """
        if not is_order_id(order_id):
            raise OrderUnknownError
        write_id = serialize(uuid.uuid4().hex)
        try:
            with unavailability():
                answer = self._client.update_item(
                    TableName=self._table,
                    Key={"order_id": {"S": order_id}},
                    # What pends already keeps its place in the index: the relay may be at it.
                    UpdateExpression=(
                        "SET #status = :cancelled, cancellation = :cancellation, status_shard = :status_shard,"
                        " pending = list_append(pending, :event), pending_shard = :pending_shard,"
                        f" pending_since = if_not_exists(pending_since, :now), {_WRITE_ID} = :write_id"
                    ),
                    ConditionExpression="#status = :paid"
                    + ("" if customer_id is None else " AND customer_id = :customer_id"),
                    ExpressionAttributeNames={"#status": "status"},
                    ExpressionAttributeValues={
                        ":write_id": write_id,
                        **({} if customer_id is None else {":customer_id": serialize(customer_id)}),
                        **serialized(
                            {
                                ":paid": "paid",
                                ":cancelled": "cancelled",
                                ":cancellation": cancellation_attributes(cancellation),
                                ":status_shard": status_shard("cancelled", order_id),
                                ":event": [ORDER_CANCELLED],
                                ":pending_shard": pending_shard(order_id),
                                ":now": rfc3339(cancellation.cancelled_at),
                            }
                        ),
                    },
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            item = found_item(error)
            if item is None:
                raise OrderUnknownError from None
            found = order_of(item)
            if customer_id not in {None, found.customer.id}:
                raise OrderUnknownError from None
            if found.cancellation is None or found.cancellation.reason != cancellation.reason:
                raise AlreadyCancelledError from None
            return found, item[_WRITE_ID] == write_id
        return order_of(answer["Attributes"]), True
