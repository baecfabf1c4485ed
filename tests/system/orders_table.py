"""The table of orders, as a test looks at it from outside the functions."""

from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer
from botocore.config import Config

from local.services import CREDENTIALS

TABLE = "OrdersTable"
_INDEX = "pending"

_deserialize = TypeDeserializer().deserialize


class OrdersTable:
    """The orders that a DynamoDB at the URL `endpoint` holds."""

    def __init__(self, endpoint: str) -> None:
        self._client = boto3.client(
            "dynamodb",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}),
        )

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def orders(self) -> list[dict[str, Any]]:
        """Return the items that are orders; what else the table keeps, the lease, is none."""
        return [item for item in self._scan() if "payment_reference" in item]

    def pending(self) -> list[dict[str, Any]]:
        """Return the orders of which an event is still to be published."""
        return [order for order in self.orders() if order["pending"]]

    def index(self) -> list[dict[str, Any]]:
        """Return what the index of pending orders holds."""
        return self._scan(IndexName=_INDEX)

    def _scan(self, **options: Any) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("scan").paginate(TableName=TABLE, **options)
        return [{name: _deserialize(value) for name, value in item.items()} for page in pages for item in page["Items"]]
