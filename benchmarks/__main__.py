"""Measure what this system promises about time, memory and size: python -m benchmarks, or `make bench`.

It prints each kind of work with its aim. With --write, it also writes docs/performance.json, and what the page shows of
it: its tables and its charts.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from benchmarks.machine import this_machine
from benchmarks.measuring import MeasurementError, measure
from benchmarks.page import DATA, DOCS, write_page
from benchmarks.registry import MEASUREMENTS
from benchmarks.results import Measured, Results, read_results
from benchmarks.rows_table import rows_text


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write if asked to. Return the exit status."""
    options = _parser().parse_args(arguments)
    began = time.perf_counter()
    names = options.only or list(MEASUREMENTS)
    measured, failed = _measure(names, quick=options.quick)
    results = Results(machine=this_machine(), measured=measured)
    print(
        f"\n{rows_text(results.rows)}\n\n{results.machine}. It took {(time.perf_counter() - began) / 60:.1f} minutes."
    )
    if failed:
        print(f"Not measured, and nothing is written: {', '.join(failed)}", file=sys.stderr)
        return 1
    return _write(results, is_part=bool(options.only)) if options.write else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(MEASUREMENTS), help="measure this, and no other")
    parser.add_argument("--quick", action="store_true", help="few rounds: they show that all works, and no figure")
    parser.add_argument("--write", action="store_true", help="write docs/performance.json, its tables and charts")
    return parser


def _measure(names: Sequence[str], *, quick: bool) -> tuple[Sequence[Measured], Sequence[str]]:
    """Return what was measured, and the names of those that failed."""
    measured, failed = [], []
    for name in names:
        chosen = MEASUREMENTS[name]
        print(f"{name} …", end=" ", file=sys.stderr, flush=True)
        try:
            measured.append(measure(name, rounds=chosen.quick if quick else chosen.rounds))
        except MeasurementError as error:
            failed.append(name)
            print(error, file=sys.stderr)
        else:
            print(f"{measured[-1].seconds:.0f} s", file=sys.stderr)
    return measured, failed


def _write(results: Results, *, is_part: bool) -> int:
    path = DOCS / DATA
    if is_part and path.exists():
        results = read_results(path).with_newer(results, list(MEASUREMENTS))
    path.write_text(results.to_text(), encoding="utf-8")
    return write_page()


if __name__ == "__main__":
    sys.exit(main())
