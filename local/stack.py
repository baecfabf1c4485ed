"""The whole stack: its parts started in order, watched, and ended in the opposite order whatever happens."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import filelock

from local import aws, docker, dynamodb, java, kafka, ports, resources
from local.console import console
from local.endpoints import FILE, Endpoints, url
from local.errors import PlainError
from local.gateway import gateway
from local.invoker import Answer
from local.lambdas.api import invoke_api
from local.lambdas.service import Lambdas
from local.mails import MailStore
from local.mapping.poller import Poller
from local.model import Application
from local.ports import LOOPBACK, listen
from local.process import Process
from local.server import serving
from local.settings import CONTAINER_KAFKA_PORT, PORTS, Settings
from local.template import load
from local.terminal import Terminal

# DynamoDB Local takes letters and digits only; neither says anything to anyone.
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


class StackInUseError(PlainError):
    """Another stack runs on the same data folder."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack that runs."""

    application: Application
    endpoints: Endpoints


@contextlib.asynccontextmanager
async def stack(settings: Settings, terminal: Terminal) -> AsyncIterator[Stack]:
    """Run a stack for as long as the context lasts.

    The death of a part of it cancels the body and is raised, in an ExceptionGroup, as ProcessDiedError.
    """
    async with asyncio.TaskGroup() as group, contextlib.AsyncExitStack() as exits:
        yield await _Starter(settings, terminal, group, exits).start()


class _Starter:
    def __init__(
        self,
        settings: Settings,
        terminal: Terminal,
        group: asyncio.TaskGroup,
        exits: contextlib.AsyncExitStack,
    ) -> None:
        self._settings = settings
        self._terminal = terminal
        self._group = group
        self._exits = exits
        self._logs = settings.data / "logs"
        self._ports: Mapping[str, int] = {}

    async def start(self) -> Stack:
        settings = self._settings
        self._lock_data()
        (settings.data / FILE).unlink(missing_ok=True)  # a stack that was killed leaves it behind
        # Everything that can be wrong with what we were told is found before anything is started.
        self._ports = {name: ports.claim(name, settings.ports[name]) for name in self._wanted_ports()}
        endpoints = self._endpoints()
        application = load(
            settings.template,
            parameters=_filled_in(settings.parameters, endpoints),
            region=settings.region,
            aws=endpoints.aws,
        )
        for name in application.ignored:
            self._terminal.step("template", f"not run on this machine: {name}")
        await self._start_services(endpoints)
        await self._make_resources(application, endpoints)
        await self._serve("console", console(MailStore(self._settings.data / "mails")))
        if settings.command == "run":
            await self._start_application(application, endpoints)
        self._exits.callback((settings.data / FILE).unlink, missing_ok=True)
        endpoints.write(settings.data)
        return Stack(application=application, endpoints=endpoints)

    def _lock_data(self) -> None:
        data = self._settings.data
        data.mkdir(parents=True, exist_ok=True)
        try:
            self._exits.enter_context(filelock.FileLock(data / "lock", timeout=0))
        except filelock.Timeout:
            raise StackInUseError(
                f"Another stack runs on {data}: end it, or give this one a folder of its own with --data."
            ) from None

    def _wanted_ports(self) -> list[str]:
        unwanted = {"kafka"} if self._settings.kafka else set()
        if self._settings.command == "services":
            # `sam local start-api` and `start-lambda` want these two.
            unwanted |= {"api", "lambda"}
        return [name for name in PORTS if name not in unwanted]

    def _endpoints(self) -> Endpoints:
        runs = self._settings.command == "run"
        return Endpoints(
            api=url(self._ports["api"]) if runs else None,
            lambda_=url(self._ports["lambda"]) if runs else None,
            console=url(self._ports["console"]),
            aws=url(self._ports["aws"]),
            dynamodb=url(self._ports["dynamodb"]),
            kafka=self._settings.kafka or f"{LOOPBACK}:{self._ports['kafka']}",
        )

    async def _start_services(self, endpoints: Endpoints) -> None:
        own_kafka = not self._settings.kafka
        programs = [dynamodb.PROGRAM, *([kafka.PROGRAM] if own_kafka else [])]
        class_paths = await java.class_paths(
            programs,
            # In the virtual environment: stacks on other data folders fetch nothing again.
            remembered=Path(sys.prefix, "java-programs.json"),
            progress=lambda text: self._terminal.step("java", text),
        )
        starts = [
            self._start_aws(),
            self._start_dynamodb(class_paths[dynamodb.PROGRAM]),
            self._start_kafka(class_paths[kafka.PROGRAM], endpoints)
            if own_kafka
            else asyncio.to_thread(kafka.check, endpoints.kafka),
        ]
        await asyncio.gather(*starts)

    async def _start_aws(self) -> None:
        addresses = [LOOPBACK]
        if self._settings.command == "services" and (bridge := docker.bridge_address()):
            addresses.append(bridge)
        port = self._ports["aws"]
        mails = self._settings.data / "mails"
        await self._run("aws", aws.start(port=port, addresses=addresses, mails=mails, logs=self._logs))
        await aws.ready(port)

    async def _start_dynamodb(self, class_path: str) -> None:
        port = self._ports["dynamodb"]
        data = self._settings.data / "dynamodb"
        await self._run("dynamodb", dynamodb.start(port=port, class_path=class_path, data=data, logs=self._logs))
        await dynamodb.ready(port)

    async def _start_kafka(self, class_path: str, endpoints: Endpoints) -> None:
        await self._run(
            "kafka",
            kafka.start(
                port=self._ports["kafka"],
                controller_port=ports.claim("Kafka's controller", 0),
                container_port=self._container_port(),
                class_path=class_path,
                data=self._settings.data / "kafka",
                logs=self._logs,
            ),
        )
        await kafka.ready(endpoints.kafka)

    def _container_port(self) -> int | None:
        if self._settings.command != "services":
            return None
        usual = self._settings.ports["kafka"] == PORTS["kafka"]
        return ports.claim("kafka", CONTAINER_KAFKA_PORT if usual else 0)

    async def _run(self, name: str, start: Awaitable[Process]) -> None:
        """Start a process and watch it from then on."""
        process = await start
        self._exits.push_async_callback(process.stop)
        watch = self._group.create_task(_raise_when_dead(process))
        self._exits.callback(watch.cancel)
        self._terminal.step(name, f"started {process.name}, pid {process.pid}")

    async def _make_resources(self, application: Application, endpoints: Endpoints) -> None:
        client = _clients(endpoints, self._settings.region)
        for made in await asyncio.to_thread(resources.make, application.resources, client):
            self._terminal.step("template", f"made {made.logical_id} ({made.type})")
        topics = {mapping.topic for mapping in application.mappings}
        partitions = self._settings.partitions
        for topic in await asyncio.to_thread(kafka.create_topics, endpoints.kafka, topics, partitions=partitions):
            self._terminal.step("kafka", f"made the topic {topic}, {partitions} partitions")

    async def _start_application(self, application: Application, endpoints: Endpoints) -> None:
        terminal = self._terminal
        lambdas = Lambdas(
            application.functions,
            variables=_variables(endpoints, self._settings.region),
            limit=self._settings.concurrency,
            log=terminal.function,
        )
        self._exits.push_async_callback(lambdas.stop)
        watching = asyncio.Event()
        reload = self._group.create_task(
            lambdas.reload(
                lambda function: terminal.step(function.name, "code changed: starting anew"), watching=watching
            )
        )
        self._exits.callback(reload.cancel)
        await lambdas.warm(
            lambda function: terminal.step(
                function.name, "its init failed; each invocation and each change tries again", level="ERROR"
            )
        )
        for mapping in application.mappings:
            await self._start_poller(
                Poller(
                    mapping=mapping,
                    bootstrap=endpoints.kafka,
                    invoke=_from_thread(lambdas),
                    report=lambda text: terminal.step("mapping", text),
                )
            )
        await self._serve("lambda", invoke_api(lambdas, [function.name for function in application.functions]))
        await watching.wait()
        for api in application.apis[:1]:
            await self._serve("api", gateway(api, lambdas, log=terminal.access))

    async def _start_poller(self, poller: Poller) -> None:
        thread = self._group.create_task(asyncio.to_thread(poller.run))
        self._exits.push_async_callback(asyncio.wait, [thread])
        self._exits.callback(poller.stop)

    async def _serve(self, name: str, app: Callable[..., Awaitable[None]]) -> None:
        await self._exits.enter_async_context(serving(app, listen(self._ports[name])))


async def _raise_when_dead(process: Process) -> None:
    raise await process.died()


def _filled_in(parameters: Mapping[str, str], endpoints: Endpoints) -> Mapping[str, str]:
    """Return the parameters with {kafka} and the like replaced by the stack's addresses."""
    filled_in = dict(parameters)
    for name, address in endpoints.by_name().items():
        filled_in = {key: value.replace(f"{{{name}}}", address) for key, value in filled_in.items()}
    return filled_in


def _variables(endpoints: Endpoints, region: str) -> Mapping[str, str]:
    """Return the variables that lead the functions' AWS clients to this machine."""
    return {
        **_CREDENTIALS,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoints.aws,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoints.dynamodb,
    }


def _clients(endpoints: Endpoints, region: str) -> resources.Clients:
    session = boto3.Session(
        aws_access_key_id=_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=region,
    )

    def client(service: Any) -> Any:
        return session.client(service, endpoint_url=endpoints.dynamodb if service == "dynamodb" else endpoints.aws)

    return client


def _from_thread(lambdas: Lambdas) -> Callable[[str, bytes], Future[Answer]]:
    """Return `lambdas.invoke` for the threads of the pollers."""
    loop = asyncio.get_running_loop()
    return lambda function, payload: asyncio.run_coroutine_threadsafe(lambdas.invoke(function, payload), loop)
