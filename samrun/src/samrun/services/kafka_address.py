"""Address of Kafka: whether any of its brokers answers there. Apart from `kafka`, whose client takes long to import."""

import socket

from samrun.errors import UserError

PATIENCE = 5.0
"""Seconds that a broker has to answer."""


class KafkaUnreachableError(UserError):
    """No broker answers at the given address, or it refuses a request."""


def reach(bootstrap: str) -> None:
    """Connect to any one of the brokers. Raises KafkaUnreachableError.

    The client itself would try for seconds, and then not say the cause.
    """
    reasons = []
    for address in bootstrap.split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=PATIENCE).close()
        except OSError as error:
            reasons.append(f"{address}: {error.strerror or error}")
        else:
            return
    raise KafkaUnreachableError(
        f"No Kafka broker answers ({', '.join(reasons)}). Start it, or correct KAFKA_BOOTSTRAP_SERVERS or "
        "--bootstrap-servers."
    )
