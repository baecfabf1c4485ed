"""Launcher of the triggers of an application: Kafka, queues, streams, topics, buckets and event buses."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from samrun.control.stack_parts import StackParts
from samrun.endpoints import Endpoints
from samrun.event_triggers.event_bus import EventBus, rules_by_bus
from samrun.event_triggers.mail_receiver import MailReceiver
from samrun.event_triggers.notify import notify
from samrun.event_triggers.queue_reader import PassOn, QueueReader
from samrun.event_triggers.topic_messages import send_to_address
from samrun.functions.asynchronous_invoker import AsynchronousInvoker
from samrun.functions.invoker import Invoker
from samrun.functions.threaded_invocation import invoke_from_threads
from samrun.kafka_launcher import KafkaLauncher, add_until
from samrun.lambda_api.mapping_registry import MappingRegistry, RunningPoller, Trigger
from samrun.queues.poller import QueuePoller
from samrun.settings import Settings
from samrun.streams.poller import StreamPoller
from samrun.streams.sources import stream_source
from samrun.streams.table_copy import copy_changes
from samrun.supervision.supervisor import Supervisor
from samrun.supervision.terminal import Terminal
from samrun.template.model.application import Application
from samrun.template.model.kafka_mappings import KafkaMapping
from samrun.template.model.triggers import QueueTrigger, StreamTrigger
from samrun.template.triggers.event_queue_names import EVERY_FUNCTION, event_queue_name


@dataclass(frozen=True, kw_only=True)
class TriggerLauncher:
    """Launcher of triggers under the supervisor of a stack.

    Event source mappings invoke the functions of `runtime`; topics, buckets and event buses invoke them by
    `asynchronous`. The pollers are added to the `parts` of the stack, for as long as they run.
    """

    settings: Settings
    endpoints: Endpoints
    supervisor: Supervisor
    terminal: Terminal
    runtime: Invoker
    asynchronous: AsynchronousInvoker
    parts: StackParts

    def start(self, application: Application) -> MappingRegistry:
        """Start the triggers. Return the registry of those that are event source mappings."""
        registry = MappingRegistry(
            partial(self._launch, self._kafka_launcher(), application),
            run=self.supervisor.watch_task,
            report=partial(self.terminal.step, "mapping"),
        )
        self._forget_checkpoints(application)
        self._start_event_triggers(application)
        self._start_table_copies(application)
        self._start_mail_receiver(application)
        self.supervisor.on_exit_await(registry.stop)
        registry.start([*application.queue_triggers, *application.mappings, *application.stream_triggers])
        return registry

    def _launch(
        self,
        kafka: KafkaLauncher,
        application: Application,
        trigger: Trigger,
        note_result: Callable[[str], None],
    ) -> RunningPoller:
        """Start the poller of an event source mapping. `note_result` gets its last result."""
        match trigger:
            case KafkaMapping():
                return kafka.launch(trigger, note_result)
            case QueueTrigger():
                return self._launch_queue(trigger, application, note_result)
        return self._launch_stream(trigger, note_result)

    def _kafka_launcher(self) -> KafkaLauncher:
        return KafkaLauncher(
            endpoints=self.endpoints,
            data=self.settings.data,
            redeliver=self.settings.redeliver,
            schema_registry=self.settings.schema_registry,
            supervisor=self.supervisor,
            invoker=self.runtime,
            client=self.parts.client,
            report=partial(self.terminal.step, "mapping"),
            pollers=self.parts.mappings,
            metrics=self.parts.metrics,
            journal=self.parts.journal,
        )

    def _launch_queue(
        self, trigger: QueueTrigger, application: Application, note_result: Callable[[str], None]
    ) -> RunningPoller:
        reserved = {function.name: function.concurrency for function in application.functions}
        limits = (trigger.concurrency, reserved.get(trigger.function) or self.settings.concurrency)
        poller = QueuePoller(
            trigger=trigger,
            sqs=self.parts.client("sqs"),
            invoke=invoke_from_threads(self.runtime, None, note_result),
            report=partial(self.terminal.step, "queue"),
            concurrency=min(limit for limit in limits if limit),
        )
        has_position = asyncio.Event()
        has_position.set()  # no message of a queue is missed, whenever the poller starts
        ended = self.supervisor.watch_thread(trigger.logical_id, poller.run)
        add_until(ended, poller, self.parts.queue_triggers)
        return RunningPoller(has_position=has_position, ended=ended, stop=poller.stop, finish=poller.stop)

    def _launch_stream(self, trigger: StreamTrigger, note_result: Callable[[str], None]) -> RunningPoller:
        loop, has_position = asyncio.get_running_loop(), asyncio.Event()
        poller = StreamPoller(
            trigger=trigger,
            source=stream_source(trigger, self.parts.client),
            invoke=invoke_from_threads(self.runtime, None, note_result),
            client=self.parts.client,
            report=partial(self.terminal.step, "stream"),
            on_ready=partial(loop.call_soon_threadsafe, has_position.set),
            checkpoints=self._checkpoints(trigger),
        )
        ended = self.supervisor.watch_thread(trigger.logical_id, poller.run)
        add_until(ended, poller, self.parts.stream_triggers)
        return RunningPoller(has_position=has_position, ended=ended, stop=poller.stop, finish=poller.stop)

    def _start_table_copies(self, application: Application) -> None:
        """Start to copy the changes of tables to streams of Kinesis."""
        for trigger in application.table_copies:
            poller = StreamPoller(
                trigger=trigger,
                source=stream_source(trigger, self.parts.client),
                invoke=copy_changes(trigger.name, self.parts.client),
                client=self.parts.client,
                report=partial(self.terminal.step, "stream"),
                on_ready=lambda: None,  # it starts at the oldest change, so it misses none
                checkpoints=self._checkpoints(trigger),
            )
            self.parts.stream_triggers.append(poller)
            self.supervisor.start_thread(trigger.logical_id, poller.run, poller.stop)

    def _start_mail_receiver(self, application: Application) -> None:
        if not application.receipt_rules:
            return
        receiver = MailReceiver(
            rules=application.receipt_rules,
            mails=self.parts.mails,
            accept=self._accept_from_threads(),
            invoke=invoke_from_threads(self.runtime, None, lambda _: None),
            client=self.parts.client,
            report=partial(self.terminal.step, "mail"),
        )
        self.supervisor.start_thread("the receiver of mails", receiver.run, receiver.stop)

    def _accept_from_threads(self) -> Callable[[str, bytes], object]:
        """Return what takes an event for a function in any thread, and returns at once."""
        loop = asyncio.get_running_loop()

        def accept(function: str, payload: bytes) -> None:
            loop.call_soon_threadsafe(self.asynchronous.accept, function, payload)

        return accept

    def _checkpoints(self, trigger: StreamTrigger) -> Path:
        """Return the file of a trigger's checkpoints."""
        return self.settings.data / "streams" / f"{trigger.logical_id}.json"

    def _forget_checkpoints(self, application: Application) -> None:
        """Forget those of Kinesis, whose streams ended with the local AWS of the last start."""
        for trigger in application.stream_triggers:
            if trigger.service == "kinesis":
                self._checkpoints(trigger).unlink(missing_ok=True)

    def _start_event_triggers(self, application: Application) -> None:
        """Start to invoke functions with what topics, buckets and event buses send to them."""
        accept, report = self._accept_from_threads(), partial(self.terminal.step, "event")
        queues: list[tuple[str, PassOn]] = [
            (each.queue, partial(notify, each, accept=accept, report=report)) for each in application.notifications
        ]
        for subscription in application.address_subscriptions:
            send = partial(send_to_address, subscription, mails=self.parts.mails, client=self.parts.client)
            queues.append((subscription.queue, send))
        for bus, rules in rules_by_bus(application.event_rules).items():
            event_bus = EventBus(name=bus, rules=rules, accept=accept, client=self.parts.client, report=report)
            queues.append((event_queue_name("events", bus, EVERY_FUNCTION), event_bus.pass_on))
        for queue, pass_on in queues:
            reader = QueueReader(queue=queue, sqs=self.parts.client("sqs"), pass_on=pass_on, report=report)
            self.parts.event_queues.append(reader)
            self.supervisor.start_thread(queue, reader.run, reader.stop)
