"""Pages of the table of orders, by DynamoDB's Scan.

A scan returns each order that is there all the time exactly once, whatever is written meanwhile: an index of orders by
their status would move an order that is cancelled between two pages. Several processes can read a segment each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.order.storage.order_item import order_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.domain.order import Order


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One of `total` parts of the table, which processes may read beside each other; `number` begins with 1."""

    number: int = 1
    total: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


@dataclass(frozen=True, kw_only=True)
class OrderPage:
    """Some orders, and the id with which the table goes on after them; None after the last page."""

    orders: Sequence[Order]
    last_id: str | None


@dataclass(frozen=True, kw_only=True)
class OrderPages:
    """A segment of the table of orders, in pages of `size` items. Its methods raise botocore's errors."""

    client: DynamoDBClient
    table: str
    segment: Segment
    size: int

    def after(self, order_id: str | None) -> Iterator[OrderPage]:
        """Yield the pages after an order; None: all. The items are as consistent as a single read."""
        scan: dict[str, Any] = {
            "TableName": self.table,
            "ConsistentRead": True,
            "Limit": self.size,
            "Segment": self.segment.number - 1,
            "TotalSegments": self.segment.total,
            # The table also has the lease of the relay.
            "FilterExpression": "attribute_exists(payment_reference)",
        }
        start = _key(order_id)
        while True:
            answer = self.client.scan(**scan, **start)
            last_id = answer["LastEvaluatedKey"]["order_id"]["S"] if answer.get("LastEvaluatedKey") else None
            yield OrderPage(orders=[order_of(item) for item in answer["Items"]], last_id=last_id)
            if last_id is None:
                return
            start = _key(last_id)

    def approximate_count(self) -> int:
        """Return about how many orders the segment has. DynamoDB counts the items of a table every six hours."""
        return int(self.client.describe_table(TableName=self.table)["Table"]["ItemCount"]) // self.segment.total


def _key(order_id: str | None) -> dict[str, Any]:
    return {} if order_id is None else {"ExclusiveStartKey": {"order_id": {"S": order_id}}}
