"""`python -m tools.chaos`: disturb a stack of its own under load, and check that every promise holds."""

import argparse
import faulthandler
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tools.chaos.chaos_run import RunSettings, run_chaos
from tools.chaos.fault_plan import plan_faults
from tools.chaos.interruption import defer_interruptions
from tools.chaos.project_copy import copy_project
from tools.chaos.report import summary

DATA = Path(".local")
INTERRUPTED = 130
RATE = 5.0  # orders per second


def main() -> int:
    """Run; return the exit status."""
    options = _options()
    faulthandler.enable()
    defer_interruptions()
    options.data.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=options.data)).resolve()
    seed, seconds = options.seed, options.minutes * 60
    faults = plan_faults(seed, seconds=seconds)
    repeat = repeat_command(minutes=options.minutes, seed=seed, rate=options.rate)
    print(f"{repeat}: history, logs and data are in {folder}", flush=True)
    (folder / "plan.txt").write_text("".join(f"{fault}\n" for fault in faults))
    try:
        result = run_chaos(
            folder,
            copy_project(folder / "project"),
            RunSettings(seed=seed, seconds=seconds, faults=faults, rate=options.rate),
            progress=lambda text: print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True),
        )
    except KeyboardInterrupt:
        print(f"Interrupted. To repeat it: {repeat}")
        return INTERRUPTED
    except BaseException:
        print(f"Failed. To repeat it: {repeat}")
        raise
    print(summary(result))
    if result.violations:
        print("\n".join(map(str, result.violations)))
        print(f"\n{len(result.violations)} violations. To repeat the run: {repeat}\nIts history is in {folder}.")
        return 1
    if not options.keep:
        shutil.rmtree(folder)
    return 0


def repeat_command(*, minutes: float, seed: int, rate: float) -> str:
    """Return the command that repeats a run."""
    more = "" if rate == RATE else f" ARGS='--rate {rate:g}'"
    return f"make chaos MINUTES={minutes:g} SEED={seed}{more}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long the stack is disturbed (5)")
    parser.add_argument("--seed", type=int, default=None, help="the seed of the faults, to repeat a run")
    parser.add_argument("--rate", type=float, default=RATE, help=f"orders per second ({RATE:g})")
    parser.add_argument("--data", type=Path, default=DATA, help=f"where the folder of the run is made ({DATA})")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a run that passed")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = secrets.randbelow(1_000_000)
    return options


if __name__ == "__main__":
    sys.exit(main())
