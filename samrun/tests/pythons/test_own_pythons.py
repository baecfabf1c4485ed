"""Own Pythons: functions in processes, each with the Python and the packages that it names and no others."""

import asyncio
import io
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samrun.functions.process_runtime import ProcessRuntime
from samrun.pythons.interpreter import Interpreter
from samrun.pythons.interpreters import current_interpreter, find_interpreter, find_uv
from samrun.pythons.own_pythons import OwnPythons
from samrun.supervision.terminal import Terminal
from samrun.template.model.functions import Function
from support.python_function import create_function, running_runtime
from support.wheels import write_requirements, write_wheel

OWN = f"python{sys.version_info.major}.{sys.version_info.minor}"
WORD = "import word\ndef handler(event, context): return word.WORD"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    write_wheel(tmp_path / "wheels", "word", {"word.py": "WORD = 'of the first'\n"})
    write_wheel(tmp_path / "wheels", "word", {"word.py": "WORD = 'of the second'\n"}, version="2.0")
    return tmp_path


def create(name: str, code: str, *requirements: str, runtime: str = OWN, **changes: Any) -> Function:
    """Write a function with requirements into a folder of its name."""
    folder = Path.cwd() / name
    folder.mkdir()
    if requirements:
        write_requirements(folder, Path.cwd() / "wheels", requirements)
    function = create_function(folder, code, handler="main.handler")
    return replace(function, logical_id=name, name=name, runtime=runtime, **changes)


class Said:
    """The lines that a stack and its functions print."""

    def __init__(self) -> None:
        self._output = io.StringIO()
        self.terminal = Terminal(self._output, Path.cwd() / "logs")
        self.logged: list[str] = []

    def lines(self) -> list[str]:
        """Return the lines about Pythons, without the time of day and the seconds that something took."""
        found = [re.sub(r"^[\d:.]{12}  python +", "", line) for line in self._output.getvalue().splitlines()]
        return [re.sub(r"in \d+\.\d s$", "in some s", line) for line in found]


@asynccontextmanager
async def own_runtime(said: Said, *functions: Function) -> AsyncIterator[ProcessRuntime]:
    pythons = OwnPythons(cache=Path.cwd() / "cache", data=Path.cwd() / "data", terminal=said.terminal)
    async with running_runtime(*functions, limit=1, log=said.logged, pythons=pythons) as runtime:
        yield runtime


def results(said: Said, *functions: Function) -> list[Any]:
    """Return what each function returns."""

    async def scenario() -> list[Any]:
        async with own_runtime(said, *functions) as runtime:
            return [json.loads((await runtime.invoke(each.name, b"{}")).payload) for each in functions]

    return asyncio.run(scenario())


def test_each_function_has_the_packages_of_its_own_requirements() -> None:
    said = Said()
    first, second = create("first", WORD, "word==1.0"), create("second", WORD, "word==2.0")
    assert results(said, first, second) == ["of the first", "of the second"]
    tool, version = "uv" if find_uv() else "pip", sys.version.split()[0]
    assert said.lines() == [
        line
        for name in ("first", "second")
        for line in (
            f"{tool} installs {name}/requirements.txt for Python {version} …",
            f"installed {name}/requirements.txt for Python {version} in some s",
        )
    ]


def test_second_start_installs_nothing_and_says_nothing() -> None:
    function = create("first", WORD, "word==1.0")
    results(Said(), function)
    said = Said()
    assert results(said, function) == ["of the first"]
    assert said.lines() == []


def test_package_of_samrun_that_no_requirement_names_is_missing_and_the_advice_says_where() -> None:
    import moto  # noqa: F401 - samrun itself has it

    said = Said()
    function = create("pay", "import moto\ndef handler(event, context): return 'found'", "word")
    [error] = results(said, function)
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert error["errorMessage"] == "Unable to import module 'main': No module named 'moto'"
    assert said.logged[-1].startswith("moto is not in pay/requirements.txt, nor in what its packages bring along:")


def test_function_without_requirements_has_what_lambda_has() -> None:
    code = """
import boto3, importlib.util, sys
boto3.client("sqs")
def handler(event, context):
    return [name for name in ("awslambdaric", "moto", "pip", "samrun", "yaml") if importlib.util.find_spec(name)]
"""
    said = Said()
    assert results(said, create("plain", code)) == [["awslambdaric"]]
    assert said.lines() == []


def test_path_has_the_order_of_lambda(project: Path) -> None:
    layer = project / "layer"
    layer.mkdir()
    code = "import sys\ndef handler(event, context): return [p for p in sys.path if p.startswith(sys.argv[0][:1])]"
    function = create("first", code, "word==1.0", layers=(layer,))
    [path] = results(Said(), function)
    own = next(index for index, folder in enumerate(path) if "/cache/" in folder)
    order = [
        path.index(str(project / "first")),
        own,
        path.index(str(layer)),
        path.index(str(next((project / "data" / "runtime-packages").iterdir()))),
    ]
    assert order == sorted(order)


def test_package_of_a_function_comes_before_that_of_a_layer_and_that_before_lambdas_own(project: Path) -> None:
    layer = project / "layer"
    layer.mkdir()
    (layer / "word.py").write_text("WORD = 'of the layer'")
    (layer / "boto3.py").write_text("WORD = 'of the layer, too'")
    code = "import boto3, word\ndef handler(event, context): return [word.WORD, boto3.WORD]"
    function = create("first", code, "word==1.0", layers=(layer,))
    other = create("other", code, layers=(layer,))
    found = results(Said(), function, other)
    assert found == [["of the first", "of the layer, too"], ["of the layer", "of the layer, too"]]


def test_layer_that_is_not_built_gets_its_requirements(project: Path) -> None:
    write_requirements(project / "layer", project / "wheels", ["word==2.0"])
    function = create("first", WORD, layers=(project / "layer",))
    assert results(Said(), function) == ["of the second"]


async def _another_python() -> Interpreter | None:
    current = await current_interpreter()
    for minor in (14, 13, 12, 11, 10):
        if minor != sys.version_info.minor and (
            found := await find_interpreter(f"3.{minor}", current=current, uv=find_uv())
        ):
            return found
    return None


@pytest.fixture
def another_python() -> Interpreter:
    """A Python of this machine that is not the one of samrun."""
    found = asyncio.run(_another_python())
    if found is None:
        pytest.skip("this machine has one Python only; install another, such as `uv python install 3.13`")
    return found


def test_function_runs_on_the_python_of_its_runtime(another_python: Interpreter) -> None:
    code = """
import boto3, os, sys, word
def handler(event, context):
    return ["%d.%d.%d" % sys.version_info[:3], os.environ["AWS_EXECUTION_ENV"], word.WORD, context.function_name]
"""
    said = Said()
    version = another_python.minor_version
    function = create("first", code, "word==1.0", runtime=f"python{version}")
    assert results(said, function) == [[another_python.version, f"AWS_Lambda_python{version}", "of the first", "first"]]
    assert all("not on this machine" not in line for line in said.lines())


def test_python_that_the_machine_lacks_is_said_in_one_line_with_what_to_do() -> None:
    code = "import sys\ndef handler(event, context): return '%d.%d.%d' % sys.version_info[:3]"
    said = Said()
    functions = [create(name, code, runtime="python3.99") for name in ("first", "second")]
    version = sys.version.split()[0]
    assert results(said, *functions) == [version, version]
    reason = "UV_PYTHON_DOWNLOADS is never" if find_uv() else "uv, which fetches Pythons, is not here either"
    [line] = said.lines()
    assert line == (
        f"Python 3.99 is not on this machine ({reason}): samrun runs first, second on {version}. "
        "Install Python 3.99 to run them as on Lambda."
    )


def test_runtime_that_names_no_version_is_said_once_with_the_python_that_runs_instead() -> None:
    said = Said()
    functions = [create(name, "def handler(event, context): ...", runtime="PYTHON3_VERSION") for name in ("a", "b")]
    assert results(said, *functions) == [None, None]
    assert said.lines() == [
        (
            "the Runtime PYTHON3_VERSION names no version, such as python3.13: samrun runs a, b on its own Python, "
            f"{sys.version.split()[0]}"
        )
    ]


def test_function_whose_requirements_cannot_be_installed_answers_so_and_the_others_run() -> None:
    said = Said()
    broken = create("broken", WORD, "stripe-of-tomorrow==99")
    error, found = results(said, broken, create("first", WORD, "word==1.0"))
    assert found == "of the first"
    assert error["errorType"] == "Sandbox.StartFailed"
    assert error["errorMessage"].startswith("broken/requirements.txt cannot be installed")
    assert "stripe-of-tomorrow==99" in error["errorMessage"]
    assert any(line.endswith("each invocation of broken fails with this.") for line in said.lines())


async def _after_change(runtime: ProcessRuntime, change: Any) -> None:
    """Change a file while the runtime watches, and wait until a function is restarted."""
    changed, watching = asyncio.Event(), asyncio.Event()
    reload = asyncio.create_task(runtime.reload(lambda _: changed.set(), watching=watching))
    await watching.wait()
    change()
    await asyncio.wait([asyncio.create_task(changed.wait()), reload], return_when=asyncio.FIRST_COMPLETED)
    assert changed.is_set(), reload
    reload.cancel()


def test_changed_requirements_give_the_function_new_packages_and_processes(project: Path) -> None:
    said = Said()
    function = create("first", f"import os\n{WORD}, os.getpid()", "word==1.0")

    async def scenario() -> None:
        async with own_runtime(said, function) as runtime:

            async def invoke() -> Any:
                return json.loads((await runtime.invoke("first", b"{}")).payload)

            word, pid = await invoke()
            assert word == "of the first"
            await _after_change(runtime, lambda: write_requirements(function.code, project / "wheels", ["word==2.0"]))
            changed, new_pid = await invoke()
            assert (changed, new_pid == pid) == ("of the second", False)
            await _after_change(runtime, lambda: write_requirements(function.code, project / "wheels", ["word==9"]))
            assert (await invoke())["errorType"] == "Sandbox.StartFailed"
            await _after_change(runtime, lambda: write_requirements(function.code, project / "wheels", ["word==1.0"]))
            assert (await invoke())[0] == "of the first"

    asyncio.run(scenario())


def test_artifact_of_sam_build_is_used_until_the_sources_change(project: Path) -> None:
    said = Said()
    template = project / "template.yaml"
    template.write_text("Resources: {first: {Properties: {CodeUri: first}}}\n")
    function = create("first", "def handler(event, context): return 'from the sources'", template=template)
    artifact = project / ".aws-sam" / "build" / "first"
    artifact.mkdir(parents=True)
    (artifact / "main.py").write_text(WORD)
    (artifact / "word.py").write_text("WORD = 'from the artifact'")
    built = artifact.parent / "template.yaml"
    built.write_text("Resources: {first: {Properties: {CodeUri: first}}}\n")
    for path, age in ((template, 100), (function.code, 100), (function.code / "main.py", 100), (built, 50)):
        os.utime(path, (built.stat().st_mtime - age,) * 2)

    async def scenario() -> None:
        async with own_runtime(said, function) as runtime:
            assert (await runtime.invoke("first", b"{}")).payload == b'"from the artifact"'
            await _after_change(runtime, (function.code / "main.py").touch)
            assert (await runtime.invoke("first", b"{}")).payload == b'"from the sources"'

    asyncio.run(scenario())
    assert said.lines() == [
        "running first from .aws-sam/build, which is newer than its sources; a change of these ends that"
    ]
