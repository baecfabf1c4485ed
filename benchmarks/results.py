"""Results of `make bench` as JSON: the machine, and the rows of each measurement with its day and its seconds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from benchmarks.machine import Machine
from benchmarks.row import Row


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Rows of one measurement; `day` is YYYY-MM-DD, `seconds` is how long it took."""

    name: str
    chart: str
    day: str
    seconds: float
    rows: Sequence[Row]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON's types."""
        return {
            "name": self.name,
            "chart": self.chart,
            "day": self.day,
            "seconds": round(self.seconds, 1),
            "rows": [row.as_json() for row in self.rows],
        }


@dataclass(frozen=True, kw_only=True)
class Results:
    """All that one machine has measured."""

    machine: Machine
    measured: Sequence[Measured]

    @property
    def rows(self) -> Sequence[Row]:
        """The rows of all measurements."""
        return [row for measured in self.measured for row in measured.rows]

    def with_newer(self, newer: "Results", order: Sequence[str]) -> Self:
        """Return these with the newer measurements in place of those of the same names, in an order of names.

        Raises ValueError if they are another machine's: figures of two machines say nothing beside each other.
        """
        if newer.machine != self.machine:
            raise ValueError(f"These figures are of another machine: {self.machine}. Measure all of them.")
        by_name = {each.name: each for each in (*self.measured, *newer.measured)}
        return replace(self, measured=[by_name[name] for name in order if name in by_name])

    def to_text(self) -> str:
        """Return the JSON document."""
        document = {"machine": self.machine.as_json(), "measured": [each.as_json() for each in self.measured]}
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read the JSON document."""
        document = json.loads(text)
        measured = [
            Measured(**{**each, "rows": [Row.from_json(row) for row in each["rows"]]}) for each in document["measured"]
        ]
        return cls(machine=Machine(**document["machine"]), measured=measured)


def read_results(path: Path) -> Results:
    """Read the results in a file."""
    return Results.from_text(path.read_text(encoding="utf-8"))
