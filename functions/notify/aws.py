"""What the clients of AWS's services have in common."""

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

# For calls that are safe to repeat: long waits would eat the time of a batch.
IMPATIENT = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})

# What a call of a client raises. An answer that botocore cannot parse has no base class of botocore's.
CALL_ERRORS = (BotoCoreError, ClientError, ResponseParserError)


def name_of(error: Exception) -> str:
    """Return the code that a service answered, else the kind of the error.

    Never its message, which can hold a mail address.
    """
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__
