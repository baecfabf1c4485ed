"""Tools: programs that run to their end, and whose output says what went wrong."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from samrun.supervision.process import end_with_parent, stop

# These make Python and its installers look at, or write to, another environment than the one of the command line.
_REDIRECTIONS = (
    *("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"),
    *("PIP_PREFIX", "PIP_PYTHON", "PIP_TARGET", "PIP_USER"),
    *("UV_PREFIX", "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_TARGET"),
)


@dataclass(frozen=True)
class ToolResult:
    """Result of a program that has ended. `printed` is its standard output, `errors` its standard error."""

    succeeded: bool
    printed: str
    errors: str

    def last_lines(self, number: int = 12) -> str:
        """Return the end of what it printed, errors last."""
        return "\n".join(f"{self.printed}\n{self.errors}".strip().splitlines()[-number:])


async def run_tool(
    command: Sequence[str | Path], *, folder: Path | None = None, variables: Mapping[str, str] | None = None
) -> ToolResult:
    """Run a command in a folder, and return its result. It ends if the caller is cancelled."""
    own = {name: value for name, value in os.environ.items() if name not in _REDIRECTIONS}
    try:
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
            env={**own, **(variables or {})},
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
    except OSError as error:  # it is no program, or one of another platform
        return ToolResult(False, "", str(error))
    try:
        printed, errors = await process.communicate()
    finally:
        await stop(process, patience=2)
    return ToolResult(process.returncode == 0, printed.decode(errors="replace"), errors.decode(errors="replace"))
