"""Running parts of a stack: its pollers, and what its functions were invoked with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from samrun.control.metrics import StackMetrics
from samrun.durable_executions.executions import DurableExecutions
from samrun.endpoints import Endpoints
from samrun.event_triggers.queue_reader import QueueReader
from samrun.functions.asynchronous_invoker import AsynchronousInvoker
from samrun.functions.disturbances import Disturbances
from samrun.functions.invocation_log import InvocationLog
from samrun.journal.journal import Journal
from samrun.mapping.poller import KafkaPoller
from samrun.oidc.issuer import Issuer
from samrun.queues.poller import QueuePoller
from samrun.services.clients import Clients
from samrun.services.mail_store import MailStore
from samrun.services.text_message_store import TextMessageStore
from samrun.streams.poller import StreamPoller
from samrun.template.model.application import Application, Resource


@dataclass(kw_only=True)
class StackParts:
    """Parts of a stack. Those who start a poller add it.

    `external` names the services that the stack uses and does not own: kafka, dynamodb or aws. `client` returns the
    boto3 client of a service. `asynchronous` is None if the stack runs no functions, and `durable` if none of them has
    durable executions here.
    """

    endpoints: Endpoints
    client: Clients
    mails: MailStore
    text_messages: TextMessageStore
    external: frozenset[str]
    application: Application
    metrics: StackMetrics = field(default_factory=StackMetrics)
    journal: Journal = field(default_factory=Journal)
    invocations: InvocationLog = field(init=False)
    issuer: Issuer | None = None
    disturbances: Disturbances = field(default_factory=Disturbances)
    asynchronous: AsynchronousInvoker | None = None
    durable: DurableExecutions | None = None
    mappings: list[KafkaPoller] = field(default_factory=list)
    queue_triggers: list[QueuePoller] = field(default_factory=list)
    stream_triggers: list[StreamPoller] = field(default_factory=list)
    event_queues: list[QueueReader] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.invocations = InvocationLog(self.metrics.note_end)

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The tables, queues and the like that the templates declare."""
        return self.application.resources

    @property
    def queues(self) -> list[str]:
        """The names of the queues from which functions are invoked."""
        return [each.trigger.queue for each in self.queue_triggers] + [each.queue for each in self.event_queues]

    def empty_stream_reads(self) -> Mapping[tuple[str, str], int]:
        """Return how often each shard of the streams, by its trigger, was read without finding a record."""
        return {
            (each.trigger.logical_id, shard): count
            for each in self.stream_triggers
            for shard, count in each.empty_reads().items()
        }
