"""Java programs: their files from a Maven repository in the user's cache, each program whole or not at all.

A lock file has the path, the size in bytes and the SHA-256 of each file, so nothing is resolved when samrun starts, and
every machine runs the same programs. `make lock` writes it.
"""

import asyncio
import functools
import hashlib
import json
import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import filelock
import httpx

from samrun.services.download import DownloadError, download_file

LOCK = Path(__file__).with_name("java_programs.json")
"""The lock file."""

REPOSITORY_VARIABLE = "SAMRUN_MAVEN_REPOSITORY"
"""The environment variable with the URL of another Maven repository, such as a company's mirror."""

# Files that are fetched at once.
_CONNECTIONS = 8
# Seconds in which a connection must be made, and then bring something.
_TIMEOUT = 20.0


class JavaFile(NamedTuple):
    """A file of a program: its path in the repository, its size in bytes, and its SHA-256 in hexadecimal digits."""

    path: str
    size: int
    sha256: str


def repository() -> str:
    """Return the URL of the Maven repository."""
    from jgo.constants import MAVEN_CENTRAL_URL

    return (os.environ.get(REPOSITORY_VARIABLE) or MAVEN_CENTRAL_URL).rstrip("/")


def locked_files(lock: Path = LOCK) -> Mapping[str, Sequence[JavaFile]]:
    """Return the files of each program `group:name:version` (several artifacts joined by `+`)."""
    programs = json.loads(lock.read_text())
    return {program: [JavaFile(**file) for file in files] for program, files in programs.items()}


def program_folder(program: str, files: Sequence[JavaFile], cache: Path) -> Path:
    """Return where a program is once it is whole. Other versions of its files have another folder."""
    _, name, version, *_ = program.split("+")[0].split(":")
    digest = hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()
    return cache / "programs" / f"{name}-{version}-{digest[:12]}"


async def fetch(
    programs: Mapping[str, Sequence[JavaFile]], *, cache: Path, url: str, on_arrival: Callable[[int], None]
) -> None:
    """Fetch the files of programs into the cache, all side by side.

    A fetch may be cancelled or killed at any moment: its programs do not count as whole, and the next fetch goes on
    with the bytes that had arrived. `on_arrival` gets the number of bytes of all files that are there, again and
    again. Raises DownloadError and OSError, of the cache, in an ExceptionGroup.
    """
    slots = asyncio.Semaphore(_CONNECTIONS)
    arrived: dict[Path, int] = {}

    def note(target: Path, size: int) -> None:
        arrived[target] = size
        on_arrival(sum(arrived.values()))

    async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=True, verify=_tls()) as client:

        async def fetch_file(file: JavaFile, folder: Path) -> None:
            async with slots:
                target = folder / Path(file.path).name
                on_file = functools.partial(note, target)
                await download_file(client, f"{url}/{file.path}", target, file.size, file.sha256, on_arrival=on_file)

        async def fetch_program(program: str, files: Sequence[JavaFile]) -> None:
            whole = program_folder(program, files, cache)
            unfinished = cache / "unfinished" / whole.name
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            # Several stacks may start at once on a new machine.
            async with filelock.AsyncFileLock(unfinished.with_name(f"{unfinished.name}.lock")):
                if whole.is_dir():
                    note(whole, sum(file.size for file in files))
                    return
                async with asyncio.TaskGroup() as downloads:
                    for file in files:
                        downloads.create_task(fetch_file(file, unfinished / "jars"))
                whole.parent.mkdir(exist_ok=True)
                unfinished.rename(whole)

        async with asyncio.TaskGroup() as fetches:
            for program, files in programs.items():
                fetches.create_task(fetch_program(program, files))


def _tls() -> ssl.SSLContext | bool:
    """Return the authorities of REQUESTS_CA_BUNDLE, as in pip; without it, those of SSL_CERT_FILE, or httpx's own.

    Raises DownloadError if that file has none.
    """
    bundle = os.environ.get("REQUESTS_CA_BUNDLE")
    if not bundle or not Path(bundle).is_file():
        return True
    try:
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise DownloadError(f"REQUESTS_CA_BUNDLE names {bundle}, which cannot be read: {error}") from error
