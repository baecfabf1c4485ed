"""Charts of the rows as SVG, for a light and a dark page: a bar for each row, as a part of its aim."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.row import Row
from benchmarks.rows_table import quantity

TITLES = {
    "work": "Work of the functions and of the mapping",
    "starts": "Starts and zips",
    "whole-stack": "The whole stack",
    "growth": "Growth",
    "parts": "What the optimizations of notify bring",
}
# Blue and orange are told apart by everybody; all colours contrast with the backgrounds of GitHub's two schemes.
SCHEMES: Mapping[str, Mapping[str, str]] = {
    "light": {
        "background": "#ffffff",
        "text": "#1f2328",
        "faint": "#59636e",
        "met": "#4c8dd6",
        "missed": "#e08a3c",
        "aim": "#59636e",
    },
    "dark": {
        "background": "#0d1117",
        "text": "#f0f6fc",
        "faint": "#9198a1",
        "met": "#3a78bf",
        "missed": "#b8682a",
        "aim": "#9198a1",
    },
}
# Pixels.
_WIDTH, _LEFT, _SCALE, _TOP, _ROW = 920, 390, 220, 72, 24
_VALUE = 60
_LONGEST = _WIDTH - _LEFT - 90  # the value stands behind the bar


def chart(name: str, rows: Sequence[Row], *, scheme: str) -> str:
    """Return the SVG document of a chart's rows in the scheme "light" or "dark"."""
    # A row that misses its aim by far does not make the others too short to tell.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("chart.svg.jinja").render(
        title=TITLES[name],
        colours=SCHEMES[scheme],
        width=_WIDTH,
        height=_TOP + _ROW * len(rows) + 12,
        left=_LEFT,
        aim=_LEFT + _SCALE,
        bars=[_bar(row, top=_TOP + _ROW * number) for number, row in enumerate(rows)],
    )


def _bar(row: Row, *, top: int) -> Mapping[str, Any]:
    low, high = sorted(_x(row, value) for value in row.spread)
    end = _x(row, row.value)
    text = max(end, high) + 8
    aim = _LEFT + _SCALE
    return {
        "y": top,
        "label": row.work if len(row.work) <= 60 else f"{row.work[:59]}…",
        "length": round(end - _LEFT, 1),
        # Beside the line, and not on it.
        "text": aim + 8 if aim - _VALUE < text < aim + 8 else text,
        "low": low,
        "high": high,
        "is_met": row.is_met,
        "value": quantity(row.value, row.unit),
    }


def _x(row: Row, value: float) -> float:
    return round(_LEFT + min(row.part_of_aim(value) * _SCALE, _LONGEST), 1)
