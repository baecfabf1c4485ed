"""All functions of a template: invoked by name, started anew when their files change."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from local.invoker import Answer, FunctionNotFoundError
from local.lambdas.environment import LogLine
from local.lambdas.pool import InitError, Pool
from local.model import Function
from local.watching import changed


class Lambdas:
    """An Invoker of the template's functions. `limit`: environments a function, where it reserves none."""

    def __init__(
        self, functions: Iterable[Function], *, variables: Mapping[str, str], limit: int, log: LogLine
    ) -> None:
        self._pools = {
            function.name: Pool(function, variables=variables, limit=function.concurrency or limit, log=log)
            for function in functions
        }

    async def invoke(self, function: str, payload: bytes) -> Answer:
        """Invoke a function by its name. Raises FunctionNotFoundError and PayloadTooLargeError."""
        if function not in self._pools:
            raise FunctionNotFoundError(f"no function {function}; there are {', '.join(sorted(self._pools))}")
        return await self._pools[function].invoke(payload)

    async def warm(self, report: Callable[[Function], None]) -> None:
        """Have an environment of every function ready; `report` is told of each whose init failed."""

        async def warm(pool: Pool) -> None:
            try:
                await pool.warm()
            except InitError:
                report(pool.function)

        await asyncio.gather(*map(warm, self._pools.values()))

    async def reload(self, report: Callable[[Function], None], *, watching: asyncio.Event) -> None:
        """Watch the functions' files for ever, and end the environments of those that changed.

        From `watching` on, no change goes unseen.
        """
        async for functions in changed([pool.function for pool in self._pools.values()], watching=watching):
            for function in functions:
                await self._pools[function.name].retire()
                report(function)

    async def stop(self) -> None:
        """End every environment."""
        await asyncio.gather(*(pool.stop() for pool in self._pools.values()))
