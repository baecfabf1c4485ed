"""Poller of one Kafka mapping: a member of its consumer group that reads records and has them delivered."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from confluent_kafka import KafkaException

from samrun.functions.threaded_invocation import Invoke
from samrun.mapping.authentication import Authenticate, AuthenticationError
from samrun.mapping.batch_processor import BatchProcessor, Report
from samrun.mapping.batcher import Batcher
from samrun.mapping.client_errors import description
from samrun.mapping.delivery_observer import DeliveryObserver, DeliveryObservers
from samrun.mapping.dispatcher import Dispatcher
from samrun.mapping.group_member import BrokerRefusalError, GroupMember, TopicNotFoundError
from samrun.mapping.membership import Membership
from samrun.mapping.on_failure_destination import SendToDestination
from samrun.mapping.record_filter import RecordFilter
from samrun.mapping.schema_validator import SchemaValidator
from samrun.schemas.schema import SchemaUnavailableError
from samrun.template.model.kafka_mappings import KafkaMapping, Redeliver

if TYPE_CHECKING:
    from samrun.mapping.records import KafkaRecord, TopicPartition

_T = TypeVar("_T")

_RECONNECT_PAUSE = 1.0  # seconds
_MAX_DELIVERIES = 64
_RETRIED = (KafkaException, AuthenticationError, BrokerRefusalError, SchemaUnavailableError, TopicNotFoundError)


@dataclass(kw_only=True)
class KafkaPoller:
    """Poller of one mapping. `run` runs in a thread of its own until `stop` is called.

    Kafka shares the partitions of the topic between the members of the mapping's group. Partitions are processed at the
    same time, each in order. The poller commits no offset beyond the first record that is not done. So every record is
    delivered at least once, whatever fails.

    `report` takes lines about what happened. `on_assigned` is called when the poller misses no record any more, or when
    it cannot connect and somebody else has to act first. `instance` is the name of a static member of the group. With a
    `validator`, that one filters the records, since it decodes them first.

    `on_trouble` gets the reason whenever the poller cannot read the topic, as when the topic does not exist.
    """

    mapping: KafkaMapping
    bootstrap: str
    invoke: Invoke
    report: Report
    send_to_destination: SendToDestination | None = None
    on_assigned: Callable[[], object] = lambda: None
    authenticate: Authenticate = dict
    redeliver: Redeliver = "failed"
    instance: str | None = None
    validator: SchemaValidator | None = None
    observer: DeliveryObserver = field(default_factory=DeliveryObservers)
    on_trouble: Callable[[str], object] = lambda _: None
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _finishing: threading.Event = field(default_factory=threading.Event, init=False)
    _dispatcher: Dispatcher = field(init=False)
    _executor: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self._executor = ThreadPoolExecutor(_MAX_DELIVERIES, thread_name_prefix=self.mapping.logical_id)
        self._dispatcher = Dispatcher(
            record_filter=RecordFilter(() if self.validator else self.mapping.filters),
            batcher=Batcher(batch_size=self.mapping.batch_size, window=self.mapping.window),
            processor=BatchProcessor(
                mapping=self.mapping,
                bootstrap=self.bootstrap,
                invoke=self.invoke,
                report=self.report,
                send_to_destination=self.send_to_destination,
                redeliver=self.redeliver,
                stopping=self._stopping,
                validator=self.validator,
                observer=self.observer,
            ),
            executor=self._executor,
            report=self.report,
            name=self.mapping.logical_id,
        )

    def run(self) -> None:
        """Deliver records until `stop` or `finish` is called."""
        try:
            while not (self._stopping.is_set() or self._finishing.is_set()):
                try:
                    self._run_connected()
                except _RETRIED as error:
                    text = f"{self.mapping.logical_id} cannot read {self.mapping.topic}, retrying: {description(error)}"
                    self._dispatcher.report_once(text)
                    self.on_trouble(description(error))
                    self.on_assigned()
                    self._stopping.wait(_RECONNECT_PAUSE)
        finally:
            self._executor.shutdown(wait=False, cancel_futures=True)

    def stop(self) -> None:
        """Make `run` return soon. The batch of an invocation that does not end at once is delivered again later."""
        self._stopping.set()
        self._dispatcher.wake()

    def positions(self) -> "Future[Mapping[TopicPartition, int]]":
        """Return, soon, the offset up to which each partition of this member is done. For any thread."""
        return self._ask(self._dispatcher.positions)

    @property
    def waiting_count(self) -> int:
        """The number of records that were read and waited for their first delivery a moment ago. For any thread."""
        return self._dispatcher.waiting_count

    def waiting(self, maximum: int) -> "Future[Sequence[KafkaRecord]]":
        """Return, soon, records that wait for their first delivery, up to `maximum` of a partition. For any thread."""
        return self._ask(partial(self._dispatcher.waiting, maximum))

    def skip_to(self, offsets: "Mapping[TopicPartition, int]") -> "Future[None]":
        """Go on at these offsets: what was read is forgotten, also what is to be retried. For any thread."""
        return self._ask(partial(self._dispatcher.skip_to, offsets))

    def _ask(self, question: Callable[[], _T]) -> "Future[_T]":
        """Have the dispatcher's thread answer a question. While no broker answers, the future stays open."""
        answer: Future[_T] = Future()

        def put() -> None:
            if answer.set_running_or_notify_cancel():
                answer.set_result(question())

        self._dispatcher.post(put)
        return answer

    def finish(self) -> None:
        """Make `run` return once the function has answered each invocation in flight; start no further one."""
        self._finishing.set()
        self._dispatcher.wake()

    def _run_connected(self) -> None:
        """Deliver records as one member of the group until `stop` is called. Raises why another one is needed."""
        if self.validator:
            self.validator.registry.check()
        membership = Membership(self._dispatcher, self.on_assigned)
        member = GroupMember(
            self.mapping, self.bootstrap, self.authenticate(), listener=membership, instance=self.instance
        )
        done: Mapping[TopicPartition, int] = {}
        try:
            member.join()
            membership.start(member)
            done = self._dispatcher.run(membership, self._stopping, self._finishing)
        finally:
            membership.end(member, done)
