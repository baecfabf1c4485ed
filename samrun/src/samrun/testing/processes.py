"""Processes and ports of a test's own."""

from samrun.supervision import ports
from samrun.supervision.process import end_with_parent

__all__ = ["end_with_parent", "free_port"]


def free_port() -> int:
    """Return a port of this machine on which nothing listens."""
    return ports.claim("test", 0)
