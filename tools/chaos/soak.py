"""`python -m tools.chaos.soak`: the stack under load without faults. Nothing may be doubled, and nothing may grow."""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tools.chaos.chaos_run import RunResult, RunSettings, run_chaos
from tools.chaos.checker import Violation
from tools.chaos.evidence import LedgerItem
from tools.chaos.growth import MIN_SAMPLES, Growth, growth_table, growths
from tools.chaos.interruption import defer_interruptions
from tools.chaos.process_samples import ProcessSample, sampling
from tools.chaos.project_copy import copy_project
from tools.chaos.report import summary

DATA = Path(".local")
WARM_UP = 2.0  # minutes, but at most half of a short soak
# Half of the shortest soak is left to measure in: in less, the slope of a heap that settles says nothing.
MIN_MINUTES = 2.0
MAX_PAUSE = 5.0  # seconds between two samples
SAMPLES = 3 * MIN_SAMPLES  # of each process, at least: some live only for a part of the time


def main() -> int:
    """Run; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.chaos.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long the stack is under load (10)")
    parser.add_argument("--rate", type=float, default=5.0, help="orders per second (5)")
    parser.add_argument("--data", type=Path, default=DATA, help=f"where the folder of the run is made ({DATA})")
    options = parser.parse_args()
    if options.minutes < MIN_MINUTES:
        parser.error(f"--minutes is {options.minutes:g}: a soak takes {MIN_MINUTES:g} minutes at least")
    defer_interruptions()
    options.data.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="soak-", dir=options.data)).resolve()
    print(f"History, logs and data are in {folder}", flush=True)
    samples: list[ProcessSample] = []
    result = run_chaos(
        folder,
        copy_project(folder / "project"),
        RunSettings(seed=0, seconds=options.minutes * 60, faults=(), rate=options.rate),
        progress=lambda text: print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True),
        watch=lambda components: sampling(components, samples, pause=sample_pause(options.minutes)),
    )
    found = list(growths(samples, warm_up=warm_up(options.minutes)))
    print(summary(result))
    print(growth_table(found))
    if violations := soak_violations(result, found):
        print("\n".join(map(str, violations)))
        print(f"\n{len(violations)} violations. The history is in {folder}.")
        return 1
    shutil.rmtree(folder)
    return 0


def warm_up(minutes: float) -> float:
    """Return the minutes at the beginning of a soak that are not judged."""
    return min(WARM_UP, minutes / 2)


def sample_pause(minutes: float) -> float:
    """Return the seconds between two samples of a soak: it has enough of them after its warm-up."""
    return min(MAX_PAUSE, (minutes - warm_up(minutes)) * 60 / SAMPLES)


def soak_violations(result: RunResult, found: Sequence[Growth]) -> list[Violation]:
    """Return what the checker found, each mark of a possible duplicate, and each figure that grows."""
    grown = [
        Violation(kind="growth", subject=each.process, text=f"{each.figure} by {each.slope:.2f} a minute")
        for each in found
        if not each.is_flat
    ]
    unmeasured = [] if found else [Violation(kind="growth", subject="the stack", text="too few samples")]
    return [*result.violations, *marked_without_faults(result.evidence.ledger), *grown, *unmeasured]


def marked_without_faults(ledger: Sequence[LedgerItem]) -> list[Violation]:
    """Return a violation for each entry that is marked as a possible duplicate: without a fault, there is no reason."""
    return [
        Violation(kind="possible duplicate", subject=each.order_id, text=each.event_type)
        for each in ledger
        if each.possible_duplicate
    ]


if __name__ == "__main__":
    sys.exit(main())
