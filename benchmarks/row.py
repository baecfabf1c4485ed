"""Row of the table that `make bench` prints: a kind of work, its aim, and the measured values."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, kw_only=True)
class Row:
    """Result of a benchmark.

    There is one of the `samples` for each round, in `unit`: "x" for a ratio against `compared_with` in the same run,
    else "ms", "s" or "%". `cause` tells why the aim is missed and what was tried, and is printed only then.
    """

    work: str
    compared_with: str
    samples: Sequence[float]
    unit: str
    aim: float
    more_is_better: bool = False
    cause: str = ""

    @property
    def value(self) -> float:
        """The median of the samples."""
        return median(self.samples)

    @property
    def spread(self) -> tuple[float, float]:
        """The quartiles of the samples; with fewer than four, the least and the greatest."""
        if len(self.samples) < 4:
            return min(self.samples), max(self.samples)
        first, _, third = quantiles(self.samples, n=4)
        return first, third

    @property
    def is_met(self) -> bool:
        """True if the median reaches the aim."""
        return self.value >= self.aim if self.more_is_better else self.value <= self.aim
