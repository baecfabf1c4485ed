"""Fixtures for the AWS SAM CLI, on a copy of the deployed files."""

import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from samrun.testing.fixtures import broker, start_broker
from samrun.testing.templates import read_parameters
from tests.project import copy_to
from tests.sam.sam_cli import EXECUTABLE, SamCli
from tests.system.order_stack import OrderStack
from tools.trim.__main__ import main as trim_all

__all__ = ["broker", "start_broker"]


def _missing(message: str) -> NoReturn:
    if os.environ.get("REQUIRE_SAM") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the deployed files, because builds leave files beside the template."""
    return copy_to(tmp_path_factory.mktemp("sam") / "project")


@pytest.fixture(scope="session")
def parameters(project: Path) -> dict[str, str]:
    """The template's parameters for `sam build`, from samconfig.toml."""
    config = tomllib.loads((project / "samconfig.toml").read_text())
    overrides = config["default"]["build"]["parameters"]["parameter_overrides"]
    return dict(read_parameters([overrides], source="samconfig.toml", folder=project))


@pytest.fixture(scope="session")
def python(parameters: dict[str, str]) -> str:
    """The Python that builds and runs the functions: the one of their runtime."""
    runtime = parameters["PythonRuntime"]
    return shutil.which(runtime) or _missing(
        f"{runtime} is not on the PATH; parameters/this-machine.yaml builds the functions for it"
    )


@pytest.fixture(scope="session")
def sam(project: Path) -> SamCli:
    """The SAM CLI in the project."""
    if not EXECUTABLE.exists():
        _missing("there is no .venv-sam; `make test` installs it")
    return SamCli(project)


@pytest.fixture(scope="session")
def build(sam: SamCli, python: str) -> Path:
    """The folder with the artifact of each function, by its logical id, as `make build` leaves it.

    Needs the functions' Python.
    """
    sam.run("build", "--parallel")
    folder = sam.project / ".aws-sam" / "build"
    assert trim_all(["--build", str(folder), "--python", python]) == os.EX_OK
    return folder


@pytest.fixture(scope="session")
def docker() -> None:
    """Docker, to run containers; without it, the test is skipped."""
    client = shutil.which("docker")
    if client is None or subprocess.run([client, "info"], capture_output=True, check=False).returncode != 0:
        _missing("Docker does not run; `sam local` needs it")


@pytest.fixture(scope="session")
def services(
    build: Path, docker: None, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OrderStack]:
    """The services of `make services` on free ports; the project's parameters for `sam local` name these ports."""
    stack = OrderStack(project, tmp_path_factory.mktemp("services") / "data", command="services")
    try:
        stack.wait_until_ready()
        _set_ports(stack, project / "parameters" / "sam-local.yaml")
        yield stack
        assert stack.stop() == os.EX_OK
    finally:
        stack.kill()


def _set_ports(stack: OrderStack, parameters: Path) -> None:
    """Replace the ports in the parameters with the stack's; change nothing else."""
    text = parameters.read_text()
    for usual, port in {
        "19092": stack.endpoints["container_kafka"].rpartition(":")[2],
        "4566": stack.endpoints["aws"].rpartition(":")[2],
        "8000": stack.endpoints["dynamodb"].rpartition(":")[2],
    }.items():
        assert text.count(f"host.docker.internal:{usual}\n") == 1
        text = text.replace(f"host.docker.internal:{usual}\n", f"host.docker.internal:{port}\n")
    parameters.write_text(text)
