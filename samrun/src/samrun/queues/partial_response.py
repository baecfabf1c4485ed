"""Partial batch response of an SQS trigger (ReportBatchItemFailures): the messages that the function names as failed.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html documents it.
"""

from collections.abc import Collection

from samrun.functions.batch_item_failures import MalformedBatchResponseError, failed_identifiers


def failed_messages(payload: bytes, message_ids: Collection[str]) -> set[str]:
    """Return the ids of the failed messages of a batch with these ids. Raises MalformedBatchResponseError."""
    failed = failed_identifiers(payload, one_of_batch="message", identifier="id")
    for position, each in enumerate(failed):
        if each not in message_ids:
            place = f"batchItemFailures[{position}].itemIdentifier"
            raise MalformedBatchResponseError(f"{place} names a message that is not in the batch")
    return set(failed)
