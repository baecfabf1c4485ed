"""The command line itself: its help, its imports, and its end by Ctrl-C, a closed pipe or a person's mistake."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import samrun
from samrun import __version__
from samrun.cli.command_table import COMMANDS, GROUPS
from samrun.cli.main import main
from samrun.cli.parser import parse_arguments
from samrun.testing.waiting import eventually

HEAVY = ("moto", "uvicorn", "samtranslator")
SAMRUN = [sys.executable, "-m", "samrun"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command in this process, and returns its exit status and what it printed."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["samrun", *arguments])
        try:
            status = main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_samrun_alone_shows_the_commands_in_groups(run: Callable[..., tuple[int, str, str]]) -> None:
    status, said, _ = run()
    assert status == 0
    assert [line.removesuffix(":") for line in said.splitlines() if line.removesuffix(":") in GROUPS] == list(GROUPS)
    for command in COMMANDS.values():
        [line] = [line for line in said.splitlines() if line.startswith(f"  {command.name} ")]
        assert line.endswith(command.summary)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_an_example(run: Callable[..., tuple[int, str, str]], command: str) -> None:
    status, said, _ = run(command, "--help")
    assert status == 0
    assert f"\nexamples:\n  samrun {command}" in said or f"| samrun {command}" in said


@pytest.mark.parametrize(
    "words",
    ["topics create", "topics grow", "topics delete"]
    + [f"mappings {word}" for word in ("pause", "resume", "reset", "run")],
)
def test_help_of_each_further_word_has_an_example(run: Callable[..., tuple[int, str, str]], words: str) -> None:
    status, said, _ = run(*words.split(), "--help")
    assert status == 0
    assert f"\nexamples:\n  samrun {words}" in said


@pytest.mark.parametrize("arguments", [["--template", "a/t.yaml"], ["--lazy"], ["up", "--template", "a/t.yaml"]])
def test_options_without_a_command_are_those_of_up(arguments: list[str]) -> None:
    options = parse_arguments(arguments)
    assert options.command == "up"
    assert options.template == (Path("a/t.yaml") if "--template" in arguments else None)


def test_version_is_printed(run: Callable[..., tuple[int, str, str]]) -> None:
    assert run("--version") == (0, f"samrun {__version__}\n", "")


@pytest.mark.parametrize(
    "arguments", ["--version", "token --help", "token --audience a --sub b --data DATA", "logs --help"]
)
def test_small_commands_import_nothing_large(tmp_path: Path, arguments: str) -> None:
    (tmp_path / "endpoints.json").write_text(
        '{"console": "http://a", "aws": "http://a", "dynamodb": "http://a", "kafka": "a:1"}'
    )
    (tmp_path / "issuer").mkdir()
    (tmp_path / "issuer" / "token-defaults.json").write_text('{"subject": "ada", "audience": null, "scope": ""}')
    words = [word.replace("DATA", str(tmp_path)) for word in arguments.split()]
    code = f"""
import sys
sys.argv = ["samrun", *{words!r}]
from samrun.cli.main import main
try:
    status = main()
except SystemExit as ended:
    status = ended.code or 0
print(status, *({{*{HEAVY!r}}} & sys.modules.keys()), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "0\n"
    assert done.stdout


def test_ctrl_c_amid_an_import_ends_with_130_and_no_traceback(tmp_path: Path) -> None:
    # A module that never ends to be imported stands for a slow one.
    (tmp_path / "confluent_kafka.py").write_text(
        "import pathlib, time\npathlib.Path(__file__).with_name('importing').touch()\ntime.sleep(600)\n"
    )
    process = subprocess.Popen(
        [*SAMRUN, "topics"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        eventually((tmp_path / "importing").exists, what="the import to begin")
        process.send_signal(signal.SIGINT)
        assert process.communicate() == (b"", b"")
    finally:
        process.kill()
    assert process.returncode == 130


def test_little_is_imported_before_ctrl_c_ends_a_command_well() -> None:
    source = Path(samrun.__file__).parents[1]
    code = f"import sys; sys.path.insert(0, {str(source)!r}); import samrun.cli.main; print(*sys.modules)"
    # Without the packages of the environment, which may import something by themselves.
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert {"samrun.cli.main", "signal"} <= set(done.stdout.split())
    assert set(done.stdout.split()) & {"argparse", "contextlib", "pathlib", "re", "typing"} == set()


def test_closed_pipe_ends_a_command_silently(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*SAMRUN, "completion", "bash"], stdout=writer, stderr=subprocess.PIPE, cwd=tmp_path, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("topics", "No stack runs on .local (there is no .local/endpoints.json): start one with `samrun up`"),
        ("mappings", "No stack runs on .local"),
        ("invoke Hello", "No stack runs on .local"),
        ("tail greetings --data file", "file/endpoints.json, which says where the stack on file is, cannot be read"),
        ("logs Hello", "There is no log of Hello in .local/logs/functions; there are logs of: none."),
        ("topics --bootstrap-servers 127.0.0.1:1", "No Kafka broker answers (127.0.0.1:1: Connection refused)"),
        ("produce greetings --file nowhere", "No stack runs on .local"),
        ("up --data file/within", "file/within, the folder for data and logs, cannot be written: Not a directory"),
        ("up --data data nowhere.yaml", "nowhere.yaml: no such template"),
    ],
)
def test_mistake_of_a_person_is_a_message_without_a_traceback(tmp_path: Path, arguments: str, said: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "template.yaml").write_text("Resources: {}")
    ports = [f"--{name}-port=0" for name in ("api", "lambda", "console", "aws", "dynamodb", "kafka")]
    words = arguments.split() + (ports if arguments.startswith("up") else [])
    done = subprocess.run([*SAMRUN, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("more", [{}, {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}], ids=["UTF-8", "ASCII"])
def test_folder_with_any_name_is_said_in_any_locale(tmp_path: Path, more: dict[str, str]) -> None:
    done = subprocess.run(
        [*SAMRUN, "topics", "--data", "Dätä"],
        cwd=tmp_path,
        env=os.environ | {"LC_ALL": "C"} | more,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(b"No stack runs on D")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_commands_and_their_options(run: Callable[..., tuple[int, str, str]], shell: str) -> None:
    status, said, _ = run("completion", shell)
    assert status == 0
    assert all(word in said for word in (*COMMANDS, "bootstrap-servers", "no-follow"))
