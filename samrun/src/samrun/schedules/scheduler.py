"""Scheduler: invokes the function of a schedule whenever the schedule is due."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from samrun.event_triggers.dead_letters import TargetError, UndeliveredEvent
from samrun.event_triggers.target_input import TransformError
from samrun.functions.asynchronous_invoker import AsynchronousInvoker
from samrun.schedules.due import next_due
from samrun.schedules.events import schedule_input, service_event
from samrun.template.model.triggers import Schedule

# Seconds. No sleep is longer. So after the machine was suspended or its clock was set, schedules are soon on time.
_MAX_SLEEP = 10.0


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Clock of the schedules: the time in UTC, and how to sleep for some seconds of it."""

    now: Callable[[], datetime] = _now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def wait_until(self, moment: datetime) -> None:
        """Return at `moment`, never earlier."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            await self.sleep(min(left, _MAX_SLEEP))


@dataclass(frozen=True, kw_only=True)
class Scheduler:
    """Runner of schedules.

    `report` takes lines about what happened, and `dead_letter` the events that the target of a rule cannot get.
    `start_execution` starts a state machine, named by its ARN. Both may block.
    """

    invoker: AsynchronousInvoker
    report: Callable[[str], None]
    dead_letter: Callable[[UndeliveredEvent], None]
    start_execution: Callable[[str, str], None]
    clock: Clock = Clock()

    async def run(self, schedule: Schedule) -> None:
        """Invoke the function whenever the schedule is due, until no further run is due.

        Invocations are asynchronous: one that takes long or fails does not delay another. Invocations that were due
        while the machine was suspended are skipped.
        """
        since = due = self.clock.now()
        async with asyncio.TaskGroup() as invocations:
            # The later of the two: if the clock is set back, no time is due twice.
            while following := next_due(schedule, after=max(due, self.clock.now()), since=since):
                is_first, due = due == since, following
                await self.clock.wait_until(due)
                invocations.create_task(self._invoke(schedule, due, is_first=is_first))
        self.report(f"{schedule.logical_id} ended: no further run is due")

    async def _invoke(self, schedule: Schedule, due: datetime, *, is_first: bool) -> None:
        event = service_event(schedule, due)
        try:
            text = schedule_input(schedule, event, due)
        except TransformError as error:
            await asyncio.to_thread(self.dead_letter, _undelivered(schedule, event, error))
            return
        if is_first:  # a stack that is idle says nothing more; the functions log what they do
            target = schedule.function or schedule.target
            self.report(f"{schedule.logical_id} → {target}, now and whenever it is due")
        if schedule.function is not None:
            await self.invoker.invoke(schedule.function, text)
            return
        try:
            await asyncio.to_thread(self.start_execution, schedule.target, text.decode())
        except (BotoCoreError, ClientError) as error:
            await asyncio.to_thread(self.dead_letter, _undelivered(schedule, event, error))


def _undelivered(schedule: Schedule, event: Mapping[str, object], error: TargetError) -> UndeliveredEvent:
    return UndeliveredEvent(
        event=event,
        source=schedule.logical_id,
        rule_arn=schedule.arn,
        target_arn=schedule.target,
        queue=schedule.dead_letter_queue,
        error=error,
    )
