"""docs/commands.md: each command of the page runs as it stands, beside a stack, and prints what the page shows."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from samrun.cli.command_table import COMMANDS
from samrun.testing.stack import RunningStack

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
BASH = shutil.which("bash") or "/bin/bash"
APPLICATION = Path(__file__).parents[1] / "apps" / "hello"

# Parts that differ from one run to the next, and the names that stand for them.
CHANGING = (
    (r"eyJ[\w.…-]+", "TOKEN"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    (r"\d+(\.\d+)*", "NUMBER"),
    (r"[ \t]+", " "),
)


class Example(NamedTuple):
    """A command line of the page, and the output below it."""

    command: str
    output: str


def examples() -> Iterator[Example]:
    for block in re.findall(r"^```console\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        for text in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = text.partition("\n")
            yield Example(command, output)


def shape(output: str) -> str:
    """Return what an output has each time."""
    for pattern, name in CHANGING:
        output = re.sub(pattern, name, output)
    return output


def checks(output: str) -> list[str]:
    """Return the names of the checks in an output of doctor: their results are this machine's."""
    return re.findall(r"^(?:ok|note|fail) +(\S+(?: \S+)*)  ", output, re.MULTILINE)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the folder of an application that runs on .local, as in the page."""
    folder = tmp_path_factory.mktemp("page") / "hello"
    shutil.copytree(APPLICATION, folder)
    with RunningStack(folder, folder / ".local"):
        yield folder


def test_every_command_prints_what_the_page_shows(project: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command, shown in examples():
        done = subprocess.run(
            [BASH, "-o", "pipefail", "-c", command],
            cwd=project,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == "", command
        if command == "samrun doctor":
            assert checks(done.stdout) == checks(shown)
        else:
            assert shape(done.stdout) == shape(shown), command
            assert done.returncode in {0, 141}, command  # 141: `head` reads no further


def test_page_has_every_command() -> None:
    found = re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    titles = {name for title in found for name in title.split(", ")}
    assert titles == COMMANDS.keys()
    run = {example.command.partition("samrun ")[2].split()[0] for example in examples() if "samrun " in example.command}
    assert run == COMMANDS.keys() - {"up", "services", "fetch"}
