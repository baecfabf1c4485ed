"""Counted things, for lines that people read."""


def counted(number: int, noun: str) -> str:
    """Return "1 record", "2 records", …."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
