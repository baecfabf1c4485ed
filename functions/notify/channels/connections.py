"""Closes connections for sends that have been idle for long: the other end may be gone, and nobody has told us.

Lambda freezes an environment between invocations. A send over a connection that died meanwhile fails in a way that
leaves open whether the message went out, and could come twice; a new connection costs some milliseconds.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from botocore.client import BaseClient

LONGEST_IDLE = timedelta(seconds=10)


class Connections:
    """The connections of `clients`. `clock` gives the time of the day: a monotonic one may stand still in a freeze."""

    def __init__(self, clients: Sequence[BaseClient], *, clock: Callable[[], datetime]) -> None:
        self._clients = clients
        self._clock = clock
        self._last_used = clock()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Begin with new connections, unless others have just been in use; one invocation at a time."""
        if self._clock() - self._last_used > LONGEST_IDLE:
            for client in self._clients:
                client.close()  # botocore opens new ones as it needs them
        try:
            yield
        finally:
            self._last_used = self._clock()
