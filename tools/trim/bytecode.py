"""Byte code in an artifact: Lambda's /var/task is read-only, so that each cold start would compile all modules again.

The byte code is of the kind that is never compared with its source (PEP 552, unchecked-hash): its files are the same
in each build, whatever the times of the sources are.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from tools.trim.errors import TrimError

if TYPE_CHECKING:
    from pathlib import Path

# Tracebacks name the files where Lambda has them, and no path of the machine that built them.
IN_LAMBDA = "/var/task"
# The file of a compiled module, such as _pydantic_core.cpython-314-aarch64-linux-gnu.so.
_EXTENSION = re.compile(r"\.cpython-3(\d+)-")


def interpreter_of(artifact: Path) -> str:
    """Return the command of the Python that the artifact was built for, such as python3.14. Raises TrimError."""
    versions = {match[1] for path in artifact.rglob("*.so") if (match := _EXTENSION.search(path.name))}
    if len(versions) != 1:
        raise TrimError(
            f"{artifact.name} does not say its Python: its compiled modules are for {len(versions)} versions. Name "
            "the runtime's Python with --python."
        )
    name = f"python3.{versions.pop()}"
    found = shutil.which(name)
    if found is None:
        raise TrimError(
            f"{name} is not on the PATH, and byte code is read only by the Python that wrote it. Install it "
            f"(`uv python install {name.removeprefix('python')}`), or name it with --python."
        )
    return found


def compile_artifact(artifact: Path, python: str) -> None:
    """Write the byte code of all modules of an artifact. Raises TrimError if a module of the function is no Python."""
    command = [python, "-I", "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    # With a fixed seed, the members of a set of constants have one order.
    done = subprocess.run(
        [*command, "-s", str(artifact), "-p", IN_LAMBDA, str(artifact)],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise TrimError(f"{artifact.name} has modules that {python} cannot compile:\n{done.stdout}{done.stderr}")
