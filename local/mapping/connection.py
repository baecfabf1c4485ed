"""A mapping's connections to Kafka: made without leaving anything behind, and why they are refused."""

import logging
from typing import Any, Self

from kafka import KafkaConsumer
from kafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)
from kafka.net.compat import KafkaNetClient
from kafka.net.connection import KafkaConnection
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

_LOGIN = {SaslHandshakeRequest.API_KEY, SaslAuthenticateRequest.API_KEY}
_REFUSALS = (SaslAuthenticationFailedError, UnsupportedSaslMechanismError, IllegalSaslStateError)


def connected(**options: Any) -> KafkaConsumer:
    """Return a consumer that has found its brokers. Raises KafkaError."""
    clients: list[KafkaNetClient] = []

    def remembered(**settings: Any) -> KafkaNetClient:
        clients.append(KafkaNetClient(**settings))
        return clients[-1]

    try:
        return KafkaConsumer(kafka_client=remembered, **options)
    except BaseException:
        # kafka-python would leave its thread and sockets.
        for client in clients:
            client.close()
        raise


class Refusals(logging.Handler):
    """Why brokers refuse a client, by its id, from kafka-python's "%s: Connection lost: %s": its caller is not told.

    A context manager: it listens for as long as the context lasts.
    """

    def __init__(self, client_id: str) -> None:
        super().__init__(logging.ERROR)
        self._client_id = client_id
        self._logger = logging.getLogger("kafka.net.connection")
        self._last: str | None = None

    def __enter__(self) -> Self:
        self._logger.addHandler(self)
        if not self._logger.isEnabledFor(logging.ERROR):
            self._logger.setLevel(logging.ERROR)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)

    def take(self) -> str | None:
        """Return why the last connection was refused since this was asked before; None if none was."""
        last, self._last = self._last, None
        return last

    def emit(self, record: logging.LogRecord) -> None:
        match record.args:
            case (KafkaConnection(config={"client_id": self._client_id}) as connection, Exception() as error):
                self._last = _refusal(connection, error) or self._last


def _refusal(connection: Any, error: Exception) -> str | None:
    # A broker says that the login is wrong and hangs up: kafka-python 3.0 most often sees the end first, and throws
    # away the answer that came before it.
    unanswered = connection.parser.in_flight_requests if connection.parser else ()
    in_login = any(request.request_api_key in _LOGIN for request in unanswered)
    if isinstance(error, _REFUSALS) or (in_login and isinstance(error, KafkaConnectionError)):
        return "the login is refused"
    return str(error) if "Handshake failed" in str(error) else None
