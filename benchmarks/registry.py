"""All that `make bench` measures: a line for each measurement.

A measurement is a function that takes `rounds` and returns rows. It runs in a process of its own, so it may set its
environment and keep to one processor. `chart` is the chart that shows its rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from benchmarks.row import Row

Measure = Callable[..., Sequence[Row]]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The place of the function (module:name), the chart of its rows, and how many rounds it does.

    `quick` is the number of rounds that show only that it works.
    """

    place: str
    chart: str
    rounds: int
    quick: int = 1

    def load(self) -> Measure:
        """Import the function."""
        module, _, name = self.place.partition(":")
        found: Measure = getattr(import_module(module), name)
        return found


MEASUREMENTS: Mapping[str, Measurement] = {
    "warm-order": Measurement(place="benchmarks.warm_order:measure_warm_order", chart="work", rounds=8),
    "mails": Measurement(place="benchmarks.notify_batch:measure_mails", chart="work", rounds=5),
    "end-to-end": Measurement(place="benchmarks.end_to_end:measure_end_to_end", chart="work", rounds=2),
    "throughput": Measurement(place="benchmarks.throughput:measure_throughput", chart="work", rounds=2),
    "notify-killed": Measurement(place="benchmarks.notify_killed:measure_notify_killed", chart="work", rounds=3),
    "mapping": Measurement(place="benchmarks.mapping_speed:measure_mapping", chart="work", rounds=3),
    "cold-start": Measurement(place="benchmarks.cold_start:measure_cold_start", chart="starts", rounds=5),
    "artifacts": Measurement(place="benchmarks.built_start:measure_artifacts", chart="starts", rounds=4),
    "whole-stack": Measurement(place="benchmarks.whole_stack:measure_whole_stack", chart="whole-stack", rounds=2),
    "growth": Measurement(place="benchmarks.growth:measure_growth", chart="growth", rounds=5),
    "growth-of-batches": Measurement(place="benchmarks.growth_of_batches:measure_batches", chart="growth", rounds=3),
    "parts-of-notify": Measurement(place="benchmarks.notify_parts:measure_notify_parts", chart="parts", rounds=9),
}
