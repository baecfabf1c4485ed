"""Orders of one customer, in the table of orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.order.domain.order import snapshot
from functions.order.domain.timestamps import rfc3339, to_milliseconds
from functions.order.outbox.table import QUARANTINE
from functions.order.storage.client import ConditionFailedError, dynamodb_errors
from functions.order.storage.order_item import cancellation_attributes, order_of, serialize_attributes
from functions.order.storage.queries import BY_CUSTOMER
from tools.erase_customer.erased_order import Erasing, decide_erasing, erased_order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.domain.order import Order


@dataclass(frozen=True, kw_only=True)
class CustomerOrder:
    """An order of the customer, and the decision about it."""

    order: Order
    erasing: Erasing


@dataclass(frozen=True, kw_only=True)
class CustomerOrders:
    """The orders of one customer. Its methods raise StoreUnavailableError, and botocore's ClientError."""

    client: DynamoDBClient
    table: str
    customer_id: str

    def all(self) -> list[CustomerOrder]:
        """Return the orders as they are stored now, oldest first. The index lags behind the table by a moment."""
        return [self._decided(self._read(order_id)) for order_id in self._ids()]

    def erase(self, found: CustomerOrder, *, now: datetime) -> CustomerOrder:
        """Erase the order, if it still is as it was found. Return it as it is then, with what was done or why not."""
        erased = erased_order(found.order, now=to_milliseconds(now))
        values: dict[str, Any] = {
            ":customer": snapshot(erased)["customer"],
            ":now": rfc3339(now),
            ":none": [],
            ":status": erased.status,
            ":id": self.customer_id,
        }
        also = ""
        if erased.cancellation:
            values[":cancellation"] = cancellation_attributes(erased.cancellation)
            also = ", cancellation = :cancellation"
        try:
            with dynamodb_errors():
                self.client.update_item(
                    TableName=self.table,
                    Key=serialize_attributes({"order_id": erased.order_id}),
                    UpdateExpression=f"SET customer = :customer, erased_at = :now{also}",
                    # As it was read: a cancellation meanwhile has a reason and a pending event.
                    ConditionExpression=(
                        "customer_id = :id AND pending = :none AND #status = :status"
                        " AND attribute_not_exists(erased_at)"
                    ),
                    ExpressionAttributeNames={"#status": "status"},
                    ExpressionAttributeValues=serialize_attributes(values),
                )
        except ConditionFailedError:
            return self._decided(self._read(erased.order_id))
        return CustomerOrder(order=erased, erasing=Erasing.ERASE)

    def _ids(self) -> Iterator[str]:
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            IndexName=BY_CUSTOMER,
            KeyConditionExpression="customer_id = :id",
            ExpressionAttributeValues=serialize_attributes({":id": self.customer_id}),
        )
        for page in pages:
            yield from (entry["order_id"]["S"] for entry in page["Items"])

    def _read(self, order_id: str) -> dict[str, Any]:
        key = serialize_attributes({"order_id": order_id})
        return self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)["Item"]

    @staticmethod
    def _decided(item: dict[str, Any]) -> CustomerOrder:
        order = order_of(item)
        return CustomerOrder(order=order, erasing=decide_erasing(order, is_quarantined=QUARANTINE in item))
