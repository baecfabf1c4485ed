"""A function that only its callers invoke."""

from typing import Any


def handler(_event: Any, _context: Any) -> str:
    """Return a text."""
    return "alone"
