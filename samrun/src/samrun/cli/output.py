"""Output of the commands: tables for people, JSON for programs."""

import json
import select
import sys
from collections.abc import Sequence
from typing import Any

from samrun.supervision.terminal import shows_colours, without_controls

_COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def print_json(content: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(content, indent=2, ensure_ascii=False))


def print_json_line(content: Any) -> None:
    """Print a JSON document on a line of its own, at once: a reader may wait for it."""
    print(json.dumps(content, ensure_ascii=False), flush=True)


def print_table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows below their titles. Columns of numbers stand to the right; there are no colours but on a terminal."""
    texts = [[without_controls(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(titles, *texts, strict=True)]
    to_the_right = [bool(rows) and all(isinstance(cell, int) for cell in column) for column in zip(*rows, strict=True)]
    print(in_colour("bold", _line(titles, widths, to_the_right)))
    for row in texts:
        print(_line(row, widths, to_the_right))


def _line(cells: Sequence[str], widths: Sequence[int], to_the_right: Sequence[bool]) -> str:
    right = [*to_the_right, *[False] * (len(cells) - len(to_the_right))]
    padded = (
        cell.rjust(width) if is_right else cell.ljust(width)
        for cell, width, is_right in zip(cells, widths, right, strict=True)
    )
    return "  ".join(padded).rstrip()


def check_reader() -> None:
    """Raise BrokenPipeError if nobody reads the standard output any more: a command that only waits would not hear."""
    if sys.stdout:
        poll = select.poll()
        poll.register(sys.stdout, 0)  # of no event, but for the error that poll always reports
        if any(event & select.POLLERR for _, event in poll.poll(0)):
            raise BrokenPipeError


def in_colour(colour: str, text: str) -> str:
    """Return a text in a colour, if the standard output is a terminal that shows them."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if sys.stdout and shows_colours(sys.stdout) else text
