"""Text in columns, as a terminal shows it."""

import unicodedata
from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows in columns."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _width(text: str) -> int:
    """Return the columns that a terminal gives a text: two for a character of East Asian width."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
