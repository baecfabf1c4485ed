"""Files that several processes read and write, and the folder of those that all projects share."""

import os
from pathlib import Path


def write_atomically(file: Path, content: str | bytes, *, mode: int = 0o666) -> Path:
    """Write a file atomically, so that no reader sees a part of it. Create its folder if necessary. Return the file.

    The file has the permissions `mode`, less the umask, from the first byte on.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.unfinished")
    try:
        with open(unfinished, "wb", opener=lambda path, flags: os.open(path, flags, mode)) as output:
            output.write(content.encode() if isinstance(content, str) else content)
        return unfinished.replace(file)
    except BaseException:  # such as a full disk
        unfinished.unlink(missing_ok=True)
        raise


def user_cache() -> Path:
    """Return the cache folder, which all projects of this user share."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "samrun")
