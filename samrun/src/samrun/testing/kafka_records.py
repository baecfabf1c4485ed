"""Records, batches and a mapping with plain values, for tests that need no broker."""

from typing import Any

from samrun.mapping.batch import Batch
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.template.model.kafka_mappings import KafkaMapping


def kafka_mapping(**fields: Any) -> KafkaMapping:
    """Return a mapping of the topic `t` to the function `Fn`, with `fields` of its own."""
    return KafkaMapping(
        **{
            "logical_id": "Mapping",
            "function": "Fn",
            "function_arn": "arn:aws:lambda:us-east-1:123456789012:function:Fn",
            "topic": "t",
            "consumer_group": "g",
            "event_source_arn": None,
            "batch_size": 10,
            "window": 0,
            "starting_position": "TRIM_HORIZON",
            "starting_timestamp": None,
            "report_batch_item_failures": True,
        }
        | fields
    )


def record(offset: int = 0, **fields: Any) -> KafkaRecord:
    """Return a record of the topic `t`; `fields` replace its values."""
    partition = TopicPartition(fields.pop("topic", "t"), fields.pop("partition", 0))
    return KafkaRecord(partition, **{"offset": offset, "timestamp": 1795342530612} | fields)


def batch(*records: KafkaRecord) -> Batch:
    """Return a batch of these records, by their partitions."""
    partitions = dict.fromkeys(each.topic_partition for each in records)
    return Batch(
        {partition: tuple(each for each in records if each.topic_partition == partition) for partition in partitions}
    )
