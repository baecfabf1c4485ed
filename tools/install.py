"""`python tools/install.py FOLDER LOCK`: make a virtual environment, and install what a lock file pins.

It needs nothing but Python, and checks each file by its hash. uv installs, since it takes seconds where pip takes
minutes; pip brings uv, and installs by itself where uv cannot be had. uv asks the index that pip is configured for.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import subprocess
import sys
import time
import venv
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
LOCK_OF_UV = ROOT / "requirements-uv.lock"
# uv's variables for each option of pip's configuration.
VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX",),
    "extra-index-url": ("UV_INDEX",),
    "find-links": ("UV_FIND_LINKS",),
    "no-index": ("UV_NO_INDEX",),
    "trusted-host": ("UV_INSECURE_HOST",),
    "cert": ("SSL_CERT_FILE",),
    "client-cert": ("SSL_CLIENT_CERT",),
    "proxy": ("HTTPS_PROXY", "HTTP_PROXY"),
    "default-timeout": ("UV_HTTP_TIMEOUT",),
    "timeout": ("UV_HTTP_TIMEOUT",),
}
DOWNLOADING = re.compile(r"Downloading (\S+) \(([\d.]+)([KMG])iB\)")
DOWNLOADED = re.compile(r" Downloaded (\S+)")
MEBIBYTES = {"K": 1 / 1024, "M": 1, "G": 1024}


def main() -> int:
    """Install as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description="Installs what a lock file pins into a virtual environment.")
    parser.add_argument("folder", type=Path, help="the virtual environment; it is made if it does not exist")
    parser.add_argument("lock", type=Path, help="the lock file")
    parser.add_argument("--editable", type=Path, help="a package of this repository, installed as it is here")
    parser.add_argument("--with-pip", action="store_true", help="make an environment that has pip")
    options = parser.parse_args()
    try:
        Installer(options.folder).install(options.lock, options.editable, with_pip=options.with_pip)
    except InstallError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


class InstallError(Exception):
    """A step failed. The message has its output."""


class Installer:
    """Installer into one virtual environment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._python = folder / "bin" / "python"
        self._uv = ROOT / ".venv" / "bin" / "uv"

    def install(self, lock: Path, editable: Path | None, *, with_pip: bool) -> None:
        """Make the environment, if it does not exist, and install the lock's packages. Raises InstallError."""
        count = len(re.findall(r"^[\w.-]+(?:\[.*\])?==", lock.read_text(), re.MULTILINE))
        line = ProgressLine(f"Setting up {self._folder}: {count} packages")
        if not self._python.exists():
            self._make_environment(with_pip=with_pip)
        requirements = ("--no-deps", "--require-hashes", "--requirement", lock)
        package = ("--no-deps", "--no-build-isolation", "--editable", editable) if editable else ()
        try:
            self._bring_uv()
            self._run_uv(*requirements, line=line)
            if package:
                self._run_uv(*package, line=line)
        except InstallError as error:
            line.end()
            print(f"uv cannot be used here, so pip installs, which takes longer. {_last_line(error)}")
            self._run_pip(*requirements)
            if package:
                self._run_pip(*package)
        line.end(f"{time.monotonic() - line.started:.0f} s")

    def _bring_uv(self) -> None:
        if not self._uv.exists():
            self._run_pip("--no-deps", "--require-hashes", "--requirement", LOCK_OF_UV)

    def _run_uv(self, *arguments: str | Path, line: ProgressLine) -> None:
        command = [self._uv, "pip", "install", "--python", self._python, *arguments]
        # Every file has its hash, so it may come from any of the indexes, as with pip.
        variables = {"UV_INDEX_STRATEGY": "unsafe-best-match", **variables_of_uv(self._pip.configuration), **os.environ}
        with subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
            said = [line.read(text) for text in process.stderr or ()]
        if process.returncode:
            raise InstallError("".join(said))

    def _run_pip(self, *arguments: str | Path) -> None:
        _run(*self._pip.command, "install", "--quiet", "--disable-pip-version-check", *arguments)

    @cached_property
    def _pip(self) -> Pip:
        """The pip of this Python, which installs into other environments, too; without it, the environment's own."""
        command: tuple[str | Path, ...] = (sys.executable, "-m", "pip", "--python", self._python)
        listed = subprocess.run((*command, "config", "list"), capture_output=True, text=True, check=False)
        if listed.returncode:
            self._make_environment(with_pip=True)
            command = (self._python, "-m", "pip")
            listed = subprocess.run((*command, "config", "list"), capture_output=True, text=True, check=False)
        return Pip(command, pip_configuration(listed.stdout))

    def _make_environment(self, *, with_pip: bool) -> None:
        try:
            venv.create(self._folder, symlinks=True, with_pip=with_pip)
        except (OSError, subprocess.CalledProcessError) as error:
            advice = "Python's venv module is incomplete: on Debian and Ubuntu, install python3-venv."
            raise InstallError(f"{self._folder} cannot be made: {error}\n{advice}") from error


class Pip(NamedTuple):
    """pip: the command that installs into the environment, and its configuration."""

    command: tuple[str | Path, ...]
    configuration: dict[str, str]


class ProgressLine:
    """Line that says what is set up, and on a terminal how much of the large packages has arrived."""

    def __init__(self, title: str) -> None:
        self.started = time.monotonic()
        self._title = title
        self._sizes: dict[str, float] = {}
        self._arrived: set[str] = set()
        self._rewrites = sys.stdout.isatty()
        self._show("…")

    def read(self, text: str) -> str:
        """Read a line that uv said, show what it tells, and return it."""
        if found := DOWNLOADING.match(text):
            self._sizes[found[1]] = float(found[2]) * MEBIBYTES[found[3]]
        elif found := DOWNLOADED.match(text):
            self._arrived.add(found[1])
        if found and self._rewrites:
            arrived = sum(self._sizes.get(name, 0) for name in self._arrived)
            self._show(f"{arrived:.0f} of {sum(self._sizes.values()):.0f} MiB")
        return text

    def end(self, text: str = "") -> None:
        """End the line, with a last text."""
        if self._rewrites:
            self._show(text)
            print(flush=True)
        elif text:
            print(f"{self._title}: {text}", flush=True)

    def _show(self, text: str) -> None:
        if self._rewrites:
            print(f"\r\x1b[K{self._title}: {text}", end="", flush=True)
        elif text == "…":
            print(f"{self._title} …", flush=True)


def variables_of_uv(configuration: dict[str, str]) -> dict[str, str]:
    """Return the variables that make uv ask where pip would ask."""
    values = {}
    for option, value in configuration.items():
        # pip takes several values separated by spaces or line ends, uv by spaces, but those of find-links by commas.
        separator = "," if option == "find-links" else " "
        for variable in VARIABLES.get(option, ()):
            values[variable] = separator.join(value.split())
    return values


def pip_configuration(listed: str) -> dict[str, str]:
    """Return the options in what `pip config list` says: of all commands, of `install`, and of the environment."""
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, option = key.rpartition(".")
        if section in found:
            found[section][option] = str(ast.literal_eval(value))
    return found["global"] | found["install"] | found[":env:"]


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallError(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")


def _last_line(error: InstallError) -> str:
    return "".join(str(error).strip().splitlines()[-1:])


if __name__ == "__main__":
    sys.exit(main())
