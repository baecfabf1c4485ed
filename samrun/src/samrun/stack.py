"""Stack: the services, and the applications that run on them."""

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace

from samrun import __version__
from samrun.administration.stack_functions import StackFunctions
from samrun.application_launcher import ApplicationLauncher
from samrun.applications import load_applications
from samrun.batching_windows import with_short_windows
from samrun.console import console
from samrun.control.stack_parts import StackParts
from samrun.debugged_functions import addresses, claim_debug_ports, with_debuggers
from samrun.endpoints import FILE, Endpoints, stack_url, url
from samrun.errors import leaves
from samrun.oidc.issuer import Issuer
from samrun.oidc.token_defaults import TokenDefaults
from samrun.services import kafka_credentials
from samrun.services.clients import clients
from samrun.services.launcher import ServiceLauncher
from samrun.services.mail_store import MailStore
from samrun.services.text_message_store import TextMessageStore
from samrun.settings import CONTAINER_KAFKA_PORT, MUTUAL_TLS_KAFKA_PORT, PORTS, SCRAM_KAFKA_PORT, Settings
from samrun.supervision import docker, ports
from samrun.supervision.browser_guard import Pages
from samrun.supervision.data_folder import is_full_disk, lock_data_folder, unwritable
from samrun.supervision.ports import LOOPBACK
from samrun.supervision.supervisor import Supervisor, supervise
from samrun.supervision.terminal import Terminal
from samrun.template.model.application import Application
from samrun.template.values.samconfig import OWN

# This process serves these parts itself, and listens on their ports from the beginning. It listens for the APIs, too,
# once it has read the templates and found one, or a function URL, in them.
_OWN_SERVERS = ("lambda", "console")


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack that runs."""

    application: Application
    endpoints: Endpoints
    issuer: Issuer


@contextlib.asynccontextmanager
async def run_stack(settings: Settings, terminal: Terminal) -> AsyncIterator[Stack]:
    """Run a stack for as long as the context lasts.

    The death of a part of it cancels the body and is raised, in an ExceptionGroup, as ProcessDiedError. Raises
    DataFolderError if the disk is full.
    """
    try:
        async with supervise() as supervisor:
            yield await _start(settings, terminal, supervisor)
    except* OSError as group:
        # Other errors, such as of the pipe to a part that has ended, follow from it.
        full = next((error for error in leaves(group) if is_full_disk(error)), None)
        if full is None:
            raise
        raise unwritable(settings.data, full) from group


async def _start(settings: Settings, terminal: Terminal, supervisor: Supervisor) -> Stack:
    _lock(settings, supervisor)
    # Every error of the settings is found before anything starts.
    required = _required_ports(settings)
    _check_ports(settings, required)
    # The SAM CLI serves Lambda's API by itself.
    own = [name for name in _OWN_SERVERS if not (settings.sam and name == "lambda")]
    listeners = {name: ports.listen(name, settings.ports[name]) for name in own if name in required}
    for listener in listeners.values():
        supervisor.on_exit(listener.close)
    claimed = {name: _claim(name, settings.ports[name]) for name in required if name not in listeners}
    claimed |= {name: listener.getsockname()[1] for name, listener in listeners.items()}
    claimed |= _extra_kafka_ports(settings)
    endpoints = _endpoints(settings, claimed)
    application = load_applications(
        settings.templates,
        overrides=settings.overrides,
        endpoints=endpoints,
        region=settings.region,
        in_containers=settings.for_containers,
        env_vars=settings.env_vars,
    )
    debug_ports = claim_debug_ports(application.functions, settings.debug)
    application = with_debuggers(application, debug_ports)
    application = with_short_windows(application, settings.max_batching_window)
    endpoints = replace(endpoints, debuggers=addresses(debug_ports))
    for template in settings.templates:
        if template.command != OWN:
            text = f"{template.path} has the parameters of [default.{template.command}.parameters]"
            terminal.step("template", f"{text}; [default.{OWN}.parameters] would replace them")
    if "api" in claimed and application.serves_http:
        listeners["api"] = ports.listen("api", claimed["api"])
        supervisor.on_exit(listeners["api"].close)
        names = dict.fromkeys(api.stack for api in application.all_apis if api.stack)
        endpoints = replace(endpoints, stack_apis={name: stack_url(url(claimed["api"]), name) for name in names})
    else:
        endpoints = replace(endpoints, api=None)
    for name in application.ignored:
        terminal.step("template", f"not run here: {name}")
    issuer = Issuer(endpoints.issuer, settings.data)
    await ServiceLauncher(settings, endpoints, claimed, supervisor, terminal).start(application)
    parts = StackParts(
        endpoints=endpoints,
        client=clients(endpoints, settings.region),
        mails=MailStore(settings.mails),
        text_messages=TextMessageStore(settings.text_messages),
        external=frozenset(_external_services(settings)),
        application=application,
        issuer=issuer,
    )
    await supervisor.start_server(console(parts), listeners["console"], pages=Pages.OWN)
    if settings.command == "up":
        launcher = ApplicationLauncher(
            settings=settings,
            endpoints=endpoints,
            issuer=issuer,
            listeners=listeners,
            claimed_ports=claimed,
            supervisor=supervisor,
            terminal=terminal,
            parts=parts,
        )
        await launcher.start(application)
    TokenDefaults.of(application, endpoints.issuer).write(settings.data)
    StackFunctions.of(application).write(settings.data)
    file = endpoints.write(settings.data)
    supervisor.on_exit(lambda: file.unlink(missing_ok=True))
    return Stack(application=application, endpoints=endpoints, issuer=issuer)


def _lock(settings: Settings, supervisor: Supervisor) -> None:
    supervisor.on_exit(lock_data_folder(settings.data, command=settings.command, version=__version__))
    (settings.data / FILE).unlink(missing_ok=True)  # a stack that was killed leaves it behind


def _required_ports(settings: Settings) -> list[str]:
    unwanted = _external_services(settings)
    if settings.command == "services":
        # `sam local start-api` and `start-lambda` use these two.
        unwanted |= {"api", "lambda"}
    return [name for name in PORTS if name not in unwanted]


def _external_services(settings: Settings) -> set[str]:
    """Return the names of the services that the stack uses and does not start."""
    addresses = {"kafka": settings.kafka, "aws": settings.aws, "dynamodb": settings.dynamodb}
    return {name for name, address in addresses.items() if address}


def _check_ports(settings: Settings, required: Iterable[str]) -> None:
    """Refuse a stack if several of its ports are taken, with one error: of one port, `ports` says the same.

    The API's port is not among them, since the templates may have no API.
    """
    taken = {
        name: settings.ports[name] for name in required if name != "api" and not ports.is_free(settings.ports[name])
    }
    if len(taken) > 1:
        raise ports.taken(taken, all_names=required)


def _claim(name: str, port: int) -> int:
    """Return the port, or a free one if it is 0. Another process may have the API's port if there is no API."""
    return port if name == "api" and port else ports.claim(name, port)


def _extra_kafka_ports(settings: Settings) -> dict[str, int]:
    """Return the ports of the broker's further listeners: for containers, with a password, and with a certificate."""
    usual = settings.ports["kafka"] == PORTS["kafka"]
    more = {}
    if settings.for_containers and not settings.kafka:
        address = docker.bridge_address() or LOOPBACK
        more["container_kafka"] = ports.claim("kafka", CONTAINER_KAFKA_PORT if usual else 0, address=address)
    if settings.scram:
        more["kafka_scram"] = ports.claim("kafka", SCRAM_KAFKA_PORT if usual else 0)
    if settings.mutual_tls:
        more["kafka_mtls"] = ports.claim("kafka", MUTUAL_TLS_KAFKA_PORT if usual else 0)
    return more


def _endpoints(settings: Settings, claimed: Mapping[str, int]) -> Endpoints:
    runs, container_kafka = settings.command == "up", claimed.get("container_kafka")
    scram, mutual_tls = claimed.get("kafka_scram"), claimed.get("kafka_mtls")
    return Endpoints(
        api=url(claimed["api"]) if runs else None,
        lambda_=url(claimed["lambda"]) if runs else None,
        console=url(claimed["console"]),
        aws=settings.aws or url(claimed["aws"]),
        dynamodb=settings.dynamodb or url(claimed["dynamodb"]),
        kafka=settings.kafka or f"{LOOPBACK}:{claimed['kafka']}",
        container_kafka=f"{docker.HOST_NAME}:{container_kafka}" if container_kafka else None,
        kafka_scram=f"{LOOPBACK}:{scram}" if scram else None,
        kafka_secret=kafka_credentials.user_secret_arn(settings.region) if scram else None,
        kafka_mtls=f"{LOOPBACK}:{mutual_tls}" if mutual_tls else None,
        kafka_client_secret=kafka_credentials.client_secret_arn(settings.region) if mutual_tls else None,
        kafka_ca_secret=kafka_credentials.ca_secret_arn(settings.region) if scram or mutual_tls else None,
    )
