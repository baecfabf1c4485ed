"""The machine that a benchmark runs on: what its figures depend on, and nothing that names it."""

import os
import platform
from dataclasses import asdict, dataclass
from typing import Any

import psutil


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Processors (`cores` of a kind), memory in GiB, Python's version, and the kernel's name and version."""

    cores: int
    processor: str
    memory_gib: int
    python: str
    kernel: str

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON's types."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.cores} cores ({self.processor}), {self.memory_gib} GiB, Python {self.python}, {self.kernel}"


def this_machine() -> Machine:
    """Return the machine of this process."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Machine(
        cores=cores or 1,
        processor=platform.machine(),
        memory_gib=round(psutil.virtual_memory().total / 2**30),
        python=platform.python_version(),
        kernel=f"{platform.system()} {platform.release().partition('-')[0]}",
    )
