"""One measurement, in a process of its own: python -m benchmarks.measuring NAME ROUNDS FILE writes its rows as JSON."""

import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.registry import MEASUREMENTS
from benchmarks.results import Measured
from benchmarks.row import Row


class MeasurementError(Exception):
    """A measurement did not end well; its own output says why."""


def measure(name: str, *, rounds: int) -> Measured:
    """Run a measurement of the registry. Raises MeasurementError."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "rows.json"
        # Its output is that of functions, brokers and databases; who wants a table sees it only if something is wrong.
        command = [sys.executable, "-m", "benchmarks.measuring", name, str(rounds), str(output)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            raise MeasurementError(f"{name} ended with status {done.returncode}:\n{done.stdout}")
        rows = [Row.from_json(row) for row in json.loads(output.read_text(encoding="utf-8"))]
    return Measured(
        name=name,
        chart=MEASUREMENTS[name].chart,
        day=f"{datetime.now(UTC):%Y-%m-%d}",
        seconds=time.perf_counter() - began,
        rows=rows,
    )


def main() -> None:
    """Measure, and write the rows."""
    name, rounds, output = sys.argv[1:]
    rows = MEASUREMENTS[name].load()(rounds=int(rounds))
    Path(output).write_text(json.dumps([row.as_json() for row in rows]), encoding="utf-8")


if __name__ == "__main__":
    main()
