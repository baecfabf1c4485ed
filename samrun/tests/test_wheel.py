"""The wheel: all that somebody needs who installs it into an empty environment and runs a template of their own."""

import contextlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
import yaml
from kafka import KafkaProducer

from samrun import __version__

PACKAGE = Path(__file__).parents[1]
LOCK = PACKAGE / "requirements.lock"
TEMPLATE = PACKAGE / "tests" / "apps" / "hello" / "template.yaml"
PORTS = ("API", "LAMBDA", "CONSOLE", "AWS", "DYNAMODB", "KAFKA")
PATIENCE = 90.0
# Packages of tests, checks and browsers, which nobody gets with the runner.
OF_DEVELOPMENT = {"cfn-lint", "hypothesis", "mypy", "networkx", "playwright", "pytest", "ruff", "sympy", "uv"}


def _run(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty virtual environment, then the locked dependencies and the wheel in it, and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    _run(*pip, "--wheel-dir", folder, PACKAGE)
    [wheel] = folder.glob("*.whl")
    # uv is pip for the hurried: it shares what it has downloaded, and installs in seconds.
    uv = (sys.executable, "-m", "uv", "--quiet")
    _run(*uv, "venv", "--python", sys.executable, folder / "environment")
    install = (*uv, "pip", "install", "--python", folder / "environment" / "bin" / "python", "--no-deps")
    _run(*install, "--require-hashes", "--requirements", LOCK)
    _run(*install, wheel)
    return folder / "environment"


@pytest.fixture(scope="module")
def stack(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which the wheel's `samrun` runs the template, on free ports."""
    folder = tmp_path_factory.mktemp("stack")
    with (folder / "terminal").open("wb") as terminal:
        process = subprocess.Popen(
            [environment / "bin" / "samrun", "up", "--template", TEMPLATE],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(Path.home()), **{f"{name}_PORT": "0" for name in PORTS}},
            stdout=terminal,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(lambda: _is_ready(process, folder), what="the line that says that everything runs")
        yield folder
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE) == os.EX_OK
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()


def _is_ready(process: subprocess.Popen[bytes], folder: Path) -> bool:
    said = (folder / "terminal").read_text()
    assert process.poll() is None, f"samrun ended with {process.returncode}:\n{said}"
    return "\nReady after" in said


def _wait_for(look: Callable[[], bool], *, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < end, f"waited {PATIENCE:.0f} s in vain for {what}"
        time.sleep(0.05)


def _endpoints(folder: Path) -> Mapping[str, str]:
    endpoints: Mapping[str, str] = json.loads((folder / ".local" / "endpoints.json").read_text())
    return endpoints


def test_the_wheel_runs_a_template_of_another_folder(stack: Path) -> None:
    answer = httpx.get(f"{_endpoints(stack)['api']}/hello/Ada", timeout=30)
    assert (answer.status_code, answer.text) == (200, "Hello, Ada!")

    producer = KafkaProducer(bootstrap_servers=_endpoints(stack)["kafka"])
    producer.send("greetings", b"Good morning.", partition=0).get(timeout=30)
    producer.close()
    log = stack / ".local" / "logs" / "functions" / "Hello.log"
    _wait_for(lambda: "received greetings-0" in log.read_text(), what="the record in the function's log")


def test_the_action_starts_the_stack_of_a_repository(environment: Path, tmp_path: Path) -> None:
    """Its script runs as a runner runs it, with the samrun that it installs."""
    action = yaml.safe_load((PACKAGE / "action.yml").read_text())
    [start] = [step["run"] for step in action["runs"]["steps"] if step.get("id") == "start"]
    runner = {"RUNNER_TEMP": str(tmp_path / "temp"), "GITHUB_OUTPUT": str(tmp_path / "output")}
    ports = " ".join(f"--{name.lower()}-port 0" for name in PORTS)
    inputs = {"TEMPLATE": "template.yaml", "ARGUMENTS": f"{ports} --data data", "TIMEOUT": "90", "REQUIREMENTS": ""}
    shutil.copytree(TEMPLATE.parent, tmp_path / "repository")
    (tmp_path / "temp").mkdir()
    (tmp_path / "temp" / "samrun").symlink_to(environment)
    (tmp_path / "step.sh").write_text(start)
    process = None
    try:
        done = subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-e", "-o", "pipefail", tmp_path / "step.sh"],
            cwd=tmp_path / "repository",
            env={"PATH": os.environ["PATH"], "HOME": str(Path.home()), **runner, **inputs},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        process = json.loads((tmp_path / "repository" / "data" / "stack.json").read_text())["process"]
        outputs = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
        assert outputs.keys() == action["outputs"].keys()
        assert httpx.get(f"{outputs['api']}/hello/Ada", timeout=30).text == "Hello, Ada!"
        _run(outputs["program"], "produce", "greetings", "Good morning.", "--bootstrap-servers", outputs["kafka"])
        _wait_for(lambda: "received greetings-" in Path(outputs["log"]).read_text(), what="the record in the log")
    finally:
        if process:
            os.kill(process, signal.SIGTERM)
            _wait_for(lambda: not Path(f"/proc/{process}").exists(), what="the end of the stack")
    assert "Stopping the stack" in Path(outputs["log"]).read_text()


def test_the_wheel_has_what_a_debugger_needs(environment: Path) -> None:
    code = "from samrun.functions import debugger; print(debugger.find_debugpy(), *debugger.SEARCH_PATH.glob('*.py'))"
    debugpy, *modules = _run(environment / "bin" / "python", "-c", code).split()
    assert Path(debugpy).is_relative_to(environment)
    assert {Path(each).name for each in modules} == {"__init__.py", "samrun_debug.py"}


def test_the_aws_of_the_wheel_has_the_services_that_templates_use(stack: Path) -> None:
    aws = _Aws(_endpoints(stack)["aws"])
    aws("sesv2").create_email_identity(EmailIdentity="shop@example.com")
    aws("sesv2").send_email(
        FromEmailAddress="shop@example.com",
        Destination={"ToAddresses": ["ada@example.com"]},
        Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello, Ada!"}}}},
    )
    [mail] = httpx.get(f"{_endpoints(stack)['console']}/api/v1/messages").json()["messages"]
    assert mail["Subject"] == "Hello"
    assert aws("sns").publish(PhoneNumber="+3725550100", Message="Hello")["MessageId"]
    queue = aws("sqs").create_queue(QueueName="queue")["QueueUrl"]
    aws("sqs").send_message(QueueUrl=queue, MessageBody="Hello")
    assert [each["Body"] for each in aws("sqs").receive_message(QueueUrl=queue)["Messages"]] == ["Hello"]
    aws("s3").create_bucket(Bucket="bucket")
    aws("s3").put_object(Bucket="bucket", Key="key", Body=b"Hello")
    assert aws("s3").get_object(Bucket="bucket", Key="key")["Body"].read() == b"Hello"
    aws("secretsmanager").create_secret(Name="secret", SecretString="Hello")
    assert aws("secretsmanager").get_secret_value(SecretId="secret")["SecretString"] == "Hello"


class _Aws:
    """Clients of the local AWS."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1")

    def __call__(self, service: Any) -> Any:
        return self._session.client(service, endpoint_url=self._url)


def test_two_builds_of_wheel_and_sdist_are_the_same(tmp_path: Path) -> None:
    """In other folders, of files with other times."""
    built = []
    for number in (1, 2):
        source = tmp_path / str(number) / "samrun"
        shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        for path in source.rglob("*"):
            os.utime(path, (number, number))
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "--directory", tmp_path / str(number)], cwd=source, check=True
        )
        built.append({path.name: path.read_bytes() for path in (tmp_path / str(number)).glob("samrun-*")})
    assert sorted(built[0]) == [f"samrun-{__version__}-py3-none-any.whl", f"samrun-{__version__}.tar.gz"]
    assert built[0] == built[1]


@pytest.mark.parametrize("kind", ["consumer", "producer"])
def test_the_wheel_writes_new_services(kind: str, environment: Path, tmp_path: Path) -> None:
    command = (environment / "bin" / "samrun", "new", kind, "parcels", "--topic", "parcels", "--json")
    listed = json.loads(_run(*command, "--folder", tmp_path / "parcels"))
    assert {"README.md", "template.yaml", "src/requirements.txt", "src/parcels/__init__.py"} <= set(listed["files"])
    assert all((tmp_path / "parcels" / path).stat().st_size > 0 for path in listed["files"])


def test_the_command_says_its_version(environment: Path) -> None:
    assert _run(environment / "bin" / "samrun", "--version") == f"samrun {__version__}\n"


def test_the_dependencies_are_whole(environment: Path) -> None:
    _run(sys.executable, "-m", "uv", "pip", "check", "--python", environment / "bin" / "python")


def test_nothing_of_development_comes_with_the_wheel(environment: Path) -> None:
    locked = set(re.findall(r"^([\w.-]+)(?:\[.*\])?==", LOCK.read_text(), flags=re.MULTILINE))
    assert len(locked) > 40
    assert locked & OF_DEVELOPMENT == set()
    listed = _run(
        *(sys.executable, "-m", "uv", "pip", "list", "--python", environment / "bin" / "python", "--format", "json")
    )
    installed = {package["name"] for package in json.loads(listed)}
    assert len(installed) > 40
    assert installed & OF_DEVELOPMENT == set()
    assert "samrun" in installed


@pytest.mark.skipif(platform.machine() != "x86_64", reason="elsewhere the wheel of the Java runtime has another size")
def test_environment_of_the_wheel_weighs_what_the_readme_says(environment: Path) -> None:
    said = re.search(r"takes (\d+) MB \(uv\)", (PACKAGE / "README.md").read_text())
    assert said, "the README does not say how much an environment takes by uv"
    # uv writes no byte code; the stack of the tests above does.
    weighed, _ = _run("du", "-sm", "--exclude=__pycache__", environment).split("\t")
    assert int(weighed) == pytest.approx(int(said[1]), rel=0.05)
