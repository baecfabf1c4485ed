"""Launcher of the triggers of an application: Kafka, queues, streams, topics, buckets and event buses."""

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from samrun.control.metrics import MappingMetrics
from samrun.control.stack_parts import StackParts
from samrun.endpoints import Endpoints
from samrun.event_triggers.event_bus import EventBus, rules_by_bus
from samrun.event_triggers.notify import notify
from samrun.event_triggers.queue_reader import PassOn, QueueReader
from samrun.functions.asynchronous_invoker import AsynchronousInvoker
from samrun.functions.invoker import InvocationOptions, InvocationResult, Invoker
from samrun.functions.threaded_invocation import Invoke
from samrun.mapping.authentication import Authenticate, client_settings
from samrun.mapping.kafka_destination import send_to_topic
from samrun.mapping.on_failure_destination import SendToDestination, send_to_on_failure_destination
from samrun.mapping.poller import KafkaPoller
from samrun.mapping.record_filter import RecordFilter
from samrun.mapping.schema_validator import SchemaValidator
from samrun.queues.poller import QueuePoller
from samrun.schemas.registry import open_registry
from samrun.services.clients import Clients
from samrun.services.secured_listener import secured_listener
from samrun.settings import REGISTRY_VARIABLE, Settings
from samrun.streams.poller import StreamPoller
from samrun.streams.sources import stream_source
from samrun.supervision.supervisor import Supervisor
from samrun.supervision.terminal import Terminal
from samrun.template.model.application import Application
from samrun.template.model.kafka_mappings import KafkaMapping
from samrun.template.model.triggers import StreamTrigger
from samrun.template.triggers.event_queue_names import EVERY_FUNCTION, event_queue_name


@dataclass(frozen=True, kw_only=True)
class TriggerLauncher:
    """Launcher of triggers under the supervisor of a stack.

    Event source mappings invoke the functions of `runtime`; topics, buckets and event buses invoke them by
    `asynchronous`. The pollers are added to the `parts` of the stack.
    """

    settings: Settings
    endpoints: Endpoints
    supervisor: Supervisor
    terminal: Terminal
    runtime: Invoker
    asynchronous: AsynchronousInvoker
    parts: StackParts

    def start(self, application: Application) -> list[asyncio.Event]:
        """Start the triggers. Return events, each of which is set once a poller has its starting position."""
        self._start_queue_triggers(application)
        self._start_event_triggers(application)
        return [
            *map(self._start_mapping, application.mappings),
            *map(self._start_stream_trigger, application.stream_triggers),
        ]

    def _invoke_from_threads(self, qualifier: str | None = None) -> Invoke:
        """Return the function with which the threads of pollers invoke functions, or a version or an alias of one."""
        loop = asyncio.get_running_loop()

        def invoke(name: str, payload: bytes) -> Future[InvocationResult]:
            options = InvocationOptions(qualifier=qualifier)
            return asyncio.run_coroutine_threadsafe(self.runtime.invoke(name, payload, options), loop)

        return invoke

    def _start_mapping(self, mapping: KafkaMapping) -> asyncio.Event:
        """Start the poller of a mapping, and return an event that is set once the poller has its starting position."""
        loop, has_position = asyncio.get_running_loop(), asyncio.Event()
        secured = secured_listener(mapping, self.endpoints)
        bootstrap = secured.bootstrap if secured else self.endpoints.kafka
        authenticate: Authenticate = (
            partial(client_settings, secured.authentication, self.parts.client) if secured else dict
        )
        if mapping.authentication.has_secrets and not secured:
            self.terminal.step(
                "mapping",
                f"{mapping.logical_id} does not use its SourceAccessConfigurations: Kafka at {bootstrap} asks for no "
                "authentication. A self-managed source whose address a parameter gives as {kafka_scram} or "
                "{kafka_mtls} uses them, and one of MSK whose secret a parameter gives as {kafka_secret} or "
                "{kafka_client_secret}",
            )
        poller = KafkaPoller(
            mapping=mapping,
            bootstrap=bootstrap,
            authenticate=authenticate,
            invoke=self._invoke_from_threads(mapping.qualifier),
            report=lambda text: self.terminal.step("mapping", text),
            send_to_destination=_send_to_destination(mapping, self.parts.client, authenticate),
            on_assigned=partial(loop.call_soon_threadsafe, has_position.set),
            redeliver=self.settings.redeliver,
            instance=self._group_instance(mapping),
            validator=validator_of(
                mapping,
                url=self.settings.schema_registry,
                client=self.parts.client,
                report=partial(self.terminal.step, "mapping"),
            ),
            observer=MappingMetrics(
                mapping=mapping.logical_id,
                function=mapping.function,
                topic=mapping.topic,
                metrics=self.parts.metrics,
            ),
        )
        self.parts.mappings.append(poller)
        self.supervisor.start_thread(mapping.logical_id, poller.run, poller.stop)
        return has_position

    def _group_instance(self, mapping: KafkaMapping) -> str:
        """Return the name of this stack in the mapping's group, the same after each start on its data folder."""
        folder = uuid.uuid5(uuid.NAMESPACE_URL, self.settings.data.resolve().as_uri())
        return f"samrun-{mapping.logical_id}-{folder}"

    def _start_queue_triggers(self, application: Application) -> None:
        reserved = {function.name: function.concurrency for function in application.functions}
        for trigger in application.queue_triggers:
            limits = (trigger.concurrency, reserved[trigger.function] or self.settings.concurrency)
            poller = QueuePoller(
                trigger=trigger,
                sqs=self.parts.client("sqs"),
                invoke=self._invoke_from_threads(),
                report=partial(self.terminal.step, "queue"),
                concurrency=min(limit for limit in limits if limit),
            )
            self.parts.queue_triggers.append(poller)
            self.supervisor.start_thread(trigger.logical_id, poller.run, poller.stop)

    def _start_stream_trigger(self, trigger: StreamTrigger) -> asyncio.Event:
        """Start the poller of a stream, and return an event that is set once the poller has its starting position."""
        loop, has_position = asyncio.get_running_loop(), asyncio.Event()
        poller = StreamPoller(
            trigger=trigger,
            source=stream_source(trigger, self.parts.client),
            invoke=self._invoke_from_threads(),
            client=self.parts.client,
            report=partial(self.terminal.step, "stream"),
            on_ready=partial(loop.call_soon_threadsafe, has_position.set),
            checkpoints=self._checkpoints(trigger),
        )
        self.parts.stream_triggers.append(poller)
        self.supervisor.start_thread(trigger.logical_id, poller.run, poller.stop)
        return has_position

    def _checkpoints(self, trigger: StreamTrigger) -> Path | None:
        """Return the file of a trigger's checkpoints; None for Kinesis, whose streams end with the local AWS."""
        folder = self.settings.data / "streams"
        return folder / f"{trigger.logical_id}.json" if trigger.service == "dynamodb" else None

    def _start_event_triggers(self, application: Application) -> None:
        """Start to invoke functions with what topics, buckets and event buses send to them."""
        loop, report = asyncio.get_running_loop(), partial(self.terminal.step, "event")

        def accept(function: str, payload: bytes) -> None:
            loop.call_soon_threadsafe(self.asynchronous.accept, function, payload)

        queues: list[tuple[str, PassOn]] = [
            (each.queue, partial(notify, each, accept=accept, report=report)) for each in application.notifications
        ]
        for bus, rules in rules_by_bus(application.event_rules).items():
            event_bus = EventBus(name=bus, rules=rules, accept=accept, client=self.parts.client, report=report)
            queues.append((event_queue_name("events", bus, EVERY_FUNCTION), event_bus.pass_on))
        for queue, pass_on in queues:
            reader = QueueReader(queue=queue, sqs=self.parts.client("sqs"), pass_on=pass_on, report=report)
            self.parts.event_queues.append(reader)
            self.supervisor.start_thread(queue, reader.run, reader.stop)


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
