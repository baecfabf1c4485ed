"""Files that several processes read and write."""

import os
from pathlib import Path


def write_whole(file: Path, content: str | bytes, *, mode: int = 0o666) -> Path:
    """Write a file, and its folder if need be, so that nobody ever sees a part of it; return the file.

    Its permissions are `mode`, less the umask, from the first byte on.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.unfinished")
    with open(unfinished, "wb", opener=lambda path, flags: os.open(path, flags, mode)) as output:
        output.write(content.encode() if isinstance(content, str) else content)
    return unfinished.replace(file)
