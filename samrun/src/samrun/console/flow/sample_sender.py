"""Sender of sample requests to an API of the stack: one, or many at a rate."""

import asyncio
import json
import secrets
import shlex
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from samrun.console.flow.api_operations import ApiOperation
from samrun.console.flow.body_fields import set_text

MAX_COUNT, MAX_RATE = 1_000, 50
# Seconds for one answer: an HTTP API gives up after 30.
_TIMEOUT = 35.0
_MAX_AT_ONCE = 50


@dataclass(frozen=True, kw_only=True)
class SampleRequest:
    """A request to an operation. `url` is that of the API, and `token` returns the local token, None without one."""

    operation: ApiOperation
    url: str
    path_values: Mapping[str, str]
    body: Any
    token: Callable[[], str | None]

    @property
    def target(self) -> str:
        """The whole URL."""
        path = self.operation.path
        for name, value in self.path_values.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        stage = f"/{self.operation.api.stage}" if self.operation.api.stage else ""
        return f"{self.url}{stage}{path}"

    def fresh_body(self) -> Any:
        """Return the body with a new value in each place that the API's Metadata names in NewInEachSample."""
        body = json.loads(json.dumps(self.body))
        for pointer in self.operation.api.new_in_each_sample:
            body = set_text(body, pointer, f"sample_{secrets.token_hex(6)}")
        return body

    def as_curl(self, token_command: str) -> str:
        """Return the request as a command of the shell, which gets the token by another command."""
        lines = [f"curl {shlex.quote(self.target)} -X {self.operation.method}"]
        if self.token() is not None:
            lines.append(f'-H "authorization: Bearer $({token_command})"')
        lines.append("-H 'content-type: application/json'")
        lines.append(f"-d {shlex.quote(json.dumps(self.fresh_body(), indent=2, ensure_ascii=False))}")
        return " \\\n  ".join(lines)


@dataclass(kw_only=True)
class SampleRun:
    """Requests that are being sent. `statuses` counts the answers by status; 0 stands for no answer."""

    title: str
    count: int
    rate: float
    statuses: Counter[int] = field(default_factory=Counter)
    is_running: bool = True

    @property
    def answered(self) -> int:
        """The number of requests that have an answer, or that got none."""
        return self.statuses.total()


class SampleSender:
    """Sender of the samples of one stack. One run at a time."""

    def __init__(self) -> None:
        self.run: SampleRun | None = None
        self._task: asyncio.Task[None] | None = None

    async def send(self, request: SampleRequest) -> str:
        """Send one request. Return its trace id. Raises httpx.HTTPError if the API does not answer."""
        trace = secrets.token_hex(16)
        async with _client() as client:
            await _send(client, request, trace)
        return trace

    def start(self, request: SampleRequest, *, count: int, rate: float) -> None:
        """Send many requests in the background, and end the run before."""
        self.stop()
        self.run = SampleRun(title=request.operation.summary, count=count, rate=rate)
        self._task = asyncio.create_task(_send_many(request, self.run))

    def stop(self) -> None:
        """End the run; requests under way are given up."""
        if self._task is not None:
            self._task.cancel()
        if self.run is not None:
            self.run.is_running = False


async def _send_many(request: SampleRequest, run: SampleRun) -> None:
    limit = asyncio.Semaphore(_MAX_AT_ONCE)
    began = time.monotonic()

    async def send(client: httpx.AsyncClient) -> None:
        try:
            status = (await _send(client, request, secrets.token_hex(16))).status_code
        except httpx.HTTPError:
            status = 0
        finally:
            limit.release()
        run.statuses[status] += 1

    try:
        async with _client() as client, asyncio.TaskGroup() as group:
            for number in range(run.count):
                await asyncio.sleep(began + number / run.rate - time.monotonic())
                await limit.acquire()
                group.create_task(send(client))
    finally:
        run.is_running = False


async def _send(client: httpx.AsyncClient, request: SampleRequest, trace: str) -> httpx.Response:
    token = request.token()
    headers = {
        "content-type": "application/json",
        "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01",
        **({"authorization": f"Bearer {token}"} if token else {}),
    }
    body = json.dumps(request.fresh_body()).encode()
    return await client.request(request.operation.method, request.target, content=body, headers=headers)


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, timeout=_TIMEOUT)
