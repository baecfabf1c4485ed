"""How the functions talk to DynamoDB: how long they wait, and what it means when a call fails."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

# In seconds: two tries of 1 s to connect and 2 s to read, and up to a second in between.
LONGEST_CALL = 7.0
_IMPATIENT = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 2},
    tcp_keepalive=True,
    max_pool_connections=16,
)
_THROTTLED = {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}


class StoreUnavailableError(Exception):
    """DynamoDB is away or throttles: whether it wrote is unknown, the same call may be made again."""


def dynamodb_client() -> DynamoDBClient:
    """A client that gives up after LONGEST_CALL."""
    return boto3.client("dynamodb", config=_IMPATIENT)


@contextmanager
def unavailability() -> Iterator[None]:
    """Raise StoreUnavailableError for what of a call's errors means that; let the others through."""
    try:
        yield
    except (BotoConnectionError, HTTPClientError, ResponseParserError) as error:
        raise StoreUnavailableError from error
    except ClientError as error:
        failed_there = error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
        if failed_there or error.response["Error"]["Code"] in _THROTTLED:
            raise StoreUnavailableError from error
        raise
