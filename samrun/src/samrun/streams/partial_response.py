"""Partial batch response of a stream's trigger (ReportBatchItemFailures): the first record that failed.

"Lambda retries all records from the lowest sequence number on":
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html documents it.
"""

from collections.abc import Sequence

from samrun.functions.batch_item_failures import MalformedBatchResponseError, failed_identifiers


def first_failed(payload: bytes, sequence_numbers: Sequence[str]) -> int | None:
    """Return the place in the batch of the first record that failed, or None if every record is done.

    `sequence_numbers` are those of the batch, in order. Raises MalformedBatchResponseError.
    """
    failed = failed_identifiers(payload, one_of_batch="record", identifier="sequence number")
    for position, each in enumerate(failed):
        if each not in sequence_numbers:
            place = f"batchItemFailures[{position}].itemIdentifier"
            raise MalformedBatchResponseError(f"{place} names a record that is not in the batch")
    return min(map(sequence_numbers.index, failed), default=None)
