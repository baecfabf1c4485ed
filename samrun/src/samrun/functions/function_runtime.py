"""Function runtime: runs all functions of a template, in processes of this machine or in the SAM CLI's containers."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Protocol

from samrun.endpoints import Endpoints
from samrun.functions.invoker import Invoker
from samrun.functions.process_runtime import ProcessRuntime
from samrun.functions.sam_cli import SamCli
from samrun.functions.sam_runtime import SamRuntime, forward_log
from samrun.pythons.current_python import CurrentPython
from samrun.pythons.own_pythons import OwnPythons
from samrun.services.clients import CREDENTIALS
from samrun.settings import Settings
from samrun.supervision.files import user_cache
from samrun.supervision.ports import wait_for_port
from samrun.supervision.supervisor import Supervisor
from samrun.supervision.terminal import Terminal
from samrun.template.model.functions import Function
from samrun.template.resolution.unknown_values import is_outside_reference


class FunctionRuntime(Invoker, Protocol):
    """Runtime of all functions of a template."""

    async def warm(self, report: Callable[[Function], None]) -> None:
        """Get every function ready that waits for no debugger. Call `report` for each function whose init failed."""
        ...

    async def reload(self, report: Callable[[Function], None], *, watching: asyncio.Event) -> None:
        """Restart each function whose files change, for ever, and call `report` for it.

        Sets `watching` as soon as it notices every further change.
        """
        ...

    async def stop(self) -> None:
        """End all functions."""
        ...


async def create_process_runtime(
    functions: Sequence[Function], settings: Settings, endpoints: Endpoints, terminal: Terminal
) -> FunctionRuntime:
    """Return the runtime that runs the functions in processes of this machine, once their packages are installed.

    Those with a debugger start at once.
    """
    pythons = (
        CurrentPython()
        if settings.use_current_env
        else OwnPythons(cache=user_cache() / "environments", data=settings.data.resolve(), terminal=terminal)
    )
    runtime = await ProcessRuntime.create(
        functions,
        pythons=pythons,
        variables={**_aws_variables(endpoints, settings.region), **settings.services},
        limit=settings.concurrency,
        log=terminal.function,
        data=settings.data,
    )
    runtime.start_debugged()
    return runtime


async def start_sam_runtime(
    functions: Collection[Function],
    settings: Settings,
    endpoints: Endpoints,
    supervisor: Supervisor,
    terminal: Terminal,
    *,
    port: int,
) -> FunctionRuntime:
    """Build the functions and start the SAM CLI, which serves Lambda's Invoke API on `port`. Raises SamError."""
    sam = SamCli(
        template=settings.template,
        parameters={
            name: value
            for name, value in endpoints.for_containers().fill_in(settings.parameters).items()
            if not is_outside_reference(name)  # the SAM CLI does not resolve them
        },
        data=settings.data,
        env_vars=settings.env_vars,
    )
    terminal.step("sam", "builds the functions")
    await sam.build()
    process = await supervisor.start_process(sam.start_lambda(port))
    terminal.step("sam", f"started {process}; its log is {sam.log}")
    await wait_for_port(port)
    supervisor.start_task(forward_log(sam.log, functions, terminal.function))
    return SamRuntime(sam, functions, port=port, report=partial(terminal.step, "sam", level="ERROR"))


def _aws_variables(endpoints: Endpoints, region: str) -> Mapping[str, str]:
    """Return the variables that direct the functions' AWS clients to this machine."""
    return {
        **CREDENTIALS,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoints.aws,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoints.dynamodb,
        "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": endpoints.dynamodb,
        # A function invokes another at our own Invoke API: the rest of the local AWS runs no functions.
        **({"AWS_ENDPOINT_URL_LAMBDA": endpoints.lambda_} if endpoints.lambda_ else {}),
    }
