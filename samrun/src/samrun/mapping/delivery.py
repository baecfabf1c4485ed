"""Delivery: a batch on its way to the function, with the attempts that it had."""

import time
from collections.abc import Collection
from dataclasses import dataclass, replace

from samrun.functions.back_off import back_off
from samrun.functions.invoker import InvocationResult
from samrun.mapping.batch import Batch, Place


@dataclass(frozen=True, kw_only=True, eq=False)
class Delivery:
    """A batch to be sent at `due`, in seconds of the monotonic clock.

    `attempts` counts the invocations so far, with the whole batch or with a larger batch that contained it.
    `attempts_without_progress` counts the last attempts in a row that left the batch as large as it was. `last_result`
    is the result of the last attempt. `waits` counts how often in a row it had to wait, without an attempt: for the
    schema registry, or for the endpoint of the function.

    `done` are the places of records that the function reported as done in an earlier attempt. They are sent again if
    the mapping retries from the lowest failed offset on, and are never discarded.
    """

    batch: Batch
    due: float = 0.0
    attempts: int = 0
    attempts_without_progress: int = 0
    last_result: InvocationResult | None = None
    waits: int = 0
    done: Collection[Place] = frozenset()

    def retry(
        self, batch: Batch, last_result: InvocationResult | None, *, done: Collection[Place] = frozenset()
    ) -> "Delivery":
        """Return the next delivery, of a batch with records that failed. The back-off grows while nothing succeeds.

        A half counts the attempts of the whole batch. For streams, AWS says that a split does not count as an attempt;
        for Kafka it says nothing. This is the harder case: with few attempts, the neighbours of a bad record are
        discarded with it.
        """
        without_progress = self.attempts_without_progress + 1 if len(batch) == len(self.batch) else 1
        return Delivery(
            batch=batch,
            due=time.monotonic() + back_off(without_progress),
            attempts=self.attempts + 1,
            attempts_without_progress=without_progress,
            last_result=last_result,
            done=done,
        )

    def later(self, batch: Batch) -> "Delivery":
        """Return a later delivery of a batch that did not reach the function: it is no further attempt."""
        waits = self.waits + 1
        return replace(self, batch=batch, due=time.monotonic() + back_off(waits), waits=waits)

    @property
    def back_off(self) -> float:
        """The seconds between the attempt that failed and this one."""
        return back_off(self.attempts_without_progress)
