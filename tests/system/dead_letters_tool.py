"""Tool for dead letters, run as a user runs it, on the stack of a test."""

import subprocess
import sys
from pathlib import Path

from tests.project import ROOT
from tests.system.order_stack import OrderStack


def run_tool(stack: OrderStack, project: Path, *arguments: str) -> str:
    """Run `python -m tools.deadletters` with these arguments; return its output, and fail if it fails."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", "tools.deadletters", *arguments),
            *("--data", str(stack.data), "--template", str(project / "template.yaml")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout
