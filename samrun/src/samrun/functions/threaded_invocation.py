"""Invocations by threads: the pollers of event source mappings wait for functions without an event loop."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait

from samrun.functions.invoker import InvocationResult

Invoke = Callable[[str, bytes], "Future[InvocationResult]"]
"""Invokes a function by its name, with a payload. The future raises PayloadTooLargeError."""

# Seconds.
_POLL = 0.1
_STOP_PATIENCE = 1.0


def wait_for_result(invocation: "Future[InvocationResult]", stopping: threading.Event) -> InvocationResult | None:
    """Wait for the result. Return None if there is none shortly after `stopping` is set.

    Raises PayloadTooLargeError.
    """
    while not invocation.done() and not stopping.is_set():
        wait([invocation], timeout=_POLL)
    if not wait([invocation], timeout=_STOP_PATIENCE).done:
        invocation.cancel()
        return None
    return invocation.result()
