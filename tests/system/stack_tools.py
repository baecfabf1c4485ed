"""Tools for dead letters and for erasing a customer, run as a user runs them, on the stack of a test."""

import subprocess
import sys
from pathlib import Path

from tests.project import ROOT
from tests.system.order_stack import OrderStack


def run_tool(stack: OrderStack, project: Path, *arguments: str, module: str = "tools.deadletters") -> str:
    """Run `python -m MODULE` with these arguments; return its output, and fail if it fails."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", module, *arguments),
            *("--data", str(stack.data), "--template", str(project / "template.yaml")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout
