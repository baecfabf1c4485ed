"""Virtual environments with the packages of functions: installed once, in a cache that all stacks of a user share."""

import asyncio
import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import filelock

from samrun.pythons.errors import InstallationError
from samrun.pythons.installer import Installer
from samrun.pythons.interpreter import Interpreter
from samrun.pythons.requirements import Requirements
from samrun.pythons.tool import run_tool

# Part of each key: an environment of an earlier samrun that was made in another way is not used.
_LAYOUT = 1
_LOCK_POLL = 0.1  # seconds


@dataclass(frozen=True, kw_only=True)
class VirtualEnvironment:
    """A virtual environment of an interpreter. It has pip and setuptools only if the requirements name them."""

    folder: Path
    interpreter: Interpreter

    @property
    def executable(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """The folder with the packages."""
        return self.folder / "lib" / f"python{self.interpreter.minor_version}" / "site-packages"


@dataclass(frozen=True)
class VirtualEnvironmentCache:
    """Cache of virtual environments in a folder.

    A key is a hash of what an environment is made of: the requirements with all files that they name, and the exact
    interpreter. One process at a time makes the environment of a key, in a folder of its own that gets its final name
    at the end. So what is killed leaves no environment that counts.
    """

    folder: Path

    def find(self, requirements: Requirements, interpreter: Interpreter) -> VirtualEnvironment | None:
        """Return the environment, if it is there."""
        environment = self._environment(requirements, interpreter)
        return environment if environment.folder.is_dir() else None

    async def make(
        self,
        requirements: Requirements,
        interpreter: Interpreter,
        installer: Installer,
        *,
        wait: Callable[[], None] = lambda: None,
    ) -> VirtualEnvironment:
        """Return the environment, and make it if it is not there. Raises InstallationError.

        Calls `wait` if another process makes it at this moment.
        """
        environment = await asyncio.to_thread(self._environment, requirements, interpreter)
        try:
            await self._make(environment, requirements, installer, wait)
        except OSError as error:
            raise InstallationError(
                f"{self.folder} takes no virtual environment: {error}. Make room there, or set XDG_CACHE_HOME to a "
                "folder that can be written."
            ) from error
        return environment

    async def _make(
        self,
        environment: VirtualEnvironment,
        requirements: Requirements,
        installer: Installer,
        wait: Callable[[], None],
    ) -> None:
        complete = environment.folder
        self.folder.mkdir(parents=True, exist_ok=True)
        async with _locked(complete.with_name(f"{complete.name}.lock"), wait):
            if not complete.is_dir():
                for left in self.folder.glob(f"{complete.name}.unfinished-*"):  # by a process that was killed
                    shutil.rmtree(left, ignore_errors=True)
                unfinished = Path(tempfile.mkdtemp(prefix=f"{complete.name}.unfinished-", dir=self.folder))
                try:
                    await _create(unfinished, requirements, environment.interpreter, installer)
                    unfinished.rename(complete)
                finally:
                    shutil.rmtree(unfinished, ignore_errors=True)

    def _environment(self, requirements: Requirements, interpreter: Interpreter) -> VirtualEnvironment:
        made_of = (
            _LAYOUT,
            requirements.digest(),
            *(interpreter.executable.resolve(), interpreter.version),
            *(interpreter.platform, interpreter.extension_suffix),
        )
        key = hashlib.sha256("\0".join(map(str, made_of)).encode()).hexdigest()[:20]
        return VirtualEnvironment(
            folder=self.folder / f"python{interpreter.minor_version}-{key}", interpreter=interpreter
        )


async def _create(folder: Path, requirements: Requirements, interpreter: Interpreter, installer: Installer) -> None:
    made = await run_tool([interpreter.executable, "-I", "-m", "venv", "--without-pip", folder])
    if not made.succeeded:
        raise InstallationError(
            f"{interpreter.executable} makes no virtual environment. Install its module venv (on Debian and Ubuntu, "
            f"the package python3-venv). It says:\n{made.last_lines()}"
        )
    if requirements.file:
        await installer.install(requirements.file, folder, interpreter)


@contextlib.asynccontextmanager
async def _locked(file: Path, wait: Callable[[], None]) -> AsyncIterator[None]:
    """Hold a lock, which the operating system releases when its process ends, however that ends."""
    lock = filelock.FileLock(file, blocking=False)
    waited = False
    while True:
        try:
            lock.acquire()
            break
        except filelock.Timeout:
            if not waited:
                wait()
            waited = True
            await asyncio.sleep(_LOCK_POLL)
    try:
        yield
    finally:
        lock.release()
