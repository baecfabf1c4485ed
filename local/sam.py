"""The functions of a template in containers, as Lambda's image runs them: by the SAM CLI and Docker.

`sam build` makes their artifacts, and `sam local start-lambda` runs them. It takes its options from the template's
samconfig.toml, too; what we tell it on the command line comes after those.
"""

import asyncio
import contextlib
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from local import docker
from local.endpoints import url
from local.errors import PlainError
from local.files import write_whole
from local.invoker import PAYLOAD_LIMIT, Answer, FunctionNotFoundError, PayloadTooLargeError
from local.lambdas.environment import LogLine
from local.model import Function
from local.ports import LOOPBACK
from local.process import Process
from local.watching import changed

# The first invocation makes the function's image.
_PATIENCE = 120.0


class SamError(PlainError):
    """The SAM CLI is missing, or does not build the functions."""


@dataclass(frozen=True, kw_only=True)
class Sam:
    """The SAM CLI for one template. `parameters` are what containers are to have, `data` is the stack's folder."""

    template: Path
    parameters: Mapping[str, str]
    data: Path

    async def build(self) -> None:
        """Build every function. Raises SamError."""
        process = await Process.start(
            "sam build",
            self._command(
                *("build", "--template-file", self.template, "--build-dir", self._built),
                *("--parallel", "--cached", "--cache-dir", self._built.with_name("sam-cache")),
            ),
            log=self.data / "logs" / "sam-build.log",
        )
        try:
            if await process.ended():
                raise SamError(f"`sam build` failed. {process.last_words()}")
        finally:
            await process.stop()

    async def start_lambda(self, port: int) -> Process:
        """Start Lambda's Invoke API on a port, and return at once."""
        return await Process.start(
            "sam local start-lambda",
            self._command(
                *("local", "start-lambda", "--template-file", self._built / "template.yaml"),
                *("--host", LOOPBACK, "--port", str(port)),
                *("--add-host", f"{docker.HOST_NAME}:host-gateway"),
                *("--warm-containers", "LAZY"),
                # What is missing is pulled all the same; Docker only does not look for a newer one each time.
                "--skip-pull-image",
            ),
            log=self.log,
        )

    @property
    def log(self) -> Path:
        """What `sam local start-lambda` and the functions print."""
        return self.data / "logs" / "sam.log"

    @property
    def _built(self) -> Path:
        return (self.data / "sam").resolve()

    def _command(self, *arguments: str | Path) -> list[str | Path]:
        # By a file (JSON is YAML): a value may hold what the command line would take apart.
        overrides = write_whole(self.data.resolve() / "sam-parameters.yaml", json.dumps(self.parameters))
        config = self.template.parent / "samconfig.toml"
        more = ("--config-file", config.resolve()) if config.exists() else ()
        return [_executable(), *arguments, *more, "--parameter-overrides", f"file://{overrides}"]


class SamLambdas:
    """An Invoker of functions that `sam local start-lambda` runs on a port: one container of each function.

    They see each invocation's end only: what a function logs is in `Sam.log`.
    """

    def __init__(self, sam: Sam, functions: Iterable[Function], *, port: int) -> None:
        self._sam = sam
        self._functions = {function.name: function for function in functions}
        # A container takes one invocation at a time, and refuses a second one.
        self._free = {name: asyncio.Lock() for name in self._functions}
        self._client = httpx.AsyncClient(base_url=url(port), trust_env=False)
        self._work: set[asyncio.Task[Answer]] = set()

    async def invoke(self, function: str, payload: bytes) -> Answer:
        """Invoke a function by its name. Raises FunctionNotFoundError and PayloadTooLargeError."""
        if function not in self._functions:
            raise FunctionNotFoundError(f"no function {function}; there are {', '.join(sorted(self._functions))}")
        if len(payload) > PAYLOAD_LIMIT:
            raise PayloadTooLargeError(f"{len(payload)} bytes for {function}: an invocation takes {PAYLOAD_LIMIT}")
        work = asyncio.create_task(self._invoke(self._functions[function], payload))
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        return await asyncio.shield(work)

    async def _invoke(self, function: Function, payload: bytes) -> Answer:
        async with self._free[function.name]:
            try:
                answer = await self._client.post(
                    f"/2015-03-31/functions/{function.name}/invocations",
                    content=payload,
                    timeout=function.timeout + _PATIENCE,
                )
            except httpx.HTTPError as error:
                return _failed("Sam.Unreachable", f"sam local start-lambda: {type(error).__name__}")
        if answer.status_code != httpx.codes.OK:
            return _failed("Sam.Failed", f"sam local start-lambda answered {answer.status_code}: {answer.text}")
        if not answer.content:
            return _failed("Sandbox.Timedout", f"{function.name} gave no answer; {self._sam.log} says why")
        return Answer(
            request_id=answer.headers.get("x-amzn-requestid", ""),
            payload=answer.content,
            function_error=answer.headers.get("x-amz-function-error"),
        )

    async def warm(self, _report: Callable[[Function], None]) -> None:
        """Do nothing: the first invocation of each function starts its container."""

    async def reload(self, report: Callable[[Function], None], *, watching: asyncio.Event) -> None:
        """Watch the functions' files for ever, and build anew what changed: sam starts new containers for it.

        From `watching` on, no change goes unseen. Raises SamError.
        """
        async for functions in changed(self._functions.values(), watching=watching):
            await self._sam.build()
            for function in functions:
                report(function)

    async def stop(self) -> None:
        """Give up what is under way; sam ends the containers when it ends."""
        for work in self._work:
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await self._client.aclose()


async def show(log: Path, functions: Iterable[Function], line: LogLine) -> None:
    """Hand on for ever what the functions write to sam's log as JSON lines, with their name in it."""
    by_name = {function.name: function for function in functions}
    with log.open(encoding="utf-8", errors="replace") as lines:
        rest = ""
        while True:
            rest += lines.readline()
            if not rest.endswith("\n"):
                await asyncio.sleep(0.1)
                continue
            written, rest = rest.rstrip("\n"), ""
            with contextlib.suppress(ValueError, RecursionError):
                entry = json.loads(written)
                if isinstance(entry, dict) and (function := by_name.get(str(entry.get("function_name")))):
                    line(function, written)


def _failed(kind: str, message: str) -> Answer:
    payload = json.dumps({"errorType": kind, "errorMessage": message}).encode()
    return Answer(request_id="", payload=payload, function_error="Unhandled")


def _executable() -> Path:
    """Return the SAM CLI that `make` installs beside our own environment, else that of the PATH. Raises SamError."""
    beside = Path(sys.prefix).parent / ".venv-sam" / "bin" / "sam"
    if beside.exists():
        return beside
    if found := shutil.which("sam"):
        return Path(found)
    raise SamError("The SAM CLI is not installed: `make run SAM=1` does so, or see https://docs.aws.amazon.com/sam.")
