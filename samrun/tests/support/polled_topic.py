"""A topic, pollers of a mapping on it, and a function that does as a test says: for the tests of the poller."""

import json
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError

from samrun.functions.invoker import InvocationResult
from samrun.mapping.discarded_batch import DiscardedBatch
from samrun.mapping.kafka_destination import send_to_topic
from samrun.mapping.on_failure_destination import DestinationError, SendToDestination
from samrun.mapping.poller import KafkaPoller
from samrun.mapping.record_filter import RecordFilter
from samrun.mapping.schema_validator import SchemaValidator
from samrun.schemas.registry import SchemaRegistry
from samrun.services import kafka
from samrun.template.model.kafka_mappings import KafkaMapping, Redeliver
from samrun.testing.kafka_records import kafka_mapping
from samrun.testing.waiting import eventually

# Seconds in which a stopped poller must end, whatever it waits for.
PROMPTLY = 5.0
BUCKET, NOWHERE = "arn:aws:s3:::bucket", "arn:aws:s3:::nowhere"

Offsets = dict[str, list[int]]
Reaction = Callable[[Offsets], bytes]
Authenticate = Callable[[], dict[str, Any]]


class Function:
    """Stands for the mapping's function: keeps what it got, and answers by `reacts`, or fails where that raises."""

    def __init__(self, executor: ThreadPoolExecutor, reacts: Reaction) -> None:
        self.payloads: list[bytes] = []
        self._executor = executor
        self.reacts = reacts

    def invoke(self, _name: str, payload: bytes) -> Future[InvocationResult]:
        return self._executor.submit(self._answer, payload)

    def _answer(self, payload: bytes) -> InvocationResult:
        self.payloads.append(payload)
        try:
            return InvocationResult(request_id="r", payload=self.reacts(offsets(payload)))
        except ValueError as error:
            failure = {"errorType": "ValueError", "errorMessage": str(error)}
            return InvocationResult(request_id="r", payload=json.dumps(failure).encode(), function_error="Unhandled")

    def batches(self) -> list[Offsets]:
        return [offsets(payload) for payload in self.payloads]

    def delivered(self, partition: int = 0) -> list[int]:
        """Return the offsets of one partition in the order in which they came, repeats too."""
        return [
            offset
            for batch in self.batches()
            for name, found in batch.items()
            if name.endswith(f"-{partition}")
            for offset in found
        ]


def offsets(payload: bytes) -> Offsets:
    """Return the offsets in an event, by `topic-partition`."""
    return {name: [each["offset"] for each in records] for name, records in json.loads(payload)["records"].items()}


def is_content(_offsets: Offsets) -> bytes:
    return b"null"


def dies_of(*poison: tuple[str, int]) -> Reaction:
    """Return a function that fails as a whole if one of these records, by partition and offset, is in its batch."""

    def react(batch: Offsets) -> bytes:
        if any(offset in batch.get(name, []) for name, offset in poison):
            raise ValueError("poison")
        return b"null"

    return react


def failures(*failed: tuple[str, int]) -> bytes:
    identifiers = [{"itemIdentifier": {"partition": name, "offset": offset}} for name, offset in failed]
    return json.dumps({"batchItemFailures": identifiers}).encode()


class RunningPoller:
    """A poller in a thread of its own, its function, and what it reported."""

    def __init__(
        self,
        executor: ThreadPoolExecutor,
        mapping: KafkaMapping,
        bootstrap: str,
        reacts: Reaction,
        authenticate: Authenticate,
        redeliver: Redeliver,
        registry: SchemaRegistry | None,
        instance: str | None,
    ) -> None:
        self.function = Function(executor, reacts)
        self.reports: list[str] = []
        self.discarded: list[DiscardedBatch] = []
        self.poller = KafkaPoller(
            mapping=mapping,
            bootstrap=bootstrap,
            invoke=self.function.invoke,
            report=self.reports.append,
            send_to_destination=self._destination(mapping, authenticate),
            authenticate=authenticate,
            redeliver=redeliver,
            validator=_validator(mapping, registry),
            instance=instance,
        )
        self.run = executor.submit(self.poller.run)

    def _destination(self, mapping: KafkaMapping, authenticate: Authenticate) -> SendToDestination | None:
        if topic := mapping.on_failure_topic:
            return partial(send_to_topic, topic=topic, authenticate=authenticate)
        return self._discard if mapping.on_failure else None

    def _discard(self, discarded: DiscardedBatch) -> str:
        self.discarded.append(discarded)
        if self.poller.mapping.on_failure == NOWHERE:
            raise DestinationError("no such bucket")
        return "a safe place"

    def discarded_batches(self) -> list[tuple[str, Offsets, int]]:
        """Return the condition, the offsets and the attempts of each batch that was discarded."""
        return [(each.condition, offsets(each.payload.encode()), each.attempts) for each in self.discarded]

    def stop(self) -> None:
        """Stop it, and fail if it does not end promptly or ended with an error."""
        self.poller.stop()
        self.run.result(timeout=PROMPTLY)

    def wait_for(self, count: int, *, partition: int = 0) -> list[int]:
        """Wait until so many records of a partition came; return their offsets."""
        eventually(lambda: len(self.function.delivered(partition)) >= count, what=f"{count} records", patience=30)
        return self.function.delivered(partition)

    def partitions(self) -> set[int]:
        """Return the partitions that the poller has."""
        return {queue.partition.partition for queue in list(self.poller._dispatcher._partitions.queues)}

    def holds_records(self) -> bool:
        """Tell whether records wait for their first delivery."""
        return any(queue.count for queue in self.poller._dispatcher._partitions.queues)

    def wait_for_report(self, text: str) -> None:
        eventually(lambda: any(text in line for line in self.reports), what=f"a report of {text!r}", patience=30)


def _validator(mapping: KafkaMapping, registry: SchemaRegistry | None) -> SchemaValidator | None:
    if registry is None or mapping.schema_registry is None:
        return None
    return SchemaValidator(
        config=mapping.schema_registry, registry=registry, record_filter=RecordFilter(mapping.filters)
    )


class Topic:
    """A topic of its own for each test, and the pollers on it."""

    def __init__(self, bootstrap: str, *, partitions: int = 2) -> None:
        self.bootstrap = bootstrap
        self.name = f"mapping-{uuid.uuid4().hex[:12]}"
        self._executor = ThreadPoolExecutor(max_workers=16)
        self._pollers: list[RunningPoller] = []
        kafka.create_topics(bootstrap, [self.name], partitions=partitions)

    def produce(
        self, count: int = 1, *, partition: int = 0, timestamps: Sequence[int | None] = (), **options: Any
    ) -> None:
        """Produce records without looking at `count` where there are `timestamps`, in milliseconds."""
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=20, **options)
        for timestamp in timestamps or [None] * count:
            producer.send(self.name, b"value", key=b"key", partition=partition, timestamp_ms=timestamp)
        producer.flush()
        producer.close()

    def poll(
        self,
        reacts: Reaction = is_content,
        *,
        bootstrap: str | None = None,
        authenticate: Authenticate = dict,
        redeliver: Redeliver = "failed",
        registry: SchemaRegistry | None = None,
        instance: str | None = None,
        **options: Any,
    ) -> RunningPoller:
        """Start a poller, at another listener if `bootstrap` is given; `options` are fields of its mapping.

        `registry` is the one of its schemas, `instance` the name of a static member of the group.
        """
        settings: dict[str, Any] = {
            "topic": self.name,
            "consumer_group": f"group-of-{self.name}",
            "batch_size": 100,
            "window": 0.0,
        }
        mapping = kafka_mapping(**settings | options)
        poller = RunningPoller(
            self._executor, mapping, bootstrap or self.bootstrap, reacts, authenticate, redeliver, registry, instance
        )
        self._pollers.append(poller)
        return poller

    def committed(self, group: str | None = None) -> dict[int, int]:
        """Return the committed offset of each partition that has one."""
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            group = group or f"group-of-{self.name}"
            found = admin.list_group_offsets([group])[group]
        finally:
            admin.close()
        return {partition.partition: int(each.offset) for partition, each in found.items() if each.offset >= 0}

    def wait_for_commit(self, committed: dict[int, int]) -> None:
        eventually(lambda: self._has_committed(committed), what=f"{committed} to be committed", patience=30)

    def _has_committed(self, committed: dict[int, int]) -> bool:
        try:
            return self.committed() == committed
        except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError):
            return False  # a new broker creates its topic of offsets for the first group

    def close(self) -> None:
        for poller in self._pollers:
            poller.poller.stop()
        self._executor.shutdown()
        self._pollers.clear()
