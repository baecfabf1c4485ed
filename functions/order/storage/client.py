"""DynamoDB's client: how long a call may take, and what its errors mean."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

from functions.order.errors import OrderError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

# In seconds: two attempts, each with 1 s to connect and 2 s to read, and up to a second in between.
MAX_CALL = 7.0
_SHORT_TIMEOUT_CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 2},
    tcp_keepalive=True,
    max_pool_connections=16,
    # A third of a call's processor time would go into these two: the check of parameters, which mypy has checked, and
    # the user agent, which botocore would build twice for each call.
    parameter_validation=False,
    user_agent=f"Boto3/{boto3.__version__} order",
)
_CONDITION_FAILED = "ConditionalCheckFailedException"
_THROTTLED = {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}


class StoreUnavailableError(OrderError):
    """DynamoDB is unavailable or throttles. It may or may not have written; the same call may be repeated."""


class ConditionFailedError(OrderError):
    """The condition of a write did not hold. `item` is what stood in the way, if the call asks for it and one did."""

    def __init__(self, item: dict[str, Any] | None) -> None:
        super().__init__("the condition of a write did not hold")
        self.item = item


def dynamodb_client() -> DynamoDBClient:
    """Build a client whose calls end within MAX_CALL."""
    return boto3.client("dynamodb", config=_SHORT_TIMEOUT_CONFIG)


@contextmanager
def dynamodb_errors() -> Iterator[None]:
    """Turn DynamoDB's errors into StoreUnavailableError and ConditionFailedError; raise others unchanged.

    They are told apart by their codes: botocore makes the classes of `client.exceptions` at their first use, and two
    threads can make them twice. Then an error of the one class passes an `except` of the other.
    """
    try:
        yield
    except (BotoConnectionError, HTTPClientError, ResponseParserError) as error:
        raise StoreUnavailableError from error
    except ClientError as error:
        if error_code(error) == _CONDITION_FAILED:
            raise ConditionFailedError(cast("dict[str, Any]", error.response).get("Item")) from error
        failed_there = error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
        if failed_there or error_code(error) in _THROTTLED:
            raise StoreUnavailableError from error
        raise


def error_code(error: Exception) -> str:
    """Return the error code that AWS returned, else the error's type. The message could quote the order."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
