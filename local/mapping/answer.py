"""What a function's answer says of the records of its batch.

https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html tells of partial answers.
"""

import json
from collections.abc import Mapping
from typing import Any

from kafka import TopicPartition

from local.mapping.batch import Batch, name_of


class MalformedAnswerError(Exception):
    """A partial answer that Lambda could not read: the whole batch comes again. The message says what is wrong."""


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
    for failure in _failures(payload):
        name, offset = _identifier(failure)
        if (name, offset) not in known:
            raise MalformedAnswerError(f"batchItemFailures names {name}@{offset}, which is not in the batch")
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


def _identifier(failure: object) -> tuple[str, int]:
    identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
    match identifier:
        case {"partition": str(partition), "offset": int(offset)} if not isinstance(offset, bool):
            return partition, offset
        case str():
            raise MalformedAnswerError(
                f"itemIdentifier is the string {identifier!r}: Kafka's is an object, "
                '{"partition": "topic-0", "offset": 7} (a string is what SQS has)'
            )
    raise MalformedAnswerError(
        f'itemIdentifier is {identifier!r}, not an object {{"partition": "topic-0", "offset": 7}}'
    )
