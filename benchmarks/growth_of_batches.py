"""Benchmark of growth: a mail takes as much processor time in a batch of 1,000 records as in one of 100 or of 10."""

from concurrent.futures import ThreadPoolExecutor
from statistics import median

from benchmarks.notify_batch import running_function
from benchmarks.row import Row

FLAT = 1.2
SIZES = (10, 100, 1_000)
BASE = 100


def measure_batches(*, rounds: int) -> list[Row]:
    """Process batches of all sizes in turn, so many times. One record alone cannot share its calls, and is left out."""
    with running_function() as function, ThreadPoolExecutor(1) as alone:
        function.process(BASE, threads=alone)  # a database that is cold takes longer than the function waits for it
        taken = [{size: function.process(size).processor / size for size in SIZES} for _ in range(rounds)]
    base = median(each[BASE] for each in taken) * 1000
    return [
        Row(
            work=f"growth: a mail of a batch of {size:,}",
            compared_with=f"of a batch of {BASE}",
            samples=[each[size] / each[BASE] for each in taken],
            unit="x",
            aim=FLAT,
            cause="fewer records share fewer calls to DynamoDB, and an invocation has a price of its own.",
            detail=f"processor {median(each[size] for each in taken) * 1000:.1f} ms against {base:.1f} ms",
        )
        for size in SIZES
        if size != BASE
    ]
