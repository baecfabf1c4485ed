"""Reasons why a connection to Kafka failed: kafka-python logs them, and returns only a timeout."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

from functions.order.errors import OrderError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka.net.connection import KafkaConnection

_AUTHENTICATION_REQUESTS = {SaslHandshakeRequest.API_KEY, SaslAuthenticateRequest.API_KEY}
_REFUSALS = (SaslAuthenticationFailedError, UnsupportedSaslMechanismError, IllegalSaslStateError)


class NotConnectedError(OrderError):
    """No broker was reached and accepted the authentication. The message gives the reasons, and no secret."""


@contextmanager
def explain_timeouts() -> Iterator[None]:
    """Replace the timeout of a producer built in the context with the reasons for it. Raises NotConnectedError."""
    losses = _ConnectionLosses()
    logger = logging.getLogger("kafka.net.connection")
    logger.addHandler(losses)
    try:
        yield
    except KafkaTimeoutError as error:
        raise NotConnectedError("; ".join(losses.reasons) or str(error)) from error
    finally:
        logger.removeHandler(losses)


class _ConnectionLosses(logging.Handler):
    """Reasons why connections were lost, each once, from kafka-python's "%s: Connection lost: %s"."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.reasons: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        match record.args:
            case (connection, Exception() as error):
                self.reasons[_reason(connection, error)] = None


def _reason(connection: KafkaConnection, error: Exception) -> str:
    # A broker answers that the authentication failed, and hangs up. kafka-python 3.0 most often sees the hang-up
    # first, and throws away the answer that came before it.
    unanswered = connection.parser.in_flight_requests if connection.parser else ()
    is_authenticating = any(request.request_api_key in _AUTHENTICATION_REQUESTS for request in unanswered)
    if isinstance(error, _REFUSALS) or (is_authenticating and isinstance(error, KafkaConnectionError)):
        return "the broker refused the authentication"
    return str(error) if isinstance(error, KafkaError) else f"{type(error).__name__}: {error}"
