"""Configurations and errors that all clients of AWS share."""

from typing import Any, TypedDict, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from functions.notify.timeouts import CONNECT_TIMEOUT, READ_TIMEOUT

# Records that are processed side by side: as many as the largest batch has (BatchSize in template.yaml), which then
# waits for a provider only once. Each thread has a connection of its own in every client's pool.
THREADS = 100

# Most of a mail's processor time is botocore's. A tenth of it would go into the check of parameters, which mypy has
# checked, and into the user agent, which botocore would build twice for each call.
_QUICK = Config(
    max_pool_connections=THREADS, parameter_validation=False, user_agent=f"Boto3/{boto3.__version__} notify"
)

# For calls that are safe to repeat. Long waits would use up the time of a batch.
SHORT_TIMEOUT_CONFIG = _QUICK.merge(
    Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})
)

# SES and SNS have no idempotency token: a send that botocore repeats after a lost answer is a second message.
NO_RETRY_CONFIG = _QUICK.merge(
    Config(connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT, retries={"total_max_attempts": 1})
)

# The code and not botocore's class: it makes the classes of `client.exceptions` at their first use, and two threads can
# make them twice. Then an error of the one class passes an `except` of the other.
CONDITION_FAILED = "ConditionalCheckFailedException"

# Errors of a call. The error for an answer that botocore cannot parse has no base class of botocore's.
CALL_ERRORS = (BotoCoreError, ClientError, ResponseParserError)


class MessageId(TypedDict):
    """The answer of a service that has taken a message."""

    MessageId: str


def found_item(error: Exception) -> dict[str, Any]:
    """Return the item that stood in the way of a write, which ReturnValuesOnConditionCheckFailure asks for, or {}."""
    return cast("dict[str, Any]", error.response).get("Item", {}) if isinstance(error, ClientError) else {}


def error_code(error: Exception) -> str:
    """Return the error code that a service returned, or the status of an answer without one, else the error's type.

    Never its message, which can hold a mail address.
    """
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code") or str(error.response["ResponseMetadata"]["HTTPStatusCode"])
    return type(error).__name__
