"""Process runtime: all functions of a template, in processes of this machine, restarted when their files change."""

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from samrun.functions.deployment_package import PackageError, unpack
from samrun.functions.environment_pool import EnvironmentPool, InitError
from samrun.functions.execution_environment import LogLine
from samrun.functions.invoker import InvocationOptions, InvocationResult, check_request
from samrun.functions.watcher import changed_functions
from samrun.pythons.function_python import Pythons
from samrun.template.model.functions import Function


class ProcessRuntime:
    """A FunctionRuntime of processes. A function may have `limit` environments, unless it reserves its concurrency.

    Each runs with the Python that `pythons` gives it. Code that is not a folder is unpacked into one in the stack's
    folder, `data`, whose changes restart no function.
    """

    def __init__(self, functions: Sequence[Function], *, pythons: Pythons, log: LogLine, data: Path) -> None:
        self._functions = functions
        self._pythons = pythons
        self._log = log
        self._data = data
        self._packages = data / "packages"
        self._pools: dict[str, EnvironmentPool] = {}

    @classmethod
    async def create(
        cls,
        functions: Sequence[Function],
        *,
        pythons: Pythons,
        variables: Mapping[str, str],
        limit: int,
        log: LogLine,
        data: Path,
    ) -> Self:
        """Return the runtime once all functions are unpacked and have their Pythons. Raises PackageError."""
        runtime = cls(functions, pythons=pythons, log=log, data=data)
        shutil.rmtree(runtime._packages, ignore_errors=True)  # those of an earlier start
        for prepared in await pythons.prepare(runtime._functions):
            function = prepared.function
            runtime._pools[function.name] = EnvironmentPool(
                unpack(function, runtime._packages),
                prepared.python,
                variables=variables,
                limit=function.concurrency or limit,
                log=log,
            )
        return runtime

    async def invoke(self, function: str, payload: bytes, options: InvocationOptions | None = None) -> InvocationResult:
        """Invoke a function by its name. Raises FunctionNotFoundError and PayloadTooLargeError."""
        check_request(function, payload, self._pools)
        return await self._pools[function].invoke(payload, options or InvocationOptions())

    def start_debugged(self) -> None:
        """Start an environment of every function that is debugged: it waits for its debugger."""
        for pool in self._pools.values():
            if pool.function.debug_port:
                pool.warm_in_background()

    async def warm(self, report: Callable[[Function], None]) -> None:
        """Start an environment of every function. Call `report` for each function whose init failed.

        No debugger is waited for.
        """

        async def warm(pool: EnvironmentPool) -> None:
            try:
                await pool.warm()
            except InitError:
                report(pool.function)

        await asyncio.gather(*(warm(pool) for pool in self._pools.values() if pool.function.debug_port is None))

    async def reload(self, report: Callable[[Function], None], *, watching: asyncio.Event) -> None:
        """Watch the functions' files for ever, and end the environments of each function that changed.

        A change of its requirements, too, gives it another Python. Sets `watching` once no change is missed.
        """
        async for changed in changed_functions(self._functions, ignored=self._data, watching=watching):
            for prepared in await self._pythons.prepare(changed):
                function = prepared.function
                try:
                    unpacked = await asyncio.to_thread(unpack, function, self._packages)
                except PackageError as error:  # it is still being written; the end of that is a change, too
                    self._log(function, str(error))
                    continue
                pool = self._pools[function.name]
                await pool.retire(unpacked, prepared.python)
                report(function)
                if function.debug_port:
                    pool.warm_in_background()

    async def stop(self) -> None:
        """End every environment."""
        await asyncio.gather(*(pool.stop() for pool in self._pools.values()))
