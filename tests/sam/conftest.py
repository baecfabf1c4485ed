"""The AWS SAM CLI, as `make` installs it, on a copy of what it deploys."""

import os
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[2]


def _missing(what: str) -> NoReturn:
    if os.environ.get("REQUIRE_SAM") == "1":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a deployment is made of: builds leave files beside the template."""
    copy = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "functions", copy / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="session")
def parameters(project: Path) -> dict[str, str]:
    """The template's parameters that samconfig.toml builds with."""
    config = tomllib.loads((project / "samconfig.toml").read_text())
    overrides: list[str] = config["default"]["build"]["parameters"]["parameter_overrides"]
    return dict(override.split("=", 1) for override in overrides)


@pytest.fixture(scope="session")
def python(parameters: dict[str, str]) -> str:
    """The Python that builds the functions and runs them: their runtime's."""
    runtime = parameters["PythonRuntime"]
    return shutil.which(runtime) or _missing(
        f"{runtime} is not on the PATH; samconfig.toml builds the functions for it"
    )


@pytest.fixture(scope="session")
def sam(project: Path) -> Callable[..., None]:
    """Runs a command of sam in the project, without credentials; fails with what it printed unless it succeeds."""
    executable = ROOT / ".venv-sam/bin/sam"
    if not executable.exists():
        _missing("there is no .venv-sam; `make test` installs it")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))}
    environment = own | {"AWS_DEFAULT_REGION": "eu-central-1", "SAM_CLI_TELEMETRY": "0"}

    def run(*arguments: str) -> None:
        command = [str(executable), *arguments]
        done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return run
