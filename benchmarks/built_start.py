"""Benchmark of what `make build` leaves: its cold starts and its zips, against bare handlers built by `sam build`.

Processes start from the artifacts as in Lambda: nothing but the artifact and the standard library is on Python's path,
and no byte code is written. The time is the processor's; the two take turns. It builds into a temporary folder.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.cold_start import start_row
from benchmarks.process_start import FUNCTIONS, bare_module_of, bare_start_of, start_of
from benchmarks.row import Row
from tests.project import ROOT
from tools.supply_chain.reproducible_zip import pack
from tools.trim.__main__ import main as trim_all

if TYPE_CHECKING:
    from benchmarks.stopwatch import Spent

START_AIM, ZIP_AIM = 1.0, 1.2
SAM = ROOT / ".venv-sam/bin/sam"
# Their packages and those that they need in turn, at the versions of the function's own lock.
_BARE_PACKAGES = {
    "bare_producer": ("functions/order", ("boto3", "kafka-python")),
    "bare_notifier": ("functions/notify", ("boto3",)),
    "bare_reader": ("functions/notify", ("boto3",)),
}
_OF_BOTO3 = ("botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
_PROCESSOR = "Architectures: [!Ref Architecture]"
_LOCKED = re.compile(r"^([a-z0-9-]+)==.*(?:(?<=\\)\n.*)*", re.MULTILINE)


def measure_artifacts(*, rounds: int) -> list[Row]:
    """Build, start each function and its bare handler so many times in turn, and weigh the zips."""
    with tempfile.TemporaryDirectory() as folder:
        ours, bare = _build(Path(folder) / "ours"), _build_bare(Path(folder) / "bare")
        pairs: dict[str, list[tuple[Spent, Spent]]] = {name: [] for name in FUNCTIONS}
        for _ in range(rounds + 1):
            for name, taken in pairs.items():
                other = bare_start_of(name, bare / _logical_id(bare_module_of(name)), isolated=True)
                taken.append((start_of(name, ours / _logical_id(name), isolated=True).measure(), other.measure()))
        starts = [
            start_row(
                name,
                taken[1:],
                aim=START_AIM,
                cause="the same as from the project's folder; byte code alone does not make up for it.",
                what="cold start, as built",
                bare="bare handler, `sam build`",
            )
            for name, taken in pairs.items()
        ]
        return [*starts, *_zips(ours, bare)]


def _zips(ours: Path, bare: Path) -> list[Row]:
    rows = []
    sizes = {name: _packed(bare / _logical_id(name)) for name in _BARE_PACKAGES}
    for name in FUNCTIONS:
        size, other = _packed(ours / _logical_id(name)), sizes[bare_module_of(name)]
        rows.append(
            Row(
                work=f"zip: {name}",
                compared_with="bare handler with the same clients, `sam build`",
                samples=[size / other],
                unit="x",
                aim=ZIP_AIM,
                cause="packages that only this function needs.",
                detail=f"{size / 1e6:.1f} MB against {other / 1e6:.1f} MB",
            )
        )
    return rows


def _packed(artifact: Path) -> int:
    """Return the bytes of an artifact's zip."""
    archive = artifact.with_suffix(".zip")
    pack(artifact, archive)
    return archive.stat().st_size


def _logical_id(name: str) -> str:
    """Return the name of a function in its template: OrderFunction, BareProducer."""
    words = "".join(word.capitalize() for word in name.split("_"))
    return words if name.startswith("bare_") else f"{words}Function"


def _build(folder: Path) -> Path:
    """Build the functions as `make build` does, and return the folder of their artifacts."""
    _sam_build(ROOT, folder)
    if trim_all(["--build", str(folder), "--python", sys.executable]) != os.EX_OK:
        raise RuntimeError("the artifacts could not be trimmed")
    return folder


def _build_bare(folder: Path) -> Path:
    """Build the bare handlers as their developers would, and return the folder of their artifacts."""
    project = folder / "project"
    template = ["Transform: AWS::Serverless-2016-10-31", "Parameters:"]
    template += [f"  {name}: {{Type: String}}" for name in ("PythonRuntime", "Architecture")]
    template.append("Resources:")
    for module, (locked, packages) in _BARE_PACKAGES.items():
        code = project / module
        code.mkdir(parents=True)
        shutil.copy(ROOT / "benchmarks/bare_handlers" / f"{module}.py", code)
        lock = (ROOT / locked / "requirements.txt").read_text(encoding="utf-8")
        kept = [each[0] for each in _LOCKED.finditer(lock) if each[1] in {*packages, *_OF_BOTO3}]
        (code / "requirements.txt").write_text("\n".join(kept) + "\n", encoding="utf-8")
        template += [
            f"  {_logical_id(module)}:",
            "    Type: AWS::Serverless::Function",
            "    Properties:",
            f"      {{CodeUri: {module}, Handler: {module}.handler, Runtime: !Ref PythonRuntime, {_PROCESSOR}}}",
        ]
    (project / "template.yaml").write_text("\n".join(template) + "\n", encoding="utf-8")
    _sam_build(project, folder / "build")
    return folder / "build"


def _sam_build(project: Path, target: Path) -> None:
    """Run `sam build` for this Python and this processor; raise RuntimeError with its output if it fails."""
    runtime = f"PythonRuntime=python{sys.version_info.major}.{sys.version_info.minor}"
    architecture = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
    parameters = [runtime, f"Architecture={architecture}"]
    if project == ROOT:
        parameters.insert(0, "file://parameters/this-machine.yaml")
    # The virtual environment's Python has no pip, and the one below it has.
    path = os.pathsep.join([str(Path(sys.executable).resolve().parent), os.environ["PATH"]])
    done = subprocess.run(
        [str(SAM), "build", "--parallel", "--build-dir", str(target), "--parameter-overrides", *parameters],
        cwd=project,
        env={**os.environ, "PATH": path, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"`sam build` of {project.name} failed:\n{done.stdout}{done.stderr}")
