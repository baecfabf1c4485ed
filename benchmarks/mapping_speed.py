"""Benchmark of samrun's Kafka mapping: samrun/benchmarks/mapping.py in a process of its own, as rows.

samrun is a product of its own, so its benchmark is a program here, and not a module.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.row import Row
from tests.project import ROOT

RECORDS = 200_000
QUICK = 20_000

Runs = Mapping[str, Sequence[Mapping[str, float]]]


def measure_mapping(*, rounds: int) -> list[Row]:
    """Run it; one round is a quick look at few records."""
    number = RECORDS if rounds > 1 else QUICK
    program = [sys.executable, "samrun/benchmarks/mapping.py", str(number), "--runs", str(rounds), "--json"]
    runs: Runs = json.loads(subprocess.check_output(program, cwd=ROOT, text=True).splitlines()[-1])
    [idle] = runs["idle"]
    return [
        _speed(
            runs,
            number,
            work="mapping, against a bare consumer",
            other="bare",
            against="a consumer of librdkafka that looks at no record: records/s",
            cause=(
                "a bare consumer does in C what is done in Python here: the mapping makes the event with base64 and "
                "JSON, which alone takes longer than the consumer. Tried and taken: records that are cheap to make, "
                "rare pauses, no dictionary of records without need. The loop below is the floor in Python."
            ),
        ),
        _speed(
            runs,
            number,
            work="mapping, against a loop by hand",
            other="loop",
            against="consume, json.dumps, commit: records/s",
            cause="the mapping counts and splits what the loop does not.",
        ),
        Row(
            work="mapping, idle",
            compared_with="a processor",
            samples=[100 * idle["processor"] / idle["clock"]],
            unit="%",
            aim=1,
            cause="the client's own threads.",
        ),
    ]


def _speed(runs: Runs, number: int, *, work: str, other: str, against: str, cause: str) -> Row:
    ours, others = ([number / run["clock"] for run in runs[name]] for name in ("mapping", other))
    return Row(
        work=work,
        compared_with=against,
        samples=[one / another for one, another in zip(ours, others, strict=True)],
        unit="x",
        aim=0.9,
        more_is_better=True,
        cause=cause,
        detail=f"{median(ours):,.0f} against {median(others):,.0f} records/s",
    )
