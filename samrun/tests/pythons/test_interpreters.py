"""Interpreters: which Python a Runtime gets."""

import asyncio
import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from samrun.pythons.errors import InstallationError
from samrun.pythons.interpreter import _QUESTION, Interpreter, inspect_interpreter
from samrun.pythons.interpreters import (
    current_interpreter,
    download_obstacle,
    fetch_interpreter,
    find_interpreter,
    find_uv,
)

CURRENT = Interpreter(
    executable=Path("/current/python"),
    version="3.11.7",
    implementation="cpython",
    platform="linux-x86_64",
    extension_suffix=".so",
    has_pip=True,
)


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any Python, on which a test installs those that it names."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'shims'}:{tmp_path / 'bin'}")
    for variable in ("PYENV_ROOT", "ASDF_DATA_DIR", "MISE_DATA_DIR", "UV_PYTHON_DOWNLOADS"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def python(path: Path, version: str, *, implementation: str = "cpython") -> Path:
    """Write a program that answers as a Python of this version does."""
    answer = {
        "executable": str(path),
        "version": version,
        "implementation": implementation,
        "platform": "linux-x86_64",
        "extension_suffix": ".so",
        "has_pip": False,
    }
    return program(path, f"echo '{json.dumps(answer)}'")


def found(version: str, uv: Path | None = None) -> Path | None:
    interpreter = asyncio.run(find_interpreter(version, current=CURRENT, uv=uv))
    return interpreter.executable if interpreter else None


def test_current_interpreter_is_the_base_of_the_environment_that_runs_samrun() -> None:
    current = asyncio.run(current_interpreter())
    assert current.version == sys.version.split()[0]
    assert current.executable.resolve().is_relative_to(Path(sys.base_prefix).resolve())


def test_python_of_samrun_itself_is_taken_first(machine: Path) -> None:
    python(machine / "bin" / "python3.11", "3.11.9")
    assert found("3.11") == CURRENT.executable


def test_python_on_the_path_is_found_behind_a_shim_that_runs_nothing(machine: Path) -> None:
    program(machine / "shims" / "python3.12", "exit 127")
    expected = python(machine / "bin" / "python3.12", "3.12.4")
    assert found("3.12") == expected


@pytest.mark.parametrize("folder", [".pyenv/versions", ".asdf/installs/python", ".local/share/mise/installs/python"])
def test_newest_python_of_a_version_manager_is_found(machine: Path, folder: str) -> None:
    program(machine / "shims" / "python3.12", "exit 127")
    for patch in (9, 11, 10):
        python(machine / "home" / folder / f"3.12.{patch}" / "bin" / "python3.12", f"3.12.{patch}")
    assert found("3.12") == machine / "home" / folder / "3.12.11" / "bin" / "python3.12"


@pytest.mark.parametrize(("version", "implementation"), [("3.13.0", "cpython"), ("3.12.4", "pypy")])
def test_program_that_is_another_python_is_not_taken(machine: Path, version: str, implementation: str) -> None:
    python(machine / "bin" / "python3.12", version, implementation=implementation)
    assert found("3.12") is None


@pytest.mark.parametrize("place", ["bin", "home/.local/bin", "home/.cargo/bin", "elsewhere"])
def test_uv_is_found_on_the_path_where_installers_put_it_and_where_it_runs_samrun(
    machine: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(sys, "executable", str(machine / "environment/bin/python"))
    monkeypatch.delenv("UV", raising=False)
    assert find_uv() is None
    uv = program(machine / place / "uv", "exit 0")
    if place == "elsewhere":  # `uvx` says where it is
        monkeypatch.setenv("UV", str(uv))
    assert find_uv() == uv


@pytest.mark.parametrize("base_has_pip", [True, False])
def test_pip_of_an_environment_s_base_counts_and_not_its_own(
    machine: Path, monkeypatch: pytest.MonkeyPatch, base_has_pip: bool
) -> None:
    """Packages are installed with the base, which outlives the environment of samrun."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    base = machine / "base"
    venv.create(base, with_pip=False, symlinks=True)
    code = f"import json, subprocess, sys; sys._base_executable = {str(base / 'bin/python')!r}\n"
    if base_has_pip:
        [packages] = base.glob("lib/python*/site-packages")
        (packages / "pip").mkdir()
        (packages / "pip/__init__.py").touch()
    asked = subprocess.run([base / "bin/python", "-c", code + _QUESTION], capture_output=True, text=True, check=True)
    assert json.loads(asked.stdout)["has_pip"] is base_has_pip


def test_python_that_uv_knows_is_found(machine: Path) -> None:
    known = python(machine / "managed" / "python3.12", "3.12.4")
    uv = program(machine / "uv", f'[ "$1 $2" = "python find" ] && echo {known}')
    assert found("3.12", uv) == known
    assert found("3.14", uv) is None, "uv's answer has another version"


def test_python_is_fetched_by_uv(machine: Path) -> None:
    fetched = machine / "managed" / "python3.14"
    archive = python(machine / "archive", "3.14.0")
    archive.write_text(archive.read_text().replace(str(archive), str(fetched)))
    install = f"mkdir -p {fetched.parent}; cp {archive} {fetched}"
    uv = program(machine / "uv", f'PATH=/usr/bin:/bin; case "$2" in install) {install};; find) echo {fetched};; esac')
    assert asyncio.run(fetch_interpreter("3.14", uv)).executable == fetched


def test_reason_why_uv_fetches_none_is_its_last_line(machine: Path) -> None:
    uv = program(machine / "uv", "echo trying >&2; echo 'error: no network' >&2; exit 2")
    with pytest.raises(InstallationError, match="uv says: error: no network"):
        asyncio.run(fetch_interpreter("3.14", uv))


@pytest.mark.parametrize("policy", ["never", "manual"])
def test_nothing_is_fetched_against_the_settings_of_uv(
    machine: Path, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", policy)
    uv = machine / "uv"
    assert download_obstacle(uv) == f"UV_PYTHON_DOWNLOADS is {policy}"
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "automatic")
    assert download_obstacle(uv) is None
    assert download_obstacle(None) == "uv, which fetches Pythons, is not here either"


@pytest.mark.parametrize("text", ["echo Python 3.12.1", "echo '{\"version\": 3}'", "exit 1"])
def test_program_that_does_not_answer_as_a_python_is_none(machine: Path, text: str) -> None:
    assert asyncio.run(inspect_interpreter(program(machine / "python3.12", text))) is None


def test_file_that_is_no_program_is_no_interpreter(machine: Path) -> None:
    assert asyncio.run(inspect_interpreter(machine / "nowhere")) is None
