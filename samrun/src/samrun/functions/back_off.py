"""Back-off of event source mappings: the time between two attempts at a batch.

AWS does not document how long Lambda waits.
"""

# Seconds.
_FIRST, _MAX = 0.2, 5.0


UNAVAILABLE_PAUSE = 1.0
"""Seconds until a function that was throttled is invoked again."""


def back_off(attempts: int) -> float:
    """Return the seconds to wait after so many attempts in a row that failed."""
    return float(min(_FIRST * 2 ** min(attempts - 1, 10), _MAX))
