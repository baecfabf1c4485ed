"""Batches as a Kafka mapping delivers and discards them, for tests that invoke a function themselves."""

from samrun.functions.invoker import InvocationResult
from samrun.mapping.batch import Batch
from samrun.mapping.discarded_batch import DiscardedBatch
from samrun.mapping.on_failure_destination import send_to_on_failure_destination
from samrun.mapping.partial_response import parse_batch_item_failures
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.template.model.application import Application
from samrun.template.model.kafka_mappings import KafkaMapping

__all__ = [
    "Application",
    "Batch",
    "DiscardedBatch",
    "InvocationResult",
    "KafkaMapping",
    "KafkaRecord",
    "TopicPartition",
    "parse_batch_item_failures",
    "send_to_on_failure_destination",
]
