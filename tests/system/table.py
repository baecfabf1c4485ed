"""A table of DynamoDB, as a test looks at it from outside the functions."""

from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer
from botocore.config import Config

from local.services import CREDENTIALS

_deserialize = TypeDeserializer().deserialize


class Table:
    """The table `name` of the DynamoDB at the URL `endpoint`."""

    def __init__(self, endpoint: str, name: str) -> None:
        self._name = name
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

    def scan(self, **options: Any) -> list[dict[str, Any]]:
        """Return all items, or with IndexName all of an index, without DynamoDB's types."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._name, **options)
        return [{name: _deserialize(value) for name, value in item.items()} for page in pages for item in page["Items"]]
