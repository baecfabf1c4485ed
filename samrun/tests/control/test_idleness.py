"""Idleness: what a stack still has to do, in words."""

from dataclasses import replace

import pytest

from samrun.control import idleness
from samrun.control.mapping_lag import PartitionLag
from samrun.mapping.poller import KafkaPoller
from samrun.mapping.records import TopicPartition
from samrun.mapping.topic_reader import TopicReader
from samrun.template.model.kafka_mappings import KafkaMapping
from support.kafka_mappings import kafka_mapping

MAPPING = kafka_mapping(batch_size=10, window=0.5)


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
