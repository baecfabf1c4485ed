"""Observer of a mapping's deliveries, for metrics."""

from typing import Protocol

from samrun.mapping.batch import Batch
from samrun.mapping.discarded_batch import Condition


class DeliveryObserver(Protocol):
    """Observer of the deliveries of one mapping. Several threads call it at the same time."""

    def sent(self, batch: Batch) -> None:
        """Note that the function is invoked with a batch, for the first time or again."""
        ...

    def retried(self, batch: Batch) -> None:
        """Note that these records will be sent again."""
        ...

    def discarded(self, batch: Batch, condition: Condition) -> None:
        """Note that these records are given up."""
        ...


class NoObserver:
    """An observer that notes nothing."""

    def sent(self, batch: Batch) -> None:
        """Ignore it."""

    def retried(self, batch: Batch) -> None:
        """Ignore it."""

    def discarded(self, batch: Batch, condition: Condition) -> None:
        """Ignore it."""
