"""A poller of a stream's trigger in a thread, and a function that keeps what it gets."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from samrun.functions.invoker import InvocationResult
from samrun.streams.poller import StreamPoller
from samrun.streams.sources import stream_source
from samrun.template.model.triggers import StreamTrigger
from samrun.testing.waiting import eventually

Client = Callable[[str], Any]


class PolledStream:
    """A poller that runs, the records that its function got, and what it reported. `fails` makes the function fail."""

    def __init__(self, trigger: StreamTrigger, client: Client, executor: ThreadPoolExecutor, checkpoints: Path | None):
        self.records: list[dict[str, Any]] = []
        self.reports: list[str] = []
        self.fails = False
        self._is_ready: Future[None] = Future()
        self._executor = executor
        self.poller = StreamPoller(
            trigger=trigger,
            source=stream_source(trigger, client),
            invoke=lambda _, payload: executor.submit(self._answer, payload),
            client=client,
            report=self.reports.append,
            on_ready=lambda: self._is_ready.set_result(None),
            checkpoints=checkpoints,
        )
        self.run = executor.submit(self.poller.run)

    def _answer(self, payload: bytes) -> InvocationResult:
        if self.fails:
            return InvocationResult.of_error("ValueError", "of no use")
        self.records += json.loads(payload)["Records"]
        return InvocationResult(request_id="r", payload=b"null")

    def wait_until_ready(self) -> None:
        self._is_ready.result(timeout=30)

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many records came, and return them."""
        eventually(lambda: len(self.records) >= count, what=f"{count} records", patience=30)
        return self.records


def stream_trigger(service: Any, name: str, arn: str, **properties: Any) -> StreamTrigger:
    """Return a trigger with plain values."""
    usual: dict[str, Any] = {"batch_size": 10, "window": 0.0, "starting_position": "TRIM_HORIZON"}
    return StreamTrigger(
        logical_id="Trigger",
        function="Fn",
        function_arn="arn:aws:lambda:us-east-1:123456789012:function:Fn",
        service=service,
        stream_arn=arn,
        name=name,
        **usual | properties,
    )


@contextmanager
def polled(trigger: StreamTrigger, client: Client, *, checkpoints: Path | None = None) -> Iterator[PolledStream]:
    """Run a poller while the context lasts; it misses no record from its beginning on."""
    with ThreadPoolExecutor(8) as executor:
        stream = PolledStream(trigger, client, executor, checkpoints)
        try:
            stream.wait_until_ready()
            yield stream
        finally:
            stream.poller.stop()
            stream.run.result(timeout=30)
