"""Components of the stack that is disturbed: services, proxies and `samrun up`. Each can end and start again."""

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil

from samrun import Endpoints, load_application
from samrun.testing.aws import REGION, LocalAws, create_declared
from samrun.testing.broker import Broker
from samrun.testing.dynamodb import Database
from samrun.testing.killable_service import KillableService
from samrun.testing.listeners import Listener
from samrun.testing.mapping import Application
from samrun.testing.processes import free_port
from samrun.testing.stack import RunningStack
from samrun.testing.waiting import PATIENCE
from tools.chaos.edge_proxy import EdgeProxy
from tools.chaos.fault_plan import EDGES
from tools.chaos.history import History, ProcessEnd, UnexpectedEnd, now
from tools.chaos.http_exchange import HttpTap
from tools.chaos.interruption import interruptible
from tools.chaos.observers import Observers
from tools.chaos.process_watch import ProcessWatch
from tools.chaos.start_gate import StartGate

_START_PAUSE = 0.3
_WATCH_PAUSE = 0.2
_HANDLERS = "functions."
_MAPPING = "NotifyFromSelfManagedKafka"  # of notify, from order-events


class Proxies:
    """Proxies of all edges, in the thread of one event loop."""

    def __init__(self, edges: Mapping[str, EdgeProxy], processes: ProcessWatch) -> None:
        self.edges = edges
        self._processes = processes
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._thread.start()
        for edge in edges.values():
            asyncio.run_coroutine_threadsafe(edge.start(), self._loop).result()

    def call(self, function: Callable[[], object]) -> None:
        """Call a function of an edge in the thread of the proxies."""

        async def run() -> None:
            function()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def close(self) -> None:
        """End all connections."""
        for edge in self.edges.values():
            asyncio.run_coroutine_threadsafe(edge.close(), self._loop).result()
        self.call(self._processes.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass(kw_only=True)
class ServiceComponent:
    """Service with a thread of its own, which starts it and ends it. `edges` lead to it.

    `prepare` is called after each start, before a client sees it.
    """

    create: Callable[[], KillableService]
    edges: tuple[EdgeProxy, ...]
    proxies: Proxies
    prepare: Callable[[], object] = lambda: None
    service: Any = None
    _executor: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def start(self) -> Future[None]:
        """Start it for the first time."""
        return self._executor.submit(self._start)

    def _start(self) -> None:
        self.service = self.create()
        self.prepare()

    def kill(self, seconds: float) -> None:
        """End it by SIGKILL, and start it after some seconds on the same data and ports."""
        self._executor.submit(self._kill, seconds).result()

    def _kill(self, seconds: float) -> None:
        self.service.kill()
        for edge in self.edges:
            self.proxies.call(lambda edge=edge: edge.accept(False))  # type: ignore[misc]
        time.sleep(seconds)
        self.service.start()
        self.prepare()
        for edge in self.edges:
            self.proxies.call(lambda edge=edge: edge.accept(True))  # type: ignore[misc]

    def freeze(self, seconds: float) -> None:
        """Stop its process (SIGSTOP) for some seconds."""
        self._executor.submit(self._freeze, seconds).result()

    def _freeze(self, seconds: float) -> None:
        self.service.freeze()
        try:
            time.sleep(seconds)
        finally:
            self.service.thaw()

    def close(self) -> None:
        """End it, whatever its state is."""
        if self.service:
            self._executor.submit(self.service.close).result()
        self._executor.shutdown()


@dataclass(kw_only=True)
class StackComponent:
    """`samrun up`: the API, the mapping, the schedules and the functions' environments.

    `create` starts it, eager or not: with environments, or with none before the first invocations.
    """

    create: Callable[[bool], RunningStack]
    history: History
    gate: StartGate = field(default_factory=StartGate)
    stack: RunningStack = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread = field(init=False)

    def start(self) -> None:
        """Start it, with an environment of each function, and start it again whenever it ends by itself."""
        self._start_until_it_runs(eager=True)
        self._watcher = threading.Thread(target=self._watch, name="watch the stack")
        self._watcher.start()

    def _start_until_it_runs(self, *, eager: bool = False) -> None:
        """Start it, again and again: on a connection that is silent, a service may not answer although it runs."""
        end = time.monotonic() + PATIENCE
        while not self._stopping.is_set():
            self.stack = self.create(eager)
            try:
                with interruptible():
                    self.stack.wait_until_ready()
            except AssertionError:
                self.stack.kill()
                if time.monotonic() > end:
                    raise
                self._stopping.wait(_START_PAUSE)
            else:
                return

    def _watch(self) -> None:
        while not self._stopping.wait(_WATCH_PAUSE):
            with self._lock:
                if self.stack.process.poll() is not None:
                    last = self.stack.log.read_text().splitlines()[-3:]
                    self.history.add(UnexpectedEnd(at=now(), what=f"samrun up ended by itself: {' / '.join(last)}"))
                    with self.gate.start():
                        self._start_until_it_runs()

    def kill(self, seconds: float) -> None:
        """End all its processes by SIGKILL, and start it after some seconds."""
        with self._lock:
            self.stack.kill()
            time.sleep(seconds)
            with self.gate.start():
                self._start_until_it_runs()

    def freeze(self, seconds: float) -> None:
        """Stop its main process (SIGSTOP) for some seconds: the mapping, the API and the schedules."""
        with self._lock:
            self.stack.process.send_signal(signal.SIGSTOP)
            try:
                time.sleep(seconds)
            finally:
                self.stack.process.send_signal(signal.SIGCONT)

    def workers(self) -> list[psutil.Process]:
        """Return the processes of the functions' environments, by their ids."""
        found = []
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in psutil.Process(self.stack.process.pid).children():
                with contextlib.suppress(psutil.NoSuchProcess):
                    if any(word.startswith(_HANDLERS) for word in process.cmdline()):
                        found.append(process)
        return sorted(found, key=lambda process: process.pid)

    def abandon(self) -> None:
        """Start it no more; a start under way, which may take long on a busy machine, ends."""
        self._stopping.set()
        self.stack.kill()

    def close(self) -> None:
        """End it, whatever its state is."""
        self._stopping.set()
        if hasattr(self, "_watcher"):
            self._watcher.join()
        if hasattr(self, "stack"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.stack.process.pid, signal.SIGCONT)
            self.stack.kill()


class Components:
    """All components, on free ports, with their data in `folder`; the template is that of the folder `project`.

    A context manager: entering it starts them, and leaving it ends them.
    """

    def __init__(
        self, folder: Path, project: Path, history: History, *, variables: Mapping[str, str] | None = None
    ) -> None:
        ports = {name: free_port() for name in (*EDGES, "console", "lambda", "stack api", *_TARGETS)}
        observers = Observers(history)
        processes = ProcessWatch(lambda process: history.add(ProcessEnd(at=now(), process=process)))
        targets = {"api": "stack api", "ses": "target aws", **{name: f"target {name}" for name in EDGES[1:-1]}}
        reports = {"ses": observers.ses, "dynamodb": observers.dynamodb, "aws": observers.aws}
        edges = {
            name: EdgeProxy(
                name=name,
                port=ports[name],
                target_port=ports[targets[name]],
                tap=HttpTap if name in reports else None,
                report=reports.get(name, lambda _: None),
                connected=processes.watch,
            )
            for name in EDGES
        }
        self.ports = ports
        self.project = project
        self.history = history
        self.variables = variables or {}
        self.proxies = Proxies(edges, processes)
        self.application = _application(project, ports)
        [self.mapping] = [each for each in self.application.mappings if each.logical_id == _MAPPING]
        self.broker = ServiceComponent(
            create=lambda: Broker(folder / "broker", listeners=_listeners(ports)),
            edges=(edges["producer"], edges["mapping"]),
            proxies=self.proxies,
        )
        self.database = ServiceComponent(
            create=lambda: Database(folder / "database", port=ports["target dynamodb"]),
            edges=(edges["dynamodb"],),
            proxies=self.proxies,
        )
        self.local_aws = ServiceComponent(
            create=lambda: LocalAws(folder / "local-aws", port=ports["target aws"]),
            prepare=lambda: create_declared(self.application, self.local_aws.service.url),
            edges=(edges["aws"], edges["ses"]),
            proxies=self.proxies,
        )
        self.stack = StackComponent(create=lambda eager: self._stack(folder, eager=eager), history=history)

    def _stack(self, folder: Path, *, eager: bool) -> RunningStack:
        ports = self.ports
        return RunningStack(
            self.project,
            folder / "stack",
            eager=eager,
            options=["--parameter-overrides", f"KafkaBootstrapServers=127.0.0.1:{ports['producer']}"],
            ports={"api": ports["stack api"], "console": ports["console"], "lambda": ports["lambda"]},
            environment={
                "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{ports['mapping']}",
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports['aws']}",
                "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{ports['dynamodb']}",
                "AWS_ENDPOINT_URL_SESV2": f"http://127.0.0.1:{ports['ses']}",
                **self.variables,
            },
        )

    def __enter__(self) -> Self:
        try:
            for start in [self.broker.start(), self.database.start(), self.local_aws.start()]:
                with interruptible():
                    start.result()
            self.stack.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all components."""
        for component in (self.stack, self.local_aws, self.database, self.broker, self.proxies):
            component.close()

    @property
    def api(self) -> str:
        """URL of the API, through its edge."""
        return f"http://127.0.0.1:{self.ports['api']}"


_TARGETS = ("target producer", "target mapping", "target dynamodb", "target aws")


def _listeners(ports: Mapping[str, int]) -> list[Listener]:
    """Return the listeners of the broker: each edge to it has one, which gives clients the address of its proxy."""
    return [
        Listener(name=name.upper(), port=ports[f"target {name}"], advertised=f"127.0.0.1:{ports[name]}")
        for name in ("producer", "mapping")
    ]


def _application(project: Path, ports: Mapping[str, int]) -> Application:
    nowhere = "http://127.0.0.1:1"
    endpoints = Endpoints(
        api=None,
        lambda_=None,
        console=nowhere,
        aws=f"http://127.0.0.1:{ports['target aws']}",
        dynamodb=nowhere,
        kafka=f"127.0.0.1:{ports['producer']}",
    )
    return load_application(project / "template.yaml", endpoints=endpoints, overrides=[], region=REGION)
