"""Folder of a benchmark for brokers and databases: in memory where that can be, so that no disk is measured."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of one's own is made in it


@contextmanager
def memory_folder() -> Iterator[Path]:
    """Make a folder, and remove it with its content when the context ends."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.exists() else None) as folder:
        yield Path(folder)
