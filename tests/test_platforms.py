"""Platforms of samrun: each package of its lock file has a wheel for each platform and each Python that it names.

uv asks the index, and installs nothing. Where no index can be reached, these tests are skipped and say so, or fail with
REQUIRE_INDEX=1.
"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.project import ROOT
from tools.install import pip_configuration, variables_of_uv

LOCK = ROOT / "samrun" / "requirements.lock"
PLATFORMS = {
    "Linux on x86-64": "x86_64-manylinux_2_28",
    "Linux on ARM": "aarch64-manylinux_2_28",
    "macOS on ARM": "aarch64-apple-darwin",
    "Windows": "x86_64-pc-windows-msvc",
}
PROJECT = tomllib.loads((ROOT / "samrun" / "pyproject.toml").read_text())["project"]
PYTHONS = [name for each in PROJECT["classifiers"] if (name := each.rpartition(" :: ")[2]).startswith("3.")]
UNREACHABLE = re.compile("failed to fetch|error sending request|dns error|connection refused|timed out", re.IGNORECASE)


def missing_wheels(requirements: Path, platform: str, python: str) -> str:
    """Return what uv says of packages without a wheel for a platform and a Python; "" if all have one."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-deps", "--only-binary", ":all:"]
    target = ["--python-platform", platform, "--python-version", python, "--output-file", os.devnull]
    asked = subprocess.run(
        [*command, *target, requirements],
        env=variables_of_uv(pip_configuration(listed.stdout)) | os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode and UNREACHABLE.search(asked.stderr):
        reason = f"no package index can be reached: {asked.stderr.strip().splitlines()[-1]}"
        if os.environ.get("REQUIRE_INDEX") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return " ".join(asked.stderr.split()) if asked.returncode else ""


@pytest.mark.parametrize("python", [PYTHONS[0], *(pytest.param(each, marks=pytest.mark.proof) for each in PYTHONS[1:])])
@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS)
def test_every_package_of_samrun_has_a_wheel(platform: str, python: str) -> None:
    assert missing_wheels(LOCK, platform, python) == ""


def test_a_package_without_a_wheel_is_named(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("awslambdaric==4.2.2\n")
    assert "awslambdaric" in missing_wheels(requirements, PLATFORMS["Windows"], PYTHONS[0])


def test_the_classifiers_name_the_pythons() -> None:
    assert PYTHONS[0] == PROJECT["requires-python"].removeprefix(">=")
    assert len(PYTHONS) > 3
