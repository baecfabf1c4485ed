"""Files that a tool generates: written, or compared with what the tool would write."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_or_check(path: Path, generated: str, *, check: bool, command: str) -> int:
    """Write a file, or with `check` say where it is not up to date. Return the exit status.

    `command` is what writes it.
    """
    if not check:
        path.write_text(generated, encoding="utf-8")
        return 0
    difference = first_difference(path.read_text(encoding="utf-8") if path.exists() else "", generated)
    if difference is None:
        return 0
    print(f"{path}, {difference}\nRun {command} and commit the result.")
    return 1


def first_difference(written: str, generated: str) -> str | None:
    """Return the first line that differs, as `line N: … should be …`, or None if the texts are the same."""
    lines = zip_longest(written.splitlines(), generated.splitlines(), fillvalue="(end)")
    for number, (is_, should_be) in enumerate(lines, start=1):
        if is_ != should_be:
            return f"line {number}: {is_.strip()} should be {should_be.strip()}"
    return None
