"""Invokes order and relay outside the local stack, on a broker and a DynamoDB of the test's, and kills them there."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from functions.order.orders import order_id_for
from local import settings, template
from local.endpoints import Endpoints, url
from local.model import Application
from local.process import end_with_parent
from local.services import CREDENTIALS
from tests.system.running import PATIENCE, ROOT

REGION = "us-east-1"
_NOWHERE = url(1)


@dataclass(frozen=True, kw_only=True)
class Call:
    """An invocation: see tests/system/mortal_functions.py for what its fields say."""

    event: dict[str, Any]
    function: str = "order"
    dies: str | None = None
    ahead: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How the invocation's process ended (below 0: the signal that ended it), and what it answered."""

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


def application(*, kafka: str, dynamodb: str) -> Application:
    """Read template.yaml for a broker (host:port) and a DynamoDB (URL)."""
    endpoints = Endpoints(api=None, lambda_=None, console=_NOWHERE, aws=_NOWHERE, dynamodb=dynamodb, kafka=kafka)
    path = ROOT / "template.yaml"
    parameters = endpoints.fill_in(settings.read(["--template", str(path)]).parameters)
    return template.load(path, parameters=parameters, region=REGION, aws=_NOWHERE)


class Functions:
    """Order and relay of `application`, a process for each invocation; their log goes to the file `log`.

    A context manager: leaving it ends them.
    """

    def __init__(self, application: Application, *, dynamodb: str, log: Path) -> None:
        by_name = {function.name: function for function in application.functions}
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.system.mortal_functions"],
                cwd=ROOT,
                env={
                    **{name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ},
                    **by_name["RelayFunction"].environment,
                    **by_name["OrderFunction"].environment,
                    **CREDENTIALS,
                    "AWS_DEFAULT_REGION": REGION,
                    "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
                    "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
                    "POWERTOOLS_TRACE_DISABLED": "true",
                    "AWS_XRAY_SDK_ENABLED": "false",
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

    def invoke(self, calls: Sequence[Call]) -> list[Outcome]:
        """Make the calls side by side, and return what became of each when all have ended."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([asdict(call) for call in calls]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the functions ended:\n{self._log.read_text()}"
        return [Outcome(**outcome) for outcome in json.loads(answer)]
