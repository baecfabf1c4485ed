"""Row of the table that `make bench` prints: a kind of work, its aim, and the measured values."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf
from statistics import median, quantiles
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Row:
    """Result of a benchmark.

    There is one of the `samples` for each round, in `unit`: "x" for a ratio against `compared_with` in the same run,
    else "ms", "s", "%" or "GiB". `detail` has the figures behind it, such as "612 ms against 540 ms". `cause` tells why
    the aim is missed and what was tried, and is printed only then.
    """

    work: str
    compared_with: str
    samples: Sequence[float]
    unit: str
    aim: float
    more_is_better: bool = False
    cause: str = ""
    detail: str = ""

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

    def part_of_aim(self, value: float) -> float:
        """Return a value as a part of the aim: 1 is the aim, less is better, whatever the unit is."""
        part, whole = (self.aim, value) if self.more_is_better else (value, self.aim)
        if whole:
            return part / whole
        return inf if part else 1.0

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON's types, the samples with four digits."""
        return {**asdict(self), "samples": [float(f"{sample:.4g}") for sample in self.samples]}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """Return the row that `as_json` has made a mapping of."""
        return cls(**fields)
