"""Benchmark of a cold start from the project's own folder: process to ready, of each function and of a bare handler.

Both import from .venv, which has byte code. The time is the processor's: Lambda gives a function one processor or less,
and a busy machine does not move it. The two take turns; each sample is the ratio of one pair.
"""

import subprocess
import sys
from collections.abc import Sequence
from statistics import median

from benchmarks.process_start import FUNCTIONS, bare_start_of, start_of
from benchmarks.row import Row
from benchmarks.stopwatch import Spent
from tests.project import ROOT

AIM = 1.15
_POWERTOOLS = (
    "Powertools' resolver with its validation (pydantic, asyncio), of which the API's routes, their checks and the "
    "OpenAPI document are made. Tried: the models of the OpenAPI document are not imported any more. A router of our "
    "own would be a framework to maintain."
)
CAUSES = {
    "order": (
        f"half of the difference is the schema of the body, with pydantic and email-validator; a third is {_POWERTOOLS}"
    ),
    "relay": "Powertools' logger and metrics, and the code of the outbox. pydantic is not imported.",
    "notify": (
        "nearly half of the difference is Jinja, which compiles the templates of all events and languages at the "
        "start, so that no mail waits for it; the rest is pydantic's models of events, and our own "
        "modules. Taken: the build compiles the templates, which the cold start as built shows."
    ),
    "feedback": "pydantic's models of SES's events, Powertools' logger. Jinja and babel are not imported any more.",
    "history": f"{_POWERTOOLS} Jinja and babel are not imported any more.",
}


def measure_cold_start(*, rounds: int) -> list[Row]:
    """Start each function and its bare handler so many times, in turn."""
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", "functions", "benchmarks/bare_handlers"], cwd=ROOT, check=True
    )
    pairs: dict[str, list[tuple[Spent, Spent]]] = {name: [] for name in FUNCTIONS}
    for _ in range(rounds + 1):
        for name, taken in pairs.items():
            bare = bare_start_of(name, ROOT, package="benchmarks.bare_handlers.")
            taken.append((start_of(name, ROOT).measure(), bare.measure()))
    # The first of each reads the files from the disk.
    return [start_row(name, taken[1:], aim=AIM, cause=CAUSES[name]) for name, taken in pairs.items()]


def start_row(
    name: str, pairs: Sequence[tuple[Spent, Spent]], *, aim: float, cause: str, what: str = "cold start", bare: str = ""
) -> Row:
    """Return the row of a function from what it and its bare handler spent, pair by pair."""
    ours, others = (median(pair[column].processor for pair in pairs) * 1000 for column in range(2))
    return Row(
        work=f"{what}: {name}",
        compared_with=bare or "bare handler with the same clients",
        samples=[each.processor / other.processor for each, other in pairs],
        unit="x",
        aim=aim,
        cause=cause,
        detail=f"processor {ours:.0f} ms against {others:.0f} ms",
    )
