"""Growth of processes under a steady load: the slope of each figure has to stay below a bound."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tools.chaos.process_samples import ProcessSample

FIGURES = ("rss", "handles", "threads")
# Fewer samples than these have no slope that says anything.
MIN_SAMPLES = 8


@dataclass(frozen=True, kw_only=True)
class GrowthBounds:
    """Bounds of the slopes: MB, handles and threads per minute."""

    rss: float
    handles: float = 2.0
    threads: float = 2.0


# A leak of 4 kB for each order would be 1.2 MB a minute at five orders a second; the fragments of a heap that settles
# were up to half of that. A handle or a thread for each order would be 300 a minute; pools open and close a few.
BOUNDS = GrowthBounds(rss=1.0)
# By the beginning of the name. A JVM's heap grows until -Xmx (256 MB), whatever it holds, so its memory has a roof
# instead of a slope: the heap, and as much again for code, threads and mapped files.
JVM_BOUNDS = GrowthBounds(rss=float("inf"))
JVM_ROOF = 640.0  # MB
SPECIAL_BOUNDS: Mapping[str, GrowthBounds] = {
    "Kafka": JVM_BOUNDS,
    "DynamoDB Local": JVM_BOUNDS,
    # moto keeps each mail and each call in memory until it ends: that is what it is for.
    "moto": GrowthBounds(rss=12.0),
}


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Growth of one figure of one process: at its first and last sample, and its slope per minute."""

    process: str
    figure: str
    start: float
    end: float
    slope: float
    bound: float
    roof: float = float("inf")

    @property
    def is_flat(self) -> bool:
        """Tell whether it stays within its bounds."""
        return self.slope <= self.bound and self.end <= self.roof


def slope_of(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the line through the points, by least squares."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def growths(samples: Iterable[ProcessSample], *, warm_up: float) -> Iterator[Growth]:
    """Yield the growth of each figure of each process, after the first `warm_up` minutes."""
    by_process: dict[str, list[ProcessSample]] = defaultdict(list)
    for sample in samples:
        if sample.at >= warm_up:
            by_process[sample.process].append(sample)
    for process, found in sorted(by_process.items()):
        if len(found) < MIN_SAMPLES:
            continue
        bounds = next((each for name, each in SPECIAL_BOUNDS.items() if process.startswith(name)), BOUNDS)
        for figure in FIGURES:
            values = [getattr(sample, figure) for sample in found]
            yield Growth(
                process=process,
                figure=figure,
                start=values[0],
                end=values[-1],
                slope=slope_of([(sample.at, value) for sample, value in zip(found, values, strict=True)]),
                bound=getattr(bounds, figure),
                roof=JVM_ROOF if figure == "rss" and bounds is JVM_BOUNDS else float("inf"),
            )


def growth_table(found: Iterable[Growth]) -> str:
    """Return the growths as a table, one figure of a process a line."""
    head = f"{'process':44} {'figure':8} {'start':>8} {'end':>8} {'per minute':>11} {'bound':>7}"
    return "\n".join(
        [
            head,
            *(
                f"{each.process:44} {each.figure:8} {each.start:8.1f} {each.end:8.1f} {each.slope:+11.2f} "
                f"{each.bound:7.1f}{'' if each.is_flat else '  GROWS'}"
                for each in found
            ),
        ]
    )
