"""Files that several processes read and write."""

import os
from pathlib import Path


def write_whole(file: Path, content: str | bytes) -> Path:
    """Write a file, and its folder if need be, so that nobody ever sees a part of it; return the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.unfinished")
    unfinished.write_bytes(content.encode() if isinstance(content, str) else content)
    return unfinished.replace(file)
