"""Schedules at work: what is sent, when, and what becomes of it."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from local.invoker import Answer
from local.lambdas.service import Lambdas
from local.model import Function, Schedule
from local.schedules.due import next_due
from local.schedules.events import payload
from local.schedules.expressions import At, Cron, Rate
from local.schedules.scheduler import Clock, Scheduler

READY = datetime(2026, 11, 22, 10, 15, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULE = Schedule(
    logical_id="Every",
    service="events",
    arn="arn:aws:events:us-east-1:123456789012:rule/Every",
    function="Fn",
    expression="rate(1 minute)",
    times=Rate(period=MINUTE),
    retries=2,
)
SCHEDULE = replace(RULE, service="scheduler", arn="arn:aws:scheduler:us-east-1:123456789012:schedule/default/Every")
GOOD = Answer(request_id="1", payload=b"null")
BAD = Answer(request_id="1", payload=b'{"errorType": "ValueError", "errorMessage": "x"}', function_error="Unhandled")


class VirtualTime:
    """A clock that stands still until somebody lets time pass."""

    def __init__(self) -> None:
        self.time = READY
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []
        self.clock = Clock(now=lambda: self.time, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.time + timedelta(seconds=seconds), sleeper))
        await sleeper

    async def pass_(self, duration: timedelta) -> None:
        """Wake everyone who sleeps until then, one after the other."""
        end = self.time + duration
        await _settle()
        while due := [each for each in self._sleepers if each[0] <= end]:
            first = min(due, key=lambda each: each[0])
            self._sleepers.remove(first)
            self.time = max(self.time, first[0])
            if not first[1].done():
                first[1].set_result(None)
            await _settle()
        self.time = end


async def _settle() -> None:
    """Let every task go on until it waits for something else than its turn."""
    for _ in range(20):
        await asyncio.sleep(0)


class Recorder:
    """An Invoker that notes when it is invoked; `answers` are given in turn, and then GOOD."""

    def __init__(self, virtual: VirtualTime, *answers: Answer) -> None:
        self._virtual = virtual
        self._answers = list(answers)
        self.moments: list[timedelta] = []
        self.events: list[bytes] = []
        self.busy: asyncio.Event | None = None

    async def invoke(self, function: str, payload: bytes) -> Answer:
        assert function == "Fn"
        self.moments.append(self._virtual.time - READY)
        self.events.append(payload)
        if self.busy is not None:
            await self.busy.wait()
        return self._answers.pop(0) if self._answers else GOOD


def _run(
    schedule: Schedule, scenario: Callable[[VirtualTime, Recorder], Awaitable[None]], *answers: Answer
) -> tuple[Recorder, list[str]]:
    """Run a schedule for as long as the scenario takes; return what was invoked and what was said."""

    async def run() -> tuple[Recorder, list[str]]:
        virtual, said = VirtualTime(), list[str]()
        recorder = Recorder(virtual, *answers)
        scheduler = Scheduler(invoker=recorder, report=said.append, clock=virtual.clock)
        running = asyncio.create_task(scheduler.run(schedule))
        await scenario(virtual, recorder)
        running.cancel()
        await asyncio.wait([running])
        if not running.cancelled():
            running.result()
        return recorder, said

    return asyncio.run(run())


def _minutes(*numbers: int) -> list[timedelta]:
    return [number * MINUTE for number in numbers]


def test_a_rate_is_due_one_period_after_the_start_and_then_each_period() -> None:
    recorder, said = _run(RULE, lambda virtual, _: virtual.pass_(3.5 * MINUTE))
    assert recorder.moments == _minutes(1, 2, 3)
    assert said == ["Every → Fn"] * 3


def test_a_slow_function_delays_no_other_invocation() -> None:
    async def scenario(virtual: VirtualTime, recorder: Recorder) -> None:
        recorder.busy = asyncio.Event()
        await virtual.pass_(3.5 * MINUTE)

    assert _run(RULE, scenario)[0].moments == _minutes(1, 2, 3)


def test_an_invocation_that_fails_is_tried_again_after_one_minute_and_after_two_more() -> None:
    once = replace(SCHEDULE, times=At(time=READY + MINUTE))
    recorder, said = _run(once, lambda virtual, _: virtual.pass_(60 * MINUTE), BAD, BAD, BAD)
    assert recorder.moments == _minutes(1, 2, 4)
    assert len(set(recorder.events)) == 1, "the same event each time"
    assert said == [
        "Every → Fn",
        "Fn failed (ValueError): again in 60 s",
        "Fn failed (ValueError): again in 120 s",
        "Fn failed (ValueError): not tried again",
        "Every is due no more",
    ]


def test_an_invocation_that_succeeds_the_second_time_is_done() -> None:
    once = replace(SCHEDULE, times=At(time=READY + MINUTE))
    recorder, said = _run(once, lambda virtual, _: virtual.pass_(60 * MINUTE), BAD)
    assert recorder.moments == _minutes(1, 2)
    assert said[-1] == "Every is due no more"


@pytest.mark.parametrize(("retries", "tries"), [(0, 1), (1, 2)])
def test_a_function_may_want_fewer_tries(retries: int, tries: int) -> None:
    once = replace(SCHEDULE, times=At(time=READY + MINUTE), retries=retries)
    recorder, said = _run(once, lambda virtual, _: virtual.pass_(60 * MINUTE), BAD, BAD, BAD)
    assert len(recorder.moments) == tries
    assert "Fn failed (ValueError): not tried again" in said


def test_while_one_event_is_tried_again_the_next_is_sent_on_time() -> None:
    recorder, _ = _run(RULE, lambda virtual, _: virtual.pass_(2.5 * MINUTE), BAD)
    assert recorder.moments == _minutes(1, 2, 2)
    assert len(set(recorder.events)) == 2


def test_what_was_due_while_the_machine_slept_is_not_made_up_for() -> None:
    async def scenario(virtual: VirtualTime, _: Recorder) -> None:
        await virtual.pass_(1.5 * MINUTE)
        virtual.time += 10 * MINUTE
        await virtual.pass_(MINUTE)

    moments = _run(RULE, scenario)[0].moments
    assert moments == [MINUTE, 11.5 * MINUTE, 12 * MINUTE], "the one waited for comes late, the next on time"


def test_a_clock_that_is_set_back_makes_nothing_due_twice() -> None:
    async def scenario() -> list[str]:
        virtual = VirtualTime()
        recorder = Recorder(virtual)
        to_set_back = [timedelta(seconds=30)]

        def now() -> datetime:
            reading = virtual.time
            if reading >= READY + MINUTE and to_set_back:
                virtual.time -= to_set_back.pop()
            return reading

        clock = Clock(now=now, sleep=virtual.clock.sleep)
        running = asyncio.create_task(Scheduler(invoker=recorder, report=lambda _: None, clock=clock).run(RULE))
        await virtual.pass_(2.5 * MINUTE)
        running.cancel()
        await asyncio.wait([running])
        return [json.loads(event)["time"] for event in recorder.events]

    assert asyncio.run(scenario()) == ["2026-11-22T10:16:07Z", "2026-11-22T10:17:07Z"]


def test_the_end_of_the_stack_ends_schedules_and_what_they_wait_for() -> None:
    async def scenario() -> None:
        virtual = VirtualTime()
        recorder = Recorder(virtual, BAD)
        running = asyncio.create_task(Scheduler(invoker=recorder, report=lambda _: None, clock=virtual.clock).run(RULE))
        await virtual.pass_(1.5 * MINUTE)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())


def _due(schedule: Schedule, *, after: datetime, count: int = 3) -> list[timedelta]:
    """Return the next times, from READY on."""
    found: list[timedelta] = []
    while len(found) < count and (due := next_due(schedule, after=after, ready=READY)):
        found.append(due - READY)
        after = due
    return found


def test_a_rate_with_a_start_counts_from_it() -> None:
    later = replace(SCHEDULE, start=READY + 90 * MINUTE)
    assert _due(later, after=READY) == _minutes(90, 91, 92)
    long_ago = replace(SCHEDULE, start=READY - 90.25 * MINUTE)
    assert _due(long_ago, after=READY) == [0.75 * MINUTE, 1.75 * MINUTE, 2.75 * MINUTE]


def test_a_schedule_is_due_until_its_end_and_no_longer() -> None:
    assert _due(replace(SCHEDULE, end=READY + 2 * MINUTE), after=READY) == _minutes(1, 2)


def test_a_cron_is_due_from_its_start_on() -> None:
    cron = Cron(fields="* * * * * 0 *", timezone=ZoneInfo("UTC"))
    start = READY.replace(second=0) + 10 * MINUTE
    schedule = replace(SCHEDULE, times=cron, start=start, end=start + MINUTE)
    assert _due(schedule, after=READY) == [start - READY, start - READY + MINUTE]


def test_a_single_time_heeds_no_start_and_no_end() -> None:
    once = replace(SCHEDULE, times=At(time=READY + MINUTE), start=READY + 2 * MINUTE, end=READY)
    assert _due(once, after=READY) == _minutes(1)


def test_the_event_of_a_rule_is_eventbridges() -> None:
    event = json.loads(payload(RULE, READY.astimezone(ZoneInfo("Asia/Tokyo"))))
    assert event.pop("id") != json.loads(payload(RULE, READY))["id"]
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-11-22T10:15:07Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/Every"],
        "detail": {},
    }


def test_the_event_of_scheduler_has_its_own_source_and_its_detail_as_a_string() -> None:
    event = json.loads(payload(SCHEDULE, READY))
    assert (event["source"], event["detail"]) == ("aws.scheduler", "{}")
    assert event["resources"] == [SCHEDULE.arn]


def test_an_input_is_sent_as_it_is() -> None:
    text = '{"at": "<aws.scheduler.scheduled-time>", "name": "Zoë"}'
    assert payload(replace(RULE, input=text), READY) == text.encode()


def test_an_input_of_scheduler_has_its_context_filled_in() -> None:
    names = ("schedule-arn", "scheduled-time", "execution-id", "attempt-number")
    text = json.dumps({name: f"<aws.scheduler.{name}>" for name in names} | {"other": "<aws.scheduler.other>"})
    sent = json.loads(payload(replace(SCHEDULE, input=text), READY))
    again = json.loads(payload(replace(SCHEDULE, input=text), READY))
    assert sent.pop("execution-id") != again.pop("execution-id")
    assert sent == {
        "schedule-arn": SCHEDULE.arn,
        "scheduled-time": "2026-11-22T10:15:07Z",
        "attempt-number": "1",
        "other": "<aws.scheduler.other>",
    }


CODE = """
import json

seen = []

def handler(event, context):
    seen.append(event["id"])
    print(json.dumps(event))
    if len(seen) == 1:
        raise ValueError("the first time")
"""


def test_a_schedule_invokes_a_real_function_until_it_is_ended(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(CODE)
    function = Function(
        name="Fn",
        arn="arn:aws:lambda:us-east-1:123456789012:function:Fn",
        handler="main.handler",
        code=tmp_path,
        watched=tmp_path,
        timeout=5,
        memory=128,
        concurrency=1,
        environment={},
        log_format="Text",
    )
    begun = time.monotonic()
    # A minute takes half a second.
    clock = Clock(
        now=lambda: READY + timedelta(seconds=(time.monotonic() - begun) * 120),
        sleep=lambda seconds: asyncio.sleep(seconds / 120),
    )

    async def scenario() -> tuple[list[dict[str, str]], list[str]]:
        events: list[dict[str, str]] = []
        said: list[str] = []
        enough = asyncio.Event()

        def log(_: Function, line: str) -> None:
            if line.startswith('{"version"'):
                events.append(json.loads(line))
                ids = [event["id"] for event in events]
                if len(set(ids)) >= 3 and ids.count(ids[0]) == 2:
                    enough.set()

        lambdas = Lambdas([function], variables={}, limit=1, log=log)
        try:
            await lambdas.warm(lambda _: pytest.fail("its init failed"))
            scheduler = Scheduler(invoker=lambdas, report=said.append, clock=clock)
            running = asyncio.create_task(scheduler.run(RULE))
            await asyncio.wait_for(enough.wait(), 60)
            running.cancel()
            await asyncio.wait([running])
        finally:
            await lambdas.stop()
        return events, said

    events, said = asyncio.run(scenario())
    by_id = {event["id"]: datetime.fromisoformat(event["time"]) for event in events}
    # Whole minutes apart, however late a busy machine was.
    assert {(due - min(by_id.values())) % MINUTE for due in by_id.values()} == {timedelta()}
    assert len(set(by_id.values())) == len(by_id)
    assert "Fn failed (ValueError): again in 60 s" in said
