"""Sender of a mapping: one invocation of the function with a batch, and the records of it that failed."""

import threading
from dataclasses import dataclass

from samrun.functions.batch_item_failures import MalformedBatchResponseError
from samrun.functions.invoker import InvocationResult
from samrun.functions.threaded_invocation import Invoke, wait_for_result
from samrun.mapping.batch import Batch
from samrun.mapping.partial_response import parse_batch_item_failures
from samrun.template.model.kafka_mappings import KafkaMapping, Redeliver


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """Result of sending a batch: the records that failed, those to retry, and the result of the invocation.

    What is retried contains what failed. `invocation` is None if the mapping stopped before the function answered.
    `error` says that the function failed as a whole, or why Lambda cannot read its response.
    """

    failed: Batch
    to_retry: Batch
    invocation: InvocationResult | None
    error: str | None = None

    @property
    def is_function_error(self) -> bool:
        """Tell whether the function failed as a whole: by an exception, its timeout or the end of its process."""
        return self.invocation is not None and self.invocation.function_error is not None


def send_batch(
    batch: Batch,
    payload: bytes,
    *,
    mapping: KafkaMapping,
    invoke: Invoke,
    redeliver: Redeliver,
    stopping: threading.Event,
) -> BatchResult:
    """Invoke the function with the batch, whose event is `payload`, and wait for the result.

    Raises PayloadTooLargeError and FunctionUnavailableError.
    """
    invocation = wait_for_result(invoke(mapping.function, payload), stopping)
    if invocation is None:
        return _failed_as_a_whole(batch, None)
    if invocation.function_error:
        return _failed_as_a_whole(batch, invocation, f"failed ({invocation.error_type})")
    try:
        failed = parse_batch_item_failures(invocation.payload, batch) if mapping.report_batch_item_failures else {}
    except MalformedBatchResponseError as error:
        return _failed_as_a_whole(batch, invocation, f"returned a malformed partial batch response: {error}")
    only_failed = batch.only(failed)
    to_retry = only_failed if redeliver == "failed" else batch.from_lowest(failed)
    return BatchResult(failed=only_failed, to_retry=to_retry, invocation=invocation)


def _failed_as_a_whole(batch: Batch, invocation: InvocationResult | None, error: str | None = None) -> BatchResult:
    return BatchResult(failed=batch, to_retry=batch, invocation=invocation, error=error)
