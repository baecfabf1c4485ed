"""Metrics of a mapping: what Prometheus reads after deliveries."""

import time

from samrun.control.metrics import MappingMetrics, StackMetrics
from samrun.mapping.delivery import Delivery
from samrun.testing.kafka_records import batch, record

LABELS = 'function="Fn",mapping="M",topic="t"'


def lines_after(*timestamps: int) -> list[str]:
    metrics = StackMetrics()
    observer = MappingMetrics(mapping="M", function="Fn", topic="t", metrics=metrics)
    sent = batch(*(record(number, timestamp=timestamp) for number, timestamp in enumerate(timestamps)))
    observer.sent(sent)
    observer.retried(Delivery(batch=sent, attempts=1), split=False)
    observer.discarded(sent, "RetryAttemptsExhausted", None)
    return metrics.exposition([], "127.0.0.1:1").decode().splitlines()


def test_batches_records_retries_and_discards_are_counted() -> None:
    lines = lines_after(0, 0, 0)
    assert f"samrun_mapping_batches_total{{{LABELS}}} 1.0" in lines
    assert f"samrun_mapping_records_total{{{LABELS}}} 3.0" in lines
    assert f"samrun_mapping_retried_records_total{{{LABELS}}} 3.0" in lines
    assert f'samrun_mapping_discarded_records_total{{condition="RetryAttemptsExhausted",{LABELS}}} 3.0' in lines


def test_age_is_that_of_the_oldest_record_with_a_timestamp() -> None:
    now = int(time.time() * 1000)
    lines = lines_after(now, now - 20_000, -1)
    assert 'samrun_mapping_record_age_seconds_bucket{function="Fn",le="10.0",mapping="M",topic="t"} 0.0' in lines
    assert f"samrun_mapping_record_age_seconds_count{{{LABELS}}} 1.0" in lines


def test_records_without_a_timestamp_have_no_age() -> None:
    assert not [line for line in lines_after(-1) if line.startswith("samrun_mapping_record_age_seconds_count{")]
