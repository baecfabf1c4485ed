"""Metrics of a stack, for Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/."""

import contextlib
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from confluent_kafka import KafkaException
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from samrun.control.mapping_lag import mapping_lag
from samrun.functions.invocation_log import LoggedInvocation
from samrun.mapping.batch import Batch
from samrun.mapping.batch_sender import BatchResult
from samrun.mapping.delivery import Delivery
from samrun.mapping.discarded_batch import Condition
from samrun.mapping.poller import KafkaPoller
from samrun.mapping.topic_reader import TopicReader

# Seconds.
_ANSWER_PATIENCE = 1.0
_AGES = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)


class StackMetrics:
    """Metrics of one stack, in a registry of its own.

    Durations and ages are in seconds. A record's age is the time since its timestamp when the function gets it.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # Two scrapes at once would each clear what the other has noted of the lag.
        self._scraping = threading.Lock()
        self._invocations = Histogram(
            "samrun_invocation_duration_seconds",
            "Duration of invocations, from their acceptance to their end.",
            ["function"],
            registry=self.registry,
        )
        self._errors = Counter(
            "samrun_invocation_errors", "Invocations that failed or were refused.", ["function"], registry=self.registry
        )
        of_mapping = ["mapping", "function", "topic"]
        self.batches = Counter(
            "samrun_mapping_batches", "Batches that functions were invoked with.", of_mapping, registry=self.registry
        )
        self.records = Counter(
            "samrun_mapping_records", "Records in these batches.", of_mapping, registry=self.registry
        )
        self.retries = Counter(
            "samrun_mapping_retried_records", "Records that are sent again.", of_mapping, registry=self.registry
        )
        self.discarded = Counter(
            "samrun_mapping_discarded_records",
            "Records that were given up.",
            [*of_mapping, "condition"],
            registry=self.registry,
        )
        self.ages = Histogram(
            "samrun_mapping_record_age_seconds",
            "Age of the oldest record of each batch that has a timestamp.",
            of_mapping,
            buckets=_AGES,
            registry=self.registry,
        )
        self._lag = Gauge(
            "samrun_mapping_lag_records",
            "Records of a partition that are not done.",
            [*of_mapping, "partition"],
            registry=self.registry,
        )

    def note_end(self, invocation: LoggedInvocation) -> None:
        """Note an invocation that has ended."""
        self._invocations.labels(invocation.function).observe(invocation.seconds)
        if invocation.result is None or invocation.result.function_error:
            self._errors.labels(invocation.function).inc()

    def exposition(self, mappings: Iterable[KafkaPoller], bootstrap: str) -> bytes:
        """Return all metrics as Prometheus reads them, with the lag of these mappings now."""
        with self._scraping, TopicReader(bootstrap) as reader:
            self._lag.clear()
            for poller in mappings:
                mapping = poller.mapping
                with contextlib.suppress(KafkaException):
                    for partition, lag in (mapping_lag(poller, reader, _ANSWER_PATIENCE) or {}).items():
                        if lag.position is not None:
                            labels = (mapping.logical_id, mapping.function, mapping.topic, str(partition.partition))
                            self._lag.labels(*labels).set(lag.records)
            return generate_latest(self.registry)


@dataclass(frozen=True, kw_only=True)
class MappingMetrics:
    """A DeliveryObserver that counts the deliveries of one mapping."""

    mapping: str
    function: str
    topic: str
    metrics: StackMetrics
    _labels: tuple[str, str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_labels", (self.mapping, self.function, self.topic))

    def sent(self, batch: Batch) -> None:
        """Count a batch and its records, and note how old its oldest record is."""
        self.metrics.batches.labels(*self._labels).inc()
        self.metrics.records.labels(*self._labels).inc(len(batch))
        oldest = min((each.timestamp for each in batch.all_records() if each.timestamp >= 0), default=None)
        if oldest is not None:
            self.metrics.ages.labels(*self._labels).observe(max(0.0, time.time() - oldest / 1000))

    def answered(self, batch: Batch, result: BatchResult, attempt: int) -> None:
        """Ignore it: the log of invocations counts failures."""

    def retried(self, retry: Delivery, *, split: bool) -> None:
        """Count records that are sent again."""
        self.metrics.retries.labels(*self._labels).inc(len(retry.batch))

    def discarded(self, batch: Batch, condition: Condition, destination: str | None) -> None:
        """Count records that were given up."""
        self.metrics.discarded.labels(*self._labels, condition).inc(len(batch))
