"""Known vulnerabilities of the packages of a lock file, as pip-audit finds them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Findings in lock files, and the lock files that were not audited: nobody knows whether they have more.

    `reason` says why not.
    """

    findings: tuple[str, ...] = ()
    not_audited: tuple[Path, ...] = ()
    reason: str = ""


def audit(lock_files: Sequence[Path], pip_audit: Path) -> Audit:
    """Ask PyPI's data for the packages of lock files, up to the first one that cannot be audited."""
    findings: list[str] = []
    for number, lock_file in enumerate(lock_files):
        found, reason = _audit(lock_file, pip_audit)
        findings += found
        if reason:
            return Audit(findings=tuple(findings), not_audited=tuple(lock_files[number:]), reason=reason)
    return Audit(findings=tuple(findings))


def _audit(lock_file: Path, pip_audit: Path) -> tuple[list[str], str]:
    """Return the findings in one lock file, and why it was not audited as a whole; empty: it was.

    pip-audit succeeds, too, if the data know none of the packages: a mirror that has no such data answers so.
    """
    done = subprocess.run(
        [str(pip_audit), "--disable-pip", "--progress-spinner=off", "--format=json", "--requirement", str(lock_file)],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        dependencies = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        return [], f"pip-audit ended with {done.returncode}: {lines[-1][:200]}"
    skipped = [each["name"] for each in dependencies if "skip_reason" in each]
    findings = [
        f"{lock_file.name}: {each['name']} {each['version']} has {known['id']}, "
        + (f"fixed in {', '.join(known['fix_versions'])}" if known["fix_versions"] else "not fixed yet")
        for each in dependencies
        for known in each.get("vulns", [])
    ]
    unknown = f"the data that it reaches know nothing of {len(skipped)} of {len(dependencies)} packages"
    return findings, f"{unknown} of {lock_file.name}" if skipped else ""
