"""Why a connection to Kafka was not made: kafka-python tells its log, and its caller no more than that time is up."""

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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka.net.connection import KafkaConnection

_LOGIN = {SaslHandshakeRequest.API_KEY, SaslAuthenticateRequest.API_KEY}
_REFUSALS = (SaslAuthenticationFailedError, UnsupportedSaslMechanismError, IllegalSaslStateError)


class NotConnectedError(Exception):
    """No broker was reached and logged in to, for the reasons that the message gives; it holds no secret."""


@contextmanager
def explained() -> Iterator[None]:
    """Have a producer that is built in it say why it has no connection. Raises NotConnectedError."""
    losses = _Losses()
    logger = logging.getLogger("kafka.net.connection")
    logger.addHandler(losses)
    try:
        yield
    except KafkaTimeoutError as error:
        raise NotConnectedError("; ".join(losses.reasons) or str(error)) from error
    finally:
        logger.removeHandler(losses)


class _Losses(logging.Handler):
    """Collects why connections were lost, each reason once, from kafka-python's "%s: Connection lost: %s"."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.reasons: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        match record.args:
            case (connection, Exception() as error):
                self.reasons[_reason(connection, error)] = None


def _reason(connection: KafkaConnection, error: Exception) -> str:
    # A broker says that the login is wrong and hangs up: kafka-python 3.0 most often sees the end first, and throws
    # away the answer that came before it.
    unanswered = connection.parser.in_flight_requests if connection.parser else ()
    in_login = any(request.request_api_key in _LOGIN for request in unanswered)
    if isinstance(error, _REFUSALS) or (in_login and isinstance(error, KafkaConnectionError)):
        return "the login is refused"
    return str(error) if isinstance(error, KafkaError) else f"{type(error).__name__}: {error}"
