"""Code of an error: the short name by which log lines and decisions know it."""

from botocore.exceptions import ClientError


def error_code(error: BaseException) -> str:
    """Return the code that AWS gave the error, or else the name of its class."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", type(error).__name__))
    return type(error).__name__
