"""Debugging of a function, in its own process.

`python -m samrun_debug PORT DEBUGPY HANDLER` waits for a debugger on a port of this machine, and then runs the function
under AWS's runtime client, as `python -m awslambdaric HANDLER` does. DEBUGPY is the folder of the package debugpy.

In a process without a debugger, `breakpoint()` calls `report_breakpoint`: PYTHONBREAKPOINT names it.
"""

import importlib
import os
import runpy
import sys
from pathlib import Path

_LOOPBACK = "127.0.0.1"
# Breakpoints that were reported.
_reported: set[tuple[str, int]] = set()


def run_under_debugger() -> None:
    """Wait for a debugger, and run the function."""
    port, folder, handler = sys.argv[1:]
    _wait_for_debugger(int(port), Path(folder))
    sys.argv = ["awslambdaric", handler]
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)


def _wait_for_debugger(port: int, folder: Path) -> None:
    # It warns about Python's own modules, which are compiled in, and suggests an option that slows every start down.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    # Debugpy is all that the function gets from the folder of the runner's packages.
    sys.path.insert(0, str(folder.parent))
    debugpy = importlib.import_module("debugpy")
    sys.path.remove(str(folder.parent))
    # A process between the two would outlive this one, and keep the port from the next.
    debugpy.listen((_LOOPBACK, port), in_process_debug_adapter=True)
    print(f"waits for a debugger on {_LOOPBACK}:{port}", flush=True)
    debugpy.wait_for_client()
    print("a debugger is there: the function starts", flush=True)


def report_breakpoint(*_arguments: object, **_options: object) -> None:
    """Print what to do about a `breakpoint()` of a function without a debugger, once for each, and go on."""
    frame = sys._getframe(1)  # the one that called breakpoint(), which is written in C
    place = (frame.f_code.co_filename, frame.f_lineno)
    if place in _reported:
        return
    _reported.add(place)
    print(
        f"breakpoint() in {Path(place[0]).name}:{place[1]} did not stop: there is no debugger. Start samrun with "
        f"--debug {os.environ['AWS_LAMBDA_FUNCTION_NAME']}, and connect a debugger to the port that it says.",
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    run_under_debugger()
