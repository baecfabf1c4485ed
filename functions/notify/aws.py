"""What the clients of AWS's services have in common."""

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

# How many records are worked off side by side: no fewer than a batch has (BatchSize in template.yaml), which then waits
# for a provider once. Each thread has a connection of its own in every client's pool.
THREADS = 100

# Most of a mail's processor time is botocore's; a fifth of it went into checking parameters that mypy has checked, and
# into putting the user agent together, twice for each call.
_QUICK = Config(
    max_pool_connections=THREADS, parameter_validation=False, user_agent=f"Boto3/{boto3.__version__} notify"
)

# For calls that are safe to repeat: long waits would eat the time of a batch.
IMPATIENT = _QUICK.merge(
    Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})
)

_CONNECT_TIMEOUT = 1
_READ_TIMEOUT = 3
LONGEST_SEND = _CONNECT_TIMEOUT + _READ_TIMEOUT  # seconds
# SES and SNS know no idempotency token: a send that botocore repeats after a lost answer is a second message.
SENDS = _QUICK.merge(
    Config(connect_timeout=_CONNECT_TIMEOUT, read_timeout=_READ_TIMEOUT, retries={"total_max_attempts": 1})
)

# What a call of a client raises. An answer that botocore cannot parse has no base class of botocore's.
CALL_ERRORS = (BotoCoreError, ClientError, ResponseParserError)


def name_of(error: Exception) -> str:
    """Return the code that a service answered, else the kind of the error.

    Never its message, which can hold a mail address.
    """
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__
