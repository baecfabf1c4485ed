"""Faults of GitHub's workflows and actions, as zizmor finds them without a network."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# zizmor's exit status says how bad the worst finding is.
_FOUND = range(10, 20)


class WorkflowScanError(Exception):
    """zizmor did not come to its end; the message says why."""


def workflow_findings(places: Iterable[Path], zizmor: Path) -> list[str]:
    """Return a line for each fault in workflows and actions: in folders like .github, and in files."""
    done = subprocess.run(
        [str(zizmor), "--offline", "--no-progress", "--quiet", "--format", "json", *map(str, places)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != os.EX_OK and done.returncode not in _FOUND:
        raise WorkflowScanError(f"zizmor ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return [_line(each) for each in json.loads(done.stdout)]


def _line(finding: dict[str, Any]) -> str:
    [place, *_] = finding["locations"]
    row = place["concrete"]["location"]["start_point"]["row"] + 1
    path = place["symbolic"]["key"]["Local"]["verbatim_path"]
    return f"{path}:{row}: {finding['ident']}, {finding['desc']} ({finding['url']})"
