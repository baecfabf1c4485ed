"""A program that runs functions, a process for each invocation, and kills each at the step that it is given.

It imports the functions once, as for a SnapStart snapshot: with no connection and no thread. Each invocation is a fork
of it, and so needs no start.

Input: a line of JSON, a list of invocations that run side by side, each an object as `Call` of killable_functions.py.
Output: a line of JSON, for each its exit status (below 0: the signal that ended it) and its answer. The functions' logs
go to standard error.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

KillPoint = Callable[[], None]

SIDE_BY_SIDE = 32  # records: fewer than a batch has, so that some are left when the process is killed


@dataclass(frozen=True, kw_only=True)
class Context:
    """Lambda context, as far as the functions read it. It ends at `end`, in seconds of the monotonic clock."""

    end: float
    function_name: str = "killable"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:killable"
    aws_request_id: str = field(default_factory=lambda: os.urandom(8).hex())
    tenant_id: None = None

    def get_remaining_time_in_millis(self) -> int:
        return int(max(0.0, self.end - time.monotonic()) * 1000)


def dies_before(owner: object, name: str) -> KillPoint:
    """Return a kill point: the method kills the process instead of doing its work."""
    return lambda: setattr(owner, name, _die)


def dies_after(owner: object, name: str) -> KillPoint:
    """Return a kill point: the method does its work, and kills the process before it returns."""
    one_thread = threading.Lock()  # where several call it, the first is to be the only one that gets to its end

    def change() -> None:
        method = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> None:
            with one_thread:
                method(*args, **kwargs)
                _die()

        setattr(owner, name, wrapped)

    return change


def _die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def serve(invoke: Callable[[dict[str, Any]], Any]) -> None:
    """Run the invocations that standard input lists, until it ends."""
    assert threading.active_count() == 1, "a snapshot with threads: a fork of it has only one of them"
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        children = [_fork(invoke, call) for call in json.loads(line)]
        print(json.dumps([_result(*child) for child in children]), file=answers, flush=True)


def _fork(invoke: Callable[[dict[str, Any]], Any], call: dict[str, Any]) -> tuple[int, int]:
    """Start an invocation; return its process id, and where its answer can be read."""
    reader, writer = os.pipe()
    if pid := os.fork():
        os.close(writer)
        return pid, reader
    status = os.EX_SOFTWARE
    try:
        os.write(writer, json.dumps(invoke(call)).encode())
        status = os.EX_OK
    except BaseException:  # noqa: BLE001 - whatever it is, it must not go on as a second parent
        traceback.print_exc()
    finally:
        # Run no exit handlers, and close no connection to Kafka: an environment of Lambda does neither.
        sys.stdout.flush()
        os._exit(status)


def _result(pid: int, reader: int) -> dict[str, Any]:
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(pid, 0)
    return {"status": os.waitstatus_to_exitcode(status), "answer": json.loads(answer) if answer else None}
