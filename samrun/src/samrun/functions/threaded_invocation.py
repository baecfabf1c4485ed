"""Invocations by threads: the pollers of event source mappings wait for functions without an event loop."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait

from samrun.functions.invoker import InvocationOptions, InvocationResult, Invoker

Invoke = Callable[[str, bytes], "Future[InvocationResult]"]
"""Invokes a function by its name, with a payload. The future raises what `Invoker.invoke` raises."""

# Seconds.
_POLL = 0.1
_STOP_PATIENCE = 1.0


def invoke_from_threads(invoker: Invoker, qualifier: str | None, note_result: Callable[[str], object]) -> Invoke:
    """Return the function with which threads invoke functions, or a version or an alias of one, by this event loop.

    `note_result` gets each result, in the words of Lambda's LastProcessingResult.
    """
    loop = asyncio.get_running_loop()

    def note(invocation: "Future[InvocationResult]") -> None:
        if not invocation.cancelled():
            failed = invocation.exception() or invocation.result().function_error
            note_result("PROBLEM: Function call failed" if failed else "OK")

    def invoke(name: str, payload: bytes) -> "Future[InvocationResult]":
        options = InvocationOptions(qualifier=qualifier)
        invocation = asyncio.run_coroutine_threadsafe(invoker.invoke(name, payload, options), loop)
        invocation.add_done_callback(note)
        return invocation

    return invoke


def wait_for_result(invocation: "Future[InvocationResult]", stopping: threading.Event) -> InvocationResult | None:
    """Wait for the result. Return None if there is none shortly after `stopping` is set.

    Raises what the invocation raises.
    """
    while not invocation.done() and not stopping.is_set():
        wait([invocation], timeout=_POLL)
    if not wait([invocation], timeout=_STOP_PATIENCE).done:
        invocation.cancel()
        return None
    return invocation.result()
