"""Debugger of a function: how a process of the function starts under debugpy, and what `breakpoint()` does in it.

Only the package debugpy comes from the runner's own environment: the process has that of the function.
"""

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

from samrun.errors import UserError
from samrun.template.model.functions import Function

SEARCH_PATH = Path(__file__).with_name("in_function")
"""Folder of the modules that each process of a function can import."""


class MissingDebuggerError(UserError):
    """The package debugpy is not installed; the message has the command that installs it."""


def find_debugpy() -> Path:
    """Return the folder of the package debugpy. Raises MissingDebuggerError."""
    found = importlib.util.find_spec("debugpy")
    if found is None or found.origin is None:
        raise MissingDebuggerError(
            "--debug needs the package debugpy, which is not installed. Install it into samrun's own environment:\n"
            f"{sys.executable} -m pip install debugpy"
        )
    return Path(found.origin).parent


def module_arguments(function: Function) -> list[str]:
    """Return Python's arguments that run a function under AWS's runtime client, and under debugpy if it is debugged."""
    if function.debug_port is None:
        return ["-m", "awslambdaric", function.handler]
    return ["-m", "samrun_debug", str(function.debug_port), str(find_debugpy()), function.handler]


def breakpoint_variables(function: Function) -> Mapping[str, str]:
    """Return the variables that make `breakpoint()` say what to do; none if it stops in a debugger."""
    return {} if function.debug_port else {"PYTHONBREAKPOINT": "samrun_debug.report_breakpoint"}
