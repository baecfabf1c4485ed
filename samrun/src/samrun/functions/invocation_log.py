"""Log of invocations: what each function got and returned, for tests and for whoever looks at a running stack."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from samrun.functions.invoker import InvocationOptions, InvocationResult, Invoker

# The oldest invocations are forgotten: of more than so many, or of more than so many bytes of events and results.
_MAX_INVOCATIONS = 10_000
_MAX_BYTES = 64 * 1024 * 1024


@dataclass(kw_only=True)
class LoggedInvocation:
    """An invocation. `result` is None, and `seconds` is 0, as long as it runs; and if Lambda refused it.

    `number` grows with each invocation of the stack, and `started` is in UTC.
    """

    number: int
    function: str
    request_id: str
    event: bytes
    started: datetime
    qualifier: str | None = None
    result: InvocationResult | None = None
    seconds: float = 0.0
    is_running: bool = True

    @property
    def size(self) -> int:
        """The bytes of its event, its result and its log."""
        return len(self.event) + (len(self.result.payload) + len(self.result.log_tail) if self.result else 0)


class InvocationLog:
    """Log of the invocations of a stack, in memory. Only the thread of the event loop uses it.

    `on_end` is called with each invocation that has ended.
    """

    def __init__(self, on_end: Callable[[LoggedInvocation], object] = lambda _: None) -> None:
        self._on_end = on_end
        self._invocations: deque[LoggedInvocation] = deque()
        self._size = 0
        self.started = 0
        """Number of the invocations that have begun since the stack started."""
        self.under_way = 0
        """Number of the invocations that have not ended."""
        self._none_runs = asyncio.Event()
        self._none_runs.set()

    def begin(self, function: str, payload: bytes, options: InvocationOptions) -> LoggedInvocation:
        """Note the beginning of an invocation."""
        self.started += 1
        self.under_way += 1
        self._none_runs.clear()
        invocation = LoggedInvocation(
            number=self.started,
            function=function,
            request_id=options.request_id,
            event=payload,
            qualifier=options.qualifier,
            started=datetime.now(UTC),
        )
        self._invocations.append(invocation)
        self._size += invocation.size
        self._forget_oldest()
        return invocation

    def end(self, invocation: LoggedInvocation, result: InvocationResult | None, *, seconds: float) -> None:
        """Note the end of an invocation; without a result, it was refused."""
        self.under_way -= 1
        if not self.under_way:
            self._none_runs.set()
        before = invocation.size
        invocation.result, invocation.seconds, invocation.is_running = result, seconds, False
        self._on_end(invocation)
        if self._invocations and invocation.number >= self._invocations[0].number:
            self._size += invocation.size - before
            self._forget_oldest()

    def after(self, number: int, function: str | None = None) -> Iterator[LoggedInvocation]:
        """Yield the invocations with higher numbers in their order, of one function or of all."""
        return (
            each
            for each in list(self._invocations)  # at once: the caller may look at each for as long as it wants
            if each.number > number and (function is None or each.function == function)
        )

    async def wait_until_none_runs(self, patience: float | None = None) -> None:
        """Wait until every invocation has ended. Raises TimeoutError after `patience` seconds, if it is given."""
        async with asyncio.timeout(patience):
            await self._none_runs.wait()

    def _forget_oldest(self) -> None:
        while len(self._invocations) > _MAX_INVOCATIONS or (self._size > _MAX_BYTES and len(self._invocations) > 1):
            self._size -= self._invocations.popleft().size


@dataclass(frozen=True, kw_only=True)
class LoggingInvoker:
    """An Invoker that notes each invocation in a log."""

    invoker: Invoker
    log: InvocationLog

    async def invoke(self, function: str, payload: bytes, options: InvocationOptions | None = None) -> InvocationResult:
        """Invoke a function, as `Invoker.invoke` does, with its log.

        The end of the invocation is noted even if the caller stops waiting.
        """
        options = replace(options or InvocationOptions(), with_log=True)
        logged, began = self.log.begin(function, payload, options), time.monotonic()
        invocation = asyncio.ensure_future(self._invoke(function, payload, options))

        def note_end(ended: asyncio.Future[InvocationResult]) -> None:
            is_refused = ended.cancelled() or ended.exception() is not None
            self.log.end(logged, None if is_refused else ended.result(), seconds=time.monotonic() - began)

        invocation.add_done_callback(note_end)
        return await asyncio.shield(invocation)

    async def _invoke(self, function: str, payload: bytes, options: InvocationOptions) -> InvocationResult:
        """Return the result with the request id, which one that did not reach the function's code lacks."""
        result = await self.invoker.invoke(function, payload, options)
        return result if result.request_id else replace(result, request_id=options.request_id)
