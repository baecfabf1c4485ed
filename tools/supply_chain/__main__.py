"""`python -m tools.supply_chain check|sbom|zip`: check what is shipped, describe it, and pack it."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tools.supply_chain.artifacts import EXAMPLES, LOCK_FILES, ROOT, artifacts
from tools.supply_chain.licences import Licences, UnknownLicenceError
from tools.supply_chain.lock_file import locked_packages
from tools.supply_chain.reproducible_zip import pack
from tools.supply_chain.sbom import InvalidSbomError, sbom
from tools.supply_chain.secrets import SecretScanError, secret_findings
from tools.supply_chain.vulnerabilities import audit
from tools.supply_chain.workflows import WorkflowScanError, workflow_findings

if TYPE_CHECKING:
    from collections.abc import Sequence

# Places of workflows and actions.
WORKFLOWS = (".github", "samrun/action.yml")
SCANNERS = ROOT / ".venv-supply-chain" / "bin"
# With it, as in CI, an audit that could not be made has failed.
REQUIRED = "REQUIRE_AUDIT"


def check(root: Path = ROOT, scanners: Path = SCANNERS) -> int:
    """Run all checks and print their findings; return the exit status."""
    shipped = [*(artifact.lock_file for artifact in artifacts()), *(ROOT / name for name in EXAMPLES)]
    packages = [package for lock_file in shipped for package in locked_packages(lock_file)]
    found = {
        "forbidden licences": Licences.read().findings(packages),
        "secrets": secret_findings(root, scanners / "kingfisher"),
        "faults of workflows": workflow_findings([root / each for each in WORKFLOWS], scanners / "zizmor"),
    }
    audited = audit([root / name for name in LOCK_FILES], scanners / "pip-audit")
    if audited.findings or not audited.not_audited:
        found["vulnerabilities"] = list(audited.findings)
    for name, findings in found.items():
        print(f"{name}: {len(findings) or 'none'} found", *findings, sep="\n  ")
    if audited.not_audited:
        print(f"NOT CHECKED for vulnerabilities: {len(audited.not_audited)} of {len(LOCK_FILES)} lock files;", end=" ")
        print(f"{audited.reason}. {REQUIRED}=1 makes this an error.")
    is_required = os.environ.get(REQUIRED) == "1"
    return int(any(found.values()) or (is_required and bool(audited.not_audited)))


def write_sboms(folder: Path, *, now: datetime) -> None:
    """Write the SBOM of each artifact. Raises UnknownLicenceError and InvalidSbomError."""
    licences = Licences.read()
    for artifact in artifacts():
        text = sbom(artifact, licences, now=now)
        _write(folder, f"{artifact.name}-{artifact.version}.cdx.json", text.encode())


def write_zips(build: Path, folder: Path) -> None:
    """Pack the functions that `sam build` has built."""
    for artifact in artifacts():
        if artifact.build_folder:
            target = folder / f"{artifact.name}-{artifact.version}.zip"
            folder.mkdir(parents=True, exist_ok=True)
            pack(build / artifact.build_folder, target)
            print(f"{hashlib.sha256(target.read_bytes()).hexdigest()}  {target}")


def _write(folder: Path, name: str, content: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    print(f"{hashlib.sha256(content).hexdigest()}  {folder / name}")


def _commit_time() -> datetime:
    """Return the time that reproducible builds use: SOURCE_DATE_EPOCH, as the Makefile sets it to the commit's."""
    return datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.supply_chain", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    commands.add_parser("check", help="licences, secrets, workflows and known vulnerabilities")
    described = commands.add_parser("sbom", help="write an SBOM of each artifact; needs SOURCE_DATE_EPOCH")
    packed = commands.add_parser("zip", help="pack the functions that `sam build` has built")
    packed.add_argument("--build", type=Path, default=Path(".aws-sam/build"), help="folder of `sam build`")
    for each in (described, packed):
        each.add_argument("--to", type=Path, default=Path("dist"), help="folder of the results")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "check":
                return check()
            case "sbom":
                write_sboms(options.to, now=_commit_time())
            case _:
                write_zips(options.build, options.to)
    except (InvalidSbomError, SecretScanError, UnknownLicenceError, WorkflowScanError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
