"""The container image and the GitHub Action of samrun, as far as they can be checked without an image registry."""

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from samrun import PORTS

PACKAGE = Path(__file__).parents[1]
DOCKERFILE = (PACKAGE / "Dockerfile").read_text()
ENTRYPOINT = PACKAGE / "docker" / "entrypoint"
ACTION = yaml.safe_load((PACKAGE / "action.yml").read_text())


def instructions(name: str) -> list[str]:
    """Return the arguments of an instruction of the Dockerfile, each time that it is there."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name} +(.+)$", joined, re.MULTILINE)


def test_image_has_a_fixed_version_of_python_that_samrun_supports() -> None:
    [base] = instructions("FROM")
    version = re.fullmatch(r"python:(3\.\d+)-slim-\w+", base)
    assert version
    assert f"Python :: {version[1]}" in (PACKAGE / "pyproject.toml").read_text()


def test_image_runs_as_a_user_without_rights() -> None:
    assert instructions("USER") == ["samrun"]
    assert DOCKERFILE.index("USER samrun") < DOCKERFILE.index("RUN python -m venv")


def test_image_is_made_of_files_that_exist_and_that_docker_gets() -> None:
    copied = [file for each in instructions("COPY") for file in each.split()[1:-1]]
    ignored = (PACKAGE / ".dockerignore").read_text().split()
    assert copied
    for file in copied:
        assert (PACKAGE / file).exists()
        assert f"!{Path(file).parts[0]}" in ignored
    assert ignored[0] == "*"


def test_image_installs_by_hash_and_leaves_no_lists_behind() -> None:
    runs = instructions("RUN")
    assert any("--require-hashes --requirement requirements.lock" in run for run in runs)
    [packages] = [run for run in runs if "apt-get install" in run]
    assert "--no-install-recommends" in packages
    assert "rm -rf /var/lib/apt/lists/*" in packages


def test_any_user_of_the_image_can_install_packages_of_functions() -> None:
    [variables] = [each for each in instructions("ENV") if "XDG_CACHE_HOME" in each]
    assert "XDG_CACHE_HOME=/opt/samrun/cache" in variables
    [last] = [run for run in instructions("RUN") if "samrun fetch" in run]
    assert 'install --directory --mode=1777 "$XDG_CACHE_HOME/samrun/environments"' in last


def test_image_shows_the_usual_ports() -> None:
    usual = [str(port) for port in sorted(PORTS.values())]
    assert instructions("EXPOSE") == [" ".join(usual)]
    assert re.findall(r"for port in (.+); do", ENTRYPOINT.read_text()) == [" ".join(usual)]


def test_entrypoint_hands_each_port_over_and_becomes_samrun(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    for name, script in {
        "hostname": "echo 172.17.0.2 fd00::2",
        "socat": f'echo "$@" >> {calls}.$$',
        "samrun": f'wait; echo "samrun $@"; echo $$ > {tmp_path}/pid',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    with subprocess.Popen(
        [ENTRYPOINT, "up", "--partitions", "1"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "samrun up --partitions 1\n")
    assert int((tmp_path / "pid").read_text()) == process.pid, "Docker's signals reach samrun"
    handed_over = sorted(file.read_text() for file in tmp_path.glob("calls.*"))
    assert handed_over == sorted(
        f"TCP-LISTEN:{port},bind=172.17.0.2,fork,reuseaddr TCP:127.0.0.1:{port}\n" for port in PORTS.values()
    )


def test_action_returns_every_address() -> None:
    assert set(ACTION["outputs"]) == {*PORTS, "log", "program"}
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.start.outputs.{name} }}}}"


def test_no_input_of_the_action_is_written_into_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]


def run_start(tmp_path: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the step of the action that starts the stack, with this folder as the runner's."""
    [start] = [step for step in ACTION["runs"]["steps"] if step.get("id") == "start"]
    return subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", start["run"]],
        cwd=tmp_path,
        env=environment(tmp_path)
        | {"TEMPLATE": "template.yaml", "ARGUMENTS": "", "TIMEOUT": "120", "REQUIREMENTS": ""}
        | inputs,
        capture_output=True,
        text=True,
        check=False,
    )


def environment(tmp_path: Path) -> dict[str, str]:
    """Return the variables of a runner."""
    return {
        "PATH": os.environ["PATH"],
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
    }


READY = 'echo "asked for $@"; echo "Ready after 3.1 s."; exec sleep 60'


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Path]:
    """A runner's folder; the `samrun` that a test puts there ends with the test."""
    (tmp_path / "samrun" / "bin").mkdir(parents=True)
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "endpoints.json").write_text('{"api": "http://127.0.0.1:3000", "kafka": "127.0.0.1:9092"}')
    yield tmp_path
    with contextlib.suppress(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def write_samrun(runner: Path, script: str) -> None:
    """Put a program of that name where the action installs it."""
    program = runner / "samrun" / "bin" / "samrun"
    program.write_text(f"#!/bin/sh\necho $$ > '{runner}/pid'\n{script}\n")
    program.chmod(0o755)


def test_action_goes_on_when_the_stack_is_ready(runner: Path) -> None:
    write_samrun(runner, READY)
    started = run_start(runner, ARGUMENTS="--partitions 1 --lazy")
    assert started.returncode == 0, started.stdout + started.stderr
    assert "asked for up --template template.yaml --partitions 1 --lazy\n" in started.stdout
    assert (runner / "output").read_text().splitlines() == [
        f"log={runner / 'samrun.log'}",
        f"program={runner / 'samrun' / 'bin' / 'samrun'}",
        "api=http://127.0.0.1:3000",
        "kafka=127.0.0.1:9092",
    ]


def test_action_runs_functions_with_the_packages_that_it_installs(runner: Path) -> None:
    write_samrun(runner, READY)
    started = run_start(runner, REQUIREMENTS="functions/requirements.txt")
    assert "asked for up --template template.yaml --use-current-env\n" in started.stdout


@pytest.mark.parametrize("options", ["--data data", "--lazy --data=data"])
def test_action_reads_the_addresses_in_the_data_folder_that_its_arguments_name(runner: Path, options: str) -> None:
    write_samrun(runner, READY)
    (runner / ".local").rename(runner / "data")
    started = run_start(runner, ARGUMENTS=options)
    assert started.returncode == 0, started.stdout + started.stderr
    assert "kafka=127.0.0.1:9092" in (runner / "output").read_text().splitlines()


def test_action_fails_with_the_output_of_a_stack_that_ended(runner: Path) -> None:
    write_samrun(runner, 'echo "No such template"; exit 1')
    started = run_start(runner)
    assert started.returncode == 1
    assert "No such template" in started.stdout
    assert "::error::samrun is not ready" in started.stdout
    assert not (runner / "output").exists()
