"""Requests and units of each invocation of a function: those that counted_invocations.py counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from samrun.testing.aws import CREDENTIALS, REGION
from tests.project import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from samrun.testing.mapping import Application


@dataclass(frozen=True, kw_only=True)
class InvocationCounts:
    """Counts of what an invocation sent.

    `requests` are by service and operation: {"dynamodb.PutItem": 1}. `units` are those that DynamoDB consumed, of
    reads or of writes, those of the indexes included; it does not tell them of a write whose condition failed.
    """

    requests: Mapping[str, int]
    units: float


@dataclass(frozen=True, kw_only=True)
class CountedFunctions:
    """The functions of `application`; `services` are the URLs of what they call, by botocore's names."""

    application: Application
    services: Mapping[str, str]

    def invoke(self, name: str, module: str, *events: Mapping[str, Any], root: Path = ROOT) -> list[InvocationCounts]:
        """Invoke a function with each event, in one environment, and return what each invocation sent.

        `name` is that of template.yaml; `module` has the handler, in the code below `root`.
        """
        [function] = [each for each in self.application.functions if each.name == name]
        inherited = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        output = subprocess.check_output(
            [sys.executable, "-m", "tests.performance.counted_invocations", module],
            input="".join(json.dumps(event) + "\n" for event in events),
            cwd=root,
            env={
                **inherited,
                **function.environment,
                **CREDENTIALS,
                **{f"AWS_ENDPOINT_URL_{service.upper()}": url for service, url in self.services.items()},
                "AWS_DEFAULT_REGION": REGION,
                "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
                # The code below `root` first; the program itself is of this project.
                "PYTHONPATH": os.pathsep.join([str(root), str(ROOT)]),
            },
            text=True,
        )
        return [InvocationCounts(**json.loads(line)) for line in output.splitlines()]
