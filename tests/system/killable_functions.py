"""Functions outside a stack, on a broker and a DynamoDB of the test: it invokes them, and kills them at a step."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from functions.order.domain.order import order_id_for
from samrun import Endpoints, load_application
from samrun.testing.aws import CREDENTIALS, REGION
from samrun.testing.mapping import Application, KafkaMapping
from samrun.testing.processes import end_with_parent
from samrun.testing.waiting import PATIENCE
from tests.project import ROOT

_NOWHERE = "http://127.0.0.1:1"
# Invocations at a time.
_SIDE_BY_SIDE = 3


@dataclass(frozen=True, kw_only=True)
class Program:
    """A module that runs functions by killable_runtime.py; `functions` are their names in template.yaml."""

    module: str
    functions: tuple[str, ...]


ORDER = Program(module="tests.system.killable_order", functions=("RelayFunction", "OrderFunction"))
NOTIFY = Program(module="tests.system.killable_notify", functions=("NotifyFunction",))


@dataclass(frozen=True, kw_only=True)
class Call:
    """An invocation.

    `function` is "order" or "relay", where the program has both. `dies` is one of the program's KILL_POINTS. `ahead` is
    by how many seconds the clocks of relay and notify are ahead, so that a test need not wait until something is old.
    """

    event: Mapping[str, Any]
    function: str = "order"
    dies: str | None = None
    ahead: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Result:
    """The exit status of the invocation's process (below 0: the signal that ended it), and its answer."""

    status: int
    answer: Any


def to_place(reference: str) -> dict[str, Any]:
    """Return the request that places an order for this payment, as API Gateway hands it on."""
    event = _event("create-order-ada.json")
    event["body"] = json.dumps(json.loads(event["body"]) | {"payment": {"reference": reference}})
    return event


def to_cancel(reference: str) -> dict[str, Any]:
    """Return the request that cancels the order of this payment."""
    event, order_id = _event("cancel-order.json"), order_id_for(reference)
    event["rawPath"] = event["requestContext"]["http"]["path"] = f"/orders/{order_id}/cancellation"
    event["pathParameters"] = {"order_id": order_id}
    return event


def _event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / "api" / name).read_text(encoding="utf-8"))
    return event


def notify_mapping(application: Application) -> KafkaMapping:
    """Return the mapping from order-events to notify."""
    return next(each for each in application.mappings if each.logical_id == "NotifyFromSelfManagedKafka")


def application(*, kafka: str, dynamodb: str, aws: str = _NOWHERE, overrides: Sequence[str] = ()) -> Application:
    """Read template.yaml for a broker (host:port), a DynamoDB and a local AWS (URLs).

    `overrides` are of its parameters: NAME=VALUE.
    """
    endpoints = Endpoints(api=None, lambda_=None, console=_NOWHERE, aws=aws, dynamodb=dynamodb, kafka=kafka)
    path = ROOT / "template.yaml"
    return load_application(path, endpoints=endpoints, overrides=overrides, region=REGION)


class Functions:
    """Functions of `application`, a process for each invocation; their log goes to the file `log`.

    `services` are the URLs of the services that they call, by botocore's names: {"dynamodb": …}. A context manager:
    leaving it ends them.
    """

    def __init__(self, program: Program, application: Application, *, services: Mapping[str, str], log: Path) -> None:
        by_name = {function.name: function for function in application.functions}
        environment: dict[str, str] = {}
        for name in program.functions:
            environment |= by_name[name].environment
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", program.module],
                cwd=ROOT,
                env={
                    **{name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ},
                    **environment,
                    **CREDENTIALS,
                    **{f"AWS_ENDPOINT_URL_{name.upper()}": address for name, address in services.items()},
                    "AWS_DEFAULT_REGION": REGION,
                    "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                preexec_fn=end_with_parent,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # It ends with its input.
        self._process.communicate(timeout=PATIENCE)

    def log(self) -> str:
        """Return all that they have logged."""
        return self._log.read_text()

    def invoke(self, calls: Sequence[Call]) -> list[Result]:
        """Make the calls, a few side by side, and return how each ended."""
        batches = (calls[first : first + _SIDE_BY_SIDE] for first in range(0, len(calls), _SIDE_BY_SIDE))
        return [result for batch in batches for result in self._invoke(batch)]

    def _invoke(self, calls: Sequence[Call]) -> list[Result]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([asdict(call) for call in calls]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the functions ended:\n{self.log()}"
        return [Result(**result) for result in json.loads(answer)]

    def kill(self, calls: Sequence[Call]) -> None:
        """Make the calls; fail unless each is killed."""
        results = self.invoke(calls)
        assert [result.status for result in results] == [-signal.SIGKILL] * len(calls), results
