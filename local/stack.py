"""The whole stack: the services, and on them the application of a template."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial

import filelock

from local import docker, kafka_login, ports
from local.console import console
from local.endpoints import FILE, Endpoints, url
from local.errors import PlainError
from local.functions import in_containers, in_processes
from local.gateway import gateway
from local.invoker import Invoker
from local.issuer import Issuer
from local.lambdas.api import invoke_api
from local.mails import MailStore
from local.mapping.destination import keep
from local.mapping.login import client_settings
from local.mapping.poller import Poller
from local.model import Application, KafkaMapping
from local.parts import Parts, parts
from local.ports import LOOPBACK
from local.resources import Clients
from local.schedules.scheduler import Scheduler
from local.services import Services, clients
from local.settings import CONTAINER_KAFKA_PORT, PORTS, SCRAM_KAFKA_PORT, Settings
from local.template import load
from local.terminal import Terminal

# The parts that this process serves by itself: it listens on their ports from the beginning.
_OWN_SERVERS = ("api", "lambda", "console")


class StackInUseError(PlainError):
    """Another stack runs on the same data folder."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack that runs."""

    application: Application
    endpoints: Endpoints
    issuer: Issuer


@contextlib.asynccontextmanager
async def stack(settings: Settings, terminal: Terminal) -> AsyncIterator[Stack]:
    """Run a stack for as long as the context lasts.

    The death of a part of it cancels the body and is raised, in an ExceptionGroup, as ProcessDiedError.
    """
    async with parts() as running:
        yield await _start(settings, terminal, running)


async def _start(settings: Settings, terminal: Terminal, running: Parts) -> Stack:
    _lock(settings, running)
    # Everything that can be wrong with what we were told is found before anything is started.
    wanted = _wanted_ports(settings)
    # The SAM CLI serves Lambda's API by itself.
    own = [name for name in _OWN_SERVERS if not (settings.sam and name == "lambda")]
    listeners = {name: ports.listen(name, settings.ports[name]) for name in own if name in wanted}
    for listener in listeners.values():
        running.at_end(listener.close)
    claimed = {name: ports.claim(name, settings.ports[name]) for name in wanted if name not in listeners}
    claimed |= {name: listener.getsockname()[1] for name, listener in listeners.items()}
    claimed |= _more_of_kafka(settings)
    endpoints = _endpoints(settings, claimed)
    application = load(
        settings.template,
        parameters=endpoints.fill_in(settings.parameters),
        region=settings.region,
        aws=endpoints.aws,
    )
    for name in application.ignored:
        terminal.step("template", f"not done on this machine: {name}")
    issuer = Issuer(endpoints.issuer, settings.data)
    await Services(settings, endpoints, claimed, running, terminal).start(application)
    await running.server(console(MailStore(settings.mails), issuer), listeners["console"])
    if settings.command == "run":
        await _start_application(application, settings, endpoints, listeners, claimed, running, terminal)
    file = endpoints.write(settings.data)
    running.at_end(lambda: file.unlink(missing_ok=True))
    return Stack(application=application, endpoints=endpoints, issuer=issuer)


async def _start_application(
    application: Application,
    settings: Settings,
    endpoints: Endpoints,
    listeners: Mapping[str, socket.socket],
    claimed: Mapping[str, int],
    running: Parts,
    terminal: Terminal,
) -> None:
    if settings.sam:
        lambdas = await in_containers(
            application.functions, settings, endpoints, running, terminal, port=claimed["lambda"]
        )
    else:
        lambdas = in_processes(application.functions, settings, endpoints, terminal)
    running.at_end_wait(lambdas.stop)
    watching = asyncio.Event()
    running.task(
        lambdas.reload(lambda function: terminal.step(function.name, "code changed: starting anew"), watching=watching)
    )
    client = clients(endpoints, settings.region)
    assigned = [
        _start_poller(mapping, endpoints, lambdas, client, running, terminal) for mapping in application.mappings
    ]
    await lambdas.warm(
        lambda function: terminal.step(
            function.name, "its init failed; each invocation and each change tries again", level="ERROR"
        )
    )
    for mapping_assigned in assigned:
        await mapping_assigned.wait()
    if "lambda" in listeners:
        names = [each.name for each in application.functions]
        await running.server(invoke_api(lambdas, names), listeners["lambda"])
    for number, api in enumerate(application.apis):
        if number == 0:
            warn = partial(terminal.step, api.logical_id, level="WARNING")
            await running.server(gateway(api, lambdas, log=terminal.access, warn=warn), listeners["api"])
        else:
            terminal.step("template", f"not done on this machine: {api.logical_id}, a second HTTP API", level="WARNING")
    await watching.wait()
    scheduler = Scheduler(invoker=lambdas, report=lambda text: terminal.step("schedule", text))
    for schedule in application.schedules:
        terminal.step("schedule", f"{schedule.logical_id} invokes {schedule.function}: {schedule.expression}")
        running.task(scheduler.run(schedule))


def _start_poller(
    mapping: KafkaMapping, endpoints: Endpoints, lambdas: Invoker, client: Clients, running: Parts, terminal: Terminal
) -> asyncio.Event:
    """Start it, and return what is set once it misses no record."""
    loop, assigned = asyncio.get_running_loop(), asyncio.Event()
    # A mapping that the parameters do not lead to the listener with a password needs none, whatever a deployment needs.
    secured = endpoints.kafka_scram if mapping.bootstrap == endpoints.kafka_scram else None
    poller = Poller(
        mapping=mapping,
        bootstrap=secured or endpoints.kafka,
        login=partial(client_settings, mapping.login, client) if secured else dict,
        invoke=lambda function, payload: asyncio.run_coroutine_threadsafe(lambdas.invoke(function, payload), loop),
        report=lambda text: terminal.step("mapping", text),
        keep=partial(keep, arn=mapping.on_failure, client=client) if mapping.on_failure else None,
        on_assigned=partial(loop.call_soon_threadsafe, assigned.set),
    )
    running.thread(mapping.logical_id, poller.run, poller.stop)
    return assigned


def _lock(settings: Settings, running: Parts) -> None:
    settings.data.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(settings.data / "lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise StackInUseError(
            f"Another stack runs on {settings.data}: end it, or give this one a folder of its own with --data."
        ) from None
    running.at_end(lock.release)
    (settings.data / FILE).unlink(missing_ok=True)  # a stack that was killed leaves it behind


def _wanted_ports(settings: Settings) -> list[str]:
    attached = {"kafka": settings.kafka, "aws": settings.aws, "dynamodb": settings.dynamodb}
    unwanted = {name for name, address in attached.items() if address}
    if settings.command == "services":
        # `sam local start-api` and `start-lambda` want these two.
        unwanted |= {"api", "lambda"}
    return [name for name in PORTS if name not in unwanted]


def _more_of_kafka(settings: Settings) -> dict[str, int]:
    """Return the ports of the further listeners of the broker that we start: for containers, and with a password."""
    usual = settings.ports["kafka"] == PORTS["kafka"]
    more = {}
    if settings.for_containers and not settings.kafka:
        address = docker.bridge_address() or LOOPBACK
        more["container_kafka"] = ports.claim("kafka", CONTAINER_KAFKA_PORT if usual else 0, address=address)
    if settings.scram:
        more["kafka_scram"] = ports.claim("kafka", SCRAM_KAFKA_PORT if usual else 0)
    return more


def _endpoints(settings: Settings, claimed: Mapping[str, int]) -> Endpoints:
    runs, container_kafka = settings.command == "run", claimed.get("container_kafka")
    scram = claimed.get("kafka_scram")
    return Endpoints(
        api=url(claimed["api"]) if runs else None,
        lambda_=url(claimed["lambda"]) if runs else None,
        console=url(claimed["console"]),
        aws=settings.aws or url(claimed["aws"]),
        dynamodb=settings.dynamodb or url(claimed["dynamodb"]),
        kafka=settings.kafka or f"{LOOPBACK}:{claimed['kafka']}",
        container_kafka=f"{docker.HOST_NAME}:{container_kafka}" if container_kafka else None,
        kafka_scram=f"{LOOPBACK}:{scram}" if scram else None,
        kafka_secret=kafka_login.user_secret_arn(settings.region) if scram else None,
        kafka_ca_secret=kafka_login.ca_secret_arn(settings.region) if scram else None,
    )
