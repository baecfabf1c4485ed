"""Invokes the function of a schedule whenever it is due."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from local.invoker import Invoker
from local.model import Schedule
from local.schedules.due import next_due
from local.schedules.events import payload

# Seconds between the tries of an asynchronous invocation that fails:
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
_PAUSES = (60.0, 120.0)
# Seconds. No sleep is longer, so that a machine that was suspended, or whose clock was set, is soon on time again.
_LONGEST_SLEEP = 10.0


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The time that schedules go by: what it is, in UTC, and how to let seconds of it pass."""

    now: Callable[[], datetime] = _now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def wait_until(self, moment: datetime) -> None:
        """Return at `moment`, and never before."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            await self.sleep(min(left, _LONGEST_SLEEP))


@dataclass(frozen=True, kw_only=True)
class Scheduler:
    """Runs schedules. `report` is told, in words, what happened."""

    invoker: Invoker
    report: Callable[[str], None]
    clock: Clock = Clock()

    async def run(self, schedule: Schedule) -> None:
        """Invoke the schedule's function until it is due no more.

        Invocations are asynchronous: one that takes long or fails delays no other. What was due while the machine
        slept is due no more.
        """
        ready = due = self.clock.now()
        async with asyncio.TaskGroup() as invocations:
            # From the later of the two on: a clock that is set back makes no time due twice.
            while following := next_due(schedule, after=max(due, self.clock.now()), ready=ready):
                due = following
                await self.clock.wait_until(due)
                invocations.create_task(self._invoke(schedule, payload(schedule, due)))
        self.report(f"{schedule.logical_id} is due no more")

    async def _invoke(self, schedule: Schedule, event: bytes) -> None:
        self.report(f"{schedule.logical_id} → {schedule.function}")
        for pause in (*_PAUSES[: schedule.retries], None):
            answer = await self.invoker.invoke(schedule.function, event)
            if answer.function_error is None:
                return
            again = "not tried again" if pause is None else f"again in {pause:.0f} s"
            self.report(f"{schedule.function} failed ({_error_type(answer.payload)}): {again}")
            if pause is not None:
                await self.clock.sleep(pause)


def _error_type(error: bytes) -> str:
    """Return the type of a function's error. Its message is in the function's own log, and may hold anything."""
    return str(json.loads(error).get("errorType"))
