"""Order and relay, a process for each invocation: a program that is told what to invoke, and where it is to die.

It imports both functions, as for a SnapStart snapshot: with no producer and no thread. Each invocation then is a
fork of it, and so costs no start. In: a line of JSON, a list of invocations that run side by side, each
{"function": "order" or "relay", "event": {…}, "dies": a key of `DEATHS` or null, "ahead": seconds}. Out: a line of
JSON, for each its exit status (below 0: the signal that ended it) and its answer. The functions' logs go to standard
error. `ahead` is by how much the relay's clocks are ahead, so that a test need not wait for what is to be old.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from kafka import KafkaProducer

from functions.order import app, relay
from functions.order.lease import Lease
from functions.order.wiring import kafka_publisher


@dataclass(frozen=True, kw_only=True)
class _Context:
    """What the functions read of their Lambda context."""

    end: float
    function_name: str = "order"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:order"
    aws_request_id: str = field(default_factory=lambda: os.urandom(8).hex())
    tenant_id: None = None

    def get_remaining_time_in_millis(self) -> int:
        return int(max(0.0, self.end - time.monotonic()) * 1000)


# A new process connects for each invocation: on a busy machine it gets to its death only with more time than
# customers give it. In seconds.
_SEND_BUDGET, _TIMEOUT = 30.0, 60.0
app.publisher = kafka_publisher(budget=_SEND_BUDGET)


def _die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _dies_before(owner: object, name: str) -> Callable[[], None]:
    return lambda: setattr(owner, name, _die)


def _dies_after(owner: object, name: str) -> Callable[[], None]:
    """Have a method end the process once it has done its work, before its caller hears of it."""
    one_thread = threading.Lock()  # where several call it, the first is to be the only one that gets to its end

    def change() -> None:
        method = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> None:
            with one_thread:
                method(*args, **kwargs)
                _die()

        setattr(owner, name, wrapped)

    return change


DEATHS: dict[str, Callable[[], None]] = {
    "before the order is written": _dies_before(app.store, "add"),
    "after the order is written": _dies_after(app.store, "add"),
    "before the cancellation is written": _dies_before(app.store, "cancel"),
    "after the cancellation is written": _dies_after(app.store, "cancel"),
    "before the send": _dies_before(KafkaProducer, "send"),
    "after the producer has the record": _dies_after(KafkaProducer, "send"),
    "after the acknowledgement": _dies_after(app.publisher, "publish"),
    "after the mark is off": _dies_after(app.outbox, "mark_published"),
    "the relay, after its acknowledgements": _dies_after(relay.drain.publisher, "publish_all"),
    "the relay, after its first mark is off": _dies_after(relay.drain.outbox, "mark_published"),
}


def _set_clocks(ahead: float) -> None:
    relay.drain = replace(relay.drain, clock=lambda: datetime.now(UTC) + timedelta(seconds=ahead))
    relay.lease = Lease(client=relay.dynamodb, table=relay.table, name="relay", clock=lambda: time.time() + ahead)


def _invoke(call: dict[str, Any]) -> Any:
    if call["dies"]:
        DEATHS[call["dies"]]()
    _set_clocks(call["ahead"])
    handlers: dict[str, Callable[..., Any]] = {"order": app.handler, "relay": relay.handler}
    return handlers[call["function"]](call["event"], _Context(end=time.monotonic() + _TIMEOUT))


def _fork(call: dict[str, Any]) -> tuple[int, int]:
    """Start an invocation; return its process id, and where its answer can be read."""
    reader, writer = os.pipe()
    if pid := os.fork():
        os.close(writer)
        return pid, reader
    status = os.EX_SOFTWARE
    try:
        os.write(writer, json.dumps(_invoke(call)).encode())
        status = os.EX_OK
    except BaseException:  # noqa: BLE001 - whatever it is, it must not go on as a second parent
        traceback.print_exc()
    finally:
        # Neither the parent's own ends nor a farewell to Kafka: an environment has none.
        sys.stdout.flush()
        os._exit(status)


def _outcome(pid: int, reader: int) -> dict[str, Any]:
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(pid, 0)
    return {"status": os.waitstatus_to_exitcode(status), "answer": json.loads(answer) if answer else None}


def main() -> None:
    """Invoke what standard input says, until it ends."""
    assert threading.active_count() == 1, "a snapshot with threads: a fork of it has only one of them"
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        children = [_fork(call) for call in json.loads(line)]
        print(json.dumps([_outcome(*child) for child in children]), file=answers, flush=True)


if __name__ == "__main__":
    main()
