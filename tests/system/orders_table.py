"""The table of orders, read from outside the functions."""

from typing import Any

from samrun.testing.dynamodb import Table

TABLE = "OrdersTable"
_INDEX = "pending"


class OrdersTable(Table):
    """The orders that a DynamoDB at the URL `endpoint` holds."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint, TABLE)

    def orders(self) -> list[dict[str, Any]]:
        """Return the items that are orders; what else the table keeps, the lease, is none."""
        return [item for item in self.scan() if "payment_reference" in item]

    def pending(self) -> list[dict[str, Any]]:
        """Return the orders of which an event is still to be published."""
        return [order for order in self.orders() if order["pending"]]

    def index(self) -> list[dict[str, Any]]:
        """Return what the index of pending orders holds."""
        return self.scan(IndexName=_INDEX)
