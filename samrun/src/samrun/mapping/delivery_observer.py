"""Observer of a mapping's deliveries, for metrics and for the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from samrun.mapping.batch import Batch
from samrun.mapping.batch_sender import BatchResult
from samrun.mapping.delivery import Delivery
from samrun.mapping.discarded_batch import Condition


class DeliveryObserver(Protocol):
    """Observer of the deliveries of one mapping. Several threads call it at the same time."""

    def sent(self, batch: Batch) -> None:
        """Note that the function is invoked with a batch, for the first time or again."""
        ...

    def answered(self, batch: Batch, result: BatchResult, attempt: int) -> None:
        """Note the result of an invocation. The first attempt is number 1."""
        ...

    def retried(self, retry: Delivery, *, split: bool) -> None:
        """Note that records will be sent again, in several parts if the batch was `split`."""
        ...

    def discarded(self, batch: Batch, condition: Condition, destination: str | None) -> None:
        """Note that these records are given up. Without a destination that took them, they are lost."""
        ...


@dataclass(frozen=True)
class DeliveryObservers:
    """Several observers of the same deliveries, or none."""

    observers: Sequence[DeliveryObserver] = ()

    def sent(self, batch: Batch) -> None:
        """Pass it on."""
        for each in self.observers:
            each.sent(batch)

    def answered(self, batch: Batch, result: BatchResult, attempt: int) -> None:
        """Pass it on."""
        for each in self.observers:
            each.answered(batch, result, attempt)

    def retried(self, retry: Delivery, *, split: bool) -> None:
        """Pass it on."""
        for each in self.observers:
            each.retried(retry, split=split)

    def discarded(self, batch: Batch, condition: Condition, destination: str | None) -> None:
        """Pass it on."""
        for each in self.observers:
            each.discarded(batch, condition, destination)
