"""One invocation of a mapping's function with a batch, and what of it has to come again."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass

from local.invoker import Answer
from local.mapping.answer import MalformedAnswerError, failed_from
from local.mapping.batch import Batch
from local.model import KafkaMapping

# Seconds.
_POLL = 0.2
_STOP_PATIENCE = 1.0

Invoke = Callable[[str, bytes], Future[Answer]]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What of the batch has to come again, if anything, and the answer; None: the mapping stopped before it came.

    `trouble` says, of an answer that is no success, what is wrong.
    """

    again: Batch
    answer: Answer | None
    trouble: str | None = None

    @property
    def is_function_error(self) -> bool:
        """Whether the function failed as a whole, by an exception, its timeout or its end."""
        return self.answer is not None and self.answer.function_error is not None


def deliver(
    batch: Batch, payload: bytes, *, mapping: KafkaMapping, invoke: Invoke, stopping: threading.Event
) -> Outcome:
    """Invoke the function with the batch, whose event is `payload`, and wait for its answer.

    Raises PayloadTooLargeError.
    """
    answer = _wait(invoke(mapping.function, payload), stopping)
    if answer is None:
        return Outcome(again=batch, answer=None)
    if answer.function_error:
        return Outcome(again=batch, answer=answer, trouble=f"failed ({_error_type(answer)})")
    try:
        failed = failed_from(answer.payload, batch) if mapping.partial_answers else {}
    except MalformedAnswerError as error:
        return Outcome(again=batch, answer=answer, trouble=f"answered what Lambda cannot read: {error}")
    return Outcome(again=batch.remainder(failed), answer=answer)


def _error_type(answer: Answer) -> str:
    """Return the type of a function's error. Its message is in the function's own log, and may hold anything."""
    return str(json.loads(answer.payload).get("errorType"))


def _wait(invocation: Future[Answer], stopping: threading.Event) -> Answer | None:
    """Wait for the answer; return None if it has not come shortly after `stopping`."""
    while not invocation.done() and not stopping.is_set():
        wait([invocation], timeout=_POLL)
    if not wait([invocation], timeout=_STOP_PATIENCE).done:
        invocation.cancel()
        return None
    return invocation.result()
