"""Idleness: what a stack still has to do, in words."""

from dataclasses import replace

import pytest

from samrun.control import idleness
from samrun.control.mapping_lag import PartitionLag
from samrun.mapping.poller import KafkaPoller
from samrun.mapping.records import TopicPartition
from samrun.mapping.topic_reader import TopicReader
from samrun.template.model.kafka_mappings import KafkaMapping

MAPPING = KafkaMapping(
    logical_id="Greetings",
    function="Greeter",
    function_arn="arn:aws:lambda:us-east-1:123456789012:function:Greeter",
    topic="greetings",
    consumer_group="group",
    event_source_arn=None,
    batch_size=10,
    window=0.5,
    starting_position="TRIM_HORIZON",
    starting_timestamp=None,
    report_batch_item_failures=False,
)


class Poller(KafkaPoller):
    """A poller that is connected to nothing."""

    def __init__(self, mapping: KafkaMapping) -> None:
        self.mapping = mapping


def texts(monkeypatch: pytest.MonkeyPatch, *, window: float) -> list[str]:
    """Return what is said of a mapping with one record that is not done, and one partition that is."""
    lags = {TopicPartition("greetings", 0): PartitionLag(4, 5), TopicPartition("greetings", 1): PartitionLag(3, 3)}
    monkeypatch.setattr(idleness, "mapping_lag", lambda *_: lags)
    with TopicReader("127.0.0.1:1") as reader:
        return list(idleness._lags_of(Poller(replace(MAPPING, window=window)), reader))


def test_records_that_are_not_done_are_counted_from_their_first_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    assert texts(monkeypatch, window=0.5) == ["greetings-0 has 1 record not done, from offset 4 on"]


def test_long_batching_window_for_which_a_record_may_wait_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    [text] = texts(monkeypatch, window=300)
    assert text == "greetings-0 has 1 record not done, from offset 4 on; the batching window is 300 s"
