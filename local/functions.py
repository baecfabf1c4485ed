"""Who runs the functions of a template: processes of this machine, or containers of the SAM CLI."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from local.endpoints import Endpoints
from local.invoker import Invoker
from local.lambdas.service import Lambdas
from local.model import Function
from local.parts import Parts
from local.ports import until_open
from local.sam import Sam, SamLambdas, show
from local.services import CREDENTIALS
from local.settings import Settings
from local.terminal import Terminal


class Functions(Invoker, Protocol):
    """All functions of a template."""

    async def warm(self, report: Callable[[Function], None]) -> None:
        """Have every function ready; `report` is told of each whose init failed."""
        ...

    async def reload(self, report: Callable[[Function], None], *, watching: asyncio.Event) -> None:
        """Run what changes anew, for ever, and tell `report` of it; from `watching` on, no change goes unseen."""
        ...

    async def stop(self) -> None:
        """End them."""
        ...


def in_processes(
    functions: Collection[Function], settings: Settings, endpoints: Endpoints, terminal: Terminal
) -> Functions:
    """Run the functions by ourselves."""
    return Lambdas(
        functions,
        variables={**_variables(endpoints, settings.region), **settings.services},
        limit=settings.concurrency,
        log=terminal.function,
    )


async def in_containers(
    functions: Collection[Function],
    settings: Settings,
    endpoints: Endpoints,
    running: Parts,
    terminal: Terminal,
    *,
    port: int,
) -> Functions:
    """Have the SAM CLI run the functions, and serve Lambda's Invoke API on `port`. Raises SamError."""
    sam = Sam(
        template=settings.template,
        parameters=endpoints.for_containers().fill_in(settings.parameters),
        data=settings.data,
    )
    terminal.step("sam", "builds the functions")
    await sam.build()
    process = await running.process(sam.start_lambda(port))
    terminal.step("sam", f"started {process}; its log is {sam.log}")
    await until_open(port)
    running.task(show(sam.log, functions, terminal.function))
    return SamLambdas(sam, functions, port=port)


def _variables(endpoints: Endpoints, region: str) -> Mapping[str, str]:
    """Return the variables that lead the functions' AWS clients to this machine."""
    return {
        **CREDENTIALS,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoints.aws,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoints.dynamodb,
    }
