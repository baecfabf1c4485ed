"""Launcher of Kafka event source mappings: starts a poller for each, with its listener, secrets and schema registry."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from samrun.control.metrics import MappingMetrics, StackMetrics
from samrun.endpoints import Endpoints
from samrun.functions.invoker import Invoker
from samrun.functions.threaded_invocation import invoke_from_threads
from samrun.journal.delivery_recorder import DeliveryRecorder
from samrun.journal.journal import Journal
from samrun.lambda_api.mapping_registry import RunningPoller
from samrun.mapping.authentication import Authenticate, client_settings
from samrun.mapping.delivery_observer import DeliveryObservers
from samrun.mapping.kafka_destination import send_to_topic
from samrun.mapping.on_failure_destination import SendToDestination, send_to_on_failure_destination
from samrun.mapping.poller import KafkaPoller
from samrun.mapping.record_filter import RecordFilter
from samrun.mapping.schema_validator import SchemaValidator
from samrun.schemas.registry import open_registry
from samrun.services.clients import Clients
from samrun.services.secured_listener import secured_listener
from samrun.settings import REGISTRY_VARIABLE
from samrun.supervision.supervisor import Supervisor
from samrun.template.model.kafka_mappings import KafkaMapping, Redeliver

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class KafkaLauncher:
    """Launcher of the pollers of Kafka mappings under the supervisor of a stack.

    The mappings invoke the functions of `invoker`. `client` returns the boto3 client of a service. `report` takes lines
    about what happened. `data` is the folder of the stack: a poller has the same name in its group after each start on
    it; without a folder, it has none. `schema_registry` is the URL that stands for the registries of all mappings, but
    for Glue's. `pollers` has the pollers that run, and `metrics` and
    `journal` count and note their deliveries.
    """

    endpoints: Endpoints
    data: Path | None
    redeliver: Redeliver
    schema_registry: str | None
    supervisor: Supervisor
    invoker: Invoker
    client: Clients
    report: Callable[[str], None]
    pollers: list[KafkaPoller] = field(default_factory=list)
    metrics: StackMetrics = field(default_factory=StackMetrics)
    journal: Journal = field(default_factory=Journal)

    def launch(self, mapping: KafkaMapping, note_result: Callable[[str], None]) -> RunningPoller:
        """Start the poller of a mapping. `note_result` gets its last result."""
        loop, has_position = asyncio.get_running_loop(), asyncio.Event()
        secured = secured_listener(mapping, self.endpoints)
        bootstrap = secured.bootstrap if secured else self.endpoints.kafka
        authenticate: Authenticate = partial(client_settings, secured.authentication, self.client) if secured else dict
        if mapping.authentication.has_secrets and not secured:
            self.report(
                f"{mapping.logical_id} does not use its SourceAccessConfigurations: Kafka at {bootstrap} asks for no "
                "authentication. A self-managed source whose address a parameter gives as {kafka_scram} or "
                "{kafka_mtls} uses them, and one of MSK whose secret a parameter gives as {kafka_secret} or "
                "{kafka_client_secret}"
            )
        poller = KafkaPoller(
            mapping=mapping,
            bootstrap=bootstrap,
            authenticate=authenticate,
            invoke=invoke_from_threads(self.invoker, mapping.qualifier, note_result),
            report=self.report,
            send_to_destination=_send_to_destination(mapping, self.client, authenticate),
            on_assigned=partial(loop.call_soon_threadsafe, has_position.set),
            on_trouble=lambda reason: note_result(f"PROBLEM: {reason}"),
            redeliver=self.redeliver,
            instance=self._group_instance(mapping),
            validator=validator_of(mapping, url=self.schema_registry, client=self.client, report=self.report),
            observer=self._observers(mapping),
        )
        ended = self.supervisor.watch_thread(mapping.logical_id, poller.run)
        add_until(ended, poller, self.pollers)
        return RunningPoller(has_position=has_position, ended=ended, stop=poller.stop, finish=poller.finish)

    def _observers(self, mapping: KafkaMapping) -> DeliveryObservers:
        name, function = mapping.logical_id, mapping.function
        metrics = MappingMetrics(mapping=name, function=function, topic=mapping.topic, metrics=self.metrics)
        return DeliveryObservers([metrics, DeliveryRecorder(mapping=name, function=function, journal=self.journal)])

    def _group_instance(self, mapping: KafkaMapping) -> str | None:
        """Return the name of this stack in the mapping's group, the same after each start on its data folder."""
        if self.data is None:
            return None
        folder = uuid.uuid5(uuid.NAMESPACE_URL, self.data.resolve().as_uri())
        return f"samrun-{mapping.logical_id}-{folder}"


def add_until(ended: "asyncio.Future[None]", poller: _T, pollers: list[_T]) -> None:
    """Add a poller to the list of those that run, until it has ended."""
    pollers.append(poller)
    ended.add_done_callback(lambda _: pollers.remove(poller))


def _send_to_destination(
    mapping: KafkaMapping, client: Clients, authenticate: Authenticate
) -> SendToDestination | None:
    """Return the function that sends discarded batches to the on-failure destination, if the mapping has one."""
    if topic := mapping.on_failure_topic:
        return partial(send_to_topic, topic=topic, authenticate=authenticate)
    if arn := mapping.on_failure:
        return partial(send_to_on_failure_destination, arn=arn, client=client)
    return None


def validator_of(
    mapping: KafkaMapping, *, url: str | None, client: Clients, report: Callable[[str], object]
) -> SchemaValidator | None:
    """Return the validator of a mapping with a schema registry; None if the mapping has none.

    `url` is the registry that stands for the template's. `report` gets what differs from AWS, as a text.
    """
    config = mapping.schema_registry
    if config is None:
        return None
    if config.is_glue:
        report(f"{mapping.logical_id} uses Glue in the local AWS: register its schemas there")
    elif url:
        own = config.uri or "the template's"
        report(f"{mapping.logical_id} uses the schema registry {url} instead of {own}, without AccessConfigs")
    elif not config.uri:
        report(
            f"{mapping.logical_id} validates no records: only AWS knows the address of its schema registry. "
            f"Set {REGISTRY_VARIABLE} to that of another"
        )
        return None
    return SchemaValidator(
        config=config,
        registry=open_registry(config, url=url, client=client),
        record_filter=RecordFilter(mapping.filters),
    )
