"""What a function's answer says of the records of its batch.

https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html tells of partial answers.
"""

import json
from collections.abc import Mapping
from typing import Any

from kafka import TopicPartition

from local.mapping.batch import Batch, name_of


class MalformedAnswerError(Exception):
    """A partial answer that Lambda could not read: the whole batch comes again.

    The message says what is wrong by types and positions: the answer itself may hold anything.
    """


def failed_from(payload: bytes, batch: Batch) -> Mapping[TopicPartition, int]:
    """Return the lowest failed offset of each partition that has one, by a partial answer.

    Raises MalformedAnswerError.
    """
    known = {
        (name_of(partition), record.offset): partition
        for partition, records in batch.records.items()
        for record in records
    }
    lowest: dict[TopicPartition, int] = {}
    for position, failure in enumerate(_failures(payload)):
        name, offset = _identifier(failure, f"batchItemFailures[{position}].itemIdentifier")
        if (name, offset) not in known:
            raise MalformedAnswerError(f"batchItemFailures[{position}] is of a record that is not in the batch")
        partition = known[name, offset]
        lowest[partition] = min(offset, lowest.get(partition, offset))
    return lowest


def _failures(payload: bytes) -> list[Any]:
    try:
        answer = json.loads(payload or b"null")
    except (ValueError, RecursionError):  # no JSON, or nested deeper than anything that could be meant
        raise MalformedAnswerError("the answer is not JSON") from None
    if answer is None:
        return []
    if not isinstance(answer, dict):
        raise MalformedAnswerError(f"the answer is {type(answer).__name__}, not an object with batchItemFailures")
    failures = answer.get("batchItemFailures")
    if failures is None:
        return []
    if not isinstance(failures, list):
        raise MalformedAnswerError(f"batchItemFailures is {type(failures).__name__}, not a list")
    return failures


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
            found = "is a string, as SQS has it"
        case _:
            found = f"is {type(identifier).__name__}"
    raise MalformedAnswerError(f'{place} {found}; Kafka\'s is an object {{"partition": "topic-0", "offset": 7}}')
