"""What the gateway and the mappings need of Lambda, whoever runs the functions."""

from dataclasses import dataclass
from typing import Protocol

# Of a synchronous invocation, in bytes.
PAYLOAD_LIMIT = 6 * 1024 * 1024


class FunctionNotFoundError(Exception):
    """No function of that name is in the template."""


class PayloadTooLargeError(Exception):
    """The payload of a synchronous invocation is over Lambda's 6 MB."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one invocation gave.

    `payload` is the function's JSON, or the error's where `function_error` is set (`Unhandled`): an object
    with `errorType` and `errorMessage`. `log_tail` holds the last 4 KB that the invocation logged.
    """

    request_id: str
    payload: bytes
    function_error: str | None = None
    log_tail: bytes = b""


class Invoker(Protocol):
    """Invokes functions by name."""

    async def invoke(self, function: str, payload: bytes) -> Answer:
        """Invoke `function` with a JSON payload and wait for its answer.

        Who gives up waiting ends only the wait: as in Lambda, the invocation goes on.
        Raises FunctionNotFoundError and PayloadTooLargeError. A function that fails is an Answer, not an error.
        """
        ...
