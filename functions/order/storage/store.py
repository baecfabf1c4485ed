"""Order store: DynamoDB records each order once, and cancels it once."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from functions.order.domain.decisions import Cancelling, Placing, decide_cancelling, decide_placing
from functions.order.domain.order import ORDER_CANCELLED, is_order_id
from functions.order.domain.timestamps import rfc3339
from functions.order.errors import OrderError
from functions.order.storage.client import ConditionFailedError, dynamodb_errors
from functions.order.storage.order_item import (
    cancellation_attributes,
    item_of,
    order_of,
    pending_shard,
    serialize_attributes,
    serialize_value,
    status_shard,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.domain.order import Cancellation, Order

# Id of the call that wrote the item last. If its answer gets lost, the client repeats the call, which then finds what
# it has written itself: that is no earlier order, and no earlier cancellation.
_WRITE_ID = "write_id"

# Placing.RECORD, as DynamoDB checks it.
_RECORD_CONDITION = "attribute_not_exists(order_id)"
# Cancelling.CANCEL, as DynamoDB checks it: for a caller who may read all orders, and for one who may read those of
# one customer.
_CANCEL_CONDITION = "#status = :paid AND attribute_not_exists(erased_at)"
_CANCEL_OWN_CONDITION = f"{_CANCEL_CONDITION} AND customer_id = :customer_id"


class OrderUnknownError(OrderError):
    """No order has this id, or the caller may not read it."""


class PaymentTakenError(OrderError):
    """Another order was recorded for this payment."""


class AlreadyCancelledError(OrderError):
    """The order was cancelled before, for another reason."""


class OrderErasedError(OrderError):
    """The personal data of the order's customer was erased, so the order does not change any more."""


class OrderStore:
    """The table of orders. Every method raises StoreUnavailableError."""

    def __init__(self, *, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, order: Order) -> Order | None:
        """Record the order once. Return None if it is new, else the order that the same request recorded before.

        Raises PaymentTakenError.
        """
        write_id = serialize_value(uuid.uuid4().hex)
        try:
            with dynamodb_errors():
                self._client.put_item(
                    TableName=self._table,
                    Item={**item_of(order), _WRITE_ID: write_id},
                    ConditionExpression=_RECORD_CONDITION,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ConditionFailedError as error:
            item = error.item or {}
            if item[_WRITE_ID] == write_id:
                return None
            found = order_of(item)
            if decide_placing(found, content_hash=order.content_hash) is Placing.REPLAY:
                return found
            raise PaymentTakenError from None
        return None

    def get_order(self, order_id: str) -> Order:
        """Return the order as it is stored now. Raises OrderUnknownError."""
        if not is_order_id(order_id):  # DynamoDB would refuse an id that is empty or too long
            raise OrderUnknownError
        with dynamodb_errors():
            answer = self._client.get_item(
                TableName=self._table, Key={"order_id": {"S": order_id}}, ConsistentRead=True
            )
        if "Item" not in answer:
            raise OrderUnknownError
        return order_of(answer["Item"])

    def cancel(
        self, order_id: str, cancellation: Cancellation, *, customer_id: str | None = None
    ) -> tuple[Order, bool]:
        """Cancel a paid order and make its event pending. Return the order, and whether this call cancelled it.

        A repeated cancellation with the same reason returns the order as it is. `customer_id` is the customer whose
        orders the caller may read; None: all orders.

        Raises OrderUnknownError, OrderErasedError and AlreadyCancelledError.
        """
        if not is_order_id(order_id):
            raise OrderUnknownError
        write_id = uuid.uuid4().hex
        try:
            with dynamodb_errors():
                answer = self._client.update_item(
                    **self._cancellation_request(order_id, cancellation, customer_id, write_id),
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ConditionFailedError as error:
            item = error.item
            found = order_of(item) if item else None
        else:
            return order_of(answer["Attributes"]), True
        match decide_cancelling(found, reason=cancellation.reason, customer_id=customer_id):
            case Cancelling.REPLAY if found and item:
                return found, item[_WRITE_ID] == serialize_value(write_id)
            case Cancelling.REFUSE_UNKNOWN:
                raise OrderUnknownError
            case Cancelling.REFUSE_ERASED:
                raise OrderErasedError
        raise AlreadyCancelledError

    def _cancellation_request(
        self, order_id: str, cancellation: Cancellation, customer_id: str | None, write_id: str
    ) -> dict[str, Any]:
        values = {
            ":write_id": write_id,
            ":paid": "paid",
            ":cancelled": "cancelled",
            ":cancellation": cancellation_attributes(cancellation),
            ":status_shard": status_shard("cancelled", order_id),
            ":event": [ORDER_CANCELLED],
            ":pending_shard": pending_shard(order_id),
            ":now": rfc3339(cancellation.cancelled_at),
        }
        if customer_id is not None:
            values[":customer_id"] = customer_id
        return {
            "TableName": self._table,
            "Key": {"order_id": {"S": order_id}},
            # An order that is pending already keeps its place in the index: the relay may be publishing it.
            "UpdateExpression": (
                "SET #status = :cancelled, cancellation = :cancellation, status_shard = :status_shard,"
                " pending = list_append(pending, :event), pending_shard = :pending_shard,"
                f" pending_since = if_not_exists(pending_since, :now), {_WRITE_ID} = :write_id"
            ),
            "ConditionExpression": _CANCEL_CONDITION if customer_id is None else _CANCEL_OWN_CONDITION,
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": serialize_attributes(values),
        }
