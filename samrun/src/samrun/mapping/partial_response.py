"""Partial batch response (ReportBatchItemFailures): the records that the function names as failed.

https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html documents it.
"""

from collections.abc import Mapping

from samrun.functions.batch_item_failures import MalformedBatchResponseError, batch_item_failures
from samrun.mapping.batch import Batch
from samrun.mapping.records import TopicPartition


def parse_batch_item_failures(payload: bytes, batch: Batch) -> Mapping[TopicPartition, set[int]]:
    """Return the failed offsets of each partition that has failed records.

    Raises MalformedBatchResponseError.
    """
    failures = batch_item_failures(payload)
    if not failures:
        return {}
    known = {
        (str(partition), record.offset): partition for partition, records in batch.records.items() for record in records
    }
    failed: dict[TopicPartition, set[int]] = {}
    for position, failure in enumerate(failures):
        name, offset = _identifier(failure, f"batchItemFailures[{position}].itemIdentifier")
        if (name, offset) not in known:
            raise MalformedBatchResponseError(f"batchItemFailures[{position}] names a record that is not in the batch")
        failed.setdefault(known[name, offset], set()).add(offset)
    return failed


def _identifier(failure: object, place: str) -> tuple[str, int]:
    identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
    match identifier:
        case {"partition": str(partition), "offset": int(offset)} if not isinstance(offset, bool):
            return partition, offset
        case {"partition": partition, "offset": offset}:
            found = f"has a partition of type {type(partition).__name__} and an offset of type {type(offset).__name__}"
        case dict():
            found = "lacks partition or offset"
        case str():
            found = "is a string, as for SQS"
        case _:
            found = f"is {type(identifier).__name__}"
    raise MalformedBatchResponseError(
        f'{place} {found}; for Kafka it is an object {{"partition": "topic-0", "offset": 7}}'
    )
