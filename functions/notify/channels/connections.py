"""Connections for sends: closed after a long idle time, since the other end may be gone.

Lambda freezes an environment between invocations, and a connection can die meanwhile. If a send over it fails, nobody
knows whether the message was sent, and the customer could get it twice. A new connection costs milliseconds.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from botocore.client import BaseClient

MAX_IDLE = timedelta(seconds=10)


class Connections:
    """Connections of `clients`. `clock` gives the time of day: a monotonic clock may stop in a frozen environment."""

    def __init__(self, clients: Sequence[BaseClient], *, clock: Callable[[], datetime]) -> None:
        self._clients = clients
        self._clock = clock
        self._last_used = clock()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Begin with new connections if the old ones were idle for too long. For one invocation at a time."""
        if self._clock() - self._last_used > MAX_IDLE:
            for client in self._clients:
                client.close()  # botocore opens new ones as it needs them
        try:
            yield
        finally:
            self._last_used = self._clock()
