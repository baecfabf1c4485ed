"""Chart of consumer lag: the line of each group, drawn by the server."""

from collections.abc import Sequence
from dataclasses import dataclass

from samrun.administration.lag_history import LagSample

# Units of the picture, and seconds from its left to its right.
WIDTH, HEIGHT = 600, 120
SECONDS = 300.0

_TOP = 6  # above the highest point
_MAX_GROUPS = 6  # lines that differ in style


@dataclass(frozen=True, kw_only=True)
class LagLine:
    """Line of a group: its `points` as SVG has them, its lag now, and the highest of it in the picture."""

    group: str
    points: str
    now: int
    highest: int


@dataclass(frozen=True, kw_only=True)
class LagChart:
    """Chart of the groups of a topic. `highest` is the lag at its top."""

    lines: tuple[LagLine, ...]
    highest: int


def lag_chart(samples: Sequence[LagSample], topic: str) -> LagChart:
    """Return the chart of a topic's groups, at the time of the newest sample."""
    if not samples:
        return LagChart(lines=(), highest=0)
    end = samples[-1].at
    shown = [each for each in samples if end - each.at <= SECONDS]
    groups = sorted(samples[-1].lags.get(topic, {}))[:_MAX_GROUPS]
    highest = max((each.lags.get(topic, {}).get(group, 0) for each in shown for group in groups), default=0)
    lines = tuple(_line(group, shown, topic, end, highest) for group in groups)
    return LagChart(lines=lines, highest=highest)


def _line(group: str, samples: Sequence[LagSample], topic: str, end: float, highest: int) -> LagLine:
    found = [(each.at, each.lags[topic][group]) for each in samples if group in each.lags.get(topic, {})]
    points = [
        f"{WIDTH - (end - at) / SECONDS * WIDTH:.1f},{HEIGHT - lag / max(highest, 1) * (HEIGHT - _TOP):.1f}"
        for at, lag in found
    ]
    if len(points) == 1:  # a line needs two
        points *= 2
    return LagLine(group=group, points=" ".join(points), now=found[-1][1], highest=max(lag for _, lag in found))
