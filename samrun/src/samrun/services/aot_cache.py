"""AOT cache of a Java program: with it, the JVM starts the program with half the processor time.

Java 25 and newer write the cache at the end of a run: https://openjdk.org/jeps/514. Later runs read it; a JVM that
cannot, because the jars or its own version changed, says so in the program's log and starts without it.
"""

import asyncio
import contextlib
import os
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from samrun.services import java
from samrun.supervision.process import Process

_FIRST_VERSION = 25
# Seconds that a JVM may take to write its cache, on a slow machine.
_PATIENCE = 120


def options(class_path: str) -> tuple[str, ...]:
    """Return the options of the JVM that use the cache of a program, if there is one."""
    cache = path(class_path)
    return (f"-XX:AOTCache={cache}",) if cache and cache.exists() else ()


def path(class_path: str) -> Path | None:
    """Return where the cache of a program is, beside its jars; None if this JVM has no such caches."""
    version = _java_version()
    if not version or int(version.split(".")[0]) < _FIRST_VERSION:
        return None
    return Path(class_path.split(os.pathsep)[0]).parents[1] / f"java-{version}.aot"


@contextlib.asynccontextmanager
async def written_by_a_run(cache: Path) -> AsyncIterator[tuple[str, ...]]:
    """Yield the options with which a run of the program writes the cache; put it into its place after the run.

    Two runs at once do no harm: each cache is whole.
    """
    with tempfile.TemporaryDirectory(dir=cache.parent, prefix="aot-") as folder:
        written = Path(folder, cache.name)
        yield (f"-XX:AOTCacheOutput={written}",)
        if written.exists():
            written.rename(cache)


async def end(process: Process) -> None:
    """End a run that writes a cache, and wait until the cache is whole."""
    await asyncio.shield(process.stop(patience=_PATIENCE))


def _java_version() -> str | None:
    """Return the version of the JVM that `java.jvm` finds, such as 25.0.2; None if its folder does not say it."""
    release = java.jvm().resolve().parents[1] / "release"
    found = re.search(r'^JAVA_VERSION="(\d[\d.]*)', release.read_text(), re.MULTILINE) if release.exists() else None
    return found[1] if found else None
