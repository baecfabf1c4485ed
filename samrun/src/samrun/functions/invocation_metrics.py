"""Measures of an invocation, as the platform's log and the console tell them."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class InvocationMetrics:
    """Measures of one invocation: times in milliseconds, memory in megabytes. None: not known, or no cold start."""

    duration: float
    memory_size: int
    memory_used: int | None = None
    init_duration: float | None = None

    @property
    def billed_duration(self) -> int:
        return math.ceil(self.duration + (self.init_duration or 0))
