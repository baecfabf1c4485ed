"""Send window: the latest moment at which a message may go to its provider, checked when there is a connection.

A send has no other bound before its provider reads it: a resolver that hangs takes ten seconds, and each address of a
provider that cannot be reached takes one more. Afterwards the read time-out bounds it.
"""

from __future__ import annotations

import io
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import ConnectTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from botocore.client import BaseClient


class SendWindow:
    """Latest moments of the sends of each thread, by `clock`."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._of_thread = threading.local()

    @contextmanager
    def until(self, latest: datetime) -> Iterator[None]:
        """Let no message of this thread begin after `latest`: a late one is a ConnectTimeoutError of botocore's."""
        self._of_thread.latest = latest
        try:
            yield
        finally:
            self._of_thread.latest = None

    def watch(self, client: BaseClient) -> None:
        """Check each request of a client when it has a connection and its headers are sent, but nothing of its body."""
        client.meta.events.register("before-send", self._guard)

    def _guard(self, request: Any, **_: object) -> None:
        body = request.body
        request.body = _GuardedBody(body.encode() if isinstance(body, str) else body, self._check)

    def _check(self) -> None:
        latest: datetime | None = getattr(self._of_thread, "latest", None)
        if latest is not None and self._clock() > latest:
            raise ConnectTimeoutError("the message would begin too late")


class _GuardedBody(io.BytesIO):
    """Body of a request, which calls `check` before it is read. The provider discards a request without its body."""

    def __init__(self, content: bytes, check: Callable[[], None]) -> None:
        super().__init__(content)
        self._check = check

    def read(self, size: int | None = -1, /) -> bytes:
        """Read on. Raises what `check` raises."""
        if not self.tell():
            self._check()
        return super().read(size)
