"""Lambda's API with a registry of mappings whose pollers read nothing: they start and end as a test says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

from samrun.functions.invocation_request import FunctionNames
from samrun.lambda_api.lambda_app import lambda_app
from samrun.lambda_api.mapping_registry import MappingRegistry, RunningPoller, Trigger
from samrun.lambda_api.mapping_routes import mapping_routes
from samrun.lambda_api.tag_routes import tag_routes
from support.lambda_caller import LambdaCaller

NAMES = FunctionNames(
    qualifiers={"reader": frozenset({"live", "1"}), "worker": frozenset()},
    region="us-east-1",
)


class MappingApi(LambdaCaller):
    """The API, what its mappings started, and whether their pollers end when they are asked to."""

    def __init__(self, triggers: Sequence[Trigger], functions: FunctionNames | None) -> None:
        self.started: list[Trigger] = []
        self.reports: list[str] = []
        self.results: list[Callable[[str], None]] = []
        self.ends_at_once = True
        self.ending: asyncio.Queue[asyncio.Future[None]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self.registry = MappingRegistry(self._launch, run=self._run, report=self.reports.append)
        super().__init__(lambda_app(mapping_routes(self.registry, functions, "us-east-1"), tag_routes(self.registry)))
        self.registry.start(triggers)

    def _run(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.add(asyncio.ensure_future(work))

    def _launch(self, trigger: Trigger, note_result: Callable[[str], None]) -> RunningPoller:
        self.started.append(trigger)
        self.results.append(note_result)
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        has_position = asyncio.Event()
        has_position.set()

        def stop() -> None:
            if not ended.done():
                ended.set_result(None)

        def finish() -> None:
            if self.ends_at_once:
                stop()
            else:
                self.ending.put_nowait(ended)

        return RunningPoller(has_position=has_position, ended=ended, stop=stop, finish=finish)

    async def end(self) -> None:
        """Stop the registry, and fail if a change of a mapping failed."""
        await self.registry.stop()
        await asyncio.gather(*self._tasks)

    async def create(self, **options: Any) -> str:
        """Create a mapping, and return its UUID once nothing changes any more."""
        made = await self.call("CreateEventSourceMapping", **options)
        await self.registry.settled()
        return str(made["UUID"])


@contextlib.asynccontextmanager
async def mapping_api(*triggers: Trigger, functions: FunctionNames | None = NAMES) -> AsyncIterator[MappingApi]:
    """Run the API with the mappings of a template, while the context lasts."""
    api = MappingApi(triggers, functions)
    await api.registry.settled()
    yield api
    await api.end()
