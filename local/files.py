"""Files that several processes read and write."""

import os
from pathlib import Path


def write_whole(file: Path, text: str) -> Path:
    """Write a file, and its folder if need be, so that nobody ever sees a part of it; return the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    return unfinished.replace(file)
