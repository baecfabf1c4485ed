"""Partial batch response (ReportBatchItemFailures): the failures that a function names, whatever the event source.

Kafka, SQS and streams have responses of one form; what an identifier is differs.
"""

import json
from typing import Any

from samrun.errors import SamrunError


class MalformedBatchResponseError(SamrunError):
    """A partial batch response that Lambda cannot read: it takes the whole batch for failed.

    The message says what is wrong by types and positions. It repeats nothing of the response, which may contain
    anything.
    """


def batch_item_failures(payload: bytes) -> list[Any]:
    """Return the entries of `batchItemFailures` as they are. Raises MalformedBatchResponseError."""
    try:
        response = json.loads(payload or b"null")
    except (ValueError, RecursionError):  # not JSON, or nested too deep
        raise MalformedBatchResponseError("the response is not JSON") from None
    if response is None:
        return []
    if not isinstance(response, dict):
        raise MalformedBatchResponseError(
            f"the response is {type(response).__name__}, not an object with batchItemFailures"
        )
    failures = response.get("batchItemFailures")
    if failures is None:
        return []
    if not isinstance(failures, list):
        raise MalformedBatchResponseError(f"batchItemFailures is {type(failures).__name__}, not a list")
    return failures


def failed_identifiers(payload: bytes, *, one_of_batch: str, identifier: str) -> list[str]:
    """Return the identifiers of the failures of a source that identifies by a text.

    The words for messages: `one_of_batch` is what a batch consists of, and `identifier` what identifies it. Raises
    MalformedBatchResponseError.
    """
    found = []
    for position, failure in enumerate(batch_item_failures(payload)):
        given = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if not isinstance(given, str) or not given:
            place = f"batchItemFailures[{position}].itemIdentifier"
            raise MalformedBatchResponseError(f"{place} is not the {identifier} of a {one_of_batch}, a string")
        found.append(given)
    return found
