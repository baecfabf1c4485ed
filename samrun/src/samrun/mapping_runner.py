"""Runner of event source mappings alone: it feeds functions that run elsewhere, and starts nothing else."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from samrun.applications import load_applications
from samrun.endpoints import Endpoints, url
from samrun.errors import UserError
from samrun.functions.remote_invoker import RemoteInvoker
from samrun.kafka_launcher import KafkaLauncher
from samrun.lambda_api.lambda_app import lambda_app
from samrun.lambda_api.mapping_registry import MappingRegistry, RunningPoller, Trigger
from samrun.lambda_api.mapping_routes import mapping_routes
from samrun.lambda_api.tag_routes import tag_routes
from samrun.services import kafka
from samrun.services.clients import CREDENTIALS, Clients, shared_clients
from samrun.settings import AWS_VARIABLE, TemplateSettings
from samrun.supervision import ports
from samrun.supervision.supervisor import Supervisor, supervise
from samrun.supervision.terminal import Terminal
from samrun.template.model.kafka_mappings import KafkaMapping, Redeliver

# A function of Lambda takes up to 15 minutes.
_CONFIG: Mapping[str, Any] = {
    "connect_timeout": 5,
    "read_timeout": 15 * 60 + 10,
    "max_pool_connections": 256,
    # The mapping itself retries.
    "retries": {"total_max_attempts": 1},
}
_AWS = re.compile(r"https://lambda(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)/?")


class NoCredentialsError(UserError):
    """The functions are on AWS, and boto3 finds no credentials."""


@dataclass(frozen=True, kw_only=True)
class RunnerSettings:
    """Settings of the runner. `lambda_endpoint` is the URL of the Lambda API that has the functions.

    The mappings are those of the `template`, or are made through the API on `port` (0: a free one). `bootstrap` is
    host:port,… of Kafka; if it is None, Kafka is that of the stack that runs on the folder `data`.
    """

    lambda_endpoint: str
    template: TemplateSettings | None
    overrides: Mapping[str, str]
    bootstrap: str | None
    data: Path
    port: int
    region: str
    redeliver: Redeliver = "failed"
    schema_registry: str | None = None

    @property
    def is_on_aws(self) -> bool:
        """Tell whether the functions are on AWS itself."""
        return _AWS.fullmatch(self.lambda_endpoint) is not None

    @property
    def signing_region(self) -> str:
        """The region of the endpoint on AWS, or the one that is configured."""
        found = _AWS.fullmatch(self.lambda_endpoint)
        return found[1] if found else self.region


@dataclass(frozen=True, kw_only=True)
class RunningMappings:
    """Mappings that run: those of the template, and the URL of the API that has all of them."""

    mappings: Sequence[KafkaMapping]
    kafka: str
    api: str


@contextlib.asynccontextmanager
async def run_mappings(settings: RunnerSettings, terminal: Terminal) -> AsyncIterator[RunningMappings]:
    """Run mappings for as long as the context lasts. Raises UserError."""
    async with supervise() as supervisor:
        yield await _start(settings, terminal, supervisor)


async def _start(settings: RunnerSettings, terminal: Terminal, supervisor: Supervisor) -> RunningMappings:
    listener = ports.listen("mappings", settings.port)
    supervisor.on_exit(listener.close)
    endpoints = _endpoints(settings)
    mappings = _declared_mappings(settings, endpoints)
    invoker = RemoteInvoker(_lambda_client(settings), report=partial(terminal.step, "mapping"))
    await asyncio.to_thread(kafka.reach, endpoints.kafka)
    launcher = KafkaLauncher(
        endpoints=endpoints,
        data=None,
        redeliver=settings.redeliver,
        schema_registry=settings.schema_registry,
        supervisor=supervisor,
        invoker=invoker,
        client=_clients(settings, endpoints),
        report=partial(terminal.step, "mapping"),
    )
    registry = MappingRegistry(
        partial(_launch, launcher), run=supervisor.watch_task, report=partial(terminal.step, "mapping")
    )
    supervisor.on_exit_await(registry.stop)
    registry.start(mappings)
    await registry.settled()
    # Another machine knows the functions.
    api = lambda_app(mapping_routes(registry, None, settings.signing_region), tag_routes(registry))
    await supervisor.start_server(api, listener)
    return RunningMappings(mappings=mappings, kafka=endpoints.kafka, api=url(listener.getsockname()[1]))


def _launch(launcher: KafkaLauncher, trigger: Trigger, note_result: Callable[[str], None]) -> RunningPoller:
    if not isinstance(trigger, KafkaMapping):
        raise TypeError(f"{trigger.logical_id} is no mapping of Kafka")
    return launcher.launch(trigger, note_result)


def _endpoints(settings: RunnerSettings) -> Endpoints:
    """Return the endpoints of the stack that runs on the data folder, or, with brokers of their own, of none."""
    if settings.bootstrap is None:
        return Endpoints.of_running_stack(settings.data)
    aws = os.environ.get(AWS_VARIABLE) or settings.lambda_endpoint
    return Endpoints(
        api=None, lambda_=settings.lambda_endpoint, console=aws, aws=aws, dynamodb=aws, kafka=settings.bootstrap
    )


def _declared_mappings(settings: RunnerSettings, endpoints: Endpoints) -> Sequence[KafkaMapping]:
    if settings.template is None:
        return ()
    application = load_applications(
        [settings.template],
        overrides=settings.overrides,
        endpoints=endpoints,
        region=settings.signing_region,
        in_containers=True,  # functions in every language
    )
    return application.mappings


def _lambda_client(settings: RunnerSettings) -> Any:
    return _session(settings).client(
        "lambda",
        endpoint_url=settings.lambda_endpoint,
        config=_config(settings, _CONFIG),
    )


def _config(settings: RunnerSettings, options: Mapping[str, Any]) -> Config:
    """Return the configuration of a client. Only AWS itself may be behind a proxy."""
    return Config(**options) if settings.is_on_aws else Config(proxies={}, **options)


def _session(settings: RunnerSettings) -> boto3.Session:
    """Return a session with the usual credentials of boto3; those of the local services stand for none, but on AWS."""
    session = boto3.Session(region_name=settings.signing_region)
    if session.get_credentials() is not None:
        return session
    if settings.is_on_aws:
        raise NoCredentialsError(
            f"{settings.lambda_endpoint} is on AWS, and boto3 finds no credentials: set AWS_PROFILE or log in."
        )
    return boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=settings.signing_region,
    )


def _clients(settings: RunnerSettings, endpoints: Endpoints) -> Clients:
    """Return the clients of the other services: secrets, schemas, and on-failure destinations.

    They are on AWS only if the functions are. Those of an emulator are at AWS_ENDPOINT_URL, in the stack that runs, or
    at the emulator's own address.
    """
    endpoint = None if settings.is_on_aws else endpoints.aws
    return shared_clients(_session(settings), lambda _service: endpoint, _config(settings, {"connect_timeout": 5}))
