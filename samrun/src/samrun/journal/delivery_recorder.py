"""Recorder of the deliveries of one mapping, for its journal."""

from dataclasses import dataclass
from datetime import UTC, datetime

from samrun.journal.entries import BatchAnswered, BatchDiscarded, BatchRetried
from samrun.journal.journal import Journal
from samrun.mapping.batch import Batch
from samrun.mapping.batch_sender import BatchResult
from samrun.mapping.delivery import Delivery
from samrun.mapping.discarded_batch import Condition


@dataclass(frozen=True, kw_only=True)
class DeliveryRecorder:
    """A DeliveryObserver that writes to a journal."""

    mapping: str
    function: str
    journal: Journal

    def sent(self, batch: Batch) -> None:
        """Ignore it: the log of invocations has it."""

    def answered(self, batch: Batch, result: BatchResult, attempt: int) -> None:
        """Note which records failed."""
        if result.invocation is not None:
            self.journal.note_delivery(
                BatchAnswered(
                    at=datetime.now(UTC),
                    mapping=self.mapping,
                    function=self.function,
                    request_id=result.invocation.request_id,
                    attempt=attempt,
                    places=batch.places(),
                    failed=result.failed.places(),
                    error=result.error,
                )
            )

    def retried(self, retry: Delivery, *, split: bool) -> None:
        """Note that these records will be sent again."""
        self.journal.note_delivery(
            BatchRetried(
                at=datetime.now(UTC),
                mapping=self.mapping,
                places=retry.batch.places(),
                attempts=retry.attempts,
                back_off=retry.back_off,
                split=split,
            )
        )

    def discarded(self, batch: Batch, condition: Condition, destination: str | None) -> None:
        """Note that these records are given up."""
        self.journal.note_delivery(
            BatchDiscarded(
                at=datetime.now(UTC),
                mapping=self.mapping,
                places=batch.places(),
                condition=condition,
                destination=destination,
            )
        )
