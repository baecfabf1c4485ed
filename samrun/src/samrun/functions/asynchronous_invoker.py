"""Asynchronous invocations: retried after an error of the function, and then sent to destinations.

Lambda waits a minute before the first retry and two before the second; a stack waits less if its settings say so.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from samrun.errors import SamrunError
from samrun.functions.asynchronous_destinations import AsynchronousDestinationError, Destinations
from samrun.functions.asynchronous_record import AsynchronousEvent, CompletedEvent, Condition
from samrun.functions.invoker import FunctionThrottledError, InvocationOptions, InvocationResult, Invoker
from samrun.template.arns import function_name
from samrun.template.model.functions import Function

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds before the first retry; a clock of seconds, and how to sleep for some. The defaults are Lambda's own.

    The second retry waits twice as long as the first.
    """

    retry_delay: float = 60.0
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class AsynchronousInvoker:
    """Invoker whose callers need no result. `report` takes lines about what went wrong."""

    def __init__(
        self,
        invoker: Invoker,
        functions: Iterable[Function],
        *,
        destinations: Destinations,
        report: Report,
        timing: Timing | None = None,
    ) -> None:
        self._invoker = invoker
        self._functions = {function.name: function for function in functions}
        self._destinations = destinations
        self._report = report
        self._timing = timing or Timing()
        self._accepted: set[asyncio.Task[None]] = set()

    def accept(self, function: str, payload: bytes, options: InvocationOptions | None = None) -> None:
        """Invoke a function in the background."""
        task = asyncio.create_task(self.invoke(function, payload, options))
        self._accepted.add(task)
        task.add_done_callback(self._accepted.discard)

    async def invoke(self, function: str, payload: bytes, options: InvocationOptions | None = None) -> None:
        """Invoke a function until it succeeds or no retry is left, and tell its destinations. Errors are reported."""
        try:
            event = AsynchronousEvent(
                function=self._functions[function], payload=payload, options=options or InvocationOptions()
            )
            await self._tell_destinations(await self._complete(event))
        except Exception as error:  # noqa: BLE001 - no caller waits for it, and one event must not end the stack
            reason = error if isinstance(error, SamrunError) else f"{type(error).__name__}: {error}"
            self._report(f"{function}: the event is lost: {reason}")

    @property
    def pending(self) -> int:
        """Number of the invocations in the background that are not done."""
        return len(self._accepted)

    def forget(self) -> None:
        """Give up the invocations in the background that are not done: they are not retried, and tell nobody."""
        for task in self._accepted:
            task.cancel()

    async def stop(self) -> None:
        """Cancel the invocations in the background that are not done. Their events are lost."""
        if self._accepted:
            self._report(f"{len(self._accepted)} asynchronous invocations were not done; their events are lost")
        self.forget()
        await asyncio.gather(*self._accepted, return_exceptions=True)

    async def _complete(self, event: AsynchronousEvent) -> CompletedEvent:
        settings, name = event.function.asynchronous, event.function.name
        accepted, attempts, throttled = self._timing.now(), 0, 0
        while True:
            try:
                result = await self._invoker.invoke(name, event.payload, event.options)
            except FunctionThrottledError as error:
                # No attempt. Lambda waits for a second first, and then longer each time, up to five minutes.
                if self._timing.now() - accepted > settings.maximum_age:
                    result = InvocationResult.of_error("TooManyRequestsException", str(error))
                    return _completed(event, "EventAgeExceeded", attempts, result)
                await self._timing.sleep(min(2.0**throttled, self._timing.retry_delay))
                throttled = min(throttled + 1, 10)
                continue
            attempts += 1
            if result.function_error is None:
                return _completed(event, "Success", attempts, result)
            if attempts > settings.maximum_retries:
                self._report(f"{name} failed ({result.error_type}): no retry is left")
                return _completed(event, "RetriesExhausted", attempts, result)
            delay = self._timing.retry_delay * attempts
            self._report(f"{name} failed ({result.error_type}): retry in {delay:g} s")
            await self._timing.sleep(delay)
            if self._timing.now() - accepted > settings.maximum_age:
                self._report(f"{name} failed, and its event is older than {settings.maximum_age:g} s: no retry")
                return _completed(event, "EventAgeExceeded", attempts, result)

    async def _tell_destinations(self, completed: CompletedEvent) -> None:
        settings = completed.event.function.asynchronous
        succeeded = completed.condition == "Success"
        destination = settings.on_success if succeeded else settings.on_failure
        try:
            if destination and ":function:" in destination:
                self._invoke_destination(completed, function_name(destination))
            elif destination:
                await asyncio.to_thread(self._destinations.send_record, completed, destination)
            if settings.dead_letter_queue and not succeeded:
                await asyncio.to_thread(self._destinations.send_dead_letter, completed, settings.dead_letter_queue)
        except AsynchronousDestinationError as error:
            self._report(f"{completed.event.function.name}: a destination did not get an event: {error}")

    def _invoke_destination(self, completed: CompletedEvent, function: str) -> None:
        if function not in self._functions:
            raise AsynchronousDestinationError(
                f"{function} does not run here: name a function of the template in DestinationConfig"
            )
        self.accept(function, json.dumps(completed.record()).encode())


def _completed(
    event: AsynchronousEvent, condition: Condition, attempts: int, result: InvocationResult
) -> CompletedEvent:
    return CompletedEvent(event=event, condition=condition, attempts=attempts, result=result, at=datetime.now(UTC))
