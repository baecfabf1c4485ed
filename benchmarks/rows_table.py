"""The rows as tables: of text for a terminal, of Markdown for docs/performance.md."""

from collections.abc import Iterator, Sequence

from benchmarks.row import Row
from tools.page import markdown_table
from tools.table import table

HEAD = ("work", "against", "aim", "median", "spread", "")
NO_CAUSE = "The cause is not known yet."


def rows_text(rows: Sequence[Row]) -> str:
    """Return the rows as a table, and below it the causes of those that miss their aim."""
    lines = [(*_cells(row), row.detail) for row in rows]
    shown = table([(*(word.upper() for word in HEAD), "BEHIND IT"), *lines])
    causes = [f"{row.work}: {row.cause or NO_CAUSE}" for row in missed(rows)]
    return "\n\n".join([shown, summary(rows), *causes])


def rows_markdown(rows: Sequence[Row]) -> str:
    """Return the rows as a table; what is missed is bold."""
    lines = []
    for row in rows:
        work, against, aim, value, spread, met = _cells(row)
        behind = f"{spread}; {row.detail}" if row.detail else spread
        lines.append((work, against, aim, value if row.is_met else f"**{value}**", met, behind))
    return markdown_table([("work", "against", "aim", "median", "", "spread; behind it"), *lines])


def causes_markdown(rows: Sequence[Row]) -> str:
    """Return a list: each row that misses its aim, with its cause and what was tried."""
    causes = [f"- **{row.work}**: {row.cause or NO_CAUSE}" for row in missed(rows)]
    return "\n".join([summary(rows), *([""] if causes else []), *causes])


def missed(rows: Sequence[Row]) -> Sequence[Row]:
    """Return the rows that miss their aim."""
    return [row for row in rows if not row.is_met]


def summary(rows: Sequence[Row]) -> str:
    """Return how many of the aims are met."""
    return f"{len(rows) - len(missed(rows))} of {len(rows)} aims are met."


def quantity(value: float, unit: str) -> str:
    """Return a value with its unit, such as 1.13 x, 0.56 s, 612 ms."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {unit}"


def _cells(row: Row) -> Iterator[str]:
    sign = "≥" if row.more_is_better else "≤"
    yield row.work
    yield row.compared_with
    yield f"{sign} {row.aim:g} {row.unit}"
    yield quantity(row.value, row.unit)
    low, high = (quantity(each, row.unit) for each in row.spread)
    yield f"{low.removesuffix(f' {row.unit}')} to {high}" if len(row.samples) > 1 else "one value"
    yield "met" if row.is_met else "missed"
