"""SAM CLI: found or missing, and a build that fails."""

import json
import os
from pathlib import Path

import pytest

from samrun.functions.sam_cli import SamCli, SamError

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Use the event loop of the stack."""
    return "asyncio"


def sam(tmp_path: Path) -> SamCli:
    return SamCli(template=tmp_path / "template.yaml", parameters={"Shop": "The Shop"}, data=tmp_path / "data")


def executable(path: Path) -> None:
    """Make a SAM CLI whose commands all fail."""
    path.parent.mkdir(exist_ok=True)
    path.write_text('#!/bin/sh\necho "Error: no such runtime"; exit 1\n')
    path.chmod(0o755)


async def test_missing_sam_cli_is_an_error_that_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SAMRUN_SAM_CLI", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SamError, match=r"The SAM CLI is not installed: .*`pipx install aws-sam-cli`"):
        await sam(tmp_path).build()


async def test_wrong_variable_is_an_error_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path / "sam")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SAMRUN_SAM_CLI", "nowhere/sam")
    with pytest.raises(SamError, match="SAMRUN_SAM_CLI is 'nowhere/sam', which is no executable"):
        await sam(tmp_path).build()


@pytest.mark.processes
@pytest.mark.parametrize("variable", ["", "elsewhere/my-sam"])
async def test_build_that_fails_is_an_error_with_the_last_lines_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """The SAM CLI is the one on the PATH, or the one that the variable names."""
    executable(tmp_path / (variable or "sam"))
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SAMRUN_SAM_CLI", str(tmp_path / variable) if variable else "")
    with pytest.raises(SamError, match=r"(?s)`sam build` failed\. .*Error: no such runtime"):
        await sam(tmp_path).build()
    assert json.loads((tmp_path / "data" / "sam-parameters.yaml").read_text()) == {"Shop": "The Shop"}
